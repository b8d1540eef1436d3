import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { Taint } from '../node/node-facts.ts';
import { TAINT_SHUTDOWN } from '../well-known.ts';
import { aNode, foundGone, foundRunning, foundStopped, foundUnknown, uninitializedTaint } from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import type { InstanceFinding } from '../provider.ts';
import {
  areSeveral,
  describeLifecycleStep,
  isInGrace,
  mostRemovals,
  planNodeLifecycle,
  USUAL_REMOVAL_LIMIT,
} from './node-lifecycle-plan.ts';
import type { LifecyclePlan, RemovalVerdict } from './node-lifecycle-plan.ts';

const shutdown: Taint = { key: TAINT_SHUTDOWN, effect: 'NoSchedule' };
const other: Taint = { key: 'other', value: 'x', effect: 'NoExecute' };
const sure: RemovalVerdict = { isGoneConfirmed: true, isHeld: false };

interface Row {
  readonly when: string;
  readonly node: NodeTraits;
  readonly finding: InstanceFinding | undefined;
  readonly verdict?: Partial<RemovalVerdict>;
  readonly plan: LifecyclePlan;
}

const nothing: LifecyclePlan = { steps: [] };
const removal: LifecyclePlan = { steps: [{ kind: 'delete-node', uid: 'uid-of-node-1' }] };

describe('planNodeLifecycle', () => {
  test.each<Row>([
    {
      when: 'row C1 (I10) not ready and confirmed gone: removed',
      node: { ready: 'False' },
      finding: foundGone,
      plan: removal,
    },
    {
      when: 'row C2 (I10) the condition Ready is missing, confirmed gone: removed',
      node: { ready: null },
      finding: foundGone,
      plan: removal,
    },
    {
      when: 'row C3 unknown, but the machine runs: unchanged',
      node: { ready: 'Unknown' },
      finding: foundRunning(),
      plan: nothing,
    },
    {
      when: 'row C4 unknown and off: the shutdown taint is added at the end',
      node: { ready: 'Unknown', taints: [other] },
      finding: foundStopped(),
      plan: { steps: [{ kind: 'add-shutdown-taint', taints: [other, shutdown] }] },
    },
    {
      when: 'row C4 (I13) unknown and off, tainted already: nothing is written',
      node: { ready: 'Unknown', taints: [shutdown, other] },
      finding: foundStopped(),
      plan: nothing,
    },
    {
      when: 'a shutdown taint with a value is replaced in its place',
      node: { ready: 'False', taints: [{ ...shutdown, value: 'x' }, other] },
      finding: foundStopped(),
      plan: { steps: [{ kind: 'add-shutdown-taint', taints: [shutdown, other] }] },
    },
    {
      when: 'a shutdown taint with another effect is not ours',
      node: { ready: 'True', taints: [{ ...shutdown, effect: 'NoExecute' }] },
      finding: undefined,
      plan: nothing,
    },
    {
      when: 'row C5 ready again: the shutdown taint goes, the others stay',
      node: { ready: 'True', taints: [other, shutdown] },
      finding: undefined,
      plan: { steps: [{ kind: 'remove-shutdown-taint', taints: [other] }] },
    },
    {
      when: 'row C6 the machine runs but the Node is not ready yet: the taint stays',
      node: { ready: 'False', taints: [shutdown] },
      finding: foundRunning(),
      plan: nothing,
    },
    {
      when: 'row C7 ready: untouched even if the cloud says gone',
      node: { ready: 'True', taints: [] },
      finding: foundGone,
      plan: nothing,
    },
    {
      when: 'row C8 the cloud cannot be asked: kept',
      node: { ready: 'False' },
      finding: foundUnknown(),
      plan: nothing,
    },
    {
      when: 'row C9 "not found" thrown as an error is doubt, not absence: kept',
      node: { ready: 'False' },
      finding: foundUnknown('instance not found'),
      plan: nothing,
    },
    {
      when: 'row C11 whether it is off cannot be told: no taint',
      node: { ready: 'False', taints: [] },
      finding: foundUnknown('no answer'),
      plan: nothing,
    },
    {
      when: "the cloud left the Node out: it is somebody else's",
      node: { ready: 'False' },
      finding: undefined,
      plan: nothing,
    },
    {
      when: 'I10 gone for the first time: a second answer must confirm it',
      node: { ready: 'False' },
      finding: foundGone,
      verdict: { isGoneConfirmed: false },
      plan: { steps: [], waitingFor: 'a second answer of the cloud' },
    },
    {
      when: 'I10 too many are gone at once: nothing is removed',
      node: { ready: 'False' },
      finding: foundGone,
      verdict: { isHeld: true },
      plan: { steps: [], waitingFor: 'fewer nodes to be gone at once: this many look like a mistake' },
    },
    {
      when: 'it is being deleted already: that is not repeated',
      node: { ready: 'False', isBeingDeleted: true },
      finding: foundGone,
      plan: { steps: [], waitingFor: 'its finalizers' },
    },
    {
      when: 'I10 without a UID nothing is removed: it could be another Node of that name',
      node: { ready: 'False', uid: '' },
      finding: foundGone,
      plan: { steps: [], waitingFor: 'a UID of node node-1' },
    },
  ])('$when', ({ node, finding, verdict, plan }) => {
    expect(planNodeLifecycle(aNode(node), finding, { ...sure, ...verdict })).toEqual(plan);
  });

  test('law: a second plan after the taint step is empty, and only a confirmed gone ever removes', () => {
    const aTaint = fc.constantFrom<Taint>(shutdown, other, uninitializedTaint, { ...shutdown, value: 'v' });
    fc.assert(
      fc.property(
        fc.array(aTaint, { maxLength: 4 }),
        fc.constantFrom<'True' | 'False' | null>('True', 'False', null),
        fc.constantFrom<InstanceFinding | undefined>(
          undefined,
          foundGone,
          foundUnknown(),
          foundStopped(),
          foundRunning(),
        ),
        fc.record({ isGoneConfirmed: fc.boolean(), isHeld: fc.boolean() }),
        (taints, ready, finding, verdict) => {
          const [step, ...more] = planNodeLifecycle(aNode({ taints, ready }), finding, verdict).steps;
          expect(more).toEqual([]);
          if (step?.kind === 'delete-node') {
            expect({ state: finding?.state, ready: ready === 'True', ...verdict }).toEqual({
              state: 'gone',
              ready: false,
              isGoneConfirmed: true,
              isHeld: false,
            });
          } else if (step) {
            expect(planNodeLifecycle(aNode({ taints: step.taints, ready }), finding, verdict).steps).toEqual([]);
            const rest = (list: readonly Taint[]): readonly Taint[] => list.filter(({ key }) => key !== TAINT_SHUTDOWN);
            expect(rest(step.taints)).toEqual(rest(taints));
          }
        },
      ),
    );
  });
});

