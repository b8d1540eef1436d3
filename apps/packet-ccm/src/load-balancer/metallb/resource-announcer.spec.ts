// MetalLB's custom resources, against an API server in memory: which objects there are after Services and Nodes came and went.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { backoff } from '@longshore/reconciler-core';
import fc from 'fast-check';
import { anAnnouncement, aSpeaker, BGP_PASSWORD, serviceNamed } from '../../test-support/announcements.ts';
import { MetalLbResources } from './resource-announcer.ts';
import { servicesOfPoolObject } from './resource-pools.ts';
import { addressPools, bgpAdvertisements, bgpPeers } from './resources.ts';
import type { AddressPool } from './resources.ts';

const signal = new AbortController().signal;
const namespace = 'metallb-system';
const OURS = { 'cloud-provider': 'equinix-metal' };

let kube: FakeKubeClient;
let metallb: MetalLbResources;

beforeEach(() => {
  kube = new FakeKubeClient();
  metallb = new MetalLbResources({ client: kube, namespace });
});

const announce = (key: string, wish = {}): Promise<readonly string[]> =>
  metallb.announce(anAnnouncement(key, wish), signal);
const withdraw = (key: string): Promise<readonly string[]> => metallb.withdraw(serviceNamed(key), signal);
const pools = (): readonly unknown[] =>
  kube.objects(addressPools).map((pool) => [pool.metadata.name, pool.spec.addresses, servicesOfPoolObject(pool)]);
/** `name: services`. */
const peers = (): readonly string[] =>
  kube.objects(bgpPeers).map(({ metadata, spec }) => {
    const marks = (spec.nodeSelectors ?? []).map(({ matchLabels = {} }) => matchLabels).slice(1);
    return `${metadata.name}: ${marks.map((labels) => `${labels[`${MARK}-namespace`]}/${labels[`${MARK}-name`]}`).join(' ')}`;
  });
const advertised = (): unknown =>
  kube.object(bgpAdvertisements, `${namespace}/equinix-metal-bgp-adv`)?.spec.ipAddressPools;
const MARK = 'nomatch.metal.equinix.com/service';

/** Objects of users, with every name and label that could be mistaken. */
function putForeign(): void {
  kube.put(addressPools, { metadata: { namespace, name: 'mine' }, spec: { addresses: ['10.1.0.0/24'] } });
  kube.put(addressPools, {
    metadata: { namespace, name: 'labelled', labels: OURS },
    spec: { addresses: ['10.2.0.0/24'] },
  });
  kube.put(bgpPeers, {
    metadata: { namespace, name: 'rack' },
    spec: { peerAddress: '10.0.0.1', myASN: 1, peerASN: 2 },
  });
  kube.put(bgpAdvertisements, { metadata: { namespace, name: 'of-mine' }, spec: { ipAddressPools: ['mine'] } });
}

function foreign(): unknown {
  const ofUsers = new Set(['mine', 'labelled', 'rack', 'of-mine']);
  const all = [...kube.objects(addressPools), ...kube.objects(bgpPeers), ...kube.objects(bgpAdvertisements)];
  return all.filter(({ metadata }) => ofUsers.has(metadata.name ?? ''));
}

