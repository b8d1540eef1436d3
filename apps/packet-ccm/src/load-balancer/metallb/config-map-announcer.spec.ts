// MetalLB's ConfigMap, against an API server in memory: its text after Services and Nodes came and went.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { configMaps } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import fc from 'fast-check';
import { parse } from 'yaml';
import { anAnnouncement, aSpeaker, BGP_PASSWORD, serviceNamed } from '../../test-support/announcements.ts';
import { MetalLbConfigMap } from './config-map-announcer.ts';

const signal = new AbortController().signal;
const KEY = 'metallb-system/config';
const MARK = 'nomatch.metal.equinix.com/service';
const FOREIGN = `# made by hand
peers:
  - peer-address: 10.0.0.1   # the router in the rack
    peer-asn: 64501
    my-asn: 64500
    bfd-profile: fast
    hold-time: 1m30s
address-pools:
  - name: default
    protocol: layer2
    addresses: [192.168.1.240-192.168.1.250]
    avoid-buggy-ips: yes
bgp-communities:
  no-advertise: 65535:65282
`;

interface Config {
  readonly peers?: readonly Readonly<Record<string, unknown>>[];
  readonly 'address-pools'?: readonly Readonly<Record<string, unknown>>[];
}

let kube: FakeKubeClient;
let metallb: MetalLbConfigMap;

const put = (config?: string): void =>
  void kube.put(configMaps, {
    metadata: { namespace: 'metallb-system', name: 'config' },
    data: { other: 'stays', ...(config === undefined ? {} : { config }) },
  });
const text = (): string => kube.object(configMaps, KEY)?.data?.['config'] ?? '';
const config = (): Config => (parse(text()) ?? {}) as Config;
const announce = (key: string, wish = {}): Promise<readonly string[]> =>
  metallb.announce(anAnnouncement(key, wish), signal);
const withdraw = (key: string): Promise<readonly string[]> => metallb.withdraw(serviceNamed(key), signal);
const pools = (): readonly unknown[] =>
  (config()['address-pools'] ?? []).map(({ name, addresses }) => [name, addresses]);
/** `node router: services` of our peers. */
const peers = (): readonly string[] =>
  (config().peers ?? []).flatMap((peer) => {
    const selectors = (peer['node-selectors'] ?? []) as { 'match-labels': Record<string, string> }[];
    const [node, ...marks] = selectors.map(({ 'match-labels': labels }) => labels);
    if (node === undefined) return [];
    const services = marks.map((labels) => `${labels[`${MARK}-namespace`]}/${labels[`${MARK}-name`]}`);
    return [`${node['kubernetes.io/hostname']} ${String(peer['peer-address'])}: ${services.join(' ')}`];
  });

beforeEach(() => {
  kube = new FakeKubeClient();
  metallb = new MetalLbConfigMap({ client: kube, namespace: 'metallb-system', name: 'config' });
});

