import { describe, expect, test } from '@jest/globals';
import { parseRateHints } from './rate-headers.ts';

const nowMs = Date.UTC(2026, 0, 1);
const nowS = nowMs / 1000;

describe('parseRateHints', () => {
  test.each([
    { when: 'nothing is said', headers: {}, hints: {} },
    {
      when: 'all three are there',
      headers: { 'ratelimit-limit': '5000', 'ratelimit-remaining': '4999', 'ratelimit-reset': String(nowS + 60) },
      hints: { limit: 5000, remaining: 4999, resetInMs: 60_000 },
    },
    { when: 'Retry-After is in seconds', headers: { 'retry-after': '7' }, hints: { retryAfterMs: 7_000 } },
    {
      when: 'Retry-After is a date',
      headers: { 'retry-after': new Date(nowMs + 9_000).toUTCString() },
      hints: { retryAfterMs: 9_000 },
    },
    {
      when: 'the clocks differ: the date of the answer counts, not ours',
      headers: { date: new Date(nowMs - 3_600_000).toUTCString(), 'ratelimit-reset': String(nowS - 3_600 + 30) },
      hints: { resetInMs: 30_000 },
    },
    { when: 'the reset is past', headers: { 'ratelimit-reset': String(nowS - 5) }, hints: { resetInMs: 0 } },
    {
      when: 'the values are nonsense',
      headers: { 'ratelimit-remaining': 'many', 'ratelimit-reset': '-4', 'retry-after': 'soon', date: 'never' },
      hints: {},
    },
    { when: 'the names have an x-', headers: { 'x-ratelimit-remaining': '3' }, hints: { remaining: 3 } },
  ])('$when', ({ headers, hints }) => {
    expect(parseRateHints(headers, nowMs)).toEqual(hints);
  });
});
