// Which changes of a Service matter to its balancer: the contract of spec §4.2. The watch filter compares two fingerprints,
// the planner compares one with the remembered one. Labels, selector, internalTrafficPolicy, publishNotReadyAddresses and
// status are left out on purpose: they never change a balancer.
import type { KubeService } from '@longshore/k8s-runtime';
import { hasCleanupFinalizer, isBeingDeleted, isWanted, needsCleanup } from './service-ownership.ts';

type ServicePort = NonNullable<NonNullable<KubeService['spec']>['ports']>[number];

/** Equal texts mean that the balancer need not be looked at because of the Service. */
export function relevantFingerprint(service: KubeService): string {
  const spec = service.spec;
  return JSON.stringify([
    service.metadata?.uid ?? '',
    isWanted(service),
    spec?.loadBalancerSourceRanges ?? [],
    (spec?.ports ?? []).map(portFacts),
    spec?.sessionAffinity ?? '',
    sorted(spec?.sessionAffinityConfig?.clientIP),
    spec?.loadBalancerIP ?? '',
    spec?.externalIPs ?? [],
    sorted(service.metadata?.annotations),
    spec?.externalTrafficPolicy ?? '',
    spec?.healthCheckNodePort ?? 0,
    // The order of families never changes; a second one makes the Service dual-stack.
    spec?.ipFamilies?.length ?? 0,
  ]);
}

/** True when an update must bring the Service to the controller; drift of the status is asked for apart (balancer-status.ts). */
export function isRelevantUpdate(before: KubeService, after: KubeService): boolean {
  if (needsCleanup(after) || isBeingDeleted(before) !== isBeingDeleted(after)) return true;
  if (hasCleanupFinalizer(before) !== hasCleanupFinalizer(after)) return true;
  if (!isWanted(before) && !isWanted(after)) return false;
  return relevantFingerprint(before) !== relevantFingerprint(after);
}

function portFacts(port: ServicePort): readonly unknown[] {
  const target = port.targetPort ?? '';
  return [port.name ?? '', port.protocol ?? '', port.port, port.nodePort ?? 0, target, port.appProtocol ?? ''];
}

function sorted(record: object | undefined): readonly (readonly [string, unknown])[] {
  return Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
}
