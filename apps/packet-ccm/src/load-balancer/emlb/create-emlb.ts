// The parts of the program to load balancers of the load balancer service. Called by create-load-balancers.ts.
import type { ProviderContext } from '@longshore/cloud-provider';
import type { EmlbApi } from '@longshore/packet-api';
import type { NeededRight } from '@longshore/k8s-runtime';
import { ClusterIdentity } from '../cluster-identity.ts';
import type { LoadBalancerParts, ServiceBalancers } from '../create-load-balancers.ts';
import { EmlbLoadBalancers } from './emlb-load-balancers.ts';

const RIGHTS: readonly NeededRight[] = [
  { group: '', resource: 'namespaces', name: 'kube-system', verb: 'get', neededFor: 'the identity of the cluster' },
  { group: '', resource: 'services', verb: 'patch', neededFor: 'the IDs of load balancers on Services' },
];

/** Load balancers in a metro. */
export function createEmlbBalancers(
  metro: string,
  emlb: EmlbApi,
  { config, log }: Pick<LoadBalancerParts, 'config' | 'log'>,
): ServiceBalancers {
  const { loadBalancerId, eipTag } = config.controlPlane;
  const loadBalancers = new EmlbLoadBalancers({
    api: emlb,
    projectId: config.projectId,
    metro,
    // With both settings the elastic IP wins (create-control-plane.ts), and the Service shows its address.
    servesControlPlane: loadBalancerId !== undefined && eipTag === undefined,
    log: log.child({ name: 'load-balancer' }),
  });
  return {
    loadBalancers,
    serviceRights: RIGHTS,
    start({ client, events }: ProviderContext) {
      const identity = new ClusterIdentity(client);
      loadBalancers.start({ client, events, clusterId: (signal) => identity.read(signal) });
      return Promise.resolve();
    },
  };
}
