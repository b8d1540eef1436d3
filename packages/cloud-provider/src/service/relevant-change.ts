// Which changes of a Service matter to its balancer: the contract of spec §4.2. The watch filter compares two fingerprints,
// the planner compares one with the remembered one. Labels, selector, internalTrafficPolicy, publishNotReadyAddresses and
// status are left out on purpose: they never change a balancer.
import type { KubeService } from '@longshore/k8s-runtime';
import { hasCleanupFinalizer, isBeingDeleted, isWanted, needsCleanup } from './service-ownership.ts';

type ServiceSpec = NonNullable<KubeService['spec']>;
type ServicePort = NonNullable<ServiceSpec['ports']>[number];

/**
 * Equal texts mean that the balancer need not be looked at because of the Service. `without`: annotations of the provider's own; our
 * memory of a Service leaves them out, because what we write ourselves is no change that anybody asked for.
 */
export function relevantFingerprint(service: KubeService, without: ReadonlySet<string> = new Set()): string {
  const { uid, annotations } = service.metadata ?? {};
  const others = sorted(annotations).filter(([key]) => !without.has(key));
  return JSON.stringify([uid, isWanted(service), others, specFacts(service.spec ?? {}, without)]);
}

function specFacts(spec: ServiceSpec, without: ReadonlySet<string>): readonly unknown[] {
  return [
    spec.loadBalancerSourceRanges,
    spec.ports?.map(portFacts),
    spec.sessionAffinity,
    sorted(spec.sessionAffinityConfig?.clientIP),
    without.has('spec.loadBalancerIP') ? undefined : spec.loadBalancerIP,
    spec.externalIPs,
    spec.externalTrafficPolicy,
    spec.healthCheckNodePort,
    // The order of families never changes; a second one makes the Service dual-stack.
    spec.ipFamilies?.length,
  ];
}

/** True when an update must bring the Service to the controller; drift of the status is asked for apart (balancer-status.ts). */
export function isRelevantUpdate(before: KubeService, after: KubeService): boolean {
  if (needsCleanup(after) || isBeingDeleted(before) !== isBeingDeleted(after)) return true;
  if (!isWanted(before) && !isWanted(after)) return false;
  // Somebody took it off. That it was put on is this controller's own doing.
  if (isWanted(after) && hasCleanupFinalizer(before) && !hasCleanupFinalizer(after)) return true;
  return relevantFingerprint(before) !== relevantFingerprint(after);
}

function portFacts({ name, protocol, port, nodePort, targetPort, appProtocol }: ServicePort): readonly unknown[] {
  return [name, protocol, port, nodePort, targetPort, appProtocol];
}

function sorted(record: object | undefined): readonly (readonly [string, unknown])[] {
  return Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