describe('PK row 58 the same for custom resources', () => {
  test('objects have the names, labels and fields of the Go program', async () => {
    const peer = { asn: 65_530, address: '169.254.255.1' };
    await announce('shop/web', { speakers: [aSpeaker('node-a.example.com', { peers: [peer] })] });
    expect(kube.objects(bgpPeers)).toMatchObject([
      {
        metadata: { name: 'node-a.example.com-0', namespace, labels: OURS },
        spec: {
          myASN: 65_000,
          peerASN: 65_530,
          peerAddress: '169.254.255.1',
          peerPort: 179,
          sourceAddress: '10.0.0.18',
          password: BGP_PASSWORD,
          nodeSelectors: [
            { matchLabels: { 'kubernetes.io/hostname': 'node-a.example.com' } },
            { matchLabels: { [`${MARK}-namespace`]: 'shop', [`${MARK}-name`]: 'web' } },
          ],
        },
      },
    ]);
    expect(kube.objects(addressPools)).toMatchObject([
      {
        metadata: { name: 'shop.web', namespace, labels: { ...OURS, 'service-web': 'namespace-shop' } },
        spec: { addresses: ['192.0.2.1/32'], autoAssign: false, avoidBuggyIPs: false },
      },
    ]);
    expect(kube.objects(bgpAdvertisements)).toMatchObject([
      { metadata: { name: 'equinix-metal-bgp-adv', namespace, labels: OURS }, spec: { ipAddressPools: ['shop.web'] } },
    ]);
  });

  test('added, added, removed, removed: peers have 1, 2, 1 marks and go; the advertisement comes and goes; users keep theirs', async () => {
    putForeign();
    const before = foreign();
    await announce('shop/web');
    expect(peers()).toEqual(['node-a-0: shop/web', 'node-a-1: shop/web', 'rack: ']);
    await announce('shop/api', { addresses: ['192.0.2.2'] });
    expect(peers()).toEqual(['node-a-0: shop/api shop/web', 'node-a-1: shop/api shop/web', 'rack: ']);
    expect(advertised()).toEqual(['shop.api', 'shop.web']);
    await withdraw('shop/web');
    expect(peers()).toEqual(['node-a-0: shop/api', 'node-a-1: shop/api', 'rack: ']);
    expect(advertised()).toEqual(['shop.api']);
    await withdraw('shop/api');
    expect(advertised()).toBeUndefined();
    expect(peers()).toEqual(['rack: ']);
    expect(foreign()).toEqual(before);
  });

  test('a second announcement and a second withdrawal write nothing', async () => {
    await announce('shop/web');
    const writes = kube.callsOf().length;
    expect(await announce('shop/web')).toEqual([]);
    expect(await withdraw('shop/other')).toEqual([]);
    expect(kube.callsOf()).toHaveLength(writes);
  });

  test('a user’s own advertisement with the label suppresses the default one and stays as it is', async () => {
    const own = kube.put(bgpAdvertisements, {
      metadata: { namespace, name: 'all', labels: OURS },
      spec: { ipAddressPools: ['shop.web'] },
    });
    await announce('shop/web');
    await withdraw('shop/web');
    expect(kube.objects(bgpAdvertisements)).toEqual([own]);
  });

  test('pools of users in the default advertisement, and its other fields, stay', async () => {
    putForeign();
    await announce('shop/web');
    const default_ = kube.objects(bgpAdvertisements).find(({ metadata }) => metadata.name === 'equinix-metal-bgp-adv');
    if (!default_) throw new Error('no default advertisement');
    kube.put(bgpAdvertisements, {
      ...default_,
      spec: { ipAddressPools: ['mine', 'shop.web', 'stale'], localPref: 5 } as never,
    });
    await announce('shop/api', { addresses: ['192.0.2.2'] });
    expect(advertised()).toEqual(['mine', 'shop.api', 'shop.web']);
    await withdraw('shop/api');
    await withdraw('shop/web');
    expect(kube.object(bgpAdvertisements, `${namespace}/equinix-metal-bgp-adv`)?.spec).toEqual({
      ipAddressPools: ['mine'],
      localPref: 5,
    });
  });
});

describe('addresses', () => {
  test('Services that share one have one pool, which keeps its name until the last of them goes', async () => {
    await announce('shop/web');
    await announce('blog/web');
    expect(pools()).toEqual([['shop.web', ['192.0.2.1/32'], ['blog/web', 'shop/web']]]);
    expect(kube.objects(addressPools)[0]?.metadata.annotations).toEqual({ 'shared-services': 'blog.web,shop.web' });
    await withdraw('shop/web');
    expect(pools()).toEqual([['shop.web', ['192.0.2.1/32'], ['blog/web']]]);
    expect(kube.objects(addressPools)[0]?.metadata).toMatchObject({
      labels: { 'service-web': 'namespace-blog' },
      annotations: {},
    });
    await withdraw('blog/web');
    expect(pools()).toEqual([]);
  });

  test('another address moves into the same pool; a second one gets a pool of its own', async () => {
    await announce('shop/web');
    await announce('shop/web', { addresses: ['192.0.2.9'] });
    expect(pools()).toEqual([['shop.web', ['192.0.2.9/32'], ['shop/web']]]);
    await announce('shop/web', { addresses: ['192.0.2.9', '2001:db8::1'] });
    expect(pools()).toEqual([
      ['shop.web', ['192.0.2.9/32'], ['shop/web']],
      ['shop.web.2', ['2001:db8::1/128'], ['shop/web']],
    ]);
    expect(advertised()).toEqual(['shop.web', 'shop.web.2']);
    expect(await metallb.withdrawAddresses(['192.0.2.9'], signal)).toEqual([
      'MetalLB advertisement equinix-metal-bgp-adv updated',
      'MetalLB pool shop.web removed',
    ]);
  });

  test('names that are too long for a label stand in the annotation', async () => {
    const key = `${'n'.repeat(60)}/${'s'.repeat(60)}`;
    await announce(key);
    expect(pools()).toMatchObject([[key.replace('/', '.'), ['192.0.2.1/32'], [key]]]);
    expect(kube.objects(addressPools)[0]?.metadata.labels).toEqual(OURS);
    await withdraw(key);
    expect(pools()).toEqual([]);
  });

  test('pools that the Go program shared are understood', async () => {
    kube.put(addressPools, {
      metadata: {
        namespace,
        name: 'shop.web',
        labels: { ...OURS, 'service-web': 'namespace-shop' },
        annotations: { 'shared-key': 'shop.web,shop.api', other: 'stays' },
      },
      spec: { addresses: ['192.0.2.1/32'], autoAssign: false },
    });
    await withdraw('shop/web');
    expect(kube.objects(addressPools)[0]?.metadata).toMatchObject({
      labels: { ...OURS, 'service-api': 'namespace-shop' },
      annotations: { 'shared-key': 'shop.api', other: 'stays' },
    });
  });
});

