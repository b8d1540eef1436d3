// Two Services that want one floating IP. Pure. The older keeps it and goes on; only the newer is refused, and none is kept from leaving.
import type { FloatingIp } from '@longshore/cloudscale-api';
import type { KubeService } from '@longshore/k8s-runtime';
import { keyOf } from '@longshore/k8s-runtime';
import type { Problem } from '@longshore/cloud-provider';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import { wrong } from './problems.ts';

/** What is wrong with the wanted floating IPs. `known` are those of the project. */
export function floatingProblems(
  service: KubeService,
  wanted: readonly string[],
  facts: { readonly services: readonly KubeService[]; readonly known: readonly FloatingIp[] },
): readonly Problem[] {
  const { key } = ANNOTATIONS.floatingIps;
  const addresses = new Set(facts.known.map(({ address }) => address));
  return wanted.flatMap((address) => {
    if (!addresses.has(address)) return [wrong(key, `annotation ${key}: the project has no floating IP ${address}`)];
    const other = facts.services.find((one) => isRival(one, service) && wantedBy(one).includes(address));
    if (other === undefined) return [];
    const message = `annotation ${key}: floating IP ${address} of service ${keyOf(service)} is also assigned to service ${keyOf(other)}, which is older and keeps it`;
    return [wrong(key, message)];
  });
}

function isRival(other: KubeService, service: KubeService): boolean {
  const { uid, deletionTimestamp } = other.metadata ?? {};
  if (uid === service.metadata?.uid || deletionTimestamp !== undefined) return false;
  if (other.spec?.type !== 'LoadBalancer' || other.spec.loadBalancerClass !== undefined) return false;
  return ageOf(other) < ageOf(service);
}

// Texts that sort by age; the UID decides between Services of one second.
function ageOf({ metadata }: KubeService): string {
  return `${String(metadata?.creationTimestamp ?? '')} ${metadata?.uid ?? ''}`;
}

// A list that cannot be read is that Service's own problem.
function wantedBy(service: KubeService): readonly string[] {
  return readSettings(service.metadata?.annotations).settings.floatingIps;
}
