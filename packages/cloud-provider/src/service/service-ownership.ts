// Which Services are this controller's business. Asked by the watch filter, the planner and the commands. Surprising: a Service with any
// loadBalancerClass is never wanted, but its cleanup finalizer is still honoured when it goes, as in the Go controller.
import type { KubeService } from '@longshore/k8s-runtime';
import { FINALIZER_LOAD_BALANCER } from '../well-known.ts';

/** Type LoadBalancer and no class: this controller keeps a balancer for it. Says nothing about deletion. */
export function isWanted(service: KubeService): boolean {
  return service.spec?.type === 'LoadBalancer' && service.spec.loadBalancerClass === undefined;
}

/** The finalizer that keeps a Service until its balancer is gone is on it. */
export function hasCleanupFinalizer(service: KubeService): boolean {
  return service.metadata?.finalizers?.includes(FINALIZER_LOAD_BALANCER) ?? false;
}

/** Deletion was asked for; finalizers hold it. */
export function isBeingDeleted(service: KubeService): boolean {
  return service.metadata?.deletionTimestamp !== undefined;
}

/** Our finalizer is on a Service that is leaving, by deletion or by a change of type. */
export function needsCleanup(service: KubeService): boolean {
  return hasCleanupFinalizer(service) && (isBeingDeleted(service) || service.spec?.type !== 'LoadBalancer');
}

/** May own a balancer: what an orphan scan counts as an owner. */
export function mayOwnBalancer(service: KubeService): boolean {
  return isWanted(service) || hasCleanupFinalizer(service);
}
