import { describe, expect, test } from '@jest/globals';
import { OperatorError, onChange, retryAfter } from '@longshore/reconciler-core';
import { anInitializedNode } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import type { ServiceTraits } from '../testing/a-service.ts';
import type { LoadBalancerResult } from '../provider.ts';
import { planAfterEnsure, planAfterFailure, planAfterRemoval } from './service-aftermath.ts';
import type { Aftermath } from './service-aftermath.ts';
import { planService } from './service-plan.ts';
import type { EnsurePlan, Occasion, RemovePlan } from './service-steps.ts';
import { selectTargets } from './targets.ts';

const ingress = [{ ip: '192.0.2.1', ipMode: 'VIP' }] as const;
const ready: LoadBalancerResult = { kind: 'ready', status: { ingress: [{ ip: '192.0.2.1' }] }, changes: [] };
const waiting = {
  kind: 'in-progress',
  checkAgainMs: 2_000,
  waitingFor: 'the balancer is being created',
  changes: [],
} as const;

function ensurePlan(occasion: Occasion, traits: ServiceTraits = {}, nodes = [anInitializedNode()]): EnsurePlan {
  const service = aService({ ...traits, hasFinalizer: occasion !== 'created' });
  const targets = selectTargets(nodes);
  const first = planService({
    service,
    remembered: undefined,
    targets,
    rules: { removesDoomedAtOnce: true },
    problems: [],
  });
  if (first.kind !== 'ensure') throw new Error('expected a plan to ensure');
  const owes = occasion === 'targets' ? 'updated' : first.remember.owes;
  return { ...first, occasion, remember: { ...first.remember, owes: occasion === 'changed' ? 'ensured' : owes } };
}

function removePlan(traits: ServiceTraits = {}, hasVanished = false): RemovePlan {
  const service = aService({ hasFinalizer: true, isBeingDeleted: true, ...traits });
  const targets = selectTargets([]);
  const plan = planService({
    service,
    remembered: undefined,
    targets,
    rules: { removesDoomedAtOnce: true },
    problems: [],
  });
  if (plan.kind !== 'remove') throw new Error('expected a plan to remove');
  return { ...plan, hasVanished };
}

function inWords({ steps }: Pick<Aftermath, 'steps'>): readonly string[] {
  return steps.map((step) => (step.kind === 'event' ? step.reason : step.what));
}

describe('planAfterEnsure', () => {
  test.each<[string, EnsurePlan, LoadBalancerResult, readonly string[]]>([
    ['row S1 created', ensurePlan('created'), ready, ['write-status', 'EnsuredLoadBalancer']],
    ['changed, same status', ensurePlan('changed', { ingress }), ready, ['EnsuredLoadBalancer']],
    ['row B1 new targets', ensurePlan('targets', { ingress }), ready, ['UpdatedLoadBalancer']],
    ['nothing changed: no write, no event', ensurePlan('unchanged', { ingress }), ready, []],
    [
      'the cloud was repaired',
      ensurePlan('unchanged', { ingress }),
      { ...ready, changes: ['rules'] },
      ['EnsuredLoadBalancer'],
    ],
    [
      'I17 only the status had drifted',
      ensurePlan('unchanged', { ingress: [{ ip: '198.51.100.1' }] }),
      ready,
      ['write-status', 'EnsuredLoadBalancer'],
    ],
    [
      'repaired without targets',
      ensurePlan('unchanged', { ingress }, []),
      { ...ready, changes: ['x'] },
      ['UnAvailableLoadBalancer', 'EnsuredLoadBalancer'],
    ],
    ['row S12 not mine', ensurePlan('created'), { kind: 'not-mine' }, []],
    ['I18 waiting', ensurePlan('created'), waiting, ['LoadBalancerPending']],
  ])('%s', (_when, plan, result, words) => {
    expect(inWords(planAfterEnsure(plan, result))).toEqual(words);
  });

  test('I18 waiting is told once, checked again when the provider says, and ends with one event', () => {
    const plan = ensurePlan('unchanged', { ingress });
    const first = planAfterEnsure(plan, waiting);
    expect(first.outcome).toEqual({ kind: 'check-again', afterMs: 2_000, reason: waiting.waitingFor });
    const again = { ...plan, remember: first.remember ?? plan.remember };
    expect(inWords(planAfterEnsure(again, waiting))).toEqual([]);
    expect(inWords(planAfterEnsure(again, ready))).toEqual(['EnsuredLoadBalancer']);
  });

  test('a provider that asks to be called again at once gets a pause', () => {
    const { outcome } = planAfterEnsure(ensurePlan('created'), { ...waiting, checkAgainMs: 0 });
    expect(outcome).toMatchObject({ afterMs: 100 });
  });

  test('row B11 an update to no targets at all is told by the warning alone', () => {
    const targets = selectTargets([]);
    const service = aService({ hasFinalizer: true, ingress });
    const remembered = { ...ensurePlan('unchanged', { ingress }).remember, progress: 'ready' as const };
    const plan = planService({ service, remembered, targets, rules: { removesDoomedAtOnce: true }, problems: [] });
    if (plan.kind !== 'ensure') throw new Error('expected a plan to ensure');
    expect(inWords(plan)).toEqual(['UnAvailableLoadBalancer']);
    expect(inWords(planAfterEnsure(plan, ready))).toEqual([]);
  });
});

