// A cluster as a test sees it: its objects by name, and the machines of a deployment at every moment of a watch.
import { connect, nodes } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode } from '@longshore/k8s-runtime';
import { conditionOf, conditionTypes, isControlPlane } from '../../api/conditions.ts';
import { machineDeployments, machines } from '../../api/resources.ts';
import type { Machine, MachineDeployment } from '../../api/objects.ts';

/** An administrator's client for a kubeconfig file. */
export function clientFor(kubeconfig: string): Promise<KubeClient> {
  return connect({ kubeconfig, userAgent: 'longshore-test', timeoutMs: 15_000 });
}

/** All Nodes. */
export async function nodesOf(client: KubeClient): Promise<readonly KubeNode[]> {
  return (await client.list(nodes)).items;
}

/** Ready, with a provider ID and without the taint of those that no cloud controller has looked at. */
export function isInitialized({ spec, status }: KubeNode): boolean {
  const isReady = status?.conditions?.some((condition) => condition.type === 'Ready' && condition.status === 'True');
  const isTainted = spec?.taints?.some(({ key }) => key === 'node.cloudprovider.kubernetes.io/uninitialized');
  return isReady === true && isTainted !== true && spec?.providerID !== undefined;
}

/** All Machines. */
export async function machinesOf(client: KubeClient): Promise<readonly Machine[]> {
  return (await client.list(machines)).items;
}

/** The only MachineDeployment. */
export async function deploymentOf(client: KubeClient): Promise<MachineDeployment> {
  const [deployment] = (await client.list(machineDeployments)).items;
  if (deployment === undefined) throw new Error('there is no MachineDeployment');
  return deployment;
}

/** Counts of everything that a worker is, and of those whose parts belong together. */
export interface WorkerCounts {
  /** With the control plane's. */
  readonly machines: number;
  /** With the control plane's. */
  readonly nodes: number;
  readonly whole: number;
  readonly available: number;
}

/** Looks at all workers; `whole` are those whose Machine and initialized Node know each other, of that version if one is given. */
export async function observeWorkers(client: KubeClient, version?: string): Promise<WorkerCounts> {
  const [all, found] = [await machinesOf(client), await nodesOf(client)];
  const whole = all.filter((machine) => {
    const node = found.find(({ metadata }) => metadata?.name === machine.metadata?.name);
    if (isControlPlane(machine) || node === undefined) return false;
    const isOfVersion = version === undefined || node.status?.nodeInfo?.kubeletVersion === `v${version}`;
    return isOfVersion && isInitialized(node) && belongTogether(machine, node);
  });
  const { status } = await deploymentOf(client);
  return {
    machines: all.length,
    nodes: found.length,
    whole: whole.length,
    available: status?.availableReplicas ?? 0,
  };
}

function belongTogether({ metadata, spec, status }: Machine, node: KubeNode): boolean {
  const isStaying = metadata?.deletionTimestamp === undefined;
  return isStaying && status?.nodeRef?.uid === node.metadata?.uid && spec?.providerID === node.spec?.providerID;
}

/** Changes the spec of the only MachineDeployment. */
export async function changeDeployment(client: KubeClient, spec: object): Promise<void> {
  const { metadata } = await deploymentOf(client);
  const key = { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
  await client.patch(machineDeployments, key, { kind: 'merge', body: { spec } });
}

/** Machines of a deployment that are not being deleted, at one moment. */
export interface Moment {
  readonly count: number;
  readonly ready: number;
}

/** Sees every change of the workers from now on; `stop` gives the moments. */
export async function watchWorkers(client: KubeClient): Promise<{ stop(): Promise<readonly Moment[]> }> {
  const { items, resourceVersion } = await client.list(machines);
  const seen = new Map(items.map((machine) => [machine.metadata?.uid, machine]));
  const moments: Moment[] = [momentOf([...seen.values()])];
  const closing = new AbortController();
  const events = await client.watch(machines, { resourceVersion, signal: closing.signal });
  const following = (async () => {
    for await (const { type, object } of events) {
      if (type === 'ERROR' || type === 'BOOKMARK') continue;
      if (type === 'DELETED') seen.delete(object.metadata?.uid);
      else seen.set(object.metadata?.uid, object);
      moments.push(momentOf([...seen.values()]));
    }
  })().catch((error: unknown) => {
    if (!closing.signal.aborted) throw error;
  });
  return {
    async stop() {
      closing.abort();
      await following;
      return moments;
    },
  };
}

function momentOf(all: readonly Machine[]): Moment {
  const workers = all.filter(({ metadata, spec }) => !metadata?.deletionTimestamp && !spec?.versions?.controlPlane);
  const ready = workers.filter(({ status }) => conditionOf(status, conditionTypes.nodeReady)?.status === 'True');
  return { count: workers.length, ready: ready.length };
}
