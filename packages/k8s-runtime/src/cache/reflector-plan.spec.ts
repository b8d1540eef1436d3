// The table of what a reflector does next.
import { describe, expect, test } from '@jest/globals';
import { firstPlan, planAfter } from './reflector-plan.ts';
import type { Pause, ReflectorOutcome, ReflectorPlan, Situation, StepKind } from './reflector-plan.ts';

const refused = (status: number, reason = '', retryAfterMs?: number): ReflectorOutcome => ({
  kind: 'refused',
  status,
  reason,
  retryAfterMs,
});
const ended = (lastedMs: number, events: number): ReflectorOutcome => ({ kind: 'ended', lastedMs, events });
const errorEvent = (status: number, reason: string): ReflectorOutcome => ({ kind: 'error-event', status, reason });

/** `step@version/pause`; `old` marks a server without WatchList. */
function written({ step, fromVersion, pause, isStreamRefused }: ReflectorPlan): string {
  const wait = typeof pause === 'object' ? `${pause.ms} ms` : pause;
  return `${step}@${fromVersion || 'newest'}, ${wait}${isStreamRefused ? ', old server' : ''}`;
}

function done(
  step: StepKind,
  fromVersion: string,
  rest: { isStreamRefused?: boolean; pause?: Pause } = {},
): ReflectorPlan {
  return { step, fromVersion, pause: 'none', isStreamRefused: false, ...rest };
}

/** Read up to version 7 by a stream, a list or a watch that began at 5. */
const streaming: Situation = { done: done('stream', ''), version: '7', isComplete: true };
const watching: Situation = { done: done('watch', '5'), version: '7', isComplete: true };
/** The first read of all. */
const starting: Situation = { done: firstPlan, version: '', isComplete: false };
/** Reading again from the last version known. */
const rereading: Situation = { done: done('stream', '7'), version: '7', isComplete: false };
const listing: Situation = { done: done('list', '', { isStreamRefused: true }), version: '', isComplete: false };
const relisting: Situation = { done: done('list', '7', { isStreamRefused: true }), version: '7', isComplete: false };
const watchingOld: Situation = { done: done('watch', '5', { isStreamRefused: true }), version: '7', isComplete: true };

test('the first step asks for the newest state as a stream', () => {
  expect(written(firstPlan)).toBe('stream@newest, none');
});

