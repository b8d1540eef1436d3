// `orphans --delete` for one balancer: asks the API what it is like now, keeps it when anything shows that somebody owns it, removes it and
// looks whether it is gone. Stricter than the list: a Service that only shows the balancer's address owns it, too.
import type { OrphanRemoval } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { isLoadBalancerBusy } from '@longshore/digitalocean-api';
import type { LoadBalancer, LoadBalancerId, LoadBalancers } from '@longshore/digitalocean-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import { attemptOf, defaultName } from './ownership.ts';
import { nameOfService } from './service-facts.ts';

/** Which balancer, and whose it might be. */
export interface OrphanFacts {
  readonly id: LoadBalancerId;
  /** All Services of the cluster that can have a balancer, read right before. */
  readonly services: readonly KubeService[];
  /** Absent: nothing shows that the balancer is this cluster's. */
  readonly clusterTag: string | undefined;
}

const BUSY_CHECK_AGAIN_MS = 5_000;
const GONE_CHECK_AGAIN_MS = 1_000;
const removed: OrphanRemoval = { kind: 'removed' };

/** Removes it, or says why not. */
export async function removeOrphanedBalancer(
  { id, services, clusterTag }: OrphanFacts,
  calls: Pick<LoadBalancers, 'get' | 'remove'>,
  signal: AbortSignal,
): Promise<OrphanRemoval> {
  const balancer = await calls.get(id, signal);
  if (!balancer) return removed;
  const reason = reasonToKeep(balancer, services, clusterTag);
  if (reason !== undefined) return { kind: 'kept', reason };
  try {
    await calls.remove(id, signal);
  } catch (error) {
    if (isLoadBalancerBusy(error))
      return waiting('DigitalOcean processes an earlier action of it', BUSY_CHECK_AGAIN_MS);
    throw error;
  }
  // "Accepted" is not "gone".
  return (await calls.get(id, signal)) ? waiting('DigitalOcean removes it', GONE_CHECK_AGAIN_MS) : removed;
}

/** Why a balancer is not an orphan; undefined when nothing shows an owner. Pure. */
export function reasonToKeep(
  balancer: LoadBalancer,
  services: readonly KubeService[],
  clusterTag: string | undefined,
): string | undefined {
  if (clusterTag === undefined || !balancer.tags.includes(clusterTag)) return "it does not have this cluster's tag";
  const other = balancer.tags.find((tag) => tag.startsWith('k8s:') && tag !== clusterTag);
  if (other !== undefined) return `it has the tag ${other} of another cluster, too`;
  const owner = services.find((service) => refersTo(service, balancer));
  return owner && `Service ${nameOfService(owner)} refers to it`;
}

function refersTo(service: KubeService, { id, name, ip, ipv6 }: LoadBalancer): boolean {
  const annotations = service.metadata?.annotations ?? {};
  const { settings } = readSettings(annotations);
  if ([defaultName(service), settings.name, attemptOf(service)].includes(name)) return true;
  if (settings.loadBalancerId === id || annotations[ANNOTATIONS.claim.key]?.endsWith(` ${id}`)) return true;
  const shown = (service.status?.loadBalancer?.ingress ?? []).map((entry) => entry.ip);
  return [ip, ipv6].some((address) => address !== undefined && shown.includes(address));
}

function waiting(waitingFor: string, checkAgainMs: number): OrphanRemoval {
  return { kind: 'in-progress', checkAgainMs, waitingFor };
}
