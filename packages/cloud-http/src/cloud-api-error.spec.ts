import { describe, expect, test } from '@jest/globals';
import { backoff, onChange, retryAfter } from '@longshore/reconciler-core';
import { toCloudApiError } from './cloud-api-error.ts';
import type { Failure } from './failure.ts';
import type { RateHints } from './rate-headers.ts';

const call = { method: 'POST', url: 'https://api.example.com/v2/load_balancers' } as const;

function answer(status: number, apiCode?: string, hints: RateHints = {}): Failure {
  const api = apiCode === undefined ? undefined : { apiCode, message: 'because' };
  return { kind: 'answer', status, api, text: '<html>no</html>', requestId: undefined, hints };
}

describe('toCloudApiError, what to do', () => {
  test.each([
    { failure: answer(401, 'unauthorized'), code: 'CLOUD_UNAUTHORIZED', disposition: backoff },
    { failure: answer(403, 'forbidden'), code: 'CLOUD_FORBIDDEN', disposition: backoff },
    { failure: answer(404, 'not_found'), code: 'CLOUD_NOT_FOUND', disposition: backoff },
    { failure: answer(409, 'conflict'), code: 'CLOUD_CONFLICT', disposition: backoff },
    { failure: answer(400, 'bad_request'), code: 'CLOUD_REJECTED', disposition: onChange },
    { failure: answer(422, 'unprocessable_entity'), code: 'CLOUD_REJECTED', disposition: onChange },
    {
      failure: answer(429, 'too_many_requests', { retryAfterMs: 40_000 }),
      code: 'CLOUD_RATE_LIMITED',
      disposition: retryAfter(40_000),
    },
    {
      failure: answer(429, 'too_many_requests', { remaining: 0, resetInMs: 600_000 }),
      code: 'CLOUD_RATE_LIMITED',
      disposition: retryAfter(600_000),
    },
    { failure: answer(429), code: 'CLOUD_RATE_LIMITED', disposition: backoff },
    { failure: answer(500, 'server_error'), code: 'CLOUD_UNAVAILABLE', disposition: backoff },
    {
      failure: answer(503, undefined, { retryAfterMs: 60_000 }),
      code: 'CLOUD_UNAVAILABLE',
      disposition: retryAfter(60_000),
    },
    { failure: answer(404), code: 'CLOUD_UNEXPECTED_ANSWER', disposition: backoff },
    { failure: answer(422), code: 'CLOUD_UNEXPECTED_ANSWER', disposition: backoff },
    { failure: answer(302), code: 'CLOUD_UNEXPECTED_ANSWER', disposition: backoff },
    {
      failure: { kind: 'transport', code: 'ECONNRESET', reason: 'ECONNRESET', wasSent: true },
      code: 'CLOUD_UNREACHABLE',
      disposition: backoff,
    },
    { failure: { kind: 'timeout', timeoutMs: 30_000 }, code: 'CLOUD_TIMEOUT', disposition: backoff },
    {
      failure: { kind: 'unreadable', status: 200, reason: 'the body is not JSON', text: '' },
      code: 'CLOUD_UNREADABLE_ANSWER',
      disposition: backoff,
    },
  ] as const)('$failure.kind $failure.status $failure.api.apiCode is $code', ({ failure, code, disposition }) => {
    expect(toCloudApiError(call, failure)).toMatchObject({ code, disposition });
  });
});

describe('toCloudApiError, whether the call may have taken effect', () => {
  const reset: Failure = { kind: 'transport', code: 'ECONNRESET', reason: 'reset', wasSent: true };
  test.each([
    { failure: reset, method: 'POST', isLostAnswer: true },
    { failure: { ...reset, wasSent: false } as Failure, method: 'POST', isLostAnswer: false },
    { failure: reset, method: 'GET', isLostAnswer: false },
    { failure: answer(502), method: 'POST', isLostAnswer: true },
    { failure: answer(422, 'unprocessable_entity'), method: 'POST', isLostAnswer: false },
    { failure: answer(429, 'too_many_requests'), method: 'POST', isLostAnswer: false },
    { failure: { kind: 'timeout', timeoutMs: 1 } as Failure, method: 'DELETE', isLostAnswer: true },
  ] as const)('$method, $failure.kind $failure.status: $isLostAnswer', ({ failure, method, isLostAnswer }) => {
    expect(toCloudApiError({ ...call, method }, failure).isLostAnswer).toBe(isLostAnswer);
  });
});

describe('toCloudApiError, what it says', () => {
  test('method, URL, status, request and message, as users know it from the Go program', () => {
    const failure: Failure = {
      kind: 'answer',
      status: 422,
      api: { apiCode: 'unprocessable_entity', message: 'entry port is invalid' },
      text: '',
      requestId: 'ab-12',
      hints: {},
    };
    expect(toCloudApiError(call, failure).message).toBe(
      'POST https://api.example.com/v2/load_balancers: 422 (request "ab-12") entry port is invalid',
    );
  });

  test('a wrong token says what to do', () => {
    expect(toCloudApiError(call, answer(401, 'unauthorized')).message).toMatch(/401 because \(the API token is wrong/);
  });

  test('row 117 the page of a proxy is named with status and text, and told from the API itself', () => {
    const error = toCloudApiError(call, answer(404));
    expect(error.message).toContain('404 <html>no</html> (not an answer of the API itself');
    expect(error.hasApiBody).toBe(false);
  });
});