describe('PK row 57 two Services and one Node', () => {
  test('a peer has all fields and the Service as a mark; a pool has the address', async () => {
    put();
    await announce('shop/web', {
      speakers: [aSpeaker('node-a', { peers: [{ asn: 65_530, address: '169.254.255.1' }] })],
    });
    expect(config()).toEqual({
      peers: [
        {
          'my-asn': 65_000,
          'peer-asn': 65_530,
          'peer-address': '169.254.255.1',
          'source-address': '10.0.0.6',
          password: BGP_PASSWORD,
          'peer-port': 179,
          'node-selectors': [
            { 'match-labels': { 'kubernetes.io/hostname': 'node-a' } },
            {
              'match-labels': {
                'nomatch.metal.equinix.com/service-namespace': 'shop',
                'nomatch.metal.equinix.com/service-name': 'web',
              },
            },
          ],
        },
      ],
      'address-pools': [
        {
          name: 'shop/web',
          protocol: 'bgp',
          addresses: ['192.0.2.1/32'],
          'auto-assign': false,
          'avoid-buggy-ips': false,
        },
      ],
    });
    expect(kube.object(configMaps, KEY)?.data?.['other']).toBe('stays');
  });

  test('added, added, removed, removed: each peer is there once, with 1, 2, 1 marks, and then gone', async () => {
    put(FOREIGN);
    await announce('shop/web');
    expect(peers()).toEqual(['node-a 169.254.255.1: shop/web', 'node-a 169.254.255.2: shop/web']);
    await announce('shop/api', { addresses: ['192.0.2.2'] });
    expect(peers()).toEqual(['node-a 169.254.255.1: shop/api shop/web', 'node-a 169.254.255.2: shop/api shop/web']);
    expect(await withdraw('shop/web')).toHaveLength(3);
    expect(peers()).toEqual(['node-a 169.254.255.1: shop/api', 'node-a 169.254.255.2: shop/api']);
    await withdraw('shop/api');
    expect(parse(text())).toEqual(parse(FOREIGN));
    // Even its comments and its spelling.
    expect(text()).toContain('# made by hand');
    expect(text()).toContain('# the router in the rack');
    expect(text()).toContain('avoid-buggy-ips: yes');
  });

  test('announcing or withdrawing what is so already writes nothing', async () => {
    put(FOREIGN);
    await announce('shop/web');
    const writes = kube.callsOf().length;
    expect(await announce('shop/web')).toEqual([]);
    expect(await withdraw('shop/other')).toEqual([]);
    expect(kube.callsOf()).toHaveLength(writes);
  });

  test('two Services with one address share one pool with both names, sorted', async () => {
    put(FOREIGN);
    await announce('shop/web');
    await announce('blog/web');
    expect(pools()).toEqual([
      ['default', ['192.168.1.240-192.168.1.250']],
      ['blog/web,shop/web', ['192.0.2.1/32']],
    ]);
    await announce('shop/web', { addresses: ['192.0.2.1', '2001:db8::1'] });
    expect(pools().slice(1)).toEqual([
      ['blog/web,shop/web', ['192.0.2.1/32']],
      ['shop/web', ['2001:db8::1/128']],
    ]);
    await withdraw('blog/web');
    expect(pools().slice(1)).toEqual([['shop/web', ['192.0.2.1/32', '2001:db8::1/128']]]);
    expect(await metallb.withdrawAddresses(['192.0.2.1', '192.168.1.240'], signal)).toHaveLength(1);
    expect(pools().slice(1)).toEqual([['shop/web', ['2001:db8::1/128']]]);
  });
});

