import { describe, expect, test } from '@jest/globals';
import type { PageRequest } from '@longshore/k8s-runtime/process';
import { silentLogger } from '@longshore/reconciler-core';
import { aService } from '../test-support/builders.ts';
import { admissionPage, bindAddressProblem, limitMs } from './admission-page.ts';
import { allow, deny } from './review.ts';
import type { ServiceReview, Verdict } from './review.ts';

interface Asked {
  readonly reviews: ServiceReview[];
  readonly limits: number[];
}

async function post(
  body: unknown,
  { verdict = allow('fine'), ...over }: Partial<PageRequest> & { verdict?: Verdict } = {},
): Promise<{ status: number; body: string; asked: Asked }> {
  const asked: Asked = { reviews: [], limits: [] };
  const judge = (review: ServiceReview, limit: number): Promise<Verdict> => {
    asked.reviews.push(review);
    asked.limits.push(limit);
    return Promise.resolve(verdict);
  };
  const page = admissionPage({ validator: { judge }, log: silentLogger, signal: new AbortController().signal });
  const { status, body: text } = await page({
    method: 'POST',
    path: '/lb-service',
    query: new URLSearchParams('timeout=10s'),
    headers: { 'content-type': ['application/json'] },
    body: typeof body === 'string' ? body : JSON.stringify(body),
    clientCertificate: undefined,
    ...over,
  });
  return { status, body: text, asked };
}

const request = {
  uid: 'u-1',
  operation: 'CREATE',
  resource: { group: '', version: 'v1', resource: 'services' },
  namespace: 'shop',
  name: 'web',
  object: aService(),
};
const review = (over: object = {}): object => ({
  apiVersion: 'admission.k8s.io/v1',
  kind: 'AdmissionReview',
  request: { ...request, ...over },
});

describe('a review', () => {
  test('is answered under its UID, with warnings', async () => {
    const { status, body, asked } = await post(review(), { verdict: allow('fine', ['but']) });
    expect(status).toBe(200);
    expect(JSON.parse(body)).toEqual({
      apiVersion: 'admission.k8s.io/v1',
      kind: 'AdmissionReview',
      response: { uid: 'u-1', allowed: true, status: { code: 200, message: 'fine' }, warnings: ['but'] },
    });
    expect(asked.reviews).toEqual([
      { uid: 'u-1', operation: 'CREATE', about: 'shop/web', service: aService(), old: undefined },
    ]);
    expect(asked.limits).toEqual([9_000]);
  });

  test('is refused with 403', async () => {
    const { body } = await post(review(), { verdict: deny('no') });
    expect(JSON.parse(body)).toMatchObject({
      response: { uid: 'u-1', allowed: false, status: { code: 403, reason: 'Forbidden', message: 'no' } },
    });
  });

  test('of an update has the old object; of a deletion there is nothing to read', async () => {
    const update = await post(review({ operation: 'UPDATE', oldObject: aService({ ports: [81] }) }));
    expect(update.asked.reviews[0]?.old?.spec?.ports?.[0]?.port).toBe(81);
    const removal = await post(review({ operation: 'DELETE', object: null, oldObject: aService() }));
    expect(removal.asked.reviews).toEqual([
      { uid: 'u-1', operation: 'DELETE', about: 'shop/web', service: undefined, old: undefined },
    ]);
  });
});

describe('what is no review', () => {
  test.each([
    { what: 'no JSON', body: '{', says: 'no JSON object' },
    { what: 'a list', body: [], says: 'no JSON object' },
    { what: 'an older version', body: { ...review(), apiVersion: 'admission.k8s.io/v1beta1' }, says: 'got admission' },
    { what: 'another kind', body: { kind: 'Service', apiVersion: 'v1' }, says: 'got v1 Service' },
    { what: 'no request', body: { ...review(), request: undefined }, says: 'no request.uid' },
    { what: 'no UID', body: review({ uid: '' }), says: 'no request.uid' },
    {
      what: 'another resource',
      body: review({ resource: { group: 'apps', version: 'v1', resource: 'deployments' } }),
      says: 'got apps/v1 deployments',
    },
    { what: 'no object', body: review({ object: null }), says: 'request.object is no Service' },
    {
      what: 'annotations that are no texts',
      body: review({ object: { metadata: { annotations: { a: 1 } }, spec: {} } }),
      says: 'request.object',
    },
    { what: 'ports that are no list', body: review({ object: { spec: { ports: {} } } }), says: 'request.object' },
    { what: 'an update without the old object', body: review({ operation: 'UPDATE' }), says: 'request.oldObject' },
  ])('$what: 400 and a sentence', async ({ body, says }) => {
    const answer = await post(body);
    expect(answer).toMatchObject({ status: 400, body: expect.stringContaining(says), asked: { reviews: [] } });
  });

  test.each([
    { what: 'GET', over: { method: 'GET' }, status: 405 },
    { what: 'no content type', over: { headers: {} }, status: 415 },
    { what: 'YAML', over: { headers: { 'content-type': ['application/yaml'] } }, status: 415 },
    { what: 'a charset', over: { headers: { 'content-type': ['application/json; charset=utf-8'] } }, status: 200 },
  ])('$what: $status', async ({ over, status }) => {
    expect((await post(review(), over)).status).toBe(status);
  });
});

test.each([
  { timeout: '10s', ms: 9_000 },
  { timeout: '1s', ms: 500 },
  { timeout: '30s', ms: 29_000 },
  { timeout: '1500ms', ms: 750 },
  { timeout: null, ms: 8_000 },
  { timeout: 'soon', ms: 8_000 },
])('of $timeout there are $ms ms for the verdict', ({ timeout, ms }) => {
  expect(limitMs(timeout)).toBe(ms);
});

test.each([
  { address: '', isFine: true },
  { address: '127.0.0.1', isFine: true },
  { address: '::', isFine: true },
  { address: 'localhost', isFine: false },
])('bind address "$address"', ({ address, isFine }) => {
  expect(bindAddressProblem(address) === undefined).toBe(isFine);
});
