// `move` and `alpha phases pivot`: Clusters of one API server go to another, one after the other.
import { applyIdle } from '../create/target-phases.ts';
import type { ClusterName, Host } from '../host.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { failure } from '../problem.ts';
import type { Limits } from '../wait/limits.ts';
import type { WaitParts } from '../wait/wait-until.ts';
import { listClusters, observeScope } from './observe-content.ts';
import { moveCluster } from './pivot.ts';
import { conflictsOf, describeStep, planCopy } from './pivot-plan.ts';
import { StatefulSetManagers } from './provider-managers.ts';
import { readKeyFiles, sealedForTarget } from './sealing-sides.ts';
import type { KeysOfFiles } from './sealing-sides.ts';

/** What is to be moved from where to where. */
export interface MoveOptions {
  readonly kubeconfig: string;
  readonly toKubeconfig: string;
  /** Absent: of all namespaces. */
  readonly namespace?: string;
  /** Absent: all Clusters there. */
  readonly name?: string;
  readonly components: readonly AnyObject[];
  /** Of sealing keys that the managers of a side have in a file. */
  readonly keyFiles?: { readonly source?: string; readonly target?: string };
  readonly limits: Limits;
  /** Says what would be moved, and moves nothing. */
  readonly isDryRun: boolean;
}

/** Moves them; again after an interruption it goes on. */
export async function moveClusters(options: MoveOptions, host: Host): Promise<void> {
  const ids = await clustersToMove(options, host);
  const keyFiles = await readKeyFiles(options.keyFiles ?? {}, host);
  if (options.isDryRun) return tell(ids, { ...options, keys: keyFiles }, host);
  for (const id of ids)
    await host.progress.phase(`Cluster ${id.namespace}/${id.name}`, (say) =>
      moveOne(id, options, { host, say, keyFiles }),
    );
}

async function clustersToMove(
  { kubeconfig, namespace, name }: MoveOptions,
  host: Host,
): Promise<readonly ClusterName[]> {
  if (name !== undefined) return [{ namespace: namespace ?? 'default', name }];
  const client = await host.connect(kubeconfig);
  const all = await listClusters(client, host.signal);
  const found = namespace === undefined ? all : all.filter((id) => id.namespace === namespace);
  if (found.length === 0)
    throw failure('CTL_CLUSTER_UNKNOWN', `there is no Cluster on ${client.server}: nothing is left to move`);
  return found;
}

async function moveOne(
  id: ClusterName,
  { kubeconfig, toKubeconfig, components, limits }: MoveOptions,
  {
    host,
    say,
    keyFiles,
  }: { readonly host: Host; readonly say: (text: string) => void; readonly keyFiles: KeysOfFiles },
): Promise<void> {
  const [source, target] = [await host.connect(kubeconfig), await host.connect(toKubeconfig)];
  const wait: WaitParts = { clock: host.clock, signal: host.signal, say };
  const limit = limits.cluster;
  await moveCluster(id, {
    source: { client: source, managers: new StatefulSetManagers({ client: source, wait, limit }) },
    target: { client: target, managers: new StatefulSetManagers({ client: target, wait, limit }) },
    prepareTarget: () => applyIdle(components, { client: target, wait, limit }),
    newId: () => host.newId(),
    wait,
    keyFiles,
  });
  await restartForOthers(id, { kubeconfig, host, wait, limits });
}

// Clusters that stay need the managers that were stopped for the move.
async function restartForOthers(
  moved: ClusterName,
  { kubeconfig, host, wait, limits }: { kubeconfig: string; host: Host; wait: WaitParts; limits: Limits },
): Promise<void> {
  const client = await host.connect(kubeconfig);
  const others = (await listClusters(client, host.signal)).filter(
    (id) => id.namespace !== moved.namespace || id.name !== moved.name,
  );
  if (others.length === 0) return;
  await new StatefulSetManagers({ client, wait, limit: limits.cluster }).start();
}

async function tell(
  ids: readonly ClusterName[],
  options: MoveOptions & { readonly keys: KeysOfFiles },
  host: Host,
): Promise<void> {
  const [source, target] = [await host.connect(options.kubeconfig), await host.connect(options.toKubeconfig)];
  for (const id of ids) {
    const [here, there] = [await observeScope(source, id, host.signal), await observeScope(target, id, host.signal)];
    host.print(
      `Cluster ${id.namespace}/${id.name}: ${here.objects.length} objects from ${source.server} to ${target.server}\n`,
    );
    const found = { id, source: here, target: there };
    const wanted = await sealedForTarget(found, { sides: { source, target }, files: options.keys }, host.signal);
    const steps = planCopy(wanted, there, 'dry-run');
    for (const step of steps) host.print(`  first: ${describeStep(step)}\n`);
    for (const conflict of conflictsOf(wanted, there)) host.print(`  conflict: ${conflict}\n`);
  }
}
