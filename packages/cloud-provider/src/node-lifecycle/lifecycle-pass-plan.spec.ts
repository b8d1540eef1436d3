import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { InstanceFinding } from '../provider.ts';
import { TAINT_SHUTDOWN } from '../well-known.ts';
import { aNode, anInitializedNode, foundGone, foundRunning, foundUnknown } from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import { isDue, recordOf } from './check-schedule.ts';
import type { CheckRecord } from './check-schedule.ts';
import { nodesToAsk, planPass, recordsAfter } from './lifecycle-pass-plan.ts';

const pauses = { periodMs: 5000, longestMs: 60_000 };
const limit = { atLeast: 5, percent: 20, severalGoneMs: 120_000 };
const notReady = (traits: NodeTraits = {}): KubeNode => anInitializedNode({ ready: 'False', ...traits });

/** Checks the node whenever it is due, with these findings in turn; the record after each, and the times. */
function checks(
  findings: readonly (InstanceFinding | undefined)[],
  node = notReady(),
): { records: CheckRecord[]; times: number[] } {
  const records: CheckRecord[] = [];
  const times: number[] = [];
  let nowMs = 0;
  for (const finding of findings) {
    const before = records.at(-1);
    nowMs = before?.nextCheckMs ?? 0;
    times.push(nowMs);
    records.push(recordOf({ node, finding, nowMs }, before, pauses));
  }
  return { records, times };
}

describe('pauses between checks (I11)', () => {
  test('row C8 (I11) a node that stays not ready is asked about after 5, 10, 20, 40 and then 60 seconds', () => {
    const { times } = checks([
      foundUnknown(),
      foundUnknown(),
      foundRunning(),
      foundUnknown(),
      foundRunning(),
      foundUnknown(),
      foundUnknown(),
    ]);
    const gaps = times.slice(1).map((time, index) => time - (times[index] ?? 0));
    expect(gaps).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  });

  test('I11 a dead machine costs at most 2,900 checks a day', () => {
    const { times } = checks(Array.from({ length: 2900 }, () => foundRunning()));
    expect(times.at(-1)).toBeGreaterThan(86_400_000);
  });

  test('I11 a changed condition makes the node due at once and starts the pauses over', () => {
    const { records } = checks([foundRunning(), foundRunning(), foundRunning()]);
    const changed = notReady({ ready: 'Unknown' });
    const last = records.at(-1)!;
    expect(isDue(notReady(), last, last.nextCheckMs - 1)).toBe(false);
    expect(isDue(changed, last, 0)).toBe(true);
    expect(recordOf({ node: changed, finding: foundRunning(), nowMs: 100_000 }, last, pauses).nextCheckMs).toBe(
      105_000,
    );
  });

  test('another Node under the same name is due, and nothing of the old one counts', () => {
    const { records } = checks([foundGone]);
    const other = notReady({ uid: 'new' });
    expect(isDue(other, records[0], 1)).toBe(true);
    expect(recordOf({ node: other, finding: foundGone, nowMs: 9000 }, records[0], pauses).isGoneConfirmed).toBe(false);
  });
});

describe('two answers (I10)', () => {
  test('row C1 (I10) the second `gone`, one period after the first, confirms', () => {
    const { records, times } = checks([foundGone, foundGone]);
    expect(records.map(({ isGoneConfirmed }) => isGoneConfirmed)).toEqual([false, true]);
    expect(times).toEqual([0, 5000]);
  });

  test('also after long pauses the second answer is sought after one period', () => {
    const { times } = checks([foundRunning(), foundRunning(), foundRunning(), foundRunning(), foundGone, foundGone]);
    expect(times[5]! - times[4]!).toBe(5000);
  });

  test('a second `gone` too early (the node changed) does not confirm', () => {
    const [first] = checks([foundGone]).records;
    const early = recordOf({ node: notReady({ ready: 'Unknown' }), finding: foundGone, nowMs: 1000 }, first, pauses);
    expect(early.isGoneConfirmed).toBe(false);
    expect(early.nextCheckMs).toBe(6000);
    expect(
      recordOf({ node: notReady({ ready: 'Unknown' }), finding: foundGone, nowMs: 6000 }, early, pauses)
        .isGoneConfirmed,
    ).toBe(true);
  });

  test.each([
    { when: 'a running machine in between starts over', between: foundRunning(), confirmed: false },
    { when: 'an answer without the node in between starts over', between: undefined, confirmed: false },
    {
      when: 'an error in between takes nothing back, the next `gone` confirms',
      between: foundUnknown(),
      confirmed: true,
    },
  ])('$when', ({ between, confirmed }) => {
    const { records } = checks([foundGone, between, foundGone]);
    expect(records[1]?.isGoneConfirmed).toBe(false);
    expect(records[2]?.isGoneConfirmed).toBe(confirmed);
  });
});

describe('nodesToAsk', () => {
  const time = { monotonicMs: 0, wallMs: Date.UTC(2026, 0, 1) };
  const asked = (nodes: readonly KubeNode[], records = new Map<string, CheckRecord>(), at = time): readonly string[] =>
    nodesToAsk(nodes, records, { time: at, graceMs: 120_000 }).map((node) => node.metadata?.name ?? '');

  test('row C7 a ready node costs no call', () => {
    expect(asked([anInitializedNode({ name: 'ready' }), notReady({ name: 'not-ready' })])).toEqual(['not-ready']);
  });

  test('row C14 (I10) a fresh node is not asked about during its grace, and is after it', () => {
    const fresh = aNode({ createdAtMs: time.wallMs });
    expect(asked([fresh])).toEqual([]);
    expect(asked([fresh], new Map(), { monotonicMs: 0, wallMs: time.wallMs + 120_000 })).toEqual(['node-1']);
  });

  test('a node that was checked is not asked about before its time', () => {
    const records = new Map([['node-1', checks([foundRunning()]).records[0]!]]);
    expect(asked([notReady()], records, { ...time, monotonicMs: 4999 })).toEqual([]);
    expect(asked([notReady()], records, { ...time, monotonicMs: 5000 })).toEqual(['node-1']);
  });
});

