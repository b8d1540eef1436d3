// Both forms of MetalLB's configuration on a real API server: what it stores, refuses and answers in a race. MetalLB itself is not there; its
// CustomResourceDefinitions are small ones.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { configMaps, connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { parse } from 'yaml';
import { anAnnouncement, aSpeaker, BGP_PASSWORD, serviceNamed } from '../../test-support/announcements.ts';
import { METALLB_CRDS } from '../../test-support/metallb-crds.ts';
import type { Announcer } from '../announcer.ts';
import { MetalLbConfigMap } from './config-map-announcer.ts';
import { MetalLbResources } from './resource-announcer.ts';
import { servicesOfPoolObject } from './resource-pools.ts';
import { addressPools, bgpAdvertisements, bgpPeers } from './resources.ts';

const FIRST_BUILD_MS = 1_800_000;
const TEST_MS = 180_000;
const signal = new AbortController().signal;
const namespace = 'metallb-system';
const ADVERTISEMENT = { namespace, name: 'equinix-metal-bgp-adv' };

let plane: ControlPlane;
let client: KubeClient;

beforeAll(async () => {
  plane = await startControlPlane({ onProgress: (message) => void process.stderr.write(`${message}\n`) });
  client = await connect({ kubeconfig: plane.kubeconfigPath, userAgent: 'metallb-test' });
}, FIRST_BUILD_MS);
afterAll(() => plane.stop());

async function create(path: string, body: object): Promise<void> {
  const { status, body: answer } = await plane.request({ method: 'POST', path, body });
  if (status !== 201) throw new Error(JSON.stringify(answer));
}