describe('isInGrace', () => {
  const nowMs = Date.UTC(2026, 0, 1, 1);
  const grace = { graceMs: 120_000, nowMs };

  test.each([
    { when: 'young and uninitialized', traits: { createdAtMs: nowMs - 119_000 }, expected: true },
    { when: 'uninitialized for too long', traits: { createdAtMs: nowMs - 120_000 }, expected: false },
    { when: 'young, but initialized once', traits: { createdAtMs: nowMs, taints: [] }, expected: false },
    { when: 'created in the future of our clock', traits: { createdAtMs: nowMs + 60_000 }, expected: true },
  ])('row C14 (I10) $when: $expected', ({ traits, expected }) => {
    expect(isInGrace(aNode(traits), grace)).toBe(expected);
  });
});

test.each([
  { nodes: 3, most: 5 },
  { nodes: 25, most: 5 },
  { nodes: 34, most: 6 },
  { nodes: 1000, most: 200 },
])('I10 of $nodes nodes at most $most may be gone at once', ({ nodes, most }) => {
  expect(mostRemovals(nodes, { atLeast: 5, percent: 20 })).toBe(most);
});

test.each([
  { nodes: 1, gone: 1, several: false },
  { nodes: 2, gone: 1, several: false },
  { nodes: 2, gone: 2, several: true },
  { nodes: 3, gone: 1, several: false },
  { nodes: 3, gone: 2, several: true },
  { nodes: 10, gone: 2, several: false },
  { nodes: 10, gone: 3, several: true },
  { nodes: 25, gone: 5, several: false },
])('I10 $gone of $nodes gone: two answers are too few: $several', ({ nodes, gone, several }) => {
  expect(areSeveral(gone, nodes, USUAL_REMOVAL_LIMIT)).toBe(several);
});

test('steps in words name the node', () => {
  const words = [
    { kind: 'add-shutdown-taint', taints: [] },
    { kind: 'remove-shutdown-taint', taints: [] },
    { kind: 'delete-node', uid: 'u' },
  ] as const;
  expect(words.map((step) => describeLifecycleStep(step, 'node-7'))).toEqual([
    'add the shutdown taint to node node-7',
    'remove the shutdown taint from node node-7',
    'delete node node-7, because its machine does not exist in the cloud',
  ]);
});