describe('what changes later', () => {
  test('PK row 55 source address, ASN and password get into the peers; what else their owner wrote stays', async () => {
    put();
    await announce('shop/web');
    put(text().replaceAll('peer-port: 179', 'peer-port: 179\n    hold-time: 90s'));
    const speaker = aSpeaker('node-a', { sourceAddress: '10.9.9.9', localAsn: 65_009, password: undefined });
    expect(await announce('shop/web', { speakers: [speaker] })).toEqual([
      'MetalLB peer 169.254.255.1 of node node-a updated',
      'MetalLB peer 169.254.255.2 of node node-a updated',
    ]);
    for (const peer of config().peers ?? []) {
      expect(peer).toMatchObject({ 'source-address': '10.9.9.9', 'my-asn': 65_009, 'hold-time': '90s' });
      expect(peer).not.toHaveProperty('password');
    }
  });

  test('PK row 59 a Node that went while the program was down: its peers go at the next announcement', async () => {
    put(FOREIGN);
    await announce('shop/web', { speakers: [aSpeaker('node-a'), aSpeaker('gone')] });
    await announce('shop/api', { addresses: ['192.0.2.2'], speakers: [aSpeaker('node-a'), aSpeaker('gone')] });
    const restarted = new MetalLbConfigMap({ client: kube, namespace: 'metallb-system', name: 'config' });
    await restarted.announce(anAnnouncement('shop/web'), signal);
    await restarted.announce(anAnnouncement('shop/api', { addresses: ['192.0.2.2'] }), signal);
    expect(peers().filter((peer) => peer.startsWith('gone'))).toEqual([]);
    expect(peers()).toHaveLength(2);
  });

  test('peers of a Node of which nothing is known stay', async () => {
    put();
    await announce('shop/web', { speakers: [aSpeaker('node-a'), aSpeaker('node-b')] });
    const before = text();
    expect(await announce('shop/web', { unknownNodes: ['node-b'] })).toEqual([]);
    expect(text()).toBe(before);
  });

  test('a configuration of the Go program is taken over without a write, and its duplicates are removed', async () => {
    const peer = (address: string): string => `- my-asn: 65000
  peer-asn: 65530
  peer-address: ${address}
  peer-port: 0
  source-address: 10.0.0.6
  hold-time: ""
  router-id: ""
  node-selectors:
  - match-labels:
      kubernetes.io/hostname: node-a
    match-expressions: []
  - match-labels:
      nomatch.metal.equinix.com/service-name: web
      nomatch.metal.equinix.com/service-namespace: shop
  password: ${BGP_PASSWORD}
`;
    const pool = `address-pools:
- name: shop/web
  protocol: bgp
  addresses: [192.0.2.1/32]
  auto-assign: false
  avoid-buggy-ips: false
  bgp-advertisements: []
`;
    put(`peers:\n${peer('169.254.255.1')}${peer('169.254.255.2')}${pool}`);
    expect(await announce('shop/web')).toEqual([]);
    put(`peers:\n${peer('169.254.255.1')}${peer('169.254.255.1')}${peer('169.254.255.2')}${pool}`);
    expect(await announce('shop/web')).toEqual(['MetalLB peer 169.254.255.1 of node node-a removed']);
    expect(peers()).toEqual(['node-a 169.254.255.1: shop/web', 'node-a 169.254.255.2: shop/web']);
  });

  test('names that YAML could take for something else stay names', async () => {
    put();
    await announce('on/1e3', { speakers: [aSpeaker('yes', { password: '1_000' })] });
    expect(text()).toContain('"1_000"');
    expect(text()).toContain('"yes"');
    expect(text()).toContain('"on"');
    expect(await announce('on/1e3', { speakers: [aSpeaker('yes', { password: '1_000' })] })).toEqual([]);
  });
});

describe('failures', () => {
  test('PK row 60 without the ConfigMap an error says what to do; with it the same call succeeds; a withdrawal is done', async () => {
    await expect(announce('shop/web')).rejects.toMatchObject({
      code: 'METALLB_CONFIG_MAP_MISSING',
      disposition: { retry: 'backoff' },
      message: expect.stringContaining('config map metallb-system/config'),
    });
    expect(await withdraw('shop/web')).toEqual([]);
    put();
    await announce('shop/web');
    expect(pools()).toEqual([['shop/web', ['192.0.2.1/32']]]);
  });

  test('PK row 61 somebody else writes between our reading and our writing: both are there', async () => {
    put();
    const racing: Pick<KubeClient, 'get' | 'patch'> = {
      get: (...all) => kube.get(...all),
      patch: (...all) => {
        if (text() === '') put(FOREIGN);
        return kube.patch(...all);
      },
    };
    metallb = new MetalLbConfigMap({ client: racing, namespace: 'metallb-system', name: 'config' });
    await announce('shop/web');
    expect(config()).toMatchObject(withoutLists(parse(FOREIGN) as object));
    expect(pools().map((pool) => (pool as string[])[0])).toEqual(['default', 'shop/web']);
    expect(config().peers?.[0]).toEqual((parse(FOREIGN) as Config).peers?.[0]);
    expect(peers()).toHaveLength(2);
  });

  test('Services of this process that come together are all there', async () => {
    put(FOREIGN);
    const keys = Array.from({ length: 20 }, (_unused, index) => `shop/s${index}`);
    await Promise.all(keys.map((key, index) => announce(key, { addresses: [`192.0.2.${index}`] })));
    expect(pools()).toHaveLength(21);
    expect(peers()).toHaveLength(2);
    // The first may be alone, the others share one write.
    expect(kube.callsOf().length).toBeLessThanOrEqual(2);
  });

  test('a text that would get longer than a ConfigMap may be is not sent; those who came together with it are not held up', async () => {
    put(FOREIGN);
    await announce('shop/old', { addresses: ['192.0.2.9'] });
    const long = { addresses: ['192.0.2.2'], speakers: [aSpeaker('n'.repeat(1_100_000))] };
    const ends = await Promise.allSettled([
      announce('shop/web'),
      announce('shop/long', long),
      withdraw('shop/old'),
      announce('shop/api', { addresses: ['192.0.2.3'] }),
    ]);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
    expect(ends[1]).toMatchObject({
      reason: { code: 'METALLB_CONFIG_TOO_LARGE', message: expect.stringContaining('crdConfiguration=true') },
    });
    expect(pools().slice(1)).toEqual([
      ['shop/api', ['192.0.2.3/32']],
      ['shop/web', ['192.0.2.1/32']],
    ]);
  });

  test.each([
    ['peers: [', 'is no YAML at line'],
    ['- a', 'is not a map'],
    ['peers: {a: b}', 'has something else than a list under "peers"'],
  ])('PK row 76 a text that is wrong (%s) is told without any of it, and is left alone', async (wrong, what) => {
    put(`${wrong}\n# ${BGP_PASSWORD}`);
    const error = await announce('shop/web').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'METALLB_CONFIG_INVALID', message: expect.stringContaining(what) });
    expect(String(error)).not.toContain(BGP_PASSWORD);
    expect(kube.callsOf()).toEqual([]);
  });

  test('PK row 76 what changed and what would change are told without the password', async () => {
    put();
    const planned = await metallb.preview(anAnnouncement('shop/web'), signal);
    expect(text()).toBe('');
    expect(await announce('shop/web')).toEqual(planned);
    expect(planned).toContain('MetalLB pool shop/web added: 192.0.2.1/32');
    expect(planned.join()).not.toContain(BGP_PASSWORD);
  });
});