describe('planAfterRemoval', () => {
  const removed = { kind: 'removed', changes: [] } as const;

  test('row S4 the finalizer goes and the event comes', () => {
    expect(inWords(planAfterRemoval(removePlan(), removed))).toEqual(['release', 'DeletedLoadBalancer']);
  });

  test('row S7 finalizer and status go in one write', () => {
    const { steps } = planAfterRemoval(removePlan({ isBeingDeleted: false, type: 'ClusterIP', ingress }), removed);
    expect(steps[0]).toMatchObject({
      body: {
        metadata: { '$deleteFromPrimitiveList/finalizers': ['service.kubernetes.io/load-balancer-cleanup'] },
        status: { loadBalancer: { ingress: null } },
      },
    });
  });

  test('row S20 foreign finalizers stay in their order', () => {
    const { steps } = planAfterRemoval(removePlan({ otherFinalizers: ['b/b', 'a/a'] }), removed);
    expect(steps[0]).toMatchObject({ body: { metadata: { '$setElementOrder/finalizers': ['b/b', 'a/a'] } } });
  });

  test('row S21 of a vanished Service nothing is left to write; whoever has its name now comes next', () => {
    const after = planAfterRemoval(removePlan({}, true), removed);
    expect(inWords(after)).toEqual(['DeletedLoadBalancer']);
    expect(after.remember).toBeUndefined();
    expect(after.outcome).toMatchObject({ kind: 'check-again', afterMs: 0 });
  });

  test('I18 waiting is honoured on removal too', () => {
    const after = planAfterRemoval(removePlan(), waiting);
    expect(inWords(after)).toEqual(['LoadBalancerPending']);
    expect(after.outcome).toMatchObject({ afterMs: 2_000 });
  });
});

describe('planAfterFailure', () => {
  const failure = new Error('the cloud is on fire');

  test.each<[string, EnsurePlan | RemovePlan, string, string]>([
    [
      'ensure',
      ensurePlan('created'),
      'SyncLoadBalancerFailed',
      'Error syncing load balancer: failed to ensure load balancer: the cloud is on fire',
    ],
    [
      'remove',
      removePlan(),
      'SyncLoadBalancerFailed',
      'Error syncing load balancer: failed to delete load balancer: the cloud is on fire',
    ],
    [
      'remove of a vanished one',
      removePlan({}, true),
      'DeleteLoadBalancerFailed',
      'Error deleting load balancer: the cloud is on fire',
    ],
    [
      'row B9 update of the targets',
      ensurePlan('targets'),
      'UpdateLoadBalancerFailed',
      'Error updating load balancer with new hosts [node-1] [node names limited, total number of nodes: 1], error: the cloud is on fire',
    ],
  ])('%s', (_when, plan, reason, message) => {
    expect(planAfterFailure(plan, failure, 'call').steps).toMatchObject([{ type: 'Warning', reason, message }]);
  });

  test('the event of a failed update names 20 Nodes at most', () => {
    const nodes = Array.from({ length: 23 }, (_, index) =>
      anInitializedNode({ name: `n${String(index).padStart(2, '0')}` }),
    );
    const [step] = planAfterFailure(ensurePlan('targets', {}, nodes), failure, 'call').steps;
    expect(step).toMatchObject({ message: expect.stringMatching(/n18, n19, <3 more>\] .*number of nodes: 23\]/) });
  });

  test('what only the owner can change is told once, and again after a change of text', () => {
    const refusal = new OperatorError('QUOTA', 'the size must be 1 to 100', onChange);
    const plan = ensurePlan('created');
    const first = planAfterFailure(plan, refusal, 'call');
    expect(inWords(first)).toEqual(['SyncLoadBalancerFailed']);
    expect(first.remember).toMatchObject({ progress: 'refused' });
    const again: EnsurePlan = { ...plan, occasion: 'unchanged', remember: first.remember ?? plan.remember };
    expect(inWords(planAfterFailure(again, refusal, 'call'))).toEqual([]);
    expect(inWords(planAfterFailure(again, new OperatorError('QUOTA', 'another', onChange), 'call'))).toHaveLength(1);
  });

  test('I18 a cloud that says when to come back is waited for without a Warning', () => {
    const busy = new OperatorError('RATE_LIMITED', 'too many requests', retryAfter(30_000));
    expect(planAfterFailure(ensurePlan('targets'), new Error('wrapped', { cause: busy }), 'call').steps).toMatchObject([
      { type: 'Normal', reason: 'LoadBalancerPending' },
    ]);
  });

  test('a cluster that refuses the finalizer leaves the Service as new as it was', () => {
    const after = planAfterFailure(ensurePlan('created'), failure, 'prepare');
    expect(after.remember).toBeUndefined();
    expect(after.steps).toMatchObject([
      { message: expect.stringContaining('failed to add load balancer cleanup finalizer') },
    ]);
  });
});
