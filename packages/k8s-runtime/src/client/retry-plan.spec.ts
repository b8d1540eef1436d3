import { describe, expect, test } from '@jest/globals';
import { planRetry } from './retry-plan.ts';
import type { AttemptHistory, AttemptResult } from './retry-plan.ts';

const answer = (status: number, retryAfterMs?: number): AttemptResult => ({ kind: 'answer', status, retryAfterMs });
const failure = (
  code: string,
  rest: { isReusedSocket?: boolean; isCertificateFailure?: boolean } = {},
): AttemptResult => ({
  kind: 'failure',
  code,
  isReusedSocket: false,
  isCertificateFailure: false,
  ...rest,
});
const history = (method: string, rest: Partial<AttemptHistory> = {}): AttemptHistory => ({
  method,
  waits: 0,
  resets: 0,
  hasRenewed: false,
  ...rest,
});

const finish = { next: 'finish' };
const waits = (ms: number): object => ({ next: 'wait', ms, because: 'retry-after' });
const reset = (ms: number): object => ({ next: 'wait', ms, because: 'reset' });
const renew = (onlyIfChanged: boolean): object => ({ next: 'renew', onlyIfChanged });

describe('planRetry', () => {
  test.each([
    { when: 'a GET succeeds', result: answer(200), so: history('GET'), then: finish },
    { when: 'a write is refused', result: answer(409), so: history('PUT'), then: finish },
    { when: 'a write is put off', result: answer(429, 1000), so: history('POST'), then: waits(1000) },
    { when: 'the server is away for a moment', result: answer(503, 5000), so: history('PATCH'), then: waits(5000) },
    { when: 'a write is put off by 0 s', result: answer(429, 0), so: history('POST'), then: waits(0) },
    {
      when: 'put off for the tenth time',
      result: answer(429, 1000),
      so: history('GET', { waits: 9 }),
      then: waits(1000),
    },
    {
      when: 'put off for the eleventh time',
      result: answer(429, 1000),
      so: history('GET', { waits: 10 }),
      then: finish,
    },
    { when: 'put off for more than a minute', result: answer(429, 61_000), so: history('GET'), then: finish },
    { when: 'too many requests without a time', result: answer(429), so: history('GET'), then: finish },
    { when: 'a server error without a time', result: answer(500), so: history('GET'), then: finish },
    { when: 'a conflict with a time', result: answer(409, 1000), so: history('GET'), then: finish },

    { when: 'the token is refused', result: answer(401), so: history('POST'), then: renew(false) },
    {
      when: 'the new token is refused as well',
      result: answer(401),
      so: history('POST', { hasRenewed: true }),
      then: finish,
    },
    {
      when: 'the server shows a certificate that we do not know',
      result: failure('SELF_SIGNED_CERT_IN_CHAIN', { isCertificateFailure: true }),
      so: history('POST'),
      then: renew(true),
    },
    {
      when: 'and the files had nothing new',
      result: failure('SELF_SIGNED_CERT_IN_CHAIN', { isCertificateFailure: true }),
      so: history('POST', { hasRenewed: true }),
      then: finish,
    },

    { when: 'a GET breaks on a new connection', result: failure('ECONNRESET'), so: history('GET'), then: reset(1000) },
    {
      when: 'a GET breaks on a stale connection',
      result: failure('ECONNRESET', { isReusedSocket: true }),
      so: history('GET'),
      then: reset(0),
    },
    {
      when: 'it breaks again on another stale one',
      result: failure('ECONNRESET', { isReusedSocket: true }),
      so: history('GET', { resets: 1 }),
      then: reset(1000),
    },
    { when: 'it breaks too often', result: failure('ECONNRESET'), so: history('GET', { resets: 3 }), then: finish },
    { when: 'a write breaks', result: failure('ECONNRESET'), so: history('PATCH'), then: finish },
    {
      when: 'a write breaks on a stale connection',
      result: failure('EPIPE', { isReusedSocket: true }),
      so: history('DELETE'),
      then: finish,
    },
    { when: 'nobody listens', result: failure('ECONNREFUSED'), so: history('GET'), then: finish },
    { when: 'a GET takes too long', result: failure(''), so: history('GET'), then: finish },
  ])('when $when', ({ result, so, then }) => {
    expect(planRetry(result, so)).toEqual(then);
  });
});
