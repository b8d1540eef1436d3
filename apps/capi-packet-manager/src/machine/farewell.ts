// What is done in the workload cluster when a machine leaves it: its Node object goes, and its member of etcd. Bounded in time: the workload
// cluster may be as dead as the machine. Failures are values; the planners say how long to insist.
import { messageOf } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { nodes } from '@longshore/k8s-runtime';
import type { Machine } from '../api/objects.ts';
import type { ClusterKey, ClusterMaterials, WorkloadClusters } from '../cluster/contract.ts';
import type { EtcdMembers } from './etcd-members.ts';
import { isSurvivor } from './lost-plan.ts';
import type { WorkloadResult } from './machine-facts.ts';

/** What it takes. */
export interface FarewellParts {
  readonly workloads: WorkloadClusters;
  readonly materials: ClusterMaterials;
  readonly etcd: EtcdMembers;
  readonly log: Logger;
}

const CALL_MS = 10_000;

/** Deletes the Node object that the Machine refers to, if it is still that one. */
export async function removeNode(
  machine: Machine,
  cluster: ClusterKey,
  { workloads, log }: FarewellParts,
  signal: AbortSignal,
): Promise<WorkloadResult> {
  const nodeRef = machine.status?.nodeRef;
  if (nodeRef === undefined) return { state: 'skipped' };
  try {
    const client = await workloads.clientOf(cluster, signal);
    if (client === undefined) return { state: 'skipped' };
    const { name, uid } = nodeRef;
    const node = await client.get(nodes, { name }, { signal, timeoutMs: CALL_MS });
    if (node === undefined || node.metadata?.uid !== uid) return { state: 'done' };
    await client.remove(nodes, { name }, { signal, timeoutMs: CALL_MS, preconditions: { uid } });
    log.info('node deleted', { node: name });
    return { state: 'done' };
  } catch (error) {
    signal.throwIfAborted();
    return { state: 'failed', message: messageOf(error) };
  }
}

/** Takes the Machine's member out of etcd, asking the other masters. */
export async function removeMember(
  machine: Machine,
  { cluster, otherMasters }: { readonly cluster: ClusterKey; readonly otherMasters: readonly Machine[] },
  { materials, etcd, log }: FarewellParts,
  signal: AbortSignal,
): Promise<WorkloadResult> {
  try {
    const keys = await materials.keysOf(cluster, signal);
    if (keys === undefined) return { state: 'failed', message: 'the keys of the cluster are not usable' };
    const lost = { name: machine.metadata?.name ?? '', addresses: ipsOf(machine) };
    const hosts = otherMasters.filter(isSurvivor).flatMap(ipsOf);
    const result = await etcd.remove({ ca: keys.etcdCa, hosts }, lost, signal);
    log.info('etcd member is out', { member: lost.name, result });
    return { state: 'done' };
  } catch (error) {
    signal.throwIfAborted();
    return { state: 'failed', message: messageOf(error) };
  }
}

// Inside first: from inside the cluster that is the shorter way, and from outside it fails at once or by the time limit.
function ipsOf({ status }: Machine): readonly string[] {
  const ofType = (wanted: string): readonly string[] =>
    (status?.addresses ?? []).filter(({ type }) => type === wanted).map(({ address }) => address);
  return [...ofType('InternalIP'), ...ofType('ExternalIP')];
}
