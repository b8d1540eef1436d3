// The API's errors: both forms of bodies, what is known by its text, and what is no word of the API at all.
import { describe, expect, test } from '@jest/globals';
import { CloudApiError } from '@longshore/cloud-http';
import { createPacketApi } from './packet-api.ts';
import { classifyPacketBody, isForbidden, refusalOf } from './classify.ts';
import type { ProjectId } from './ids.ts';
import { endOfServiceNotice, explainFailure, isServiceEnded, PACKET_URL, SERVICE_END } from './service-end.ts';
import { idOf } from './test-support/samples.ts';
import { startStub } from './test-support/stub-server.ts';
import type { StubAnswer } from './test-support/stub-server.ts';

const signal = new AbortController().signal;

async function failureOf(answer: StubAnswer): Promise<CloudApiError> {
  const stub = await startStub(() => answer);
  const api = createPacketApi({ baseUrl: stub.url, token: () => 'the-key', userAgent: 't', maxAttempts: 1 });
  try {
    await api.bgp.enable(idOf(1) as ProjectId, { deploymentType: 'local', asn: 65000 }, signal);
  } catch (error) {
    if (error instanceof CloudApiError) return error;
    throw error;
  } finally {
    api.http.close();
    await stub.close();
  }
  throw new Error('it did not fail');
}

describe('error bodies', () => {
  test.each([
    { body: { errors: ['a', 'b'] }, message: 'a; b' },
    { body: { error: 'a' }, message: 'a' },
    { body: { errors: ['a'], error: 'b' }, message: 'a; b' },
    { body: { errors: ['a'], error: 'a' }, message: 'a' },
    { body: { errors: [] }, message: 'no reason was given' },
    { body: { errors: [7, null, { message: 'a' }, ['b']] }, message: 'a; b' },
    { body: { error: '' }, message: 'no reason was given' },
  ])('$body are the API’s words', ({ body, message }) => {
    expect(classifyPacketBody(body, 500)).toEqual({ apiCode: 'status-500', message });
  });

  test.each([
    undefined,
    null,
    'text',
    [],
    {},
    { message: 'no Route matched' },
    { errors: 'x' },
    { error: { code: 1 } },
  ])('%j are not', (body) => {
    expect(classifyPacketBody(body, 404)).toBeUndefined();
  });

  test.each([
    { text: 'Device already has session for IPv4', refusal: 'bgp-session-exists', retry: 'on-change' },
    {
      text: 'Cannot detach since volume is actively being used on your server x',
      refusal: 'volume-in-use',
      retry: 'after',
    },
    { text: 'Instance is already attached to this volume', refusal: 'already-attached', retry: 'backoff' },
    {
      text: 'The facility ewr1 has no provisionable c3.small.x86 servers matching your criteria.',
      refusal: 'no-capacity',
      retry: 'backoff',
    },
    { text: 'The request exceeds the IP quota of the project', refusal: 'quota', retry: 'backoff' },
    { text: 'Cannot delete a locked item', refusal: 'locked', retry: 'on-change' },
    { text: 'Hostname is invalid', refusal: undefined, retry: 'on-change' },
  ])('422 "$text" is $refusal', async ({ text, refusal, retry }) => {
    const error = await failureOf({ status: 422, json: { errors: [text] } });
    expect([error.code, refusalOf(error), error.disposition.retry]).toEqual(['CLOUD_REJECTED', refusal, retry]);
    expect(error.message).toContain(text);
  });

  test('the same text with another status is no refusal', async () => {
    expect(
      refusalOf(await failureOf({ status: 500, json: { errors: ['Device already has session'] } })),
    ).toBeUndefined();
    expect(refusalOf(new Error('already has session'))).toBeUndefined();
  });

  const oops = "Oh snap, something went wrong! We've logged the error and will take a look";

  test.each<{ when: string; answer: StubAnswer; code: string; own: boolean; lost: boolean }>([
    {
      when: '401',
      answer: { status: 401, json: { error: 'Invalid authentication token' } },
      code: 'CLOUD_UNAUTHORIZED',
      own: true,
      lost: false,
    },
    { when: '401 without a body', answer: { status: 401 }, code: 'CLOUD_UNAUTHORIZED', own: false, lost: false },
    {
      when: '403',
      answer: { status: 403, json: { errors: ['no access'] } },
      code: 'CLOUD_FORBIDDEN',
      own: true,
      lost: false,
    },
    {
      when: '404',
      answer: { status: 404, json: { errors: ['Not found'] } },
      code: 'CLOUD_NOT_FOUND',
      own: true,
      lost: false,
    },
    {
      when: '404 of a proxy',
      answer: { status: 404, text: '<html>not found</html>' },
      code: 'CLOUD_UNEXPECTED_ANSWER',
      own: false,
      lost: false,
    },
    {
      when: '404 of another API',
      answer: { status: 404, json: { message: 'no Route matched' } },
      code: 'CLOUD_UNEXPECTED_ANSWER',
      own: false,
      lost: false,
    },
    {
      when: '429',
      answer: { status: 429, json: { errors: ['slow down'] }, headers: { 'retry-after': '99' } },
      code: 'CLOUD_RATE_LIMITED',
      own: true,
      lost: false,
    },
    {
      when: '500',
      answer: { status: 500, json: { errors: [oops] } },
      code: 'CLOUD_UNAVAILABLE',
      own: true,
      lost: true,
    },
    {
      when: '502 of a proxy',
      answer: { status: 502, text: '<html>' },
      code: 'CLOUD_UNAVAILABLE',
      own: false,
      lost: true,
    },
    { when: 'a broken connection', answer: { drop: true }, code: 'CLOUD_UNREACHABLE', own: false, lost: true },
  ])('$when', async ({ answer, code, own, lost }) => {
    const error = await failureOf(answer);
    expect([error.code, error.hasApiBody, error.isLostAnswer]).toEqual([code, own, lost]);
    expect(isForbidden(error)).toBe(code === 'CLOUD_FORBIDDEN');
    expect(isServiceEnded(error)).toBe(false);
    expect(`${error.message} ${error.stack}`).not.toContain('the-key');
  });
});

