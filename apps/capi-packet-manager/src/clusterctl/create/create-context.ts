// What the phases of `create cluster` share: the files, the journal, both API servers as soon as they are there.
import type { KubeClient } from '@longshore/k8s-runtime';
import type { ApplyParts } from '../apply/apply-objects.ts';
import type { BootstrapCluster, BootstrapParts } from '../bootstrap-cluster/bootstrap-cluster.ts';
import { LocalManagers, together } from '../bootstrap-cluster/local-managers.ts';
import type { ClusterName, Host } from '../host.ts';
import type { JournalFile } from '../journal/journal-file.ts';
import { StatefulSetManagers } from '../pivot/provider-managers.ts';
import type { Managers } from '../pivot/provider-managers.ts';
import { failure } from '../problem.ts';
import type { Limit, Limits } from '../wait/limits.ts';
import type { WaitParts } from '../wait/wait-until.ts';
import type { CreateInput } from './create-input.ts';
import type { CreateOptions } from './create-options.ts';

/** How phases show what they are at. */
export type Say = (text: string) => void;

/** One run. */
export class CreateContext {
  readonly host: Host;
  readonly options: CreateOptions;
  readonly files: CreateInput;
  readonly journal: JournalFile;
  readonly limits: Limits;
  readonly id: ClusterName;
  bootstrap: BootstrapCluster | undefined;
  #local: LocalManagers | undefined;
  #clients = new Map<string, KubeClient>();

  constructor(parts: Pick<CreateContext, 'host' | 'options' | 'files' | 'journal' | 'limits'>) {
    this.host = parts.host;
    this.options = parts.options;
    this.files = parts.files;
    this.journal = parts.journal;
    this.limits = parts.limits;
    const { namespace = 'default', name = '' } = parts.files.input.cluster.metadata ?? {};
    this.id = { namespace, name };
  }

  /** Of the bootstrap cluster. */
  async source(): Promise<KubeClient> {
    if (!this.bootstrap) throw failure('CTL_BOOTSTRAP_FAILED', 'the bootstrap cluster is gone');
    return this.#client(this.bootstrap.kubeconfig);
  }

  /** Of the cluster that is made. */
  async target(): Promise<KubeClient> {
    return this.#client(this.options.kubeconfigOut);
  }

  wait(say: Say): WaitParts {
    return { clock: this.host.clock, signal: this.host.signal, say };
  }

  apply(client: KubeClient, say: Say, limit: Limit = this.limits.cluster): ApplyParts {
    return { client, wait: this.wait(say), limit };
  }

  bootstrapParts(say: Say): BootstrapParts {
    return { host: this.host, journal: this.journal, limit: this.limits.cluster, say };
  }

  /** No pods run on the embedded control plane. */
  get isEmbedded(): boolean {
    return this.options.bootstrap.type === 'embedded';
  }

  /** The managers on the bootstrap cluster. */
  async sourceManagers(say: Say): Promise<Managers> {
    const client = await this.source();
    const sets = new StatefulSetManagers({ client, wait: this.wait(say), limit: this.limits.cluster });
    if (!this.isEmbedded) return sets;
    return together(this.localManagers(say), sets);
  }

  /** The manager as a child of this process. */
  localManagers(say: Say): LocalManagers {
    this.#local ??= new LocalManagers(this.bootstrapParts(say), this.files.components);
    return this.#local;
  }

  /** Ends what must not outlive this process. */
  async close(): Promise<void> {
    await this.#local?.stop();
  }

  async #client(kubeconfig: string): Promise<KubeClient> {
    const known = this.#clients.get(kubeconfig) ?? (await this.host.connect(kubeconfig));
    this.#clients.set(kubeconfig, known);
    return known;
  }
}
