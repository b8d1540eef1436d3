import { describe, expect, test } from '@jest/globals';
import type { KubeService } from '@longshore/k8s-runtime';
import { anInitializedNode } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import type { ServiceTraits } from '../testing/a-service.ts';
import type { Problem } from '../provider.ts';
import { relevantFingerprint } from './relevant-change.ts';
import { nothingTold } from './service-memory.ts';
import type { Remembered } from './service-memory.ts';
import { planService } from './service-plan.ts';
import type { ServiceFacts, ServicePlan } from './service-steps.ts';
import { selectTargets } from './targets.ts';

const targets = selectTargets([anInitializedNode()]);
const noTargets = selectTargets([anInitializedNode({ isBeingDeleted: true })]);

function facts(service: KubeService | undefined, more: Partial<ServiceFacts> = {}): ServiceFacts {
  return { service, remembered: undefined, targets, rules: { removesDoomedAtOnce: true }, problems: [], ...more };
}

function memoryOf(traits: ServiceTraits = {}, more: Partial<Remembered> = {}): Remembered {
  const service = aService({ hasFinalizer: true, ...traits });
  return {
    uid: service.metadata?.uid ?? '',
    service,
    fingerprint: relevantFingerprint(service),
    targets: targets.set,
    progress: 'ready',
    goal: 'present',
    mayHaveBalancer: true,
    owes: 'nothing',
    told: nothingTold,
    isStatusSeen: true,
    repairs: 0,
    ...more,
  };
}

/** A plan in words: its kind, occasion, and steps by event reason or patch. */
function inWords(plan: ServicePlan): readonly string[] {
  const occasion = plan.kind === 'ensure' ? [plan.occasion] : [];
  const steps = 'steps' in plan ? plan.steps.map((step) => (step.kind === 'event' ? step.reason : step.what)) : [];
  return [plan.kind, ...occasion, ...steps];
}

const error: Problem = {
  field: 'example.com/port',
  message: 'example.com/port: "80a" is not a port',
  severity: 'error',
};
const warning: Problem = { field: 'example.com/old', message: 'example.com/old is deprecated', severity: 'warning' };
const present: ServiceTraits = { hasFinalizer: true };