describe('recordsAfter', () => {
  test('keeps those that were not asked, and forgets ready, vanished and replaced nodes', () => {
    const [record] = checks([foundRunning()]).records;
    const before = new Map(
      ['waiting', 'ready', 'vanished'].map((name) => [name, { ...record!, uid: `uid-of-${name}` }]),
    );
    const nodes = [
      notReady({ name: 'waiting' }),
      anInitializedNode({ name: 'ready' }),
      notReady({ name: 'replaced', uid: 'new' }),
    ];
    const answers = { asked: [notReady({ name: 'replaced' })], findings: new Map(), nowMs: 0, pauses };
    expect([...recordsAfter(nodes, before, answers).keys()]).toEqual(['waiting']);
  });
});

describe('planPass (I10)', () => {
  const named = (count: number): readonly KubeNode[] =>
    Array.from({ length: count }, (_, index) => notReady({ name: `n${index}` }));

  function confirmedGone(nodes: readonly KubeNode[], goneCount: number, nowMs = 120_000): ReturnType<typeof planPass> {
    const asked = nodes.slice(0, goneCount);
    const findings = new Map(asked.map((node) => [node.metadata?.name ?? '', foundGone]));
    const first = recordsAfter(nodes, new Map(), { asked, findings, nowMs: 0, pauses });
    const second = recordsAfter(nodes, first, { asked, findings, nowMs, pauses });
    return planPass(nodes, second, { asked, findings, nowMs, limit });
  }

  test.each([
    { total: 10, gone: 5, removed: 5 },
    { total: 10, gone: 6, removed: 0 },
    { total: 100, gone: 20, removed: 20 },
    { total: 100, gone: 21, removed: 0 },
  ])('I10 $gone of $total gone: $removed removed', ({ total, gone, removed }) => {
    const pass = confirmedGone(named(total), gone);
    expect(pass).toMatchObject({ goneCount: gone, isHeld: removed === 0 });
    expect(pass.planned.flatMap(({ plan }) => plan.steps)).toHaveLength(removed);
  });

  test.each([
    { total: 1, gone: 1, seconds: 5, removed: 1 },
    { total: 3, gone: 1, seconds: 5, removed: 1 },
    { total: 3, gone: 2, seconds: 5, removed: 0 },
    { total: 3, gone: 2, seconds: 119, removed: 0 },
    { total: 3, gone: 2, seconds: 120, removed: 2 },
    { total: 3, gone: 3, seconds: 119, removed: 0 },
    { total: 10, gone: 2, seconds: 5, removed: 2 },
    { total: 10, gone: 3, seconds: 5, removed: 0 },
    { total: 100, gone: 20, seconds: 5, removed: 20 },
    { total: 100, gone: 21, seconds: 3600, removed: 0 },
  ])('I10 $gone of $total gone for $seconds s: $removed removed', ({ total, gone, seconds, removed }) => {
    const pass = confirmedGone(named(total), gone, seconds * 1000);
    expect(pass.planned.flatMap(({ plan }) => plan.steps)).toHaveLength(removed);
  });

  test('I10 in a small cluster the younger of two that are gone waits for minutes of its own', () => {
    const nodes = named(3);
    const [first = notReady(), second = notReady()] = nodes;
    const answer = (asked: readonly KubeNode[], records: Parameters<typeof planPass>[1], nowMs: number) => {
      const findings = new Map(asked.map((node) => [node.metadata?.name ?? '', foundGone]));
      return { records: recordsAfter(nodes, records, { asked, findings, nowMs, pauses }), findings };
    };
    const early = answer([first], new Map(), 0).records;
    const { records, findings } = answer([first, second], answer([first, second], early, 60_000).records, 120_000);
    const { planned } = planPass(nodes, records, { asked: [first, second], findings, nowMs: 120_000, limit });
    expect(planned.map(({ plan }) => plan.steps.length)).toEqual([1, 0]);
    expect(planned[1]?.plan.waitingFor).toContain('several nodes are gone at once');
  });

  test('row C5 a ready node with the shutdown taint has a step without being asked about', () => {
    const node = anInitializedNode({ taints: [{ key: TAINT_SHUTDOWN, effect: 'NoSchedule' }] });
    const { planned } = planPass([node], new Map(), { asked: [], findings: new Map(), nowMs: 0, limit });
    expect(planned.map(({ plan }) => plan.steps)).toEqual([[{ kind: 'remove-shutdown-taint', taints: [] }]]);
  });

  test('law: a pass never removes more than the limit, and only what it asked about', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 60 }), fc.integer({ min: 0, max: 60 }), (total, goneCount) => {
        const nodes = named(total);
        const { planned } = confirmedGone(nodes, Math.min(total, goneCount));
        const removed = planned.filter(({ plan }) => plan.steps.length > 0);
        expect(removed.length).toBeLessThanOrEqual(Math.max(5, Math.floor(total / 5)));
        expect(removed.every(({ finding }) => finding?.state === 'gone')).toBe(true);
      }),
    );
  });
});