describe('the end of the service', () => {
  test.each([
    { url: PACKET_URL, ended: true },
    { url: 'https://api.packet.net/', ended: true },
    { url: 'https://metadata.packet.net', ended: true },
    { url: 'https://packet.example.com/metal/v1', ended: false },
    { url: 'http://127.0.0.1:8080', ended: false },
    { url: 'nonsense', ended: false },
  ])('$url', ({ url, ended }) => {
    const notice = endOfServiceNotice(url);
    expect(notice !== undefined).toBe(ended);
    if (ended) expect(notice).toMatch(new RegExp(`${SERVICE_END}.*base-url.*PACKET_API_URL`));
  });

  test('the notice about the metadata service names its own setting', () => {
    expect(endOfServiceNotice('https://metadata.packet.net', 'metadata')).toContain('metadata-url');
  });

  test('failures at the ended addresses are explained; their facts stay', async () => {
    const lost = await failureOf({ drop: true });
    const explained = explainFailure(lost, PACKET_URL) as CloudApiError;
    expect(isServiceEnded(explained)).toBe(true);
    expect(explained.message).toContain(`ended on ${SERVICE_END}: set base-url`);
    expect([explained.code, explained.isLostAnswer, explained.disposition]).toEqual([
      lost.code,
      true,
      lost.disposition,
    ]);
    expect(explainFailure(lost, 'https://packet.example.com')).toBe(lost);
  });

  test('what somebody still answers in the API’s words is no end, and neither are our own failures', async () => {
    const unauthorized = await failureOf({ status: 401, json: { error: 'Invalid authentication token' } });
    expect(explainFailure(unauthorized, PACKET_URL)).toBe(unauthorized);
    const api = createPacketApi({ token: () => 'k', userAgent: 't', dryRun: true });
    const dry = await api.projects.create({ name: 'x' }, signal).catch((error: unknown) => error);
    expect(dry).toMatchObject({ code: 'CLOUD_DRY_RUN' });
    expect(isServiceEnded(dry)).toBe(false);
    expect(explainFailure('x', PACKET_URL)).toBe('x');
  });

  test('410 is an end at any address', async () => {
    const stub = await startStub(() => ({ status: 410, json: { errors: ['Gone'] } }));
    const api = createPacketApi({ baseUrl: stub.url, token: () => 'k', userAgent: 't' });
    const error = await api.catalog.metros(signal).catch((reason: unknown) => reason);
    api.http.close();
    await stub.close();
    expect(isServiceEnded(error)).toBe(true);
    expect((error as Error).message).toContain('what was here has ended; set base-url');
  });
});
