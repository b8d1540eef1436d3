// Writes owner references and finalizers, for both controllers. Every write names the version that was read: what changed since is read again.
import type { EventRecorder, KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { messageOf } from '@longshore/reconciler-core';
import type { ObjectMeta } from '../api/objects.ts';
import type { WithMeta } from './machine-facts.ts';
import { controllerReference, objectKey, referencesWhenAdopted, referencesWhenReleased } from './ownership.ts';
import type { OwnerKind } from './ownership.ts';

/** An object whose metadata is changed. */
export interface MetadataChange<T extends KubeObject & WithMeta> {
  readonly client: KubeClient;
  readonly type: ResourceType<T>;
  readonly object: T;
  readonly metadata: Partial<Pick<ObjectMeta, 'ownerReferences' | 'finalizers' | 'annotations'>>;
}

/** An object that is taken or given away. */
export interface ClaimChange<T extends KubeObject & WithMeta> extends Omit<MetadataChange<T>, 'metadata'> {
  readonly events: EventRecorder;
  readonly owner: { readonly kind: OwnerKind; readonly object: KubeObject & WithMeta };
  readonly claim: 'adopt' | 'release';
}

/** Writes metadata, provided that the object is still as it was read. */
export async function patchOwners<T extends KubeObject & WithMeta>(
  { client, type, object, metadata }: MetadataChange<T>,
  signal: AbortSignal,
): Promise<void> {
  const { uid, resourceVersion } = object.metadata ?? {};
  const body = { metadata: { uid, resourceVersion, ...metadata } };
  await client.patch(type, objectKey(object), { kind: 'merge', body }, { signal });
}

/** Adopts or releases an object; an event of the owner says so. */
export async function reportedClaim<T extends KubeObject & WithMeta>(
  { events, owner, claim, ...change }: ClaimChange<T>,
  signal: AbortSignal,
): Promise<void> {
  const what = `${change.type.kind} ${change.object.metadata?.name ?? ''}`;
  const ownerReferences =
    claim === 'adopt'
      ? referencesWhenAdopted(change.object, controllerReference(owner.kind, owner.object))
      : referencesWhenReleased(change.object, owner.object);
  try {
    await patchOwners({ ...change, metadata: { ownerReferences } }, signal);
    const [reason, verb] = claim === 'adopt' ? ['SuccessfulAdopt', 'adopted'] : ['SuccessfulRelease', 'released'];
    events.normal(owner.object, reason, `${verb} ${what}`);
  } catch (error) {
    const [reason, verb] = claim === 'adopt' ? ['FailedAdopt', 'adopting'] : ['FailedRelease', 'releasing'];
    events.warning(owner.object, reason, `${verb} ${what} failed: ${messageOf(error)}`);
    throw error;
  }
}
