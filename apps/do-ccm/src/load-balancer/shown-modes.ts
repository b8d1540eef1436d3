// Which `ipMode` a Service goes on to show. The Go program publishes none, which the API server reads as VIP; taking its Services over must
// not change by which way pods reach them. So addresses that are shown already keep their mode until this program has changed something
// of the balancer, or has made it (docs/decisions/0009-take-over-keeps-the-way-in.md). Pure.
import type { LoadBalancerStatus } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { ANNOTATIONS } from '../annotations.ts';

/** The status to publish; `isChanged`: this pass has changed the balancer. */
export function keepShownModes(
  status: LoadBalancerStatus,
  service: KubeService,
  { isChanged }: { readonly isChanged: boolean },
): LoadBalancerStatus {
  const isOurs = service.metadata?.annotations?.[ANNOTATIONS.claim.key] !== undefined;
  const shown = service.status?.loadBalancer?.ingress ?? [];
  const isSame =
    shown.length === status.ingress.length && status.ingress.every(({ ip }, at) => ip && ip === shown[at]?.ip);
  if (isChanged || isOurs || !isSame) return status;
  const ingress = status.ingress.map((entry, at) => ({
    ...entry,
    ipMode: shown[at]?.ipMode === 'Proxy' ? ('Proxy' as const) : ('VIP' as const),
  }));
  return { ...status, ingress };
}
