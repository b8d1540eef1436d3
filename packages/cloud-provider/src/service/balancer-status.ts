// How `status.loadBalancer` is compared and written (spec §4.9, I17). The API server fills in `ipMode: VIP` where a provider
// left it out, so both sides get that default before they are compared: else each sync would send a patch that changes nothing.
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancerIngress, LoadBalancerStatus } from '../provider.ts';

type StoredIngress = NonNullable<NonNullable<NonNullable<KubeService['status']>['loadBalancer']>['ingress']>[number];

/** The entries as the API server stores them: empty fields absent, `ipMode` present exactly where there is an `ip`. */
export function toIngress(status: LoadBalancerStatus | undefined): readonly LoadBalancerIngress[] {
  return (status?.ingress ?? []).map(toEntry);
}

/** The entries that a Service shows, in the same form. */
export function storedIngress(service: KubeService): readonly LoadBalancerIngress[] {
  return (service.status?.loadBalancer?.ingress ?? []).map((entry) => toEntry(parseEntry(entry)));
}

/** The Service shows something else than `wanted` (order counts, absent and empty are the same). */
export function hasOtherStatus(service: KubeService, wanted: LoadBalancerStatus | undefined): boolean {
  return JSON.stringify(storedIngress(service)) !== JSON.stringify(toIngress(wanted));
}

/** The part of a patch that makes the Service show `wanted`; the list is replaced as a whole, null clears it. */
export function statusPatch(wanted: LoadBalancerStatus | undefined): object {
  const ingress = toIngress(wanted);
  return { status: { loadBalancer: { ingress: ingress.length > 0 ? ingress : null } } };
}

/** `203.0.113.7, lb.example.com`, or `none`. */
export function describeStatus(ingress: readonly LoadBalancerIngress[]): string {
  return ingress.map((entry) => entry.ip ?? entry.hostname ?? '?').join(', ') || 'none';
}

function toEntry(entry: LoadBalancerIngress): LoadBalancerIngress {
  const ports =
    entry.ports?.map(({ port, protocol, error }) => ({ port, protocol, ...(error ? { error } : {}) })) ?? [];
  return {
    ...(entry.ip ? { ip: entry.ip } : {}),
    ...(entry.hostname ? { hostname: entry.hostname } : {}),
    ...(entry.ip ? { ipMode: entry.ipMode ?? 'VIP' } : {}),
    ...(ports.length > 0 ? { ports } : {}),
  };
}

function parseEntry(entry: StoredIngress): LoadBalancerIngress {
  return {
    ...(entry.ip ? { ip: entry.ip } : {}),
    ...(entry.hostname ? { hostname: entry.hostname } : {}),
    ...(entry.ipMode === 'Proxy' ? { ipMode: 'Proxy' } : {}),
    ...(entry.ports ? { ports: entry.ports } : {}),
  };
}
