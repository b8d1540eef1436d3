import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { Credentials, TlsMaterial } from './credentials.ts';
import { FakeKubeClient } from './fake/fake-kube-client.ts';
import { serviceAccounts } from './resource-type.ts';
import { ServiceAccountCredentials } from './service-account-client.ts';

const PATH = '/api/v1/namespaces/kube-system/serviceaccounts/node-controller/token';

let api: FakeKubeClient;
let clock: FakeClock;
let baseTls: TlsMaterial;
let credentials: ServiceAccountCredentials;

beforeEach(() => {
  api = new FakeKubeClient();
  clock = new FakeClock();
  baseTls = { ca: 'ca', cert: 'admin', key: 'admin', serverName: 'kube' };
  const base: Credentials = {
    current: () => ({ headers: { authorization: 'Bearer admin' }, tls: baseTls }),
    renew: async () => false,
  };
  const account = { namespace: 'kube-system', name: 'node-controller' };
  credentials = new ServiceAccountCredentials({ client: api, account, base, clock, log: recordingLogger() });
});

function grant(token: string, lifeSeconds = 3600): void {
  const expirationTimestamp = new Date(clock.nowMs() + lifeSeconds * 1000).toISOString();
  api.answers.set(`POST ${PATH}`, { status: 201, body: JSON.stringify({ status: { token, expirationTimestamp } }) });
}

const header = async (): Promise<unknown> => (await credentials.current()).headers['authorization'];

describe('ServiceAccountCredentials', () => {
  test('asks once for an hour and shows no client certificate', async () => {
    grant('one');
    const [first, second] = await Promise.all([credentials.current(), credentials.current()]);
    expect(first).toEqual({
      headers: { authorization: 'Bearer one' },
      tls: { ca: 'ca', serverName: 'kube', isInsecure: undefined },
    });
    expect(second).toBe(first);
    expect(api.calls).toMatchObject([
      { resource: PATH, body: { kind: 'TokenRequest', spec: { expirationSeconds: 3600 } } },
    ]);
  });

  test('is renewed at 80 % of its life, in the background', async () => {
    grant('one');
    await header();
    grant('two');
    await clock.advance(0.8 * 3_600_000 - 1);
    expect(await header()).toBe('Bearer one');
    await clock.settle();
    expect(api.calls).toHaveLength(1);
    await clock.advance(1);
    expect(await header()).toBe('Bearer one');
    await clock.settle();
    expect(await header()).toBe('Bearer two');
  });

  test('a shorter life than asked for is respected', async () => {
    grant('one', 600);
    await header();
    grant('two', 600);
    await clock.advance(600_000);
    expect(await header()).toBe('Bearer two');
  });

  test('a renewal that fails keeps the token to its end, then calls fail', async () => {
    grant('one');
    await header();
    api.answers.clear();
    api.fail({ verb: 'create', times: 100 });
    await clock.advance(3_500_000);
    expect(await header()).toBe('Bearer one');
    await clock.runUntilIdle();
    await clock.advance(100_000);
    const failed = header().then(String, (error: unknown) => error);
    await clock.runUntilIdle();
    expect(await failed).toMatchObject({ code: 'KUBE_CREDENTIALS_FAILED' });
  });

  test('creates the account when it is missing', async () => {
    const missing = { status: 404, body: '' };
    api.answers.set(`POST ${PATH}`, missing);
    const asked = credentials.current();
    await clock.settle();
    grant('one');
    await clock.advance(500);
    expect((await asked).headers).toEqual({ authorization: 'Bearer one' });
    expect(api.object(serviceAccounts, 'kube-system/node-controller')).toBeDefined();
  });

  test('four tries from half a second doubling, then one line that says what to grant', async () => {
    api.answers.set(`POST ${PATH}`, { status: 403, body: '' });
    const startMs = clock.monotonicMs();
    const failed = credentials.renew().catch((error: unknown) => error);
    await clock.runUntilIdle();
    expect(clock.monotonicMs() - startMs).toBe(500 + 1000 + 2000);
    expect(api.calls).toHaveLength(4);
    expect(await failed).toMatchObject({
      code: 'KUBE_CREDENTIALS_FAILED',
      message: expect.stringMatching(
        /service account kube-system\/node-controller: the API server answered 403 .*; grant create on serviceaccounts/,
      ),
    });
  });

  test('a new CA goes along', async () => {
    grant('one');
    const before = (await credentials.current()).tls;
    expect((await credentials.current()).tls).toBe(before);
    baseTls = { ca: 'new-ca' };
    expect((await credentials.current()).tls).toMatchObject({ ca: 'new-ca' });
  });
});
