// A bootstrap cluster made by the command `kind`, in the seed's way: one cluster called "clusterapi". Its kubeconfig is kept beside the
// journal, so that a later run finds the cluster again.
import { failure } from '../problem.ts';
import type { BootstrapCluster, BootstrapParts } from './bootstrap-cluster.ts';
import { doesAnswer, untilItAnswers } from './existing-cluster.ts';

/** As in the Go program. */
export const KIND_NAME = 'clusterapi';

/** Makes the cluster, or takes up the one that an earlier run of this command made. */
export async function kindCluster(flags: readonly string[], parts: BootstrapParts): Promise<BootstrapCluster> {
  const { host, journal, say } = parts;
  const kubeconfig = journal.file('bootstrap.kubeconfig');
  const isOurs = journal.content.bootstrap?.type === 'kind';
  if (!(isOurs && (await doesAnswer(host, kubeconfig)))) {
    if ((await clusterNames(parts)).includes(KIND_NAME)) await refuseOrClear(isOurs, parts, kubeconfig);
    await journal.setBootstrap({ type: 'kind', kubeconfig });
    say(`kind create cluster --name=${KIND_NAME}`);
    const options = flags.map((flag) => `--${flag.replace(/^--/, '')}`);
    await kind(['create', 'cluster', `--name=${KIND_NAME}`, '--kubeconfig', kubeconfig, ...options], parts);
    await untilItAnswers(kubeconfig, parts);
  }
  return {
    kubeconfig,
    description: `the kind cluster "${KIND_NAME}" (kubeconfig ${kubeconfig})`,
    removal: `kind delete cluster --name=${KIND_NAME}`,
    remove: () => removeKind(kubeconfig, parts),
  };
}

/** Deletes it; that it is gone already is fine. */
async function removeKind(kubeconfig: string, parts: BootstrapParts): Promise<void> {
  await kind(['delete', 'cluster', `--name=${KIND_NAME}`, '--kubeconfig', kubeconfig], parts);
}

async function clusterNames(parts: BootstrapParts): Promise<readonly string[]> {
  const { stdout } = await kind(['get', 'clusters'], parts);
  return stdout.split(/\s+/);
}

// Half made by a run that was ended, with nothing in it yet: away with it. Anybody else's: hands off.
async function refuseOrClear(isOurs: boolean, parts: BootstrapParts, kubeconfig: string): Promise<void> {
  const hasBegun = parts.journal.content.phases['provider-components'] !== undefined;
  if (isOurs && !hasBegun) return removeKind(kubeconfig, parts);
  const why = isOurs
    ? `the kind cluster "${KIND_NAME}" does not answer, and this command had put objects into it`
    : `there is a kind cluster "${KIND_NAME}" that this command did not make`;
  const remedy = isOurs
    ? `start its containers again (docker start ${KIND_NAME}-control-plane)`
    : `use it with -e, or delete it: kind delete cluster --name=${KIND_NAME}`;
  throw failure('CTL_BOOTSTRAP_FAILED', `${why}; ${remedy}`);
}

async function kind(args: readonly string[], { host }: BootstrapParts): Promise<{ readonly stdout: string }> {
  const { code, stdout, stderr } = await host.execute('kind', args, host.signal);
  if (code === 0) return { stdout };
  if (code === 127) {
    const remedy = 'install kind, or use --bootstrap-type embedded, or -e with a cluster that exists';
    throw failure('CTL_BOOTSTRAP_FAILED', `the command kind was not found: ${remedy}`);
  }
  const words = (stderr || stdout).trim().split('\n').slice(-5).join('; ');
  throw failure('CTL_BOOTSTRAP_FAILED', `kind ${args.slice(0, 2).join(' ')} ended with ${code}: ${words}`);
}