describe('planService', () => {
  test.each<[string, ServiceFacts, readonly string[]]>([
    [
      'row S1 a new Service: finalizer first',
      facts(aService()),
      ['ensure', 'created', 'add-finalizer', 'EnsuringLoadBalancer'],
    ],
    ['row S2 a ClusterIP', facts(aService({ type: 'ClusterIP' })), ['forget']],
    ['row S2 a NodePort', facts(aService({ type: 'NodePort' })), ['forget']],
    ['row S3 a class', facts(aService({ spec: { loadBalancerClass: 'x/y' } })), ['forget']],
    [
      'row S3 a class, and deleted',
      facts(aService({ spec: { loadBalancerClass: 'x/y' }, isBeingDeleted: true })),
      ['forget'],
    ],
    [
      'row S3 a class and a finalizer of whoever serves that class',
      facts(aService({ spec: { loadBalancerClass: 'x/y' }, hasFinalizer: true })),
      ['forget'],
    ],
    [
      'row S4 deleted',
      facts(aService({ ...present, isBeingDeleted: true }), { remembered: memoryOf() }),
      ['remove', 'DeletingLoadBalancer'],
    ],
    [
      'row S7 the type changed',
      facts(aService({ ...present, type: 'ClusterIP' }), { remembered: memoryOf() }),
      ['remove', 'DeletingLoadBalancer'],
    ],
    [
      'row S8 the type changed while nobody looked',
      facts(aService({ ...present, type: 'NodePort' })),
      ['remove', 'DeletingLoadBalancer'],
    ],
    [
      'row S9 deleted while nobody looked',
      facts(aService({ ...present, isBeingDeleted: true })),
      ['remove', 'DeletingLoadBalancer'],
    ],
    ['deleted, never ours', facts(aService({ isBeingDeleted: true, otherFinalizers: ['x/y'] })), ['forget']],
    [
      'deleted, the finalizer taken off by hand',
      facts(aService({ isBeingDeleted: true }), { remembered: memoryOf() }),
      ['remove', 'DeletingLoadBalancer'],
    ],
    ['row S21 vanished', facts(undefined, { remembered: memoryOf() }), ['remove', 'DeletingLoadBalancer']],
    [
      'row S21 replaced',
      facts(aService({ uid: 'new' }), { remembered: memoryOf() }),
      ['remove', 'DeletingLoadBalancer'],
    ],
    [
      'vanished without a balancer',
      facts(undefined, { remembered: memoryOf({}, { mayHaveBalancer: false }) }),
      ['forget'],
    ],
    [
      'replaced without a balancer',
      facts(aService({ uid: 'new' }), { remembered: memoryOf({}, { mayHaveBalancer: false }) }),
      ['ensure', 'created', 'add-finalizer', 'EnsuringLoadBalancer'],
    ],
    ['unknown and gone', facts(undefined), ['forget']],
    ['after a restart', facts(aService(present)), ['ensure', 'unchanged']],
    ['nothing new', facts(aService(present), { remembered: memoryOf() }), ['ensure', 'unchanged']],
    [
      'row S14 a changed annotation',
      facts(aService({ ...present, annotations: { a: '1' } }), { remembered: memoryOf() }),
      ['ensure', 'changed', 'EnsuringLoadBalancer'],
    ],
    [
      'row B1 another target set',
      facts(aService(present), { remembered: memoryOf({}, { targets: new Map() }) }),
      ['ensure', 'targets'],
    ],
    [
      'row S23 no nodes',
      facts(aService(), { targets: noTargets }),
      ['ensure', 'created', 'add-finalizer', 'EnsuringLoadBalancer', 'UnAvailableLoadBalancer'],
    ],
    [
      'row B11 the last node left',
      facts(aService(present), { targets: noTargets, remembered: memoryOf() }),
      ['ensure', 'targets', 'UnAvailableLoadBalancer'],
    ],
    [
      'no nodes after a restart: nothing is new',
      facts(aService(present), { targets: noTargets }),
      ['ensure', 'unchanged'],
    ],
    [
      'an error in its settings',
      facts(aService(), { problems: [error, warning] }),
      ['refuse', 'SyncLoadBalancerFailed'],
    ],
    [
      'a warning in its settings',
      facts(aService(), { problems: [warning] }),
      ['ensure', 'created', 'add-finalizer', 'LoadBalancerWarning', 'EnsuringLoadBalancer'],
    ],
    ['a warning after a restart', facts(aService(present), { problems: [warning] }), ['ensure', 'unchanged']],
    [
      'an error in the settings of one that leaves',
      facts(aService({ ...present, isBeingDeleted: true }), { problems: [error] }),
      ['remove', 'DeletingLoadBalancer'],
    ],
    [
      'released, and the cache is behind',
      facts(aService({ ...present, isBeingDeleted: true }), {
        remembered: memoryOf({}, { progress: 'released', mayHaveBalancer: false }),
      }),
      ['leave'],
    ],
    [
      'released, and the type came back',
      facts(aService(present), { remembered: memoryOf({}, { progress: 'released', mayHaveBalancer: false }) }),
      ['ensure', 'created', 'add-finalizer', 'EnsuringLoadBalancer'],
    ],
    [
      'released, and the cache shows it',
      facts(aService({ type: 'ClusterIP' }), {
        remembered: memoryOf({}, { progress: 'released', mayHaveBalancer: false }),
      }),
      ['forget'],
    ],
    [
      'a class came while the balancer was there',
      facts(aService({ ...present, spec: { loadBalancerClass: 'x/y' } }), { remembered: memoryOf() }),
      ['remove', 'DeletingLoadBalancer'],
    ],
    [
      'the finalizer was taken off by hand',
      facts(aService(), { remembered: memoryOf() }),
      ['ensure', 'unchanged', 'add-finalizer'],
    ],
  ])('%s', (_when, given, words) => {
    expect(inWords(planService(given))).toEqual(words);
  });

  test('row S1 the finalizer patch keeps what is there and adds ours', () => {
    const plan = planService(facts(aService({ otherFinalizers: ['x/y'] })));
    expect(plan).toMatchObject({
      steps: [
        {
          body: {
            metadata: {
              finalizers: ['service.kubernetes.io/load-balancer-cleanup'],
              '$setElementOrder/finalizers': ['x/y', 'service.kubernetes.io/load-balancer-cleanup'],
            },
          },
        },
        { reason: 'EnsuringLoadBalancer' },
      ],
    });
  });

  test('I24 the warning about missing targets names the rules that dropped the Nodes', () => {
    const plan = planService(facts(aService(), { targets: noTargets }));
    expect(plan).toMatchObject({
      steps: [
        {},
        {},
        { type: 'Warning', message: 'There are no available nodes for LoadBalancer (no target: 1 being deleted)' },
      ],
    });
  });

  test('errors in the settings are one event, told again only after a change', () => {
    const first = planService(facts(aService(), { problems: [error] }));
    const remembered = 'remember' in first ? first.remember : undefined;
    expect(first).toMatchObject({ steps: [{ message: `Error syncing load balancer: ${error.message}` }] });
    expect(inWords(planService(facts(aService(), { problems: [error], remembered })))).toEqual(['refuse']);
    const edited = aService({ annotations: { 'example.com/port': '80b' } });
    expect(inWords(planService(facts(edited, { problems: [error], remembered })))).toEqual([
      'refuse',
      'SyncLoadBalancerFailed',
    ]);
  });

  test('warnings are told once for each text', () => {
    const first = planService(facts(aService(), { problems: [warning] }));
    const remembered = 'remember' in first ? first.remember : undefined;
    const another: Problem = { ...warning, message: 'example.com/older is deprecated too' };
    const second = planService(facts(aService(), { problems: [warning, another], remembered }));
    expect(
      'steps' in second && second.steps.filter((step) => step.kind === 'event').map(({ message }) => message),
    ).toEqual([another.message]);
  });

  test('a removal is announced once, however long it takes', () => {
    const leaving = aService({ ...present, isBeingDeleted: true });
    const first = planService(facts(leaving, { remembered: memoryOf() }));
    const remembered = 'remember' in first ? first.remember : undefined;
    expect(inWords(planService(facts(leaving, { remembered })))).toEqual(['remove']);
  });

  test('row B12 a target set that only looks different causes no update', () => {
    const again = selectTargets([anInitializedNode({ labels: { spurious: 'yes' } })]);
    expect(inWords(planService(facts(aService(present), { remembered: memoryOf(), targets: again })))).toEqual([
      'ensure',
      'unchanged',
    ]);
  });
});
