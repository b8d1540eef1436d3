// Tables of the pure parts: selectors, delete priorities, names, owner references.
import { describe, expect, test } from '@jest/globals';
import { annotations } from '../api/names.ts';
import type { LabelSelector, Machine } from '../api/objects.ts';
import { deletePriority, deletionOrder } from './delete-priority.ts';
import { readSelector } from './label-selector.ts';
import { machineName, UncertainNames } from './machine-name.ts';
import { planMachineSet } from './machine-set-plan.ts';
import { controllerReference, planRoot, referencesWhenAdopted } from './ownership.ts';
import { aCluster, aMachine, aSet, inCluster, readyMachine } from './test-support/set-world.ts';

const NOW_MS = Date.UTC(2026, 5, 1);
const DAY_MS = 86_400_000;
const born = (ageDays: number): { readonly creationTimestamp: string } => ({
  creationTimestamp: new Date(NOW_MS - ageDays * DAY_MS).toISOString(),
});

describe('readSelector', () => {
  test.each<{ selector: LabelSelector; labels: Record<string, string>; selects: boolean; text: string }>([
    { selector: {}, labels: { a: '1' }, selects: false, text: '' },
    {
      selector: { matchLabels: { a: '1', b: '2' } },
      labels: { a: '1', b: '2', c: '3' },
      selects: true,
      text: 'a=1,b=2',
    },
    { selector: { matchLabels: { a: '1', b: '2' } }, labels: { a: '1' }, selects: false, text: 'a=1,b=2' },
    {
      selector: { matchExpressions: [{ key: 'a', operator: 'In', values: ['1', '2'] }] },
      labels: { a: '2' },
      selects: true,
      text: 'a in (1,2)',
    },
    {
      selector: { matchExpressions: [{ key: 'a', operator: 'NotIn', values: ['1'] }] },
      labels: {},
      selects: true,
      text: 'a notin (1)',
    },
    { selector: { matchExpressions: [{ key: 'a', operator: 'Exists' }] }, labels: { a: '' }, selects: true, text: 'a' },
    {
      selector: { matchExpressions: [{ key: 'a', operator: 'DoesNotExist' }] },
      labels: { a: '' },
      selects: false,
      text: '!a',
    },
  ])('$text on $labels: $selects', ({ selector, labels, selects, text }) => {
    const read = readSelector(selector);
    expect([read?.selects(labels), read?.text]).toEqual([selects, text]);
  });

  test('an unknown operator, or one without its values, is no selector', () => {
    const of = (operator: string, values?: readonly string[]): unknown =>
      readSelector({ matchExpressions: [{ key: 'a', operator, ...(values ? { values } : {}) }] } as LabelSelector);
    expect([of('Near', ['1']), of('In'), of('NotIn', []), of('Exists', ['1'])]).toEqual(Array(4).fill(undefined));
  });
});