describe('planAfter', () => {
  test.each([
    {
      when: 'a list was taken over',
      from: { ...listing, version: '9', isComplete: true },
      outcome: { kind: 'listed' },
      then: 'watch@9, none, old server',
    },

    { when: 'a watch ends in the regular way', from: watching, outcome: ended(400_000, 0), then: 'watch@7, none' },
    {
      when: 'the stream that read the state ends in the regular way',
      from: streaming,
      outcome: ended(400_000, 9),
      then: 'watch@7, none',
    },
    {
      when: 'a watch ends at once but brought something',
      from: watching,
      outcome: ended(10, 1),
      then: 'watch@7, none',
    },
    { when: 'a watch ends at once without a word', from: watching, outcome: ended(999, 0), then: 'stream@7, backoff' },
    { when: 'a short watch lasted a second', from: watching, outcome: ended(1000, 0), then: 'watch@7, none' },
    {
      when: 'a stream ends before the state was complete',
      from: starting,
      outcome: ended(5000, 40),
      then: 'stream@newest, backoff',
    },
    {
      when: 'a second reading ends before it was complete',
      from: rereading,
      outcome: ended(5000, 40),
      then: 'stream@7, backoff',
    },

    { when: 'a watch breaks', from: watching, outcome: { kind: 'broken' }, then: 'watch@7, backoff' },
    { when: 'a complete stream breaks', from: streaming, outcome: { kind: 'broken' }, then: 'watch@7, backoff' },
    {
      when: 'an incomplete stream breaks',
      from: starting,
      outcome: { kind: 'broken' },
      then: 'stream@newest, backoff',
    },
    {
      when: 'a watch cannot be opened because nobody answers',
      from: watching,
      outcome: { kind: 'unreachable' },
      then: 'watch@7, backoff',
    },
    {
      when: 'the first read reaches nobody',
      from: starting,
      outcome: { kind: 'unreachable' },
      then: 'stream@newest, backoff',
    },
    {
      when: 'a list reaches nobody',
      from: relisting,
      outcome: { kind: 'unreachable' },
      then: 'list@7, backoff, old server',
    },
    { when: 'a watch makes no sense', from: watching, outcome: { kind: 'garbled' }, then: 'stream@7, backoff' },

    {
      when: 'a watch says that its version expired',
      from: watching,
      outcome: errorEvent(410, 'Expired'),
      then: 'stream@7, backoff',
    },
    {
      when: 'a watch of an old server says so',
      from: watchingOld,
      outcome: errorEvent(410, 'Gone'),
      then: 'list@7, backoff, old server',
    },
    {
      when: 'a watch reports an internal error',
      from: watching,
      outcome: errorEvent(500, 'InternalError'),
      then: 'stream@7, backoff',
    },
    {
      when: 'a second reading says that the version expired',
      from: rereading,
      outcome: errorEvent(410, 'Expired'),
      then: 'stream@newest, backoff',
    },
    {
      when: 'a second reading reports an internal error',
      from: rereading,
      outcome: errorEvent(500, 'InternalError'),
      then: 'stream@7, backoff',
    },

    {
      when: 'a watch is refused because its version expired',
      from: watching,
      outcome: refused(410, 'Expired'),
      then: 'stream@7, backoff',
    },
    {
      when: 'the list after that is refused as well',
      from: relisting,
      outcome: refused(410, 'Expired'),
      then: 'list@newest, none, old server',
    },
    {
      when: 'a second reading meets a version that is too large',
      from: rereading,
      outcome: refused(504, 'Timeout'),
      then: 'stream@newest, none',
    },
    {
      when: 'even the newest state is refused as expired',
      from: listing,
      outcome: refused(410, 'Expired'),
      then: 'list@newest, backoff, old server',
    },
    {
      when: 'opening a watch is put off',
      from: watching,
      outcome: refused(429, 'TooManyRequests', 3000),
      then: 'watch@5, 3000 ms',
    },
    {
      when: 'opening a watch is put off without a time',
      from: watching,
      outcome: refused(429),
      then: 'watch@5, backoff',
    },
    {
      when: 'the first read is put off',
      from: starting,
      outcome: refused(429, '', 1000),
      then: 'stream@newest, 1000 ms',
    },
    { when: 'a watch is forbidden', from: watching, outcome: refused(403, 'Forbidden'), then: 'stream@7, backoff' },
    {
      when: 'a watch meets a server error',
      from: watching,
      outcome: refused(503, 'ServiceUnavailable', 2000),
      then: 'stream@7, 2000 ms',
    },
    {
      when: 'the server does not know WatchList (422)',
      from: starting,
      outcome: refused(422, 'Invalid'),
      then: 'list@newest, none, old server',
    },
    {
      when: 'the server does not know WatchList (400)',
      from: starting,
      outcome: refused(400, 'BadRequest'),
      then: 'list@newest, none, old server',
    },
    { when: 'streaming is forbidden', from: starting, outcome: refused(403, 'Forbidden'), then: 'list@newest, none' },
    {
      when: 'streaming meets a server error',
      from: starting,
      outcome: refused(500, 'InternalError'),
      then: 'list@newest, backoff',
    },
    {
      when: 'a list is forbidden',
      from: listing,
      outcome: refused(403, 'Forbidden'),
      then: 'list@newest, backoff, old server',
    },
    {
      when: 'a list of a server that can stream fails',
      from: { ...listing, done: done('list', '') },
      outcome: refused(500),
      then: 'stream@newest, backoff',
    },
  ] as const)('when $when: $then', ({ from, outcome, then }) => {
    expect(written(planAfter(from, outcome))).toBe(then);
  });
});
