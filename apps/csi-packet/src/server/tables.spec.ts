// The pure decisions around calls: where to listen, how long to take, what to answer, what to show.
import { describe, expect, test } from '@jest/globals';
import { CloudApiError } from '@longshore/cloud-http';
import type { CloudApiErrorFacts, CloudErrorCode } from '@longshore/cloud-http';
import { backoff, never, OperatorError } from '@longshore/reconciler-core';
import { timeForCall } from './call-deadline.ts';
import { codeName } from './codes.ts';
import { aborted, CsiError } from './csi-error.ts';
import { parseEndpoint } from './endpoint.ts';
import { shownRequest } from './redact-request.ts';
import { isOwnFault, statusOfError } from './status-of-error.ts';

describe('parseEndpoint', () => {
  test.each([
    { text: 'unix:///csi/csi.sock', path: '/csi/csi.sock' },
    { text: 'unix:/csi/csi.sock', path: '/csi/csi.sock' },
    { text: 'UNIX:///csi/csi.sock', path: '/csi/csi.sock' },
    { text: '/csi/csi.sock', path: '/csi/csi.sock' },
    { text: ' /csi/../csi/csi.sock ', path: '/csi/csi.sock' },
    { text: 'unix://tmp/x.sock', path: '/somewhere/tmp/x.sock' },
    { text: 'unix:x.sock', path: '/somewhere/x.sock' },
  ])('$text is the socket $path', ({ text, path }) => {
    expect(parseEndpoint(text, '/somewhere')).toEqual({ kind: 'unix', path });
  });

  test.each([
    { text: 'tcp://127.0.0.1:10000', address: '127.0.0.1:10000' },
    { text: 'TCP://[::1]:10000', address: '[::1]:10000' },
    { text: 'tcp://:10000', address: '0.0.0.0:10000' },
  ])('$text is the address $address', ({ text, address }) => {
    expect(parseEndpoint(text, '/somewhere')).toEqual({ kind: 'tcp', address });
  });

  test.each([
    '',
    'csi.sock',
    'http://host/',
    'unix://',
    'unix:///csi/',
    'tcp://host',
    'tcp://host:99999',
    `/${'x'.repeat(107)}`,
  ])('"%s" is a problem', (text) => {
    expect(parseEndpoint(text, '/somewhere')).toEqual({ problem: expect.any(String) });
  });

  test('a path of 107 bytes still fits', () => {
    expect(parseEndpoint(`/${'x'.repeat(106)}`, '/')).toMatchObject({ kind: 'unix' });
  });
});

describe('timeForCall', () => {
  test.each([
    { left: 15_000, time: 14_000 },
    { left: 2_000, time: 1_600 },
    { left: 0, time: 0 },
    { left: -5, time: 0 },
    { left: Infinity, time: 120_000 },
  ])('of $left ms the handler has $time', ({ left, time }) => {
    expect(timeForCall(1_000 + left, 1_000)).toBe(time);
  });
});

const cloud = (code: CloudErrorCode, facts: CloudApiErrorFacts): CloudApiError =>
  new CloudApiError(code, 'POST /storage: no', backoff, facts);

describe('statusOfError', () => {
  test.each([
    { when: 'a refusal of ours', error: new CsiError('OUT_OF_RANGE', 'too big'), code: 'OUT_OF_RANGE' },
    { when: 'not yet', error: aborted('later'), code: 'ABORTED' },
    { when: '401', error: cloud('CLOUD_UNAUTHORIZED', { status: 401 }), code: 'UNAUTHENTICATED' },
    { when: '403', error: cloud('CLOUD_FORBIDDEN', { status: 403, hasApiBody: true }), code: 'PERMISSION_DENIED' },
    { when: '403 of a proxy', error: cloud('CLOUD_UNEXPECTED_ANSWER', { status: 403 }), code: 'UNAVAILABLE' },
    {
      when: '404 of a project',
      error: cloud('CLOUD_NOT_FOUND', { status: 404, hasApiBody: true }),
      code: 'UNAVAILABLE',
    },
    { when: '429', error: cloud('CLOUD_RATE_LIMITED', { status: 429 }), code: 'UNAVAILABLE' },
    { when: '500', error: cloud('CLOUD_UNAVAILABLE', { status: 500, hasApiBody: true }), code: 'UNAVAILABLE' },
    { when: 'a lost answer', error: cloud('CLOUD_UNREACHABLE', { isLostAnswer: true }), code: 'UNAVAILABLE' },
    { when: 'no answer', error: cloud('CLOUD_TIMEOUT', {}), code: 'UNAVAILABLE' },
    {
      when: '422 for the quota',
      error: cloud('CLOUD_REJECTED', { status: 422, apiCode: 'quota', hasApiBody: true }),
      code: 'RESOURCE_EXHAUSTED',
    },
    {
      when: '422 for a lock',
      error: cloud('CLOUD_REJECTED', { status: 422, apiCode: 'locked', hasApiBody: true }),
      code: 'FAILED_PRECONDITION',
    },
    {
      when: 'another 422',
      error: cloud('CLOUD_REJECTED', { status: 422, apiCode: 'status-422', hasApiBody: true }),
      code: 'INTERNAL',
    },
    {
      when: 'a cause deep inside',
      error: new Error('x', { cause: cloud('CLOUD_RATE_LIMITED', { status: 429 }) }),
      code: 'UNAVAILABLE',
    },
    { when: 'something to try again', error: new OperatorError('X', 'later', backoff), code: 'UNAVAILABLE' },
    { when: 'something that never works', error: new OperatorError('X', 'no', never), code: 'INTERNAL' },
    { when: 'an abort', error: new DOMException('stopped', 'AbortError'), code: 'ABORTED' },
    { when: 'a fault of our own', error: new TypeError('x is undefined'), code: 'INTERNAL' },
    { when: 'a thrown text', error: 'oops', code: 'INTERNAL' },
  ])('$when: $code', ({ error, code }) => {
    expect(statusOfError(error).code).toBe(code);
  });

  test('CPJ 6 no text ends in a space, spans lines or goes on for ever', () => {
    const { details } = statusOfError(new CsiError('INTERNAL', `a \n b ${'x'.repeat(5_000)} `));
    expect(details).toMatch(/^a b x+ …$/);
    expect(details.length).toBeLessThan(2_100);
    expect(statusOfError(new CsiError('INTERNAL', 'the end ')).details).toBe('the end');
  });

  test('only faults of our own deserve a stack', () => {
    expect(isOwnFault(new TypeError('x'))).toBe(true);
    expect(isOwnFault(new CsiError('INTERNAL', 'fsck found errors'))).toBe(false);
    expect(isOwnFault(aborted('later'))).toBe(false);
  });

  test('names of codes', () => {
    expect([0, 10, 14, 99].map(codeName)).toEqual(['OK', 'ABORTED', 'UNAVAILABLE', '99']);
  });
});

describe('shownRequest', () => {
  test('secret fields are stripped by what csi.proto says, nothing else is', () => {
    const request = {
      volumeId: 'v',
      secrets: { token: 'S3CRET' },
      volumeContext: { password: 'not marked' },
      capacityRange: { requiredBytes: 10n, limitBytes: 0n },
      empty: '',
      none: undefined,
      list: [],
    };
    const shown = shownRequest('/csi.v1.Controller/ControllerExpandVolume', request);
    expect(JSON.parse(JSON.stringify(shown))).toEqual({
      volumeId: 'v',
      secrets: { token: '***stripped***' },
      volumeContext: { password: 'not marked' },
      capacityRange: { requiredBytes: '10', limitBytes: '0' },
    });
  });
});
