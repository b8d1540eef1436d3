// Owner references of sets and machines: who looks after whom, also after a move to another cluster, which loses them all. Pure.
// An object has either a controller or the Cluster as owner, never both: the garbage collector keeps what still has an owner, so a machine
// that is owned by its Cluster too would survive its set.
import type { ObjectKey } from '@longshore/k8s-runtime';
import { API_VERSION, CLUSTER_GROUP, FOREGROUND_FINALIZER } from '../api/names.ts';
import type { Cluster, ObjectMeta, OwnerReference } from '../api/objects.ts';
import { controllerOf, isControlledBy, isDeleting, pauseOf } from './machine-facts.ts';
import type { WithMeta } from './machine-facts.ts';
import type { ReadSelector } from './label-selector.ts';

const GROUP_VERSION = `${CLUSTER_GROUP}/${API_VERSION}`;

/** Kinds that look after others. */
export type OwnerKind = 'MachineSet' | 'MachineDeployment';

/** The reference by which `owner` looks after an object. The garbage collector waits for it (`blockOwnerDeletion`). */
export function controllerReference(kind: OwnerKind, owner: WithMeta): OwnerReference {
  return { ...referenceTo(kind, owner), controller: true, blockOwnerDeletion: true };
}

/** The owner references of an object that gets this controller. */
export function referencesWhenAdopted(object: WithMeta, controller: OwnerReference): readonly OwnerReference[] {
  return [...referencesOf(object).filter((reference) => !isCluster(reference)), controller];
}

/** The owner references of an object that this owner does not look after any more. */
export function referencesWhenReleased(object: WithMeta, owner: WithMeta): readonly OwnerReference[] {
  return referencesOf(object).filter(({ uid }) => uid !== owner.metadata?.uid);
}

/** The metadata that ties an object to its Cluster; undefined when it has all of it. */
export function planRoot(
  object: WithMeta,
  cluster: Cluster | undefined,
): Pick<ObjectMeta, 'ownerReferences' | 'finalizers'> | undefined {
  if (!cluster || isDeleting(cluster)) return undefined;
  const finalizers = object.metadata?.finalizers ?? [];
  const references = referencesOf(object);
  const hasFinalizer = finalizers.includes(FOREGROUND_FINALIZER);
  const isOwned = controllerOf(object) !== undefined || references.some(({ uid }) => uid === cluster.metadata?.uid);
  if (hasFinalizer && isOwned) return undefined;
  return {
    finalizers: hasFinalizer ? finalizers : [...finalizers, FOREGROUND_FINALIZER],
    // A reference to a Cluster of former days (another UID) would make the garbage collector delete the object.
    ownerReferences: isOwned
      ? references
      : [
          ...references.filter((reference) => !isCluster(reference)),
          { ...referenceTo('Cluster', cluster), blockOwnerDeletion: true },
        ],
  };
}

/** Objects that an owner takes and gives away. */
export interface Claims<T> {
  readonly owned: readonly T[];
  readonly adopt: readonly T[];
  readonly release: readonly T[];
}

/** Which of `candidates` belong to `owner`: it adopts selected ones without a controller, and releases its own that are not selected. */
export function planClaims<T extends WithMeta>(
  owner: WithMeta,
  candidates: readonly T[],
  selector: ReadSelector,
): Claims<T> {
  const alive = candidates.filter((candidate) => !isDeleting(candidate));
  const isSelected = (candidate: T): boolean => selector.selects(candidate.metadata?.labels);
  const mine = alive.filter((candidate) => isControlledBy(candidate, owner));
  const isFree = (candidate: T): boolean => controllerOf(candidate) === undefined && !pauseOf(candidate);
  return {
    owned: mine.filter(isSelected),
    adopt: alive.filter((candidate) => isFree(candidate) && isSelected(candidate)),
    release: mine.filter((candidate) => !isSelected(candidate) && !pauseOf(candidate)),
  };
}

/** Whether the deletion was asked for with `--cascade=orphan`: what the object owns is to stay. */
export function isOrphaning(object: WithMeta): boolean {
  return object.metadata?.finalizers?.includes('orphan') === true;
}

/** The finalizers without the garbage collector's. */
export function finalizersWhenEmpty(object: WithMeta): readonly string[] {
  return (object.metadata?.finalizers ?? []).filter((finalizer) => finalizer !== FOREGROUND_FINALIZER);
}

/** Name and namespace for a call. */
export function objectKey(object: WithMeta): ObjectKey {
  const { name = '', namespace } = object.metadata ?? {};
  return namespace === undefined ? { name } : { name, namespace };
}

function referencesOf(object: WithMeta): readonly OwnerReference[] {
  return object.metadata?.ownerReferences ?? [];
}

function referenceTo(kind: OwnerKind | 'Cluster', owner: WithMeta): OwnerReference {
  return { apiVersion: GROUP_VERSION, kind, name: owner.metadata?.name ?? '', uid: owner.metadata?.uid ?? '' };
}

function isCluster({ apiVersion, kind }: OwnerReference): boolean {
  return kind === 'Cluster' && apiVersion.startsWith(`${CLUSTER_GROUP}/`);
}
