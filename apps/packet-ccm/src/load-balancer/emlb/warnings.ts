// What the owner of a Service should know although its balancer works. Pure.
import type { KubeNode } from '@longshore/k8s-runtime';
import { unreachableNodes } from './desired.ts';
import type { WantedBalancer } from './desired.ts';
import type { OwnBalancer } from './identity.ts';
import { foreignPorts } from './plan.ts';

/** A warning event. */
export interface Warning {
  readonly reason: string;
  readonly message: string;
}

/** The warnings about one balancer. */
export function warningsOf(wanted: WantedBalancer, nodes: readonly KubeNode[], own: OwnBalancer): readonly Warning[] {
  const unreachable = unreachableNodes(nodes);
  const hasTargets = wanted.ports.some(({ origins }) => origins.length > 0);
  const foreign = foreignPorts(wanted, own).map(({ number }) => number);
  return [
    ...(hasTargets || wanted.ports.length === 0
      ? []
      : [
          {
            reason: 'NoValidNodes',
            message: 'no node with an external address can be used: the load balancer sends to nobody',
          },
        ]),
    ...(unreachable.length === 0
      ? []
      : [
          {
            reason: 'NoExternalAddress',
            message: `nodes without external address get no traffic: ${unreachable.join(', ')}`,
          },
        ]),
    ...(foreign.length === 0
      ? []
      : [
          {
            reason: 'PortOfSomebodyElse',
            message: `load balancer ${own.balancer.id} has port ${foreign.join(', ')} of somebody else: it is left as it is`,
          },
        ]),
  ];
}
