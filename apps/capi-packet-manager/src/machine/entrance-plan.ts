// How a Machine enters its cluster: which one of the masters runs `kubeadm init`, and whether there may be another one at all. Pure. The
// Cluster names the attempt that initialises it, written before that attempt's POST: of two masters made at once only one can be written.
import { annotations } from '../api/names.ts';
import { isControlPlane } from '../api/conditions.ts';
import type { Cluster, Machine, PacketClusterProviderSpec } from '../api/objects.ts';
import type { ClusterFacts } from '../bootstrap/contract.ts';
import { API_PORT } from '../bootstrap/kubeadm-config.ts';
import { memoryOf } from './machine-memory.ts';

/** What it depends on. */
export interface EntranceFacts {
  readonly machine: Machine;
  readonly cluster: Cluster;
  readonly hasExternalEndpoint: boolean;
  readonly otherMasters: readonly Machine[];
}

/** The way in, or why there is none. */
export type EntrancePlan =
  { readonly kind: 'init' | 'join' | 'join-control-plane' } | { readonly kind: 'refused'; readonly message: string };

/** The way in. */
export function planEntrance(facts: EntranceFacts): EntrancePlan {
  const { machine, cluster, hasExternalEndpoint } = facts;
  if (!isControlPlane(machine)) return { kind: 'join' };
  const first = firstMaster(facts);
  if (first === undefined) return { kind: 'init' };
  if (hasExternalEndpoint) return { kind: 'join-control-plane' };
  const name = cluster.metadata?.name ?? '';
  const message = `Cluster ${name} has no spec.providerSpec.value.controlPlaneEndpoint, so it can have one control plane machine only, which is ${first}: give the Cluster an endpoint (type elasticIP or host) before it is made, or delete one of the two`;
  return { kind: 'refused', message };
}

/** The master that keeps this one from being the first. */
function firstMaster({ machine, cluster, otherMasters }: EntranceFacts): string | undefined {
  const initAttempt = initAttemptOf(cluster);
  const { attemptId } = memoryOf(machine);
  if (initAttempt !== undefined && initAttempt === attemptId) return undefined;
  const holder = otherMasters.find((other) => memoryOf(other).attemptId === initAttempt && initAttempt !== undefined);
  // One that was started without being named (by the Go program, or as a joining master) has the cluster all the same.
  return (holder ?? otherMasters.find(isStarted))?.metadata?.name;
}

/** Whether a device was asked for, or there is even a Node. */
export function isStarted(machine: Machine): boolean {
  const { deviceId, requestedAtMs } = memoryOf(machine);
  return deviceId !== undefined || requestedAtMs !== undefined || machine.status?.nodeRef !== undefined;
}

/** The address that machines are told; `undefined` while the first master is its own. */
export function endpointFor(
  cluster: Cluster,
  spec: PacketClusterProviderSpec,
  kind: 'init' | 'join' | 'join-control-plane',
): Pick<ClusterFacts, 'endpoint' | 'elasticIp'> {
  const wish = spec.controlPlaneEndpoint;
  if (kind === 'init' && wish === undefined && !isOperators(cluster)) return {};
  const known = cluster.status?.apiEndpoints?.[0] ?? hostOf(wish);
  if (known === undefined) return {};
  const endpoint = hostAndPort(known);
  return wish?.type === 'elasticIP' ? { endpoint, elasticIp: known.host } : { endpoint };
}

function hostAndPort({ host, port }: { readonly host: string; readonly port: number }): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`;
}

function isOperators({ status }: Cluster): boolean {
  return status?.providerStatus?.endpointSource === 'operator';
}

function hostOf(wish: PacketClusterProviderSpec['controlPlaneEndpoint']): { host: string; port: number } | undefined {
  return wish?.type === 'host' ? { host: wish.host, port: wish.port ?? API_PORT } : undefined;
}

/** The attempt that initialises the cluster. */
export function initAttemptOf(cluster: Cluster | undefined): string | undefined {
  return cluster?.metadata?.annotations?.[annotations.initAttempt];
}