describe('what changes later', () => {
  test('PK row 55 source address, ASN and password get into the peers; other fields stay', async () => {
    await announce('shop/web');
    for (const peer of kube.objects(bgpPeers))
      kube.put(bgpPeers, { ...peer, spec: { ...peer.spec, holdTime: '90s' } as never });
    const speaker = aSpeaker('node-a', { sourceAddress: '10.9.9.9', localAsn: 65_009, password: undefined });
    expect(await announce('shop/web', { speakers: [speaker] })).toHaveLength(2);
    for (const { spec } of kube.objects(bgpPeers)) {
      expect(spec).toMatchObject({ sourceAddress: '10.9.9.9', myASN: 65_009, holdTime: '90s' });
      expect(spec).not.toHaveProperty('password');
    }
  });

  test('PK row 59 peers of a Node that went meanwhile go, those of an unknown one stay, unmarked ones are taken over', async () => {
    await announce('shop/web', { speakers: [aSpeaker('node-a'), aSpeaker('gone'), aSpeaker('unknown')] });
    // The Go program made the very first ones without a mark.
    for (const peer of kube.objects(bgpPeers)) {
      if (peer.metadata.name?.startsWith('unknown')) continue;
      kube.put(bgpPeers, {
        ...peer,
        spec: { ...peer.spec, nodeSelectors: peer.spec.nodeSelectors?.slice(0, 1) ?? [] },
      });
    }
    const restarted = new MetalLbResources({ client: kube, namespace });
    await restarted.announce(anAnnouncement('shop/web', { unknownNodes: ['unknown'] }), signal);
    expect(peers()).toEqual(['node-a-0: shop/web', 'node-a-1: shop/web', 'unknown-0: shop/web', 'unknown-1: shop/web']);
    await restarted.announce(anAnnouncement('shop/web'), signal);
    expect(peers()).toEqual(['node-a-0: shop/web', 'node-a-1: shop/web']);
  });
});

