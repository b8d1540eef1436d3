// Kinds that clusterctl reads and writes beside those of cluster.k8s.io/v1alpha1, and objects of any kind as it handles them.
import { resourceType } from '@longshore/k8s-runtime';
import type { KubeObject, ObjectKey, ResourceType } from '@longshore/k8s-runtime';
import type { ObjectMeta, OwnerReference } from '../api/objects.ts';

/** Any object. */
export interface AnyObject extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly [field: string]: unknown;
}

/** v1 Secret. */
export interface Secret extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly type?: string;
  readonly data?: Readonly<Record<string, string>>;
  readonly stringData?: Readonly<Record<string, string>>;
}

/** v1 Pod, as far as it is looked at. */
export interface Pod extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly status?: {
    readonly phase?: string;
    readonly containerStatuses?: readonly { readonly name: string; readonly ready: boolean }[];
  };
}

/** apps/v1 StatefulSet, as far as it is looked at. */
export interface StatefulSet extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: { readonly replicas?: number };
  readonly status?: { readonly replicas?: number };
}

/** v1 Service, as far as it is looked at. */
export interface BalancedService extends KubeObject {
  readonly metadata?: ObjectMeta;
  readonly spec?: { readonly type?: string };
}

const core = { group: '', version: 'v1', isNamespaced: true } as const;

/** secrets */
export const secrets = resourceType<Secret>({ ...core, kind: 'Secret', plural: 'secrets' });
/** pods */
export const pods = resourceType<Pod>({ ...core, kind: 'Pod', plural: 'pods' });
/** namespaces */
export const namespaces = resourceType<AnyObject>({
  ...core,
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
});
/** services */
export const balancedServices = resourceType<BalancedService>({ ...core, kind: 'Service', plural: 'services' });
/** statefulsets */
export const statefulSets = resourceType<StatefulSet>({
  group: 'apps',
  version: 'v1',
  kind: 'StatefulSet',
  plural: 'statefulsets',
  isNamespaced: true,
});

/** How to address the object. */
export function objectKeyOf(object: KubeObject): ObjectKey {
  const { name = '', namespace } = object.metadata ?? {};
  return namespace === undefined ? { name } : { name, namespace };
}

/** `Machine default/web-0`: how messages name it. */
export function titleOf(kind: string, object: KubeObject): string {
  const { name = '', namespace } = object.metadata ?? {};
  return `${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
}

/** The owner that is its controller, else the first of that kind. */
export function ownerOf(object: { readonly metadata?: ObjectMeta }, kind: string): OwnerReference | undefined {
  const owners = (object.metadata?.ownerReferences ?? []).filter((owner) => owner.kind === kind);
  return owners.find((owner) => owner.controller === true) ?? owners[0];
}

/** A resource type without its objects' type, for lists of mixed kinds. */
export type AnyType = ResourceType<AnyObject>;

/** The same object, with all its fields. */
export function anyObject(object: KubeObject): AnyObject {
  return object as AnyObject;
}

/** The same type, seen so. */
export function anyType<T extends KubeObject>(type: ResourceType<T>): AnyType {
  const { group, version, kind, plural, isNamespaced } = type;
  return { group, version, kind, plural, isNamespaced };
}
