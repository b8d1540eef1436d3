// What a Service shows of its balancer, and until when it is waited for.
import type { LoadBalancerIngress, LoadBalancerStatus } from '@longshore/cloud-provider';
import type { LoadBalancer } from '@longshore/digitalocean-api';
import type { Settings } from '../annotations.ts';

/** The addresses to publish; undefined while there are none. */
export function publishedStatus(found: LoadBalancer, settings: Settings): LoadBalancerStatus | undefined {
  if (found.status !== 'active') return undefined;
  if (settings.hostname !== undefined) return { ingress: [{ hostname: settings.hostname }] };
  const ips = [found.ip, found.ipv6].filter((ip) => ip !== undefined);
  return ips.length > 0 ? { ingress: ips.map((ip): LoadBalancerIngress => ({ ip, ...ipModeOf(found) })) } : undefined;
}

// kube-proxy sends in-cluster traffic for a VIP straight to the pods. Where the balancer adds a PROXY header or ends TLS, pods would not
// understand it: then the traffic has to go through the balancer.
function ipModeOf(found: LoadBalancer): Pick<LoadBalancerIngress, 'ipMode'> {
  const endsTls = found.forwardingRules.some(({ certificateId }) => certificateId !== undefined);
  return found.enableProxyProtocol === true || endsTls || found.type === 'GLOBAL' ? { ipMode: 'Proxy' } : {};
}
