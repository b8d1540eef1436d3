// Wanted and found balancer to steps. Pure. Nothing is sent to a balancer that is being created or has failed; what cannot be changed is
// not tried but told, after everything else was brought into line.
import { backoff, onChange, OperatorError } from '@longshore/reconciler-core';
import type { PlannedStep } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import type { DropletId, LoadBalancer, LoadBalancerId, LoadBalancerSpec, ProjectId } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import { attemptOf, defaultName } from './ownership.ts';
import { describeDifference, differencesOf, SIZE, updatedSpec } from './differences.ts';
import type { Difference } from './differences.ts';

/** What the Service remembers of its balancer; `created` is the one that an earlier step of the same plan creates. */
export interface NoteStep {
  readonly kind: 'note-identity';
  readonly id: LoadBalancerId | 'created';
  /** Absent when the Service has it already, or asks for another. */
  readonly type?: string;
}

/** Noted before a balancer is asked for under a name that the user may change: a lost answer is found again all the same. */
export interface NoteAttemptStep {
  readonly kind: 'note-attempt';
  readonly name: string;
}

/** One step towards the wanted balancer. */
export type Step =
  | { readonly kind: 'create'; readonly spec: LoadBalancerSpec }
  | {
      readonly kind: 'update';
      readonly id: LoadBalancerId;
      readonly spec: LoadBalancerSpec;
      readonly changes: readonly Difference[];
    }
  | { readonly kind: 'remove-targets'; readonly id: LoadBalancerId; readonly dropletIds: readonly DropletId[] }
  | { readonly kind: 'move-project'; readonly id: LoadBalancerId; readonly from: ProjectId; readonly to: ProjectId }
  | { readonly kind: 'delete'; readonly id: LoadBalancerId; readonly name: string }
  | NoteAttemptStep
  | NoteStep;

/** Steps, what holds the rest up (the result is in progress), and what only the user can change (an error after the steps). */
export interface BalancerPlan {
  readonly steps: readonly Step[];
  readonly waitingFor?: string;
  /** A change that waits while the balancer serves. */
  readonly unfinished?: string;
  readonly refusal?: OperatorError;
}

/** All that a plan is made of. */
export interface PlanFacts {
  readonly wanted: LoadBalancerSpec;
  readonly found: LoadBalancer | undefined;
  readonly service: KubeService;
  /** placement.ts: sentences about what the balancer cannot become. */
  readonly conflicts: readonly string[];
  /** Names of nodes without an address that the balancer could reach. */
  readonly unreachable: readonly string[];
  /** Some of them are so new that an address may still come. */
  readonly mayBecomeReachable: boolean;
  /** DigitalOcean has refused the new size a moment ago; why. */
  readonly resizeRefusal?: string | undefined;
  /** The balancer that was there before and is gone. */
  readonly goneId?: string | undefined;
}

/** Plans one pass over one balancer. */
export function planBalancer(facts: PlanFacts): BalancerPlan {
  const { found, wanted } = facts;
  const note = planNote(facts);
  if (!found) return hasTargets(wanted) ? planNew(facts, note) : noBackends(facts, []);
  if (found.status === 'new') return { steps: note, waitingFor: 'DigitalOcean creates the load balancer' };
  if (found.status !== 'active') return { steps: note, refusal: unexpectedStatus(found) };
  const isUnreachable = !hasTargets(wanted) && facts.unreachable.length > 0;
  // Nodes that lost their addresses do not empty a running balancer, and do not keep the rest from being brought into line.
  const kept = isUnreachable ? { ...wanted, dropletIds: found.dropletIds } : wanted;
  const change = planChange(kept, found, facts.resizeRefusal);
  const steps = [...note, ...change.steps, ...planMove(wanted, found)];
  const plan = { ...change, steps };
  if (facts.conflicts.length > 0) return { ...plan, refusal: immutable(facts.conflicts) };
  return isUnreachable ? { ...plan, ...noBackends(facts, steps) } : plan;
}

function hasTargets({ dropletIds = [], targetLoadBalancerIds = [] }: LoadBalancerSpec): boolean {
  return dropletIds.length + targetLoadBalancerIds.length > 0;
}

function planNew(facts: PlanFacts, note: readonly NoteStep[]): BalancerPlan {
  const steps = planCreation(facts, note);
  const { goneId } = facts;
  if (goneId === undefined) return { steps };
  return { steps, waitingFor: `a new load balancer, with another address: ${goneId} does not exist any more` };
}

/** Plans the removal of balancers. */
export function planRemoval(balancers: readonly LoadBalancer[]): readonly Step[] {
  return balancers.map(({ id, name }) => ({ kind: 'delete', id, name }));
}

/** A step for people. */
export function describeStep(step: Step): PlannedStep {
  switch (step.kind) {
    case 'create':
      return { kind: step.kind, summary: `create load balancer ${step.spec.name}`, detail: step.spec };
    case 'update': {
      const summary = `update load balancer ${step.id}: ${step.changes.map(describeDifference).join('; ')}`;
      return { kind: step.kind, summary, detail: step.changes };
    }
    case 'remove-targets':
      return {
        kind: step.kind,
        summary: `take droplets ${step.dropletIds.join(', ')} out of load balancer ${step.id}`,
      };
    case 'move-project':
      return {
        kind: step.kind,
        summary: `move load balancer ${step.id} from project ${step.from} to project ${step.to}`,
      };
    case 'delete':
      return { kind: step.kind, summary: `delete load balancer ${step.name} (${step.id})` };
    case 'note-attempt':
      return { kind: step.kind, summary: `note that load balancer ${step.name} is asked for` };
    case 'note-identity':
      return { kind: step.kind, summary: `note load balancer ${step.id} in the annotations of the Service` };
  }
}

