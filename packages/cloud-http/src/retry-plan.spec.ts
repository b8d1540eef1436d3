import { describe, expect, test } from '@jest/globals';
import type { Failure } from './failure.ts';
import type { RateHints } from './rate-headers.ts';
import { planRetry } from './retry-plan.ts';

function answer(status: number, hints: RateHints = {}): Failure {
  return { kind: 'answer', status, api: undefined, text: '', requestId: undefined, hints };
}

function transport(code: string, wasSent: boolean): Failure {
  return { kind: 'transport', code, reason: code, wasSent };
}

const timeout: Failure = { kind: 'timeout', timeoutMs: 30_000 };
const unreadable: Failure = { kind: 'unreadable', status: 200, reason: 'the body is not JSON', text: '<html>' };

function plan(failure: Failure, overrides: { idempotent?: boolean; attempt?: number; random?: number } = {}) {
  return planRetry({ idempotent: true, attempt: 1, maxAttempts: 3, random: 0, failure, ...overrides });
}

describe('planRetry, calls that may be repeated', () => {
  test.each([
    { when: '500', failure: answer(500), afterMs: 100 },
    { when: '502', failure: answer(502), afterMs: 100 },
    { when: '503 with Retry-After', failure: answer(503, { retryAfterMs: 2_000 }), afterMs: 2_000 },
    { when: 'a reset connection', failure: transport('ECONNRESET', true), afterMs: 100 },
    { when: 'a refused connection', failure: transport('ECONNREFUSED', false), afterMs: 100 },
    { when: 'a success that cannot be read', failure: unreadable, afterMs: 100 },
    { when: '429 with Retry-After', failure: answer(429, { retryAfterMs: 2_000 }), afterMs: 2_000 },
    {
      when: '429 with remaining 0 and a reset',
      failure: answer(429, { remaining: 0, resetInMs: 9_000 }),
      afterMs: 9_000,
    },
    {
      when: '429 with a reset and no word about what is left',
      failure: answer(429, { resetInMs: 9_000 }),
      afterMs: 9_000,
    },
    {
      when: '429 with both: Retry-After is about the short limit and wins',
      failure: answer(429, { remaining: 0, resetInMs: 3_000_000, retryAfterMs: 5_000 }),
      afterMs: 5_000,
    },
    { when: '429 that does not say when', failure: answer(429), afterMs: 100 },
  ])('$when is repeated after $afterMs ms', ({ failure, afterMs }) => {
    expect(plan(failure)).toEqual({ retry: true, afterMs });
  });

  test.each([
    { when: '400', failure: answer(400) },
    { when: '401', failure: answer(401) },
    { when: '403', failure: answer(403) },
    { when: '404', failure: answer(404) },
    { when: '409', failure: answer(409) },
    { when: '422', failure: answer(422) },
    { when: '302', failure: answer(302) },
    { when: '501', failure: answer(501) },
    { when: 'a time-out', failure: timeout },
    { when: '429 that asks for more than 30 s', failure: answer(429, { retryAfterMs: 31_000 }) },
    { when: '503 that asks for more than 30 s', failure: answer(503, { retryAfterMs: 31_000 }) },
  ])('$when is not repeated', ({ failure }) => {
    expect(plan(failure)).toEqual({ retry: false });
  });
});

describe('planRetry, calls that create something', () => {
  test.each([
    { when: '500', failure: answer(500) },
    { when: '503 with Retry-After', failure: answer(503, { retryAfterMs: 1_000 }) },
    { when: 'a reset connection', failure: transport('ECONNRESET', true) },
    { when: 'a time-out', failure: timeout },
    { when: 'a success that cannot be read', failure: unreadable },
  ])('$when is not repeated: it may have taken effect', ({ failure }) => {
    expect(plan(failure, { idempotent: false })).toEqual({ retry: false });
  });

  test.each([
    { when: '429', failure: answer(429, { retryAfterMs: 1_000 }) },
    { when: 'a connection that was never made', failure: transport('ECONNREFUSED', false) },
  ])('$when is repeated: nothing was done', ({ failure }) => {
    expect(plan(failure, { idempotent: false }).retry).toBe(true);
  });
});

describe('planRetry, how often and how long', () => {
  test('the last attempt is the last', () => {
    expect(plan(answer(500), { attempt: 3 })).toEqual({ retry: false });
  });

  test.each([
    { attempt: 1, random: 0, afterMs: 100 },
    { attempt: 1, random: 1, afterMs: 200 },
    { attempt: 2, random: 0, afterMs: 400 },
    { attempt: 2, random: 1, afterMs: 800 },
  ])('attempt $attempt at random $random waits $afterMs ms', ({ attempt, random, afterMs }) => {
    expect(plan(answer(500), { attempt, random })).toEqual({ retry: true, afterMs });
  });
});
