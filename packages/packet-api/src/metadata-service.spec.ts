// The metadata service: what is asked, and what becomes of answers that are none.
import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MetadataService } from './metadata-service.ts';
import { idOf, METADATA } from './test-support/samples.ts';
import { startStub } from './test-support/stub-server.ts';
import type { StubAnswer } from './test-support/stub-server.ts';

const signal = new AbortController().signal;
let ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const end of ends) await end();
  ends = [];
});

async function serviceWith(answer: StubAnswer, prefix = '') {
  const stub = await startStub(() => answer);
  ends.push(() => stub.close());
  return { stub, service: new MetadataService({ baseUrl: `${stub.url}${prefix}` }) };
}

describe('MetadataService', () => {
  test.each(['', '/', '/gateway/metadata-of/node-1/'])(
    'reads the machine below "%s", without a token',
    async (prefix) => {
      const { stub, service } = await serviceWith({ json: METADATA }, prefix);
      expect(await service.read(signal)).toMatchObject({
        id: idOf(20),
        facility: 'da11',
        metro: 'da',
        hostname: 'node-1',
      });
      expect(stub.requests[0]?.path).toBe(`${prefix.replace(/\/$/, '')}/metadata`);
      expect(stub.requests[0]?.headers).not.toHaveProperty('x-auth-token');
    },
  );

  test('the facility in the old way, and user data', async () => {
    const { stub, service } = await serviceWith({ text: 'ewr1\n' });
    expect(await service.facility(signal)).toBe('ewr1');
    expect(await service.userdata(signal)).toBe('ewr1\n');
    expect(stub.requests.map(({ path }) => path)).toEqual(['/2009-04-04/meta-data/facility', '/userdata']);
  });

  test.each<{ when: string; answer: StubAnswer; reason: RegExp }>([
    { when: 'a 404', answer: { status: 404, json: { error: 'not found' } }, reason: /status 404/ },
    { when: 'HTML', answer: { text: '<html>' }, reason: /not JSON/ },
    { when: 'another shape', answer: { json: { error: 'x' } }, reason: /neither "id" nor "href"/ },
    { when: 'a broken connection', answer: { drop: true }, reason: /socket hang up|ECONNRESET/ },
  ])('$when is an error that says what to do', async ({ answer, reason }) => {
    const { service } = await serviceWith(answer);
    const error: unknown = await service.read(signal).catch((found: unknown) => found);
    expect(error).toMatchObject({ code: 'PACKET_METADATA_UNAVAILABLE', disposition: { retry: 'backoff' } });
    expect((error as Error).message).toMatch(reason);
    expect((error as Error).message).toMatch(/set what is missing explicitly/);
  });

  test('a service that does not answer is given up', async () => {
    const silent = createServer(() => undefined);
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    ends.push(
      () =>
        new Promise((resolve) => {
          silent.closeAllConnections();
          silent.close(() => resolve());
        }),
    );
    const baseUrl = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
    await expect(new MetadataService({ baseUrl, timeoutMs: 20 }).read(signal)).rejects.toThrow(/no answer in 20 ms/);
    const stop = new AbortController();
    const asked = new MetadataService({ baseUrl }).read(stop.signal);
    stop.abort(new Error('stopped'));
    await expect(asked).rejects.toThrow('stopped');
  });

  test('an address that is none', async () => {
    await expect(new MetadataService({ baseUrl: 'ftp://x' }).read(signal)).rejects.toThrow(/the address is none/);
  });
});