// The size goes last and alone: the API refuses it when the last change of size was too recent, and must not refuse the rest with it.
function planChange(
  wanted: LoadBalancerSpec,
  found: LoadBalancer,
  resizeRefusal: string | undefined,
): Pick<BalancerPlan, 'steps' | 'unfinished'> {
  const changes = differencesOf(wanted, found);
  const resize = changes.filter(({ field }) => field === SIZE);
  const others = changes.filter(({ field }) => field !== SIZE);
  const steps = planOthers(resize.length > 0 ? withSizeOf(wanted, found) : wanted, found, others);
  if (resize.length === 0) return { steps };
  if (resizeRefusal !== undefined) return { steps, unfinished: resizeWait(resize, resizeRefusal) };
  const isEmptied = isEmptying(wanted, found);
  const last = isEmptied ? { ...wanted, dropletIds: [] } : wanted;
  return { steps: [...steps, update(last, found, resize)] };
}

function planOthers(wanted: LoadBalancerSpec, found: LoadBalancer, changes: readonly Difference[]): readonly Step[] {
  if (!isEmptying(wanted, found)) return changes.length > 0 ? [update(wanted, found, changes)] : [];
  // The API takes no PUT without a target, so the last ones leave by a call of their own.
  const others = changes.filter(({ field }) => field !== 'droplets');
  const kept = { ...wanted, dropletIds: found.dropletIds };
  return [
    ...(others.length > 0 ? [update(kept, found, others)] : []),
    { kind: 'remove-targets', id: found.id, dropletIds: found.dropletIds },
  ];
}

function isEmptying(wanted: LoadBalancerSpec, found: LoadBalancer): boolean {
  return !hasTargets(wanted) && found.dropletIds.length > 0;
}

function withSizeOf({ size: _size, ...wanted }: LoadBalancerSpec, { sizeUnit, size }: LoadBalancer): LoadBalancerSpec {
  const { sizeUnit: _unit, ...rest } = wanted;
  if (sizeUnit !== undefined) return { ...rest, sizeUnit };
  return size === undefined ? rest : { ...rest, size };
}

/** What is said of a size that has to wait. */
export function resizeWait(changes: readonly Difference[], refusal: string): string {
  return `its new size (${changes.map(describeDifference).join('; ')}), which DigitalOcean does not accept yet: ${refusal}`;
}

function planMove({ projectId: to }: LoadBalancerSpec, { id, projectId: from }: LoadBalancer): readonly Step[] {
  // Not shown: the token may not see projects, and nobody would know when it is done.
  return to === undefined || from === undefined || to === from ? [] : [{ kind: 'move-project', id, from, to }];
}

function update(wanted: LoadBalancerSpec, found: LoadBalancer, changes: readonly Difference[]): Step {
  return { kind: 'update', id: found.id, spec: updatedSpec(wanted, found), changes };
}

function planCreation({ wanted, service }: PlanFacts, note: readonly NoteStep[]): readonly Step[] {
  const needsNote = wanted.name !== defaultName(service) && wanted.name !== attemptOf(service);
  return [
    ...(needsNote ? [{ kind: 'note-attempt', name: wanted.name } as const] : []),
    { kind: 'create', spec: wanted },
    ...note,
  ];
}

// The Go program reads and writes the annotations of ID and type as well, so going back to it finds the balancer again. A type that the
// user has written is left as it is: overwriting it would hide that it cannot be had.
function planNote({ found, wanted, service }: PlanFacts): readonly NoteStep[] {
  const annotations = service.metadata?.annotations ?? {};
  const type = annotations[ANNOTATIONS.type.key] ? {} : typeOf(found ?? wanted);
  if (!found) return [{ kind: 'note-identity', id: 'created', ...type }];
  const isNoted = annotations[ANNOTATIONS.loadBalancerId.key] === found.id && !('type' in type);
  return isNoted ? [] : [{ kind: 'note-identity', id: found.id, ...type }];
}

function typeOf({ type }: LoadBalancerSpec): Pick<NoteStep, 'type'> {
  return type === undefined ? {} : { type };
}

function noBackends({ unreachable, mayBecomeReachable }: PlanFacts, steps: readonly Step[]): BalancerPlan {
  if (unreachable.length === 0) return { steps, waitingFor: 'a node that can be a target' };
  const names =
    unreachable.slice(0, 3).join(', ') + (unreachable.length > 3 ? ` [+${unreachable.length - 3} more]` : '');
  if (mayBecomeReachable) return { steps, waitingFor: `public addresses of nodes ${names}` };
  const message = `no eligible load balancer backends: ${unreachable.length} nodes have no public IPv4 address: ${names}; give their droplets one, or set annotation ${ANNOTATIONS.network.key} to INTERNAL or ${ANNOTATIONS.type.key} to REGIONAL before the balancer exists`;
  return { steps, refusal: new OperatorError('LOAD_BALANCER_NO_BACKENDS', message, backoff) };
}

function unexpectedStatus({ id, status }: LoadBalancer): OperatorError {
  const message = `load balancer ${id} has unexpected status "${status}": if it stays so, delete it at DigitalOcean and a new one is created`;
  return new OperatorError('LOAD_BALANCER_ERRORED', message, backoff);
}

function immutable(conflicts: readonly string[]): OperatorError {
  return new OperatorError('LOAD_BALANCER_FIELD_IMMUTABLE', conflicts.join('; '), onChange);
}
