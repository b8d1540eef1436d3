// The cluster from which the first machine is made. It is there, or `kind` makes it, or our own control plane is it.
import type { BootstrapRecord } from '../journal/journal.ts';
import type { JournalFile } from '../journal/journal-file.ts';
import type { Host } from '../host.ts';
import type { Limit } from '../wait/limits.ts';
import { failure } from '../problem.ts';

/** Which bootstrap cluster. */
export interface BootstrapWish {
  readonly type: BootstrapRecord['type'];
  /** Of an existing one. */
  readonly kubeconfig?: string;
  /** Options of `kind`, without the dashes. */
  readonly flags: readonly string[];
}

/** What making one needs. */
export interface BootstrapParts {
  readonly host: Host;
  readonly journal: JournalFile;
  readonly limit: Limit;
  readonly say: (text: string) => void;
}

/** A bootstrap cluster that is there. */
export interface BootstrapCluster {
  readonly kubeconfig: string;
  /** For messages: `the kind cluster "clusterapi"`. */
  readonly description: string;
  /** How to get rid of it by hand; absent when it is not ours. */
  readonly removal?: string;
  /** Deletes it, if we made it. */
  remove(): Promise<void>;
}

/** Refuses what cannot be, before anything is made: minikube, `kind` together with an existing cluster, neither. */
export function toBootstrapWish(options: {
  readonly bootstrapType: string;
  readonly bootstrapClusterKubeconfig?: string | undefined;
  readonly bootstrapFlags: readonly string[];
}): BootstrapWish {
  const { bootstrapType: type, bootstrapClusterKubeconfig: kubeconfig, bootstrapFlags } = options;
  const flags = bootstrapFlags.flatMap((item) => item.split(',')).filter((item) => item !== '');
  if (type === 'minikube')
    throw usage('--bootstrap-type minikube is not supported: use kind, embedded, or -e with a cluster that exists');
  if (!['none', '', 'kind', 'embedded'].includes(type))
    throw usage(`--bootstrap-type "${type}" is unknown: kind, embedded or none`);
  const isMade = type === 'kind' || type === 'embedded';
  if (isMade && kubeconfig) {
    throw usage(
      `--bootstrap-type ${type} makes a bootstrap cluster, -e (--bootstrap-cluster-kubeconfig) names one: give one of them`,
    );
  }
  if (type === 'kind' || type === 'embedded') return { type, flags };
  if (!kubeconfig) {
    throw usage(
      'no bootstrap cluster: give --bootstrap-type kind (or embedded), or -e (--bootstrap-cluster-kubeconfig) with one that exists',
    );
  }
  return { type: 'existing', kubeconfig, flags };
}

function usage(message: string): Error {
  return failure('CTL_USAGE', message);
}
