// The event pipeline's numbers, which are client-go's: folding from the 10th different message, counting, 25 events and one per 300 s.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EventCorrelation } from './aggregate-plan.ts';
import type { CorrelatedEvent, EventFacts } from './aggregate-plan.ts';

function anEvent(overrides: Partial<EventFacts> = {}): EventFacts {
  return {
    component: 'service-controller',
    type: 'Warning',
    reason: 'SyncLoadBalancerFailed',
    message: 'Error syncing load balancer',
    involvedObject: {
      apiVersion: 'v1',
      kind: 'Service',
      name: 'web',
      namespace: 'shop',
      uid: 'u1',
      resourceVersion: '7',
    },
    ...overrides,
  };
}

function correlateAll(facts: readonly EventFacts[], everyMs = 0): readonly CorrelatedEvent[] {
  const correlation = new EventCorrelation();
  return facts.map((event, at) => correlation.correlate(event, 1_000 + at * everyMs));
}

describe('EventCorrelation', () => {
  test('the same event again is counted on the same object', () => {
    const events = correlateAll([anEvent(), anEvent(), anEvent()], 1_000);
    expect(events.map(({ count }) => count)).toEqual([1, 2, 3]);
    expect(new Set(events.map(({ key }) => key)).size).toBe(1);
  });

  test.each([
    { what: 'another object', other: { involvedObject: { ...anEvent().involvedObject, uid: 'u2' } } },
    { what: 'another reason', other: { reason: 'UnAvailableLoadBalancer' } },
    { what: 'another type', other: { type: 'Normal' as const } },
    { what: 'another component', other: { component: 'node-controller' } },
    { what: 'another message', other: { message: 'something else' } },
  ])('$what is another event', ({ other }) => {
    const [first, second] = correlateAll([anEvent(), anEvent(other)]);
    expect(second?.key).not.toBe(first?.key);
    expect(second?.count).toBe(1);
  });

  test('another resource version of the object is the same event', () => {
    const later = anEvent({ involvedObject: { ...anEvent().involvedObject, resourceVersion: '8' } });
    expect(correlateAll([anEvent(), later])[1]?.count).toBe(2);
  });

  test('from the 10th different message on they are folded into one object', () => {
    const events = correlateAll(Array.from({ length: 12 }, (_, at) => anEvent({ message: `attempt ${at + 1}` })));
    expect(events.slice(0, 9).map(({ message }) => message)).toEqual(
      Array.from({ length: 9 }, (_, at) => `attempt ${at + 1}`),
    );
    expect(events.slice(9).map(({ message, count }) => [message, count])).toEqual([
      ['(combined from similar events): attempt 10', 1],
      ['(combined from similar events): attempt 11', 2],
      ['(combined from similar events): attempt 12', 3],
    ]);
  });

  test('a message that was there before the folding is still counted as itself', () => {
    const messages = [...Array.from({ length: 12 }, (_, at) => `attempt ${at + 1}`), 'attempt 1'];
    expect(correlateAll(messages.map((message) => anEvent({ message }))).at(-1)).toMatchObject({
      message: 'attempt 1',
      count: 2,
    });
  });

  test('messages that are more than 600 s apart are not folded', () => {
    const events = correlateAll(
      Array.from({ length: 12 }, (_, at) => anEvent({ message: `attempt ${at + 1}` })),
      600_001,
    );
    expect(events.some(({ message }) => message.startsWith('(combined'))).toBe(false);
  });

  test('of 40 failing polls within 5 minutes at most 26 are written, all are counted', () => {
    const events = correlateAll(
      Array.from({ length: 40 }, () => anEvent()),
      7_500,
    );
    expect(events.filter(({ isSpam }) => !isSpam)).toHaveLength(25);
    expect(events.at(-1)?.count).toBe(40);
  });

  test('one more event is let through every 300 s', () => {
    const correlation = new EventCorrelation();
    for (let at = 0; at < 30; at += 1) correlation.correlate(anEvent(), 0);
    expect(correlation.correlate(anEvent(), 299_000).isSpam).toBe(true);
    expect(correlation.correlate(anEvent(), 301_000).isSpam).toBe(false);
    expect(correlation.correlate(anEvent(), 302_000).isSpam).toBe(true);
  });

  test('too many warnings do not silence the normal events of the object', () => {
    const correlation = new EventCorrelation();
    for (let at = 0; at < 40; at += 1) correlation.correlate(anEvent(), 0);
    expect(correlation.correlate(anEvent({ type: 'Normal', reason: 'EnsuredLoadBalancer' }), 0).isSpam).toBe(false);
  });

  test('never more than 25 + time/300 s events of one object pass, whatever happens', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 60_000 }), fc.integer({ min: 0, max: 15 }))), (steps) => {
        const correlation = new EventCorrelation();
        let nowMs = 0;
        let passed = 0;
        for (const [pauseMs, message] of steps) {
          nowMs += pauseMs;
          if (!correlation.correlate(anEvent({ message: `m${message}` }), nowMs).isSpam) passed += 1;
        }
        return passed <= 25 + nowMs / 300_000;
      }),
    );
  });
});
