// `alpha phases …`: the phases of `create cluster` one by one, for people who drive them by hand.
import { applyObject, applyObjects } from '../apply/apply-objects.ts';
import type { ApplyParts } from '../apply/apply-objects.ts';
import { makeBootstrap } from '../bootstrap-cluster/make-bootstrap.ts';
import type { BootstrapWish } from '../bootstrap-cluster/bootstrap-cluster.ts';
import { fillIn, readFile, stateFolder } from '../create/create-input.ts';
import type { Host } from '../host.ts';
import { readCluster, readMachines } from '../input/cluster-input.ts';
import { JournalFile } from '../journal/journal-file.ts';
import { anyObject } from '../kube-kinds.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { CLUSTER_LABEL } from '../../api/names.ts';
import { soleCluster } from '../remove/delete-cluster.ts';
import { ensureNamespace } from '../pivot/apply-step.ts';
import { failure, listed } from '../problem.ts';
import { readLimits } from '../wait/limits.ts';
import type { Limits } from '../wait/limits.ts';

/** Limits of the environment; rejects with all that are no numbers. */
export function limitsOf(host: Host): Limits {
  const { limits, problems } = readLimits(host.env);
  if (problems.length > 0) throw failure('CTL_INPUT_INVALID', listed('nothing was done:', problems));
  return limits;
}

/** `apply-bootstrap-components`, `apply-cluster-api-components`, `apply-addons`: a file of any objects. */
export async function applyFilePhase(
  { kubeconfig, file, title }: { readonly kubeconfig: string; readonly file: string; readonly title: string },
  host: Host,
): Promise<void> {
  const objects = await readComponents(file, host);
  await host.progress.phase(title, async (say) => applyObjects(objects, await applyPartsOf(kubeconfig, host, say)));
}

/** The objects of a file with credentials filled in; rejects with everything that is wrong. */
export async function readComponents(path: string, host: Host): Promise<readonly AnyObject[]> {
  const file = await readFile(path, host);
  const { objects, problems } = fillIn(file.objects, host.env);
  const all = [...file.problems, ...problems];
  if (all.length > 0) throw failure('CTL_INPUT_INVALID', listed('nothing was applied:', all));
  return objects;
}

async function applyPartsOf(kubeconfig: string, host: Host, say: (text: string) => void): Promise<ApplyParts> {
  const wait = { clock: host.clock, signal: host.signal, say };
  return { client: await host.connect(kubeconfig), wait, limit: limitsOf(host).cluster };
}

/** `apply-cluster`. */
export async function applyClusterPhase(
  { kubeconfig, file }: { readonly kubeconfig: string; readonly file: string },
  host: Host,
): Promise<void> {
  const cluster = readCluster(await readFile(file, host));
  if (!('input' in cluster)) throw failure('CTL_INPUT_INVALID', listed('nothing was applied:', cluster.problems));
  await host.progress.phase('Cluster', async (say) => {
    const parts = await applyPartsOf(kubeconfig, host, say);
    await ensureNamespace(parts.client, cluster.input.metadata?.namespace ?? 'default', host.signal);
    await applyObject(anyObject(cluster.input), parts);
  });
}

/** `apply-machines`: all kinds of the file, for the Cluster that they name or the only one of the namespace. */
export async function applyMachinesPhase(
  { kubeconfig, file, namespace }: { readonly kubeconfig: string; readonly file: string; readonly namespace?: string },
  host: Host,
): Promise<void> {
  const parsed = await readFile(file, host);
  const client = await host.connect(kubeconfig);
  const named = parsed.objects
    .map(({ metadata }) => metadata?.labels?.[CLUSTER_LABEL])
    .find((name) => name !== undefined);
  const id =
    named === undefined
      ? await soleCluster(client, namespace, host.signal)
      : { namespace: namespace ?? 'default', name: named };
  const machines = readMachines(parsed, id, { isPartial: true });
  if (!('input' in machines)) throw failure('CTL_INPUT_INVALID', listed('nothing was applied:', machines.problems));
  const { machineClasses: classes, controlPlane, workers, machineSets, machineDeployments } = machines.input;
  const objects = [...classes, ...controlPlane, ...workers, ...machineSets, ...machineDeployments].map(anyObject);
  await host.progress.phase('Machines', async (say) => {
    const parts = await applyPartsOf(kubeconfig, host, say);
    for (const object of objects) await applyObject(object, parts);
    say(`${objects.length} objects applied`);
  });
}

/** `create-bootstrap-cluster`: prints where its kubeconfig is, and writes it to `out`. */
export async function createBootstrapPhase(
  { bootstrap, out, stateDir }: { readonly bootstrap: BootstrapWish; readonly out: string; readonly stateDir?: string },
  host: Host,
): Promise<void> {
  const cluster = { namespace: '', name: 'bootstrap' };
  const folder = stateFolder(stateDir, `bootstrap-${bootstrap.type}`, host.env);
  const journal = await JournalFile.open({
    folder,
    command: 'create cluster',
    cluster,
    nowMs: () => host.clock.nowMs(),
    write: host.writeSecretFile,
  });
  try {
    await host.progress.phase('Bootstrap cluster', async (say) => {
      const made = await makeBootstrap(bootstrap, { host, journal, limit: limitsOf(host).cluster, say });
      await host.writeSecretFile(out, await host.readText(made.kubeconfig));
      say(`${made.description}; its kubeconfig was written to ${out}`);
    });
  } finally {
    await journal.close();
  }
}
