import { describe, expect, test } from '@jest/globals';
import {
  classifyKubeError,
  classifyRefusal,
  isCertificateFailure,
  parseRetryAfterMs,
  parseStatus,
  remedyFor,
} from './classify-kube-error.ts';
import { KubeApiError } from './kube-api-error.ts';
import { KubeTransportError } from './kube-transport-error.ts';

describe('classifyRefusal', () => {
  test.each([
    { status: 400, then: { retry: 'on-change' } },
    { status: 413, then: { retry: 'on-change' } },
    { status: 422, then: { retry: 'on-change' } },
    { status: 401, then: { retry: 'backoff' } },
    { status: 403, then: { retry: 'backoff' } },
    { status: 404, then: { retry: 'backoff' } },
    { status: 409, then: { retry: 'backoff' } },
    { status: 410, then: { retry: 'backoff' } },
    { status: 500, then: { retry: 'backoff' } },
    { status: 429, retryAfterMs: 2000, then: { retry: 'after', ms: 2000 } },
    { status: 503, retryAfterMs: 0, then: { retry: 'after', ms: 0 } },
  ])('$status', ({ status, retryAfterMs, then }) => {
    expect(classifyRefusal({ status, reason: '', retryAfterMs })).toEqual(then);
  });
});

test('classifyKubeError knows its own errors and backs off for the rest', () => {
  const refusal = new KubeApiError({ status: 422, reason: 'Invalid', message: 'no' }, { retry: 'on-change' });
  expect(classifyKubeError(refusal)).toEqual({ retry: 'on-change' });
  expect(classifyKubeError(new KubeTransportError('KUBE_API_TIMEOUT', 'slow'))).toEqual({ retry: 'backoff' });
  expect(classifyKubeError(new TypeError('bug'))).toEqual({ retry: 'backoff' });
});

describe('parseStatus', () => {
  test('reads a Status object', () => {
    const body = {
      kind: 'Status',
      code: 429,
      reason: 'TooManyRequests',
      message: 'slow down',
      details: { name: 'n1', retryAfterSeconds: 3 },
    };
    expect(parseStatus(429, JSON.stringify(body))).toEqual({
      status: 429,
      reason: 'TooManyRequests',
      message: 'slow down',
      retryAfterMs: 3000,
      objectName: 'n1',
    });
  });

  test.each([
    { body: '404 page not found\n', status: 404, reason: 'NotFound', message: '404 page not found' },
    { body: '', status: 503, reason: 'ServiceUnavailable', message: 'no explanation given' },
    { body: '{"kind":"Status"', status: 500, reason: 'InternalError', message: '{"kind":"Status"' },
    { body: '{"kind":"Status","metadata":{}}', status: 409, reason: 'Conflict', message: 'no explanation given' },
    {
      body: '<html>\n  <b>Bad gateway</b>\n</html>',
      status: 502,
      reason: 'Unknown',
      message: '<html> <b>Bad gateway</b> </html>',
    },
  ])('reads $body', ({ body, status, reason, message }) => {
    expect(parseStatus(status, body)).toMatchObject({ reason, message });
  });

  test('long texts of proxies are cut', () => {
    expect(parseStatus(502, 'x'.repeat(10_000)).message).toHaveLength(200);
  });
});

test.each([
  { header: '1', ms: 1000 },
  { header: '0', ms: 0 },
  { header: undefined, ms: undefined },
  { header: 'Wed, 21 Oct 2015 07:28:00 GMT', ms: undefined },
  { header: '-1', ms: undefined },
  { header: '1.5', ms: undefined },
])('Retry-After: $header', ({ header, ms }) => {
  expect(parseRetryAfterMs(header)).toBe(ms);
});

test.each([
  { code: 'ECONNREFUSED', remedy: /is it running/, isCertificate: false },
  { code: 'ENOTFOUND', remedy: /DNS/, isCertificate: false },
  { code: 'EHOSTUNREACH', remedy: /routes/, isCertificate: false },
  { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE', remedy: /check the CA/, isCertificate: true },
  { code: 'CERT_HAS_EXPIRED', remedy: /check the CA/, isCertificate: true },
  { code: 'ERR_TLS_CERT_ALTNAME_INVALID', remedy: /host name/, isCertificate: true },
  { code: 'EPROTO', remedy: /http or https/, isCertificate: false },
  { code: 'ERR_OSSL_X509_KEY_VALUES_MISMATCH', remedy: undefined, isCertificate: true },
  { code: 'ECONNRESET', remedy: undefined, isCertificate: false },
])('$code', ({ code, remedy, isCertificate }) => {
  if (remedy) expect(remedyFor(code)).toMatch(remedy);
  else expect(remedyFor(code)).toBeUndefined();
  expect(isCertificateFailure(code)).toBe(isCertificate);
});
