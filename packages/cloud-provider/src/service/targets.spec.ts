import { describe, expect, test } from '@jest/globals';
import type { KubeNode } from '@longshore/k8s-runtime';
import { anInitializedNode } from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import { LABEL_EXCLUDE_FROM_BALANCERS, TAINT_AUTOSCALER_DELETES } from '../well-known.ts';
import { describeDropped, isOtherTargetSet, isTargetUpdate, selectTargets } from './targets.ts';

const doomed = { key: TAINT_AUTOSCALER_DELETES, value: '1767225600', effect: 'NoSchedule' } as const;
const excludedBy = (value: string): NodeTraits => ({ labels: { [LABEL_EXCLUDE_FROM_BALANCERS]: value } });
const cordoned = (node: KubeNode): KubeNode => ({ ...node, spec: { ...node.spec, unschedulable: true } });
const names = (nodes: readonly KubeNode[]): readonly string[] =>
  selectTargets(nodes).nodes.map((n) => n.metadata?.name ?? '');

describe('selectTargets', () => {
  test.each(['', 'true', 'abc', '1', 't', 'T', 'TRUE', 'True', 'no', ' false'])(
    'row B3 a Node whose exclusion label is "%s" is no target',
    (value) => {
      expect(names([anInitializedNode(excludedBy(value))])).toEqual([]);
    },
  );

  test.each(['false', '0', 'f', 'F', 'False', 'FALSE'])(
    'row B4 a Node whose exclusion label is "%s" stays',
    (value) => {
      expect(names([anInitializedNode(excludedBy(value))])).toEqual(['node-1']);
    },
  );

  test('row B6 a Node that is being deleted is no target', () => {
    expect(names([anInitializedNode({ isBeingDeleted: true }), anInitializedNode({ name: 'node-2' })])).toEqual([
      'node-2',
    ]);
  });

  test('row B5 a Node that the autoscaler is about to remove is no target', () => {
    expect(names([anInitializedNode({ taints: [doomed] })])).toEqual([]);
  });

  test('row B2 readiness, cordoning, the provider ID and other taints play no part', () => {
    const nodes = [
      anInitializedNode({ name: 'not-ready', ready: 'False' }),
      cordoned(anInitializedNode({ name: 'cordoned' })),
      anInitializedNode({ name: 'unnamed', providerId: '' }),
      anInitializedNode({ name: 'tainted', taints: [{ key: 'a', effect: 'NoExecute' }] }),
    ];
    expect(names(nodes)).toEqual(['cordoned', 'not-ready', 'tainted', 'unnamed']);
  });

  test('I24 says how many Nodes were dropped by which rule', () => {
    const { dropped } = selectTargets([
      anInitializedNode({ name: 'a', ...excludedBy('true') }),
      anInitializedNode({ name: 'b', ...excludedBy('') }),
      anInitializedNode({ name: 'c', isBeingDeleted: true }),
      anInitializedNode({ name: 'd', taints: [doomed] }),
      anInitializedNode({ name: 'e' }),
    ]);
    expect(dropped).toEqual({ excluded: ['a', 'b'], deleting: ['c'], doomed: ['d'] });
    expect(describeDropped(dropped)).toBe(
      '2 labelled node.kubernetes.io/exclude-from-external-load-balancers, 1 being deleted, 1 tainted ToBeDeletedByClusterAutoscaler',
    );
  });
});

describe('isTargetUpdate', () => {
  const before = anInitializedNode({ providerId: '', labels: { a: '1' } });

  test.each([
    ['row B7 the provider ID is set', anInitializedNode({ labels: { a: '1' } }), true],
    [
      'an address is added',
      anInitializedNode({ providerId: '', addresses: [{ type: 'InternalIP', address: '10.0.0.1' }] }),
      true,
    ],
    ['row B6 it is being deleted', anInitializedNode({ providerId: '', isBeingDeleted: true }), true],
    ['row B8 another label changes', anInitializedNode({ providerId: '', labels: { a: '2' } }), false],
    [
      'a host name appears',
      anInitializedNode({ providerId: '', addresses: [{ type: 'Hostname', address: 'h' }] }),
      false,
    ],
    ['row B2 it becomes not ready', anInitializedNode({ providerId: '', ready: 'Unknown' }), false],
    ['row B2 it is cordoned', cordoned(before), false],
  ])('when %s', (_what, after, isUpdate) => {
    expect(isTargetUpdate(before, after)).toBe(isUpdate);
  });
});

describe('isOtherTargetSet', () => {
  const one = anInitializedNode({ name: 'one' });
  const two = anInitializedNode({ name: 'two' });
  const twoDoomed = anInitializedNode({ name: 'two', taints: [doomed] });
  const told = selectTargets([one, two]).set;

  test('row B12 the same Nodes in another order, or other objects of them, are the same set', () => {
    const again = selectTargets([anInitializedNode({ name: 'two', labels: { x: 'y' } }), one]);
    expect(isOtherTargetSet(told, again, { removesDoomedAtOnce: true })).toBe(false);
  });

  test('row B5 with I27 off a Node about to be removed leaves only with another change', () => {
    const off = { removesDoomedAtOnce: false };
    expect(isOtherTargetSet(told, selectTargets([one, twoDoomed]), off)).toBe(false);
    const three = anInitializedNode({ name: 'three' });
    const withAnother = selectTargets([one, twoDoomed, three]);
    expect(isOtherTargetSet(told, withAnother, off)).toBe(true);
    expect(withAnother.nodes.map((n) => n.metadata?.name)).toEqual(['one', 'three']);
  });

  test('I27 a Node about to be removed leaves at once', () => {
    expect(isOtherTargetSet(told, selectTargets([one, twoDoomed]), { removesDoomedAtOnce: true })).toBe(true);
  });
});
