// Who may connect to a balancer. The Service's own field wins over the annotation, as in the Go program; it becomes `cidr:` entries.
import ipaddr from 'ipaddr.js';
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancerFirewall } from '@longshore/digitalocean-api';
import type { Settings } from '../annotations.ts';
import { wrong } from './problems.ts';
import type { Decided } from './problems.ts';

/** The firewall of a balancer; empty lists let everybody in. */
export function desiredFirewall(service: KubeService, settings: Settings): Decided<Required<LoadBalancerFirewall>> {
  const ranges = (service.spec?.loadBalancerSourceRanges ?? []).map((range) => range.trim());
  const deny = settings.denyRules ?? [];
  if (ranges.length === 0) return { value: { allow: settings.allowRules ?? [], deny }, problems: [] };
  const field = 'spec.loadBalancerSourceRanges';
  const problems = ranges
    .filter((range) => !ipaddr.isValidCIDR(range))
    .map((range) =>
      wrong(field, `${field}: ${JSON.stringify(range)} is not allowed, use CIDR format such as 10.0.0.0/24`, range),
    );
  const allow = ranges.filter((range) => ipaddr.isValidCIDR(range)).map((range) => `cidr:${networkOf(range)}`);
  return { value: { allow, deny }, problems };
}

// 10.1.2.3/8 names the network 10.0.0.0/8.
function networkOf(range: string): string {
  const [address, bits] = ipaddr.parseCIDR(range);
  const network =
    address.kind() === 'ipv4'
      ? ipaddr.IPv4.networkAddressFromCIDR(range).toString()
      : ipaddr.IPv6.networkAddressFromCIDR(range).toString();
  return `${network}/${bits}`;
}
