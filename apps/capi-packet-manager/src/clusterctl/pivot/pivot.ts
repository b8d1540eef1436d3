// Moves one cluster's objects to another API server. Called by `create cluster`, `delete cluster`, `move` and `alpha phases pivot`.
// The order is what makes it safe, and every line may be the last one before the process dies:
//   1. the source is frozen (Cluster first), its managers are stopped, and only then is it read for good: nothing writes there any more;
//   2. the target gets components without running managers, the sealing key unless it has one, and frozen copies, owners first; what its
//      managers could not open is sealed for them;
//   3. both sides are compared; the mark `moved` on the source Cluster commits the move. Before it the source is true, after it the target;
//   4. managers start on the target, frozen objects keep them still; then the target is released, its Cluster last;
//   5. the source's objects are removed without their finalizers, its Cluster, which carries the mark, last.
// So a run that finds the mark goes on at 4, and one that finds no Cluster on the source is done.
import type { KubeClient } from '@longshore/k8s-runtime';
import { clusters } from '../../api/resources.ts';
import { anyType } from '../kube-kinds.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { failure, listed } from '../problem.ts';
import type { WaitParts } from '../wait/wait-until.ts';
import { applyStep, ensureNamespace } from './apply-step.ts';
import { MOVED_ANNOTATION } from './move-marks.ts';
import type { ClusterId, MoveScope } from './move-scope.ts';
import { observeScope } from './observe-content.ts';
import {
  conflictsOf,
  describeStep,
  isCommitted,
  moveIdOf,
  planCopy,
  planFreeze,
  planRelease,
  planRemoval,
} from './pivot-plan.ts';
import type { MoveStep } from './pivot-plan.ts';
import type { Managers } from './provider-managers.ts';
import { sealedForTarget } from './sealing-sides.ts';
import type { KeysOfFiles } from './sealing-sides.ts';
import { copySharedSecrets } from './shared-secrets.ts';

/** One side of a move. */
export interface MoveSide {
  readonly client: KubeClient;
  readonly managers: Managers;
}

/** What a move needs. */
export interface MoveParts {
  readonly source: MoveSide;
  readonly target: MoveSide;
  /** Installs what the target needs, with managers that do not run yet; called before the copy. */
  readonly prepareTarget: () => Promise<void>;
  readonly newId: () => string;
  readonly wait: WaitParts;
  /** Sealing keys that managers have in files. */
  readonly keyFiles?: KeysOfFiles;
}

/** How it ended. */
export type MoveResult = 'moved' | 'was-moved';

/** Moves the cluster; again after an interruption, it goes on where it was. */
export async function moveCluster(id: ClusterId, parts: MoveParts): Promise<MoveResult> {
  const { source, target, wait } = parts;
  const { signal } = wait;
  const first = await observeScope(source.client, id, signal);
  if (!first.cluster) return wasMoved(id, parts, first);
  if (!isCommitted(first)) await copyEverything(id, first, parts);
  wait.say('starting the managers on the target');
  await target.managers.start();
  await applyAll(planRelease(await observeScope(target.client, id, signal)), target.client, parts);
  await applyAll(planRemoval(await observeScope(source.client, id, signal)), source.client, parts);
  return 'moved';
}

async function copyEverything(id: ClusterId, first: MoveScope, parts: MoveParts): Promise<void> {
  const { source, target, wait } = parts;
  const { signal } = wait;
  await compare(id, { source: first, target: await observeScope(target.client, id, signal) }, parts);
  const moveId = moveIdOf(first) ?? parts.newId();
  await applyAll(planFreeze(first, moveId), source.client, parts);
  wait.say('stopping the managers on the source');
  await source.managers.stop();
  const frozen = await observeScope(source.client, id, signal);
  // A set may have made a Machine before the Cluster was frozen.
  await applyAll(planFreeze(frozen, moveId), source.client, parts);
  await parts.prepareTarget();
  const hasKeyFile = parts.keyFiles?.target !== undefined;
  await copySharedSecrets({ source: source.client, target: target.client }, { id, hasKeyFile }, signal);
  await ensureNamespace(target.client, id.namespace, signal);
  await copyObjects(id, moveId, parts);
  await commit(first.cluster as AnyObject, moveId, parts);
}

// Round by round, because the uids that the target gives to owners are needed for what they own.
async function copyObjects(id: ClusterId, moveId: string, parts: MoveParts): Promise<void> {
  const { source, target, wait } = parts;
  const there = await observeScope(source.client, id, wait.signal);
  for (;;) {
    const here = await observeScope(target.client, id, wait.signal);
    const steps = planCopy(await compare(id, { source: there, target: here }, parts), here, moveId);
    if (steps.length === 0) return;
    await applyAll(steps, target.client, parts);
  }
}

async function commit(cluster: AnyObject, moveId: string, { source, wait }: MoveParts): Promise<void> {
  const step: MoveStep = {
    do: 'annotate',
    type: anyType(clusters),
    object: cluster,
    set: { [MOVED_ANNOTATION]: moveId },
  };
  await applyStep(step, source.client, wait.signal);
}

async function applyAll(steps: readonly MoveStep[], client: KubeClient, { wait }: MoveParts): Promise<void> {
  for (const step of steps) {
    wait.say(`${WORDS[step.do]} ${describeStep(step)}`);
    await applyStep(step, client, wait.signal);
  }
}

const WORDS: Readonly<Record<MoveStep['do'], string>> = {
  annotate: 'marking',
  create: 'copying',
  own: 'linking',
  'delete-copy': 'deleting',
  remove: 'removing',
};

async function wasMoved(id: ClusterId, parts: MoveParts, first: MoveScope): Promise<MoveResult> {
  const there = await observeScope(parts.target.client, id, parts.wait.signal);
  const where = `${id.namespace}/${id.name}`;
  if (!there.cluster) {
    const servers = `${parts.source.client.server} nor on ${parts.target.client.server}`;
    throw failure('CTL_CLUSTER_UNKNOWN', `there is no Cluster ${where}, neither on ${servers}; nothing was moved`);
  }
  // The Cluster goes last, so nothing of it should be left; what is, was put there by somebody else.
  if (first.objects.length > 0)
    parts.wait.say(`${first.objects.length} objects named after ${where} stay on the source`);
  return 'was-moved';
}

// What is to be copied, sealed so that the target's managers can open it. Rejects when the target holds other objects of the same names.
async function compare(
  id: ClusterId,
  found: { readonly source: MoveScope; readonly target: MoveScope },
  { source, target, wait, keyFiles = {} }: MoveParts,
): Promise<MoveScope> {
  const sides = { source: source.client, target: target.client };
  const wanted = await sealedForTarget({ id, ...found }, { sides, files: keyFiles }, wait.signal);
  const conflicts = conflictsOf(wanted, found.target);
  if (conflicts.length === 0) return wanted;
  const head = `Cluster ${id.namespace}/${id.name} cannot be moved: the target holds other objects of the same names`;
  throw failure(
    'CTL_MOVE_CONFLICT',
    listed(`${head}; delete or rename them there, then repeat the command`, conflicts),
  );
}
