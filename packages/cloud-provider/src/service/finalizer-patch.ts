// The bodies that put our finalizer on a Service and take it off (spec §4.8). Strategic merge patches of the status
// subresource: right to patch `services/status` suffices, foreign finalizers and their order stay, and without a
// resourceVersion there is no conflict to lose.
import type { KubeService } from '@longshore/k8s-runtime';
import { FINALIZER_LOAD_BALANCER } from '../well-known.ts';

/** Adds the finalizer behind those that are there; harmless when it is there already. */
export function addFinalizerPatch(service: KubeService): object {
  return {
    metadata: {
      finalizers: [FINALIZER_LOAD_BALANCER],
      '$setElementOrder/finalizers': [...othersOf(service), FINALIZER_LOAD_BALANCER],
    },
  };
}

/** Removes the finalizer and nothing else. */
export function removeFinalizerPatch(service: KubeService): object {
  return {
    metadata: {
      '$deleteFromPrimitiveList/finalizers': [FINALIZER_LOAD_BALANCER],
      '$setElementOrder/finalizers': othersOf(service),
    },
  };
}

function othersOf(service: KubeService): readonly string[] {
  return (service.metadata?.finalizers ?? []).filter((finalizer) => finalizer !== FINALIZER_LOAD_BALANCER);
}
