// Load balancers of Services on elastic IPs, for all back ends that announce by BGP. Under construction: every method says so.
import type { LoadBalancers, ProviderContext } from '@longshore/cloud-provider';
import type { NeededRight } from '@longshore/k8s-runtime';
import type { Announcing } from './announcing.ts';
import type { LoadBalancerParts } from './create-load-balancers.ts';

/** What these balancers need in the cluster. */
export const SERVICE_RIGHTS: readonly NeededRight[] = [
  { group: '', resource: 'namespaces', name: 'kube-system', verb: 'get', neededFor: 'the identity of the cluster' },
  { group: '', resource: 'services', verb: 'get', neededFor: 'the addresses of balancers on Services' },
  { group: '', resource: 'services', verb: 'patch', neededFor: 'the addresses of balancers on Services' },
];

/** Load balancers on elastic IPs. */
export class ElasticIpLoadBalancers implements Pick<LoadBalancers, 'problems'> {
  constructor(_parts: LoadBalancerParts) {}

  start(_context: ProviderContext, _announcing: Announcing): void {}

  ensure = (): never => notYet();
  remove = (): never => notYet();
  plan = (): never => notYet();
  problems = (): never => notYet();
}

function notYet(): never {
  throw new Error('not there yet');
}
