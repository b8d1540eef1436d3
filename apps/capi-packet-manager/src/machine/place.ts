// Name and namespace of an object, which every stored object has.
import type { KubeObject } from '@longshore/k8s-runtime';

/** Where an object is; empty texts for one that was never stored. */
export function placeOf({ metadata }: KubeObject): { readonly namespace: string; readonly name: string } {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

/** Whether it is being deleted. */
export function isLeaving(object: { readonly metadata?: { readonly deletionTimestamp?: string } }): boolean {
  return object.metadata?.deletionTimestamp !== undefined;
}
