// The plan of a move: which objects to freeze, create, release and remove, from what both sides hold. Pure. Every step may be planned and
// done again: what is already so is left out. The order that pivot.ts follows, and why it is safe, is explained there.
import { annotations, FOREGROUND_FINALIZER } from '../../api/names.ts';
import type { ObjectMeta, OwnerReference } from '../../api/objects.ts';
import { objectKeyOf, titleOf } from '../kube-kinds.ts';
import type { AnyObject, AnyType } from '../kube-kinds.ts';
import { differencesOf } from './object-difference.ts';
import { MOVED_ANNOTATION } from './move-marks.ts';
import type { Moved, MoveScope } from './move-scope.ts';

/** One write. */
export type MoveStep =
  | {
      readonly do: 'annotate';
      readonly type: AnyType;
      readonly object: AnyObject;
      readonly set: Readonly<Record<string, string | null>>;
    }
  | { readonly do: 'create'; readonly type: AnyType; readonly object: AnyObject; readonly isDeleting: boolean }
  | {
      readonly do: 'own';
      readonly type: AnyType;
      readonly object: AnyObject;
      readonly owners: readonly OwnerReference[];
    }
  | { readonly do: 'delete-copy'; readonly type: AnyType; readonly object: AnyObject }
  | { readonly do: 'remove'; readonly type: AnyType; readonly object: AnyObject };

/** The id under which the cluster is being moved already. */
export function moveIdOf(scope: MoveScope): string | undefined {
  return scope.cluster?.metadata?.annotations?.[annotations.moving];
}

/** Whether the target's objects are the true ones already. */
export function isCommitted(scope: MoveScope): boolean {
  return scope.cluster?.metadata?.annotations?.[MOVED_ANNOTATION] !== undefined;
}

/** Freezes the Cluster first: with it all its machines are frozen at once. */
export function planFreeze({ objects }: MoveScope, moveId: string): readonly MoveStep[] {
  return objects
    .filter(({ object, isFreezable }) => isFreezable && object.metadata?.annotations?.[annotations.moving] !== moveId)
    .map(({ type, object }) => ({ do: 'annotate', type, object, set: { [annotations.moving]: moveId } }));
}

/** Why the target cannot take the objects: it holds others of the same names. */
export function conflictsOf(source: MoveScope, target: MoveScope): readonly string[] {
  return source.objects.flatMap(({ type, object }) => {
    const present = findIn(target, type, object);
    if (!present) return [];
    const differences = differencesOf(object, present);
    return differences.length === 0 ? [] : [`${titleOf(type.kind, object)}: ${differences.join('; ')}`];
  });
}

/** The next objects to make or put right on the target: those whose owners are there, so that their new uids are known. Empty: all is there. */
export function planCopy(source: MoveScope, target: MoveScope, moveId: string): readonly MoveStep[] {
  const steps = source.objects.map((moved) => copyStep(moved, { source, target, moveId }));
  return steps.filter((step) => step !== undefined);
}

interface Sides {
  readonly source: MoveScope;
  readonly target: MoveScope;
  readonly moveId: string;
}

function copyStep(moved: Moved, sides: Sides): MoveStep | undefined {
  const { type, object } = moved;
  const present = findIn(sides.target, type, object);
  const owners = ownersOnTarget(object, sides);
  if (!owners) return undefined;
  const isDeleting = object.metadata?.deletionTimestamp !== undefined;
  if (!present) return { do: 'create', type, object: copyOf(moved, owners, sides.moveId), isDeleting };
  if (!sameOwners(present.metadata?.ownerReferences ?? [], owners)) return { do: 'own', type, object: present, owners };
  // Its deletion goes on over there: the finalizers that hold it were copied.
  const isCopyDeleting = present.metadata?.deletionTimestamp !== undefined;
  return isDeleting && !isCopyDeleting ? { do: 'delete-copy', type, object: present } : undefined;
}

/** Unfreezes the target: the Cluster last, which lets all go at once. */
export function planRelease({ objects }: MoveScope): readonly MoveStep[] {
  const frozen = objects.filter(({ object }) => object.metadata?.annotations?.[annotations.moving] !== undefined);
  return frozen
    .toReversed()
    .map(({ type, object }) => ({ do: 'annotate', type, object, set: { [annotations.moving]: null } }));
}

/** Takes the source's objects away: the Cluster last, which carries the mark that they may go. */
export function planRemoval({ objects }: MoveScope): readonly MoveStep[] {
  return objects
    .filter(({ isShared }) => !isShared)
    .toReversed()
    .map(({ type, object }) => ({ do: 'remove', type, object }));
}

function findIn(scope: MoveScope, type: AnyType, object: AnyObject): AnyObject | undefined {
  const name = object.metadata?.name;
  return scope.objects.find(
    (candidate) => candidate.type.kind === type.kind && candidate.object.metadata?.name === name,
  )?.object;
}

// Owners that do not move (somebody else's) cannot be named over there: the reference is left out. `undefined`: one is not there yet.
function ownersOnTarget(object: AnyObject, { source, target }: Sides): readonly OwnerReference[] | undefined {
  const owners: OwnerReference[] = [];
  for (const reference of object.metadata?.ownerReferences ?? []) {
    const owner = source.objects.find((candidate) => candidate.object.metadata?.uid === reference.uid);
    if (!owner) continue;
    const uid = findIn(target, owner.type, owner.object)?.metadata?.uid;
    if (uid === undefined) return undefined;
    owners.push({ ...reference, uid });
  }
  return owners;
}

function sameOwners(have: readonly OwnerReference[], want: readonly OwnerReference[]): boolean {
  const uids = (references: readonly OwnerReference[]): string => references.map(({ uid }) => uid).join();
  return uids(have) === uids(want);
}

function copyOf({ object, isFreezable }: Moved, owners: readonly OwnerReference[], moveId: string): AnyObject {
  const { status: _status, metadata = {}, ...rest } = object;
  const { name, namespace, labels, finalizers } = metadata;
  const kept = withoutMarks(metadata.annotations);
  const copied: ObjectMeta = {
    ...(name === undefined ? {} : { name }),
    ...(namespace === undefined ? {} : { namespace }),
    ...(labels ? { labels } : {}),
    annotations: isFreezable ? { ...kept, [annotations.moving]: moveId } : kept,
    // The garbage collector sets its own again when it is needed.
    ...(finalizers
      ? { finalizers: finalizers.filter((finalizer) => finalizer !== FOREGROUND_FINALIZER || isKept(object)) }
      : {}),
    ...(owners.length > 0 ? { ownerReferences: owners } : {}),
  };
  return { ...rest, metadata: copied };
}

// Cluster API v0.1 puts foregroundDeletion on its objects from the start; on one that is being deleted it belongs to that deletion.
function isKept(object: AnyObject): boolean {
  return object.metadata?.deletionTimestamp === undefined;
}

function withoutMarks(all: Readonly<Record<string, string>> = {}): Readonly<Record<string, string>> {
  const { [annotations.moving]: _moving, [MOVED_ANNOTATION]: _moved, ...kept } = all;
  return kept;
}

/** `Machine default/web-0`, for progress. */
export function describeStep(step: MoveStep): string {
  return titleOf(step.type.kind, { metadata: objectKeyOf(step.object) });
}
