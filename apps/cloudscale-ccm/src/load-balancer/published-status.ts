// What a Service shows of its balancer. Pure.
import type { LoadBalancerStatus } from '@longshore/cloud-provider';
import type { LoadBalancer } from '@longshore/cloudscale-api';
import type { Settings } from '../annotations.ts';

/** The status: a forced host name alone, or all addresses in the API's order. Floating IPs are not shown. */
export function statusOf({ vipAddresses }: LoadBalancer, settings: Settings): LoadBalancerStatus {
  const { forceHostname: hostname, ipMode } = settings;
  if (hostname !== undefined) return { ingress: [{ hostname }] };
  return { ingress: vipAddresses.map(({ address }) => ({ ip: address, ipMode })) };
}
