// Does one step of a move. Each may be done again: what exists, is gone or is so already is no failure.
import { isConflict, KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { assertNever } from '@longshore/reconciler-core';
import { anyType, namespaces, objectKeyOf } from '../kube-kinds.ts';
import type { AnyObject, AnyType } from '../kube-kinds.ts';
import type { MoveStep } from './pivot-plan.ts';

/** One step, on the side that it is for. */
export async function applyStep(step: MoveStep, client: KubeClient, signal: AbortSignal): Promise<void> {
  const { type, object } = step;
  switch (step.do) {
    case 'annotate':
      await merge(client, step, { annotations: step.set }, signal);
      return;
    case 'own':
      await merge(client, step, { ownerReferences: step.owners }, signal);
      return;
    case 'create':
      await createOnce(client, type, object, signal);
      if (step.isDeleting) await client.remove(type, objectKeyOf(object), { signal });
      return;
    case 'delete-copy':
      await client.remove(type, objectKeyOf(object), { signal });
      return;
    case 'remove':
      await removeForGood(client, type, object, signal);
      return;
    default:
      assertNever(step);
  }
}

async function merge(
  client: KubeClient,
  { type, object }: { readonly type: AnyType; readonly object: AnyObject },
  metadata: object,
  signal: AbortSignal,
): Promise<void> {
  await client.patch(type, objectKeyOf(object), { kind: 'merge', body: { metadata } }, { signal });
}

/** Makes the object unless there is one of its name. */
export async function createOnce(
  client: KubeClient,
  type: AnyType,
  object: AnyObject,
  signal: AbortSignal,
): Promise<void> {
  try {
    await client.create(type, object, { signal });
  } catch (error) {
    if (!(error instanceof KubeApiError && error.status === 409 && !isConflict(error))) throw error;
  }
}

// Nothing may act on the deletion (the devices live on): the finalizers go first. The uid makes sure that it is this object.
async function removeForGood(client: KubeClient, type: AnyType, object: AnyObject, signal: AbortSignal): Promise<void> {
  const { uid, finalizers = [] } = object.metadata ?? {};
  if (finalizers.length > 0) await merge(client, { type, object }, { finalizers: null }, signal);
  await client.remove(type, objectKeyOf(object), uid === undefined ? { signal } : { preconditions: { uid }, signal });
}

/** Makes the namespace unless it is there. */
export async function ensureNamespace(client: KubeClient, name: string, signal: AbortSignal): Promise<void> {
  if (await client.get(namespaces, { name }, { signal })) return;
  await createOnce(client, anyType(namespaces), { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, signal);
}