describe('failures', () => {
  const notThere = (message: string): KubeApiError =>
    new KubeApiError({ status: 404, reason: 'NotFound', message }, backoff);

  test.each([
    ['the resources', { verb: 'list', resource: 'bgppeers', error: notThere('404 page not found') }],
    [
      'the namespace',
      { verb: 'create', error: notThere('create: 404 NotFound: namespaces "metallb-system" not found') },
    ],
  ] as const)(
    'PK row 60 without %s an error says what to do; with them the same call succeeds',
    async (_what, fault) => {
      kube.fail(fault);
      await expect(announce('shop/web')).rejects.toMatchObject({
        code: 'METALLB_RESOURCES_MISSING',
        disposition: { retry: 'backoff' },
        message: expect.stringContaining('metallb-system'),
      });
      await announce('shop/web');
      expect(pools()).toHaveLength(1);
      kube.fail({ verb: 'list', resource: 'ipaddresspools', error: notThere('404 page not found') });
      expect(await withdraw('shop/web')).toEqual([]);
    },
  );

  test('PK row 61 somebody else changes an object between our reading and our writing: both changes are there', async () => {
    await announce('shop/web');
    let isFirst = true;
    const racing: Pick<KubeClient, 'list' | 'create' | 'replace' | 'remove'> = {
      list: (...all) => kube.list(...all),
      create: (...all) => kube.create(...all),
      remove: (...all) => kube.remove(...all),
      replace: (type, object, options) => {
        const [pool] = kube.objects(addressPools);
        if (isFirst && pool)
          kube.put(addressPools, { ...pool, metadata: { ...pool.metadata, annotations: { a: 'theirs' } } });
        isFirst = false;
        return kube.replace(type, object, options);
      },
    };
    metallb = new MetalLbResources({ client: racing, namespace });
    await announce('shop/web', { addresses: ['192.0.2.9'] });
    expect(kube.objects(addressPools)[0]).toMatchObject({
      metadata: { annotations: { a: 'theirs' } },
      spec: { addresses: ['192.0.2.9/32'] },
    });
  });

  test('a lost answer does not make two of anything', async () => {
    kube.fail({ verb: 'create', resource: 'ipaddresspools', isDone: true });
    await expect(announce('shop/web')).rejects.toMatchObject({ code: 'KUBE_API_UNREACHABLE' });
    await announce('shop/web');
    expect(pools()).toHaveLength(1);
    expect(peers()).toHaveLength(2);
    expect(advertised()).toEqual(['shop.web']);
  });

  test('a user’s peer with a name that is needed is not touched', async () => {
    const theirs = kube.put(bgpPeers, { metadata: { namespace, name: 'node-a-0' }, spec: { peerAddress: '1.1.1.1' } });
    await expect(announce('shop/web')).rejects.toMatchObject({ code: 'METALLB_NAME_TAKEN' });
    expect(kube.objects(bgpPeers)).toEqual([theirs]);
    expect(pools()).toEqual([]);
  });

  test('PK row 76 the password is in no error, no change and no plan', async () => {
    const message = `BGPPeer is invalid: spec.password: Invalid value: "${BGP_PASSWORD}"`;
    kube.fail({
      verb: 'create',
      error: new KubeApiError({ status: 422, reason: 'Invalid', message }, { retry: 'on-change' }),
    });
    const error = await announce('shop/web').catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'METALLB_REFUSED', disposition: { retry: 'on-change' } });
    expect(String(error)).toContain('<masked>');
    const planned = await metallb.preview(anAnnouncement('shop/web'), signal);
    expect(kube.objects(bgpPeers)).toEqual([]);
    const done = await announce('shop/web');
    expect(done).toEqual(planned);
    expect(JSON.stringify([String(error), planned])).not.toContain(BGP_PASSWORD);
  });
});

describe('laws', () => {
  const SERVICES = ['shop/web', 'shop/api', 'blog/web'];
  const step = fc.record({
    service: fc.constantFrom(...SERVICES),
    addresses: fc.subarray(['192.0.2.1', '192.0.2.2', '2001:db8::1']),
    nodes: fc.subarray(['a', 'bb', 'ccc']),
  });

  test('whatever came and went before, in whatever order: the same peers, addresses and Services; users’ objects untouched', async () => {
    const law = fc.asyncProperty(
      fc.array(step, { maxLength: 8 }),
      fc.array(step, { maxLength: 4 }),
      async (before, last) => {
        const finals = new Map(last.map((one) => [one.service, one]));
        const worlds: unknown[] = [];
        for (const [history, order] of [
          [before, [...finals.values()]],
          [[], [...finals.values()].toReversed()],
        ] as const) {
          kube = new FakeKubeClient();
          metallb = new MetalLbResources({ client: kube, namespace });
          putForeign();
          const untouched = foreign();
          for (const one of history) await go(one);
          for (const key of SERVICES) if (!finals.has(key)) await withdraw(key);
          for (const one of order) await go(one);
          const again = await Promise.all(order.map((one) => go(one)));
          expect(again.flat()).toEqual([]);
          expect(foreign()).toEqual(untouched);
          worlds.push(world());
        }
        expect(worlds[0]).toEqual(worlds[1]);
      },
    );
    await fc.assert(law, { numRuns: 40 });
  }, 120_000);

  // Pools keep the name that they got first, so they are compared by what they do.
  function world(): unknown {
    const ours = kube.objects(addressPools).filter((pool) => servicesOfPoolObject(pool).length > 0);
    const names = ours.map(({ metadata }) => metadata.name);
    expect(advertised() ?? []).toEqual(names.toSorted());
    const uses = ours.flatMap((pool: AddressPool) =>
      (pool.spec.addresses ?? []).map((address) => `${address} ${servicesOfPoolObject(pool).join(' ')}`),
    );
    return { peers: peers().toSorted(), uses: uses.toSorted() };
  }

  function go({ service, addresses, nodes }: { service: string; addresses: string[]; nodes: string[] }) {
    if (addresses.length === 0) return withdraw(service);
    return announce(service, { addresses, speakers: nodes.map((name) => aSpeaker(name)) });
  }
});
