// `orphans --delete` for one balancer: asks the API what it is like now, keeps it when anything shows that somebody owns it, removes it and
// looks whether it is gone. Stricter than the list: a Service that wants its name, or only shows its address, owns it, too.
import type { OrphanRemoval } from '@longshore/cloud-provider';
import type { LoadBalancer, LoadBalancerId, LoadBalancers } from '@longshore/cloudscale-api';
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { readSettings } from '../annotations.ts';
import { defaultNameOf } from './desired.ts';
import { TAGS } from './identity.ts';

/** Which balancer, and whose it might be. */
export interface OrphanFacts {
  readonly id: LoadBalancerId;
  /** All Services of the cluster that can have a balancer, read right before. */
  readonly services: readonly KubeService[];
  /** Absent: nothing shows that the balancer is this cluster's. */
  readonly clusterId: string | undefined;
}

const CHECK_AGAIN_MS = 5_000;
const removed: OrphanRemoval = { kind: 'removed' };

/** Removes it, or says why not. */
export async function removeOrphanedBalancer(
  { id, services, clusterId }: OrphanFacts,
  calls: Pick<LoadBalancers, 'get' | 'remove'>,
  signal: AbortSignal,
): Promise<OrphanRemoval> {
  const balancer = await calls.get(id, signal);
  if (!balancer) return removed;
  const reason = reasonToKeep(balancer, services, clusterId);
  if (reason !== undefined) return { kind: 'kept', reason };
  const removal = await calls.remove(id, signal);
  if (removal === 'absent') return removed;
  if (removal === 'busy') return waiting('cloudscale.ch still builds it');
  // "Accepted" is not "gone".
  return (await calls.get(id, signal)) ? waiting('cloudscale.ch removes it') : removed;
}

/** Why a balancer is not an orphan; undefined when nothing shows an owner. Pure. */
export function reasonToKeep(
  balancer: LoadBalancer,
  services: readonly KubeService[],
  clusterId: string | undefined,
): string | undefined {
  if (clusterId === undefined || balancer.tags[TAGS.cluster] !== clusterId) {
    return `its tag ${TAGS.cluster} is not this cluster's`;
  }
  const owner = services.find((service) => refersTo(service, balancer));
  return owner && `Service ${keyOf(owner)} refers to it`;
}

function refersTo(service: KubeService, { id, name, tags, vipAddresses }: LoadBalancer): boolean {
  const { uid, annotations } = service.metadata ?? {};
  const { settings } = readSettings(annotations);
  if (settings.uuid === id || tags[TAGS.uid] === uid) return true;
  if ([settings.name, defaultNameOf(service)].includes(name)) return true;
  const shown = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  return vipAddresses.some(({ address }) => shown.includes(address));
}

function waiting(waitingFor: string): OrphanRemoval {
  return { kind: 'in-progress', checkAgainMs: CHECK_AGAIN_MS, waitingFor };
}