describe('deletePriority (the table of Cluster API v0.1.x)', () => {
  const plain = aMachine('m', { meta: born(10) });
  const annotated = aMachine('m', { meta: { ...born(10), annotations: { [annotations.deleteMachine]: 'x' } } });
  const failed = aMachine('m', { meta: born(10), status: { errorMessage: 'x' } });
  const deleting = aMachine('m', { meta: { ...born(10), deletionTimestamp: '2026-01-01T00:00:00Z' } });
  const afterTenDays = 100 * (1 - Math.exp(-1));
  test.each([
    { policy: undefined, of: [deleting, annotated, failed, plain], are: [100, 50, 50, 20] },
    { policy: '', of: [plain], are: [20] },
    { policy: 'Random', of: [deleting, annotated, failed, plain], are: [100, 50, 50, 20] },
    { policy: 'Newest', of: [deleting, annotated, failed, plain], are: [100, 100, 100, 100 - afterTenDays] },
    { policy: 'Oldest', of: [deleting, annotated, failed, plain], are: [100, 100, 100, afterTenDays] },
    { policy: 'Oldest', of: [aMachine('m'), aMachine('m', { meta: born(-1) })], are: [0, 0] },
    { policy: 'Biggest', of: [plain], are: [undefined] },
    { policy: 'toString', of: [plain], are: [undefined] },
  ])('CA row S7 $policy', ({ policy, of, are }) => {
    expect(of.map((machine) => deletePriority(machine, policy, NOW_MS))).toEqual(are);
  });

  test('CA row S6 of equal ones: without a device, not ready, not available, the youngest', () => {
    const spec = { providerID: 'packet://x' };
    const at = (name: string, ageDays: number): Machine => aMachine(name, { spec, meta: born(ageDays) });
    const machines = [
      readyMachine(at('long ready, old', 9), true, NOW_MS - DAY_MS),
      readyMachine(at('long ready, young', 8), true, NOW_MS - DAY_MS),
      readyMachine(at('just ready', 20), true, NOW_MS - 1000),
      at('not ready', 30),
      aMachine('no device', { meta: born(40) }),
    ];
    const order = deletionOrder(machines, 'Random', { nowMs: NOW_MS, minReadySeconds: 60 });
    expect(order?.map(({ metadata }) => metadata?.name)).toEqual([
      'no device',
      'not ready',
      'just ready',
      'long ready, young',
      'long ready, old',
    ]);
  });
});

describe('names', () => {
  test('CA row S1 five letters after the name of the set; a host name has 63 at most', () => {
    expect(machineName('s', () => 0)).toBe('s-bbbbb');
    expect(machineName('x'.repeat(70), () => 0.999)).toBe(`${'x'.repeat(58)}99999`);
  });

  test('CA row S2 a name without an answer is the first to be used again, until it is seen or refused', () => {
    const names = new UncertainNames();
    names.add('u', 'a');
    names.add('u', 'b');
    expect(names.of('u', new Set())).toEqual(['a', 'b']);
    expect(names.of('other', new Set())).toEqual([]);
    expect(names.of('u', new Set(['a']))).toEqual(['b']);
    names.settle('u', 'b');
    expect(names.of('u', new Set())).toEqual([]);
  });
});

describe('owner references', () => {
  const cluster = aCluster({ meta: { uid: 'now' } });
  const reference = (uid: string): object => ({
    apiVersion: 'cluster.k8s.io/v1alpha1',
    kind: 'Cluster',
    name: 'c',
    uid,
    blockOwnerDeletion: true,
  });

  test('D17 a Cluster of former days is replaced, whatever finalizers there are', () => {
    const former = aSet({}, { finalizers: ['foregroundDeletion'], ownerReferences: [reference('former') as never] });
    expect(planRoot(former, cluster)).toEqual({
      finalizers: ['foregroundDeletion'],
      ownerReferences: [reference('now')],
    });
    const right = aSet({}, { finalizers: ['foregroundDeletion'], ownerReferences: [reference('now') as never] });
    expect(planRoot(right, cluster)).toBeUndefined();
  });

  test('what has a controller does not get the Cluster as well, and loses it when adopted', () => {
    const controller = controllerReference('MachineSet', aSet({}, { uid: 'u' }));
    const owned = aSet({}, { finalizers: ['foregroundDeletion'], ownerReferences: [controller] });
    expect(planRoot(owned, cluster)).toBeUndefined();
    const orphan = aMachine('m', { meta: { ownerReferences: [reference('now') as never] } });
    expect(referencesWhenAdopted(orphan, controller)).toEqual([controller]);
  });
});

describe('planMachineSet', () => {
  test('a Cluster that is being deleted gets no new machines', () => {
    const cluster = aCluster({ meta: { deletionTimestamp: '2026-01-01T00:00:00Z' } });
    const facts = { set: aSet({ replicas: 3 }, inCluster()), cluster, machines: [], nowMs: NOW_MS };
    expect(planMachineSet(facts).steps).toEqual([]);
  });
});
