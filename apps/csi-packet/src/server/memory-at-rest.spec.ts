// When memory is collected: after enough calls, at rest, once; and that the collection is a real one.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { CALLS_WORTH_A_COLLECTION, collectGarbage, MemoryAtRest, REST_MS } from './memory-at-rest.ts';

function begin() {
  const clock = new FakeClock();
  const collectedAtMs: number[] = [];
  const startMs = clock.monotonicMs();
  const memory = new MemoryAtRest(clock, () => collectedAtMs.push(clock.monotonicMs() - startMs));
  const calls = async (count: number, everyMs: number): Promise<void> => {
    for (let call = 0; call < count; call += 1) {
      memory.callEnded();
      await clock.advance(everyMs);
    }
  };
  return { clock, memory, calls, collectedAtMs };
}

describe('MemoryAtRest', () => {
  test('a few calls are not worth a collection', async () => {
    const { clock, calls, collectedAtMs } = begin();
    await calls(CALLS_WORTH_A_COLLECTION - 1, 10);
    await clock.advance(10 * REST_MS);
    expect(collectedAtMs).toEqual([]);
  });

  test('a burst is followed by one collection, when nobody has called for a while', async () => {
    const { clock, calls, collectedAtMs } = begin();
    await calls(20 * CALLS_WORTH_A_COLLECTION, 10);
    expect(collectedAtMs).toEqual([]);
    await clock.advance(10 * REST_MS);
    expect(collectedAtMs).toEqual([(20 * CALLS_WORTH_A_COLLECTION - 1) * 10 + REST_MS]);
  });

  test('at the pace of kubelet there is one in so many calls', async () => {
    const { calls, collectedAtMs } = begin();
    await calls(3 * CALLS_WORTH_A_COLLECTION, 10_000);
    const between = CALLS_WORTH_A_COLLECTION * 10_000;
    expect(collectedAtMs).toEqual([1, 2, 3].map((time) => time * between - 10_000 + REST_MS));
  });

  test('nothing waits after the stop', async () => {
    const { clock, memory, calls, collectedAtMs } = begin();
    await calls(CALLS_WORTH_A_COLLECTION, 1);
    memory.stop();
    await clock.advance(10 * REST_MS);
    expect(collectedAtMs).toEqual([]);
  });
});

test('collectGarbage takes what nobody holds, and leaves no function behind', async () => {
  const gone = new WeakRef({ text: 'x' });
  await nextTurn();
  collectGarbage();
  expect(gone.deref()).toBeUndefined();
  expect(process.getBuiltinModule('node:vm').runInNewContext('typeof gc')).toBe('undefined');
});
