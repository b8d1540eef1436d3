import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import type { Lane } from './call.ts';
import { RateBudget } from './rate-budget.ts';
import type { Ticket } from './rate-budget.ts';

const signal = new AbortController().signal;

function setUp(options: { qps?: number } = {}) {
  const clock = new FakeClock();
  const budget = new RateBudget({ clock, ...options });
  const granted: string[] = [];
  const tickets: Ticket[] = [];
  const refused: unknown[] = [];
  const ask = (name: string, lane: Lane = 'normal', by = signal): void => {
    budget.acquire(lane, by).then(
      (ticket) => (granted.push(name), tickets.push(ticket)),
      (error: unknown) => refused.push(error),
    );
  };
  return { clock, budget, granted, tickets, refused, ask };
}

describe('RateBudget, what the API said', () => {
  test('without any answer nobody waits', async () => {
    const { ask, granted, clock } = setUp();
    for (const name of ['a', 'b', 'c']) ask(name);
    await clock.settle();
    expect(granted).toEqual(['a', 'b', 'c']);
  });

  test('the last calls of the quota are shared out once, counting those under way', async () => {
    const { budget, ask, granted, tickets, clock } = setUp();
    ask('first');
    await clock.settle();
    tickets[0]?.settle({ status: 200, hints: { remaining: 2, resetInMs: 20_000 } });
    for (const name of ['a', 'b', 'c']) ask(name);
    await clock.settle();
    expect(granted).toEqual(['first', 'a', 'b']);
    expect(budget.remaining).toBe(0);
    await clock.advance(19_999);
    expect(granted).toHaveLength(3);
    await clock.advance(1);
    expect(granted).toEqual(['first', 'a', 'b', 'c']);
  });

  test('at the reset one call goes ahead; its answer lets the others go', async () => {
    const { ask, granted, tickets, clock } = setUp();
    ask('first');
    await clock.settle();
    tickets[0]?.settle({ status: 200, hints: { remaining: 0, resetInMs: 5_000 } });
    for (const name of ['a', 'b', 'c']) ask(name);
    await clock.advance(5_000);
    expect(granted).toEqual(['first', 'a']);
    tickets[1]?.settle({ status: 200, hints: { remaining: 4_000, resetInMs: 100 } });
    await clock.settle();
    expect(granted).toEqual(['first', 'a', 'b', 'c']);
  });

  test('a probe whose answer is lost does not stop the others for ever', async () => {
    const { ask, granted, tickets, clock } = setUp();
    ask('first');
    await clock.settle();
    tickets[0]?.settle({ status: 200, hints: { remaining: 0, resetInMs: 5_000 } });
    ask('a');
    ask('b');
    await clock.advance(5_000);
    tickets[1]?.settle();
    await clock.advance(1_000);
    expect(granted).toEqual(['first', 'a', 'b']);
  });

  test('row 116 after a 429 with Retry-After 2 nobody calls for 2 s, whoever asks', async () => {
    const { ask, granted, tickets, clock } = setUp();
    ask('first');
    await clock.settle();
    tickets[0]?.settle({ status: 429, hints: { remaining: 0, resetInMs: 3_000_000, retryAfterMs: 2_000 } });
    ask('a');
    ask('b', 'urgent');
    await clock.advance(1_999);
    expect(granted).toEqual(['first']);
    await clock.advance(1);
    expect(granted).toEqual(['first', 'b', 'a']);
  });

  test('a wait of more than 30 s is refused with the time to come back', async () => {
    const { ask, refused, tickets, clock } = setUp();
    ask('first');
    await clock.settle();
    tickets[0]?.settle({ status: 429, hints: { remaining: 0, resetInMs: 600_000 } });
    ask('a');
    await clock.settle();
    expect(refused).toEqual([
      expect.objectContaining({
        code: 'CLOUD_RATE_LIMITED',
        disposition: { retry: 'after', ms: 600_000 },
        retryAfterMs: 600_000,
      }),
    ]);
  });

  test('those who wait are refused as well when the wait becomes long', async () => {
    const { ask, refused, tickets, clock } = setUp();
    ask('x');
    ask('y');
    await clock.settle();
    tickets[0]?.settle({ status: 200, hints: { remaining: 1, resetInMs: 10_000 } });
    ask('a');
    await clock.settle();
    expect(refused).toEqual([]);
    tickets[1]?.settle({ status: 429, hints: { retryAfterMs: 60_000 } });
    await clock.settle();
    expect(refused).toHaveLength(1);
  });
});

describe('RateBudget, order', () => {
  test('deletions go first', async () => {
    const { ask, granted, clock } = setUp({ qps: 1 });
    ask('first');
    ask('a');
    ask('b');
    ask('deletion', 'urgent');
    await clock.advance(3_000);
    expect(granted).toEqual(['first', 'deletion', 'a', 'b']);
  });

  test('a cap in calls per second spaces the calls', async () => {
    const { ask, granted, clock } = setUp({ qps: 4 });
    for (const name of ['a', 'b', 'c']) ask(name);
    await clock.settle();
    expect(granted).toEqual(['a']);
    await clock.advance(249);
    expect(granted).toEqual(['a']);
    await clock.advance(1);
    expect(granted).toEqual(['a', 'b']);
    await clock.advance(250);
    expect(granted).toEqual(['a', 'b', 'c']);
  });

  test('one who gives up leaves the queue and costs nobody a call', async () => {
    const { ask, granted, refused, clock } = setUp({ qps: 1 });
    const quitter = new AbortController();
    ask('first');
    ask('quitter', 'urgent', quitter.signal);
    ask('a');
    await clock.settle();
    quitter.abort(new Error('no more'));
    await clock.advance(1_000);
    expect(granted).toEqual(['first', 'a']);
    expect(refused).toEqual([quitter.signal.reason]);
  });

  test('one who comes with an ended signal is not queued', async () => {
    const { ask, refused, clock } = setUp();
    ask('late', 'normal', AbortSignal.abort(new Error('over')));
    await clock.settle();
    expect(refused).toEqual([new Error('over')]);
  });
});
