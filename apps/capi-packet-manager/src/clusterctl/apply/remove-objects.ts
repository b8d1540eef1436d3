// Takes provider components away from a bootstrap cluster that goes on without us.
import { KubeApiError } from '@longshore/k8s-runtime';
import { messageOf } from '@longshore/reconciler-core';
import type { AnyObject } from '../kube-kinds.ts';
import { objectKeyOf, titleOf } from '../kube-kinds.ts';
import type { ApplyParts } from './apply-objects.ts';
import { inApplyOrder } from './apply-objects.ts';
import { typeOf } from './kind-of.ts';

/** Removes the objects in the reverse of the order in which they came; what cannot be removed is said and left. */
export async function removeObjects(objects: readonly AnyObject[], { client, wait }: ApplyParts): Promise<void> {
  for (const object of inApplyOrder(objects).toReversed()) {
    try {
      const type = await typeOf(client, object, wait.signal);
      const namespace = type.isNamespaced ? (object.metadata?.namespace ?? 'default') : undefined;
      const key = objectKeyOf({ metadata: { ...object.metadata, ...(namespace === undefined ? {} : { namespace }) } });
      await client.remove(type, key, { signal: wait.signal });
    } catch (error) {
      if (!(error instanceof KubeApiError)) throw error;
      if (error.status === 404) continue;
      wait.say(`${titleOf(object.kind ?? '', object)} could not be removed from ${client.server}: ${messageOf(error)}`);
    }
  }
}