function withoutLists(value: object): object {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => !Array.isArray(part)));
}

describe('laws', () => {
  const SERVICES = ['shop/web', 'shop/api', 'blog/web'];
  const step = fc.record({
    service: fc.constantFrom(...SERVICES),
    addresses: fc.subarray(['192.0.2.1', '192.0.2.2', '2001:db8::1']),
    nodes: fc.subarray(['a', 'bb', 'ccc']),
  });

  type Step = typeof step extends fc.Arbitrary<infer T> ? T : never;

  test('whatever came and went before, in whatever order: the same text for the same Services, all else untouched', async () => {
    const steps = (maxLength: number): fc.Arbitrary<Step[]> => fc.array(step, { maxLength });
    const law = fc.asyncProperty(steps(8), steps(4), async (before, last) => {
      const finals = [...new Map(last.map((one) => [one.service, one])).values()];
      const one = parse(await textAfter(before, finals)) as Config;
      expect(parse(await textAfter([], finals.toReversed()))).toEqual(one);
      expectForeign(one);
      const identities = peers().map((peer) => peer.split(':')[0]);
      expect(new Set(identities).size).toBe(identities.length);
    });
    await fc.assert(law, { numRuns: 40 });
  }, 120_000);

  async function textAfter(history: readonly Step[], finals: readonly Step[]): Promise<string> {
    put(FOREIGN);
    for (const one of history) await go(one);
    for (const key of SERVICES) if (!finals.some(({ service }) => service === key)) await withdraw(key);
    for (const one of finals) await go(one);
    const again = await Promise.all(finals.map((one) => go(one)));
    expect(again.flat()).toEqual([]);
    return text();
  }

  function expectForeign({ peers: all = [], 'address-pools': ranges = [], ...others }: Config): void {
    expect({ ...others, peers: all.slice(0, 1), 'address-pools': ranges.slice(0, 1) }).toEqual(parse(FOREIGN));
  }

  function go({ service, addresses, nodes }: Step): Promise<readonly string[]> {
    if (addresses.length === 0) return withdraw(service);
    return announce(service, { addresses, speakers: nodes.map((name) => aSpeaker(name)) });
  }
});
