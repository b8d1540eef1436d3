// Which REST path a kind has, and how its objects look as plain JSON. One table; no code is generated from it.
import type { CoreV1Event, V1ConfigMap, V1Lease, V1Node, V1Service, V1ServiceAccount } from '@kubernetes/client-node';

/**
 * A Kubernetes object as it is on the wire: dates are strings (client-node's models say Date), everything is read-only
 * because objects from a cache are shared.
 */
export type Json<T> = T extends Date
  ? string
  : T extends readonly (infer Item)[]
    ? readonly Json<Item>[]
    : T extends object
      ? { readonly [Field in keyof T]: Json<T[Field]> }
      : T;

/** v1 Node. */
export type KubeNode = Json<V1Node>;
/** v1 Service. */
export type KubeService = Json<V1Service>;
/** coordination.k8s.io/v1 Lease. */
export type KubeLease = Json<V1Lease>;
/** core/v1 Event. */
export type KubeEvent = Json<CoreV1Event>;
/** v1 ConfigMap. */
export type KubeConfigMap = Json<V1ConfigMap>;
/** v1 ServiceAccount. */
export type KubeServiceAccount = Json<V1ServiceAccount>;

/** The least that every object has. */
export interface KubeObject {
  readonly apiVersion?: string;
  readonly kind?: string;
  readonly metadata?: {
    readonly name?: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
  };
}

/** How to address a kind; `T` is the type of its objects and exists at compile time only. */
export interface ResourceType<T extends KubeObject> {
  /** '' for the core group. */
  readonly group: string;
  readonly version: string;
  readonly kind: string;
  readonly plural: string;
  readonly isNamespaced: boolean;
  /** Never set: carries `T`. */
  readonly example?: T;
}

/** Declares a kind, also one of a CustomResourceDefinition. */
export function resourceType<T extends KubeObject>(type: Omit<ResourceType<T>, 'example'>): ResourceType<T> {
  return type;
}

/** nodes */
export const nodes = resourceType<KubeNode>({
  group: '',
  version: 'v1',
  kind: 'Node',
  plural: 'nodes',
  isNamespaced: false,
});
/** services */
export const services = resourceType<KubeService>({
  group: '',
  version: 'v1',
  kind: 'Service',
  plural: 'services',
  isNamespaced: true,
});
/** events */
export const events = resourceType<KubeEvent>({
  group: '',
  version: 'v1',
  kind: 'Event',
  plural: 'events',
  isNamespaced: true,
});
/** leases */
export const leases = resourceType<KubeLease>({
  group: 'coordination.k8s.io',
  version: 'v1',
  kind: 'Lease',
  plural: 'leases',
  isNamespaced: true,
});
/** configmaps */
export const configMaps = resourceType<KubeConfigMap>({
  group: '',
  version: 'v1',
  kind: 'ConfigMap',
  plural: 'configmaps',
  isNamespaced: true,
});
/** serviceaccounts */
export const serviceAccounts = resourceType<KubeServiceAccount>({
  group: '',
  version: 'v1',
  kind: 'ServiceAccount',
  plural: 'serviceaccounts',
  isNamespaced: true,
});

/** Names one object. */
export interface ObjectKey {
  readonly name: string;
  /** Absent for cluster-scoped kinds. */
  readonly namespace?: string;
}

/** `namespace/name`, or `name` for cluster-scoped objects: the key of caches and queues. */
export function keyOf(object: KubeObject): string {
  const { namespace, name } = object.metadata ?? {};
  return namespace ? `${namespace}/${name ?? ''}` : (name ?? '');
}

/** The inverse of keyOf. */
export function parseKey(key: string): ObjectKey {
  const slash = key.indexOf('/');
  return slash < 0 ? { name: key } : { namespace: key.slice(0, slash), name: key.slice(slash + 1) };
}