/** Before MetalLB, with its resources but not its namespace, with all of it. */
describe('the custom resources', () => {
  const make = (): Announcer => new MetalLbResources({ client, namespace });
  const peers = async (): Promise<readonly string[]> => {
    const { items } = await client.list(bgpPeers, { namespace });
    return items.map(({ metadata, spec }) => `${metadata.name} ${(spec.nodeSelectors ?? []).length - 1}`);
  };
  const pools = async (): Promise<readonly string[]> => {
    const { items } = await client.list(addressPools, { namespace });
    return items.map(
      (pool) => `${pool.metadata.name}: ${servicesOfPoolObject(pool).join()} ${pool.spec.addresses?.join()}`,
    );
  };

  test(
    'PK row 60 without resources, and without the namespace, the error says what to do; then the same call succeeds',
    async () => {
      const announcer = make();
      const missing = { code: 'METALLB_RESOURCES_MISSING' };
      await expect(announcer.announce(anAnnouncement('shop/web'), signal)).rejects.toMatchObject(missing);
      expect(await announcer.withdraw(serviceNamed('shop/web'), signal)).toEqual([]);
      for (const crd of METALLB_CRDS) await create('/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
      const isServed = async (): Promise<boolean> => {
        await client.list(addressPools, { namespace });
        await client.list(bgpPeers, { namespace });
        await client.list(bgpAdvertisements, { namespace });
        return true;
      };
      await waitFor(isServed, { what: 'the custom resources', timeoutMs: 120_000 });
      await expect(announcer.announce(anAnnouncement('shop/web'), signal)).rejects.toMatchObject(missing);
      await create('/api/v1/namespaces', { metadata: { name: namespace } });
      expect(await announcer.announce(anAnnouncement('shop/web'), signal)).toHaveLength(4);
      expect(await announcer.announce(anAnnouncement('shop/web'), signal)).toEqual([]);
      await announcer.withdraw(serviceNamed('shop/web'), signal);
      expect([await peers(), await pools()]).toEqual([[], []]);
    },
    TEST_MS,
  );

  test(
    'PK row 58 two Services come and go; the objects are as the API server takes them; a user’s objects stay',
    async () => {
      const user = await client.create(bgpPeers, {
        metadata: { namespace, name: 'rack' },
        spec: { myASN: 1, peerASN: 2, peerAddress: '10.0.0.1' },
      });
      const announcer = make();
      await announcer.announce(anAnnouncement('shop/web'), signal);
      await announcer.announce(anAnnouncement('blog/web'), signal);
      expect(await peers()).toEqual(['node-a-0 2', 'node-a-1 2', 'rack -1']);
      expect(await pools()).toEqual(['shop.web: blog/web,shop/web 192.0.2.1/32']);
      await announcer.announce(anAnnouncement('blog/web', { addresses: ['2001:db8::1'] }), signal);
      expect((await client.get(bgpAdvertisements, ADVERTISEMENT))?.spec.ipAddressPools).toEqual([
        'blog.web',
        'shop.web',
      ]);
      const stored = await client.get(bgpPeers, { namespace, name: 'node-a-0' });
      expect(stored?.spec).toMatchObject({ peerPort: 179, sourceAddress: '10.0.0.6', password: BGP_PASSWORD });
      await announcer.withdraw(serviceNamed('shop/web'), signal);
      expect(await peers()).toEqual(['node-a-0 1', 'node-a-1 1', 'rack -1']);
      await announcer.withdraw(serviceNamed('blog/web'), signal);
      expect([await peers(), await pools()]).toEqual([['rack -1'], []]);
      expect(await client.get(bgpAdvertisements, ADVERTISEMENT)).toBeUndefined();
      expect(await client.get(bgpPeers, { namespace, name: 'rack' })).toEqual(user);
    },
    TEST_MS,
  );

  test(
    'PK row 59 PK row 61 two programs and a Node that goes: everything is there once, nothing is lost',
    async () => {
      const [one, other] = [make(), make()];
      const speakers = ['a', 'bb', 'ccc'].map((name) => aSpeaker(name));
      const names = ['s1', 's2', 's3', 's4'];
      await Promise.all(
        names.map((name, index) =>
          (index % 2 === 0 ? one : other).announce(
            anAnnouncement(`shop/${name}`, { addresses: [`192.0.2.${index}`], speakers }),
            signal,
          ),
        ),
      );
      expect((await peers()).filter((peer) => !peer.startsWith('rack'))).toEqual(
        ['a', 'bb', 'ccc'].flatMap((node) => [`${node}-0 4`, `${node}-1 4`]),
      );
      expect((await client.get(bgpAdvertisements, ADVERTISEMENT))?.spec.ipAddressPools).toEqual(
        names.map((name) => `shop.${name}`),
      );
      const restarted = make();
      for (const [index, name] of names.entries()) {
        const wish = { addresses: [`192.0.2.${index}`], speakers: speakers.slice(1) };
        await restarted.announce(anAnnouncement(`shop/${name}`, wish), signal);
      }
      expect((await peers()).filter((peer) => peer.startsWith('a-'))).toEqual([]);
      for (const name of names) await restarted.withdraw(serviceNamed(`shop/${name}`), signal);
      expect([await peers(), await pools()]).toEqual([['rack -1'], []]);
    },
    TEST_MS,
  );

  test(
    'PK row 76 what the API server refuses is told without the password',
    async () => {
      const password = `${BGP_PASSWORD}${'x'.repeat(100)}`;
      const announcement = anAnnouncement('shop/web', { speakers: [aSpeaker('node-a', { password })] });
      const error = await make()
        .announce(announcement, signal)
        .catch((reason: unknown) => reason);
      expect(String(error)).toContain('password');
      expect(String(error)).not.toContain(BGP_PASSWORD);
    },
    TEST_MS,
  );
});

describe('the ConfigMap', () => {
  const key = { namespace: 'default', name: 'config' };
  const make = (): Announcer => new MetalLbConfigMap({ client, ...key });
  const read = async (): Promise<{ config: string; other: string | undefined; labels: object | undefined }> => {
    const { data = {}, metadata } = (await client.get(configMaps, key)) ?? {};
    return { config: data['config'] ?? '', other: data['other'], labels: metadata?.labels };
  };

  test(
    'PK row 57 PK row 60 PK row 61 missing at first; then two programs and a user write it at the same time',
    async () => {
      const [one, other] = [make(), make()];
      await expect(one.announce(anAnnouncement('shop/web'), signal)).rejects.toMatchObject({
        code: 'METALLB_CONFIG_MAP_MISSING',
      });
      const config = '# mine\naddress-pools:\n- {name: default, protocol: layer2, addresses: [10.1.0.0/24]}\n';
      await client.create(configMaps, { metadata: key, data: { config, other: 'stays' } });
      const names = ['s1', 's2', 's3', 's4'];
      const user = async (): Promise<void> => {
        const body = { data: { other: 'changed' }, metadata: { labels: { user: 'yes' } } };
        for (let edit = 0; edit < 5; edit += 1) await client.patch(configMaps, key, { kind: 'merge', body });
      };
      await Promise.all([
        user(),
        ...names.map((name, index) =>
          (index % 2 === 0 ? one : other).announce(
            anAnnouncement(`shop/${name}`, { addresses: [`192.0.2.${index}`] }),
            signal,
          ),
        ),
      ]);
      const stored = await read();
      const parsed = parse(stored.config) as { peers: object[]; 'address-pools': { name: string }[] };
      expect(parsed.peers).toHaveLength(2);
      const pools = parsed['address-pools'].map(({ name }) => name);
      expect(pools).toEqual(['default', ...names.map((name) => `shop/${name}`)]);
      expect(stored).toMatchObject({ other: 'changed', labels: { user: 'yes' } });
      for (const name of names) await other.withdraw(serviceNamed(`shop/${name}`), signal);
      const { config: after } = await read();
      expect(parse(after)).toEqual(parse(config));
      expect(after).toContain('# mine');
    },
    TEST_MS,
  );
});
