// What the command line, the environment and the credentials Secret mean.
import { describe, expect, test } from '@jest/globals';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { parseFlags, SecretRedactor } from '@longshore/k8s-runtime/process';
import { silentLogger } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { dataOf, secrets } from '../cluster/kube-secret.ts';
import { ApiKey, isKeyLike } from './api-key.ts';
import { checkManagerFlags, managerFlags } from './flags.ts';
import type { ManagerFlagValues } from './flags.ts';
import { leaseOf } from './leases.ts';
import { parseListenAddress } from './listen-address.ts';
import { packetApiUrl } from './packet-api-url.ts';

function parsed(...argv: readonly string[]): ManagerFlagValues {
  const line = parseFlags(managerFlags, argv, {
    program: 'manager',
    version: '1',
    description: '',
    check: checkManagerFlags,
  });
  if (line.kind !== 'run') throw new Error(line.text);
  return line.values;
}

describe('flags', () => {
  test('the command line of the README, with one dash', () => {
    const values = parsed('-config', './config/default/machine_configs.yaml', '-ca-cache', './out/cache.json', '-v=4');
    expect(values).toMatchObject({
      config: './config/default/machine_configs.yaml',
      'ca-cache': './out/cache.json',
      v: 4,
    });
  });

  test('flags of klog are taken', () => {
    expect(() =>
      parsed('-logtostderr', '-alsologtostderr=false', '-log_dir=/tmp', '-stderrthreshold', '1'),
    ).not.toThrow();
  });

  test.each([
    { argv: ['--controllers=packet,frob'], says: /--controllers.*packet, generic/ },
    { argv: ['--metrics-addr=nowhere:at:all'], says: /--metrics-addr.*:8080/ },
    { argv: ['--provider-id-prefix=aws'], says: /packet, equinixmetal/ },
    { argv: ['--concurrency=0'], says: /must be 1 or more/ },
    { argv: ['--leader-elect-lease-duration=5s'], says: /--leader-elect-renew-deadline/ },
  ])('$argv is refused', ({ argv, says }) => {
    expect(() => parsed(...argv)).toThrow(says);
  });

  test('each set has a Lease of its own', () => {
    expect(leaseOf('packet')).toEqual({ namespace: 'cluster-api-provider-packet-system', name: 'cluster-api-packet' });
    expect(leaseOf('generic')).toEqual({ namespace: 'cluster-api-system', name: 'cluster-api-generic' });
  });
});

test.each([
  { text: '0', means: undefined },
  { text: '', means: undefined },
  { text: ':8080', means: { bindAddress: '', port: 8080 } },
  { text: '8080', means: { bindAddress: '', port: 8080 } },
  { text: '127.0.0.1:0', means: { bindAddress: '127.0.0.1', port: 0 } },
  { text: '[::1]:9', means: { bindAddress: '::1', port: 9 } },
  { text: ':70000', means: { problem: expect.any(String) } },
  { text: 'a b:1', means: { problem: expect.any(String) } },
])('address $text', ({ text, means }) => {
  const found = parseListenAddress('metrics-addr', text);
  if (means === undefined) expect(found).toBeUndefined();
  else expect(found).toMatchObject(means);
});

test.each([
  { flag: '', env: {}, url: 'https://api.equinix.com/metal/v1' },
  { flag: '', env: { PACKET_API_URL: 'http://127.0.0.1:1' }, url: 'http://127.0.0.1:1/metal/v1' },
  { flag: '', env: { PACKET_API_URL: 'http://127.0.0.1:1/metal/v1/' }, url: 'http://127.0.0.1:1/metal/v1' },
  { flag: 'https://other/gateway', env: { PACKET_API_URL: 'http://x' }, url: 'https://other/gateway/metal/v1' },
])('API address of $flag and $env', ({ flag, env, url }) => {
  expect(packetApiUrl(flag, env)).toBe(url);
});

describe('the API key', () => {
  const place = { namespace: 'cluster-api-provider-packet-system', name: 'cluster-api-provider-packet-credentials' };

  function world(env: Record<string, string>): {
    key: ApiKey;
    put: (text: string) => void;
    clock: FakeClock;
    client: FakeKubeClient;
  } {
    const clock = new FakeClock();
    const client = new FakeKubeClient();
    const put = (text: string): void => void client.put(secrets, { metadata: place, data: dataOf({ apiKey: text }) });
    return {
      key: new ApiKey({ env, client, clock, log: silentLogger, secrets: new SecretRedactor() }),
      put,
      clock,
      client,
    };
  }

  test('is that of the environment until the Secret changes', async () => {
    const { key, put, clock } = world({ PACKET_API_KEY: 'of-the-desk' });
    put('of-the-manifest');
    expect(await key.current()).toBe('of-the-desk');
    put('corrected-key');
    await clock.advance(10_000);
    expect(await key.current()).toBe('corrected-key');
  });

  test('is that of the Secret in a pod, whose environment was made from it', async () => {
    const { key, put } = world({ PACKET_API_KEY: 'of-the-start', KUBERNETES_SERVICE_HOST: '10.0.0.1' });
    put('rotated-key');
    expect(await key.current()).toBe('rotated-key');
  });

  test('a Secret that appears counts; one that cannot be read changes nothing', async () => {
    const { key, put, clock, client } = world({ PACKET_AUTH_TOKEN: 'of-the-desk' });
    expect(await key.current()).toBe('of-the-desk');
    put('made-later');
    await clock.advance(10_000);
    expect(await key.current()).toBe('made-later');
    client.fail({ verb: 'get', times: 1 });
    await clock.advance(10_000);
    expect(await key.current()).toBe('made-later');
  });

  test('twenty calls at once cost one look', async () => {
    const { key, client } = world({ PACKET_API_KEY: 'of-the-desk' });
    await Promise.all(Array.from({ length: 20 }, () => key.current()));
    expect(client.calls).toHaveLength(1);
  });

  test.each(['$PACKET_API_KEY', '<api key>', 'REPLACE_ME', 'with space', ''])('%p is no key', (text) => {
    expect(isKeyLike(text)).toBe(false);
  });
});
