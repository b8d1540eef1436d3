// Builder of Services for tests: a wanted one with one port by default, small overrides.
import type { KubeService } from '@longshore/k8s-runtime';
import { FINALIZER_LOAD_BALANCER } from '../well-known.ts';
import type { LoadBalancerIngress } from '../provider.ts';

/** What a test may say about a Service. */
export interface ServiceTraits {
  readonly name?: string;
  readonly namespace?: string;
  readonly uid?: string;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Replaces the default `LoadBalancer`. */
  readonly type?: 'LoadBalancer' | 'ClusterIP' | 'NodePort';
  /** Merged into the spec as it is. */
  readonly spec?: Partial<NonNullable<KubeService['spec']>>;
  /** Our cleanup finalizer is on it. */
  readonly hasFinalizer?: boolean;
  readonly otherFinalizers?: readonly string[];
  readonly isBeingDeleted?: boolean;
  readonly ingress?: readonly LoadBalancerIngress[];
}

/** A Service of type LoadBalancer with port 80, as an informer holds it. */
export function aService(traits: ServiceTraits = {}): KubeService {
  const { type = 'LoadBalancer', spec, ingress } = traits;
  const ports = [{ port: 80, protocol: 'TCP', nodePort: 30_080, targetPort: 8080 }];
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: metadataOf(traits),
    spec: { type, ports, ...spec },
    status: { loadBalancer: ingress ? { ingress } : {} },
  };
}

function metadataOf(traits: ServiceTraits): object {
  const { name = 'web', namespace = 'shop', otherFinalizers = [], annotations, labels } = traits;
  const finalizers = [...otherFinalizers, ...(traits.hasFinalizer ? [FINALIZER_LOAD_BALANCER] : [])];
  return {
    name,
    namespace,
    uid: traits.uid ?? `uid-of-${name}`,
    resourceVersion: '1',
    ...(annotations && { annotations }),
    ...(labels && { labels }),
    ...(finalizers.length > 0 && { finalizers }),
    ...(traits.isBeingDeleted && { deletionTimestamp: '2026-01-01T00:00:00Z' }),
  };
}
