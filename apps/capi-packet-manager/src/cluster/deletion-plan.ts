// In which order what belongs to a cluster is taken down: deployments, sets, workers, control plane. What makes machines is told to end
// before machines are removed; a worker that goes may still need the API server, so the control plane is last. Works with and without a
// garbage collector. Pure.
import { isControlPlane } from '../api/conditions.ts';
import { FOREGROUND_FINALIZER } from '../api/names.ts';
import type { Machine, MachineDeployment, MachineSet, ObjectMeta } from '../api/objects.ts';

/** Everything with the cluster's label. */
export interface Belongings {
  readonly deployments: readonly MachineDeployment[];
  readonly sets: readonly MachineSet[];
  readonly machines: readonly Machine[];
}

/** One object to remove. */
export type DeletionStep =
  | { readonly do: 'remove'; readonly kind: BelongingKind; readonly object: { readonly metadata?: ObjectMeta } }
  /** Only the garbage collector's finalizer holds it, and nothing that it owned is left. */
  | { readonly do: 'release'; readonly kind: BelongingKind; readonly object: { readonly metadata?: ObjectMeta } };

/** Kinds that belong to a cluster. */
export type BelongingKind = 'MachineDeployment' | 'MachineSet' | 'Machine';

/** What is to be done now, and what is waited for; `undefined`: nothing is left. */
export interface DeletionPlan {
  readonly steps: readonly DeletionStep[];
  readonly waitingFor: string | undefined;
}

/** Decides the next steps. */
export function planDeletion(found: Belongings): DeletionPlan {
  const { deployments, sets, machines } = found;
  const workers = machines.filter((machine) => !isControlPlane(machine));
  const masters = machines.filter(isControlPlane);
  return { steps: stepsFor({ deployments, sets, workers, masters }), waitingFor: describe(found, workers, masters) };
}

interface Groups {
  readonly deployments: readonly MachineDeployment[];
  readonly sets: readonly MachineSet[];
  readonly workers: readonly Machine[];
  readonly masters: readonly Machine[];
}

function stepsFor({ deployments, sets, workers, masters }: Groups): readonly DeletionStep[] {
  const stages: readonly (readonly DeletionStep[])[] = [
    removalsOf('MachineDeployment', deployments),
    removalsOf('MachineSet', sets),
    removalsOf('Machine', workers),
    workers.length > 0 ? [] : removalsOf('Machine', masters),
  ];
  const next = stages.find((stage) => stage.length > 0);
  if (next !== undefined) return next;
  // A Machine without the finalizer of its own controller has no device any more.
  if (workers.length + masters.length > 0) return releasesOf('Machine', [...workers, ...masters]);
  return sets.length > 0 ? releasesOf('MachineSet', sets) : releasesOf('MachineDeployment', deployments);
}

function removalsOf(
  kind: BelongingKind,
  objects: readonly { readonly metadata?: ObjectMeta }[],
): readonly DeletionStep[] {
  return objects
    .filter(({ metadata }) => metadata?.deletionTimestamp === undefined)
    .map((object) => ({ do: 'remove', kind, object }));
}

function releasesOf(
  kind: BelongingKind,
  objects: readonly { readonly metadata?: ObjectMeta }[],
): readonly DeletionStep[] {
  return objects
    .filter(({ metadata }) => metadata?.deletionTimestamp !== undefined)
    .filter(({ metadata }) => metadata?.finalizers?.every((name) => name === FOREGROUND_FINALIZER))
    .map((object) => ({ do: 'release', kind, object }));
}

function describe(
  { deployments, sets }: Belongings,
  workers: readonly Machine[],
  masters: readonly Machine[],
): string | undefined {
  const counts = [
    countOf(deployments.length, 'machine deployment'),
    countOf(sets.length, 'machine set'),
    countOf(workers.length, 'worker machine'),
    countOf(masters.length, 'control plane machine'),
  ].filter((text) => text !== '');
  return counts.length === 0 ? undefined : counts.join(', ');
}

function countOf(count: number, what: string): string {
  return count === 0 ? '' : `${count} ${what}${count === 1 ? '' : 's'}`;
}
