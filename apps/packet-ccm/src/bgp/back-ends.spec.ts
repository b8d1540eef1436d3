// The setting of the back end with everything behind it: elastic IPs, sessions, annotations and MetalLB together, as the provider makes them.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { LoadBalancers, ProviderContext } from '@longshore/cloud-provider';
import { configMaps, nodes, resourceType, services } from '@longshore/k8s-runtime';
import type { KubeNode, KubeObject, KubeService } from '@longshore/k8s-runtime';
import type { Runnable } from '@longshore/reconciler-core';
import { parseConfig } from '../config.ts';
import { createLoadBalancers } from '../load-balancer/create-load-balancers.ts';
import { PacketInstances } from '../instances/instances.ts';
import { aService } from '../test-support/balancer-world.ts';
import { startBgpScene } from '../test-support/bgp-scene.ts';
import type { BgpScene } from '../test-support/bgp-scene.ts';

jest.setTimeout(120_000);

const signal = new AbortController().signal;
const namespaces = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
});

let scene: BgpScene;
let loops: Runnable[];
beforeEach(async () => {
  loops = [];
  scene = await startBgpScene();
  scene.kube.put(namespaces, { metadata: { name: 'kube-system', uid: 'c0000000-1111-4222-8333-444444444444' } });
});
afterEach(() => scene.close());

async function start(backend: string): Promise<LoadBalancers | undefined> {
  const { api, projectId, clock, log, kube } = scene;
  const env = { PACKET_AUTH_TOKEN: 'key', PACKET_PROJECT_ID: projectId, METAL_METRO_NAME: 'da' };
  const reading = parseConfig({ env: { ...env, METAL_LOAD_BALANCER: backend }, config: undefined });
  if ('problems' in reading) throw new Error(JSON.stringify(reading.problems));
  const { config } = reading;
  const instances = new PacketInstances({ devices: api.devices, projectId, clock });
  const parts = { config, api, emlb: undefined, instances, clock, log, metrics: undefined as never };
  const made = createLoadBalancers(parts);
  const context: Partial<ProviderContext> = {
    client: kube,
    nodes: { get: (name: string) => kube.object(nodes, name) } as ProviderContext['nodes'],
    services: { list: () => kube.objects(services) } as ProviderContext['services'],
    events: { normal: () => undefined, warning: () => undefined },
    keepRunning: (loop) => void loops.push(loop),
  };
  await made?.start(context as ProviderContext);
  return made?.loadBalancers;
}

function addService(name: string): KubeService {
  return scene.kube.put(services, aService({ name }));
}

function targets(names: readonly string[]): readonly KubeNode[] {
  return names.map((name) => scene.kube.object(nodes, name)).filter((node) => node !== undefined);
}

const putConfigMap = (): void =>
  void scene.kube.put(configMaps, { metadata: { namespace: 'metallb-system', name: 'config' } });
const text = (): string => scene.kube.object(configMaps, 'metallb-system/config')?.data?.['config'] ?? '';
const elasticIps = (): readonly string[] =>
  [...scene.cloud.state.reservations.values()].flatMap(({ type, address }) =>
    type === 'public_ipv4' && address !== undefined ? [address] : [],
  );
const bgpCalls = (): readonly string[] => Object.keys(scene.cloud.callsByRoute()).filter((route) => /bgp/i.test(route));

describe('PK row 52 without a BGP back end there is no BGP call', () => {
  test.each(['emlb:///da', ''])('%s', async (backend) => {
    scene.addNodes(2);
    expect(await start(backend)).toBeUndefined();
    expect(loops).toEqual([]);
    expect(bgpCalls()).toEqual([]);
  });

  test('and none at the start with one: BGP is enabled when a Service needs it', async () => {
    scene.addNodes(2);
    await start('kube-vip://');
    expect(bgpCalls()).toEqual([]);
    expect(scene.cloud.calls.total).toBe(0);
  });
});

test.each(['empty://', 'kube-vip://'])(
  'PK row 40 PK row 54 %s: an elastic IP, sessions and annotations',
  async (backend) => {
    const names = scene.addNodes(2);
    const balancers = await start(backend);
    const result = await balancers?.ensure(addService('web'), targets(names), signal);
    expect(result).toMatchObject({ kind: 'ready', status: { ingress: elasticIps().map((ip) => ({ ip })) } });
    expect(elasticIps()).toHaveLength(1);
    expect(scene.cloud.state.bgpSessions.size).toBe(2);
    for (const name of names)
      expect(scene.annotationsOf(name)).toHaveProperty(['metal.equinix.com/bgp-peers-0-src-ip']);
    expect(loops.map(({ name }) => name)).toEqual(['BGP resync']);
  },
);

test('PK row 57 PK row 60 metallb: without its ConfigMap the address is kept, with it announced, and withdrawn before it is released', async () => {
  const names = scene.addNodes(2);
  const balancers = await start('metallb:///');
  const service = addService('web');
  await expect(balancers?.ensure(service, targets(names), signal)).rejects.toMatchObject({
    code: 'METALLB_CONFIG_MAP_MISSING',
  });
  const [address = ''] = elasticIps();
  putConfigMap();
  const current = scene.kube.object(services, 'shop/web') ?? service;
  await balancers?.ensure(current, targets(names), signal);
  expect(elasticIps()).toEqual([address]);
  expect(text()).toContain(`${address}/32`);
  // The ConfigMap cannot be written: the address stays ours.
  scene.kube.fail({ verb: 'patch', resource: 'configmaps' });
  await expect(balancers?.remove(current, signal)).rejects.toMatchObject({ code: 'KUBE_API_UNREACHABLE' });
  expect(elasticIps()).toEqual([address]);
  await balancers?.remove(current, signal);
  expect(text()).not.toContain(address);
  expect(elasticIps()).toEqual([]);
});

test('100 Nodes and 50 Services: one Node more costs at most 60 calls of the cloud', async () => {
  scene.cloud.setBgp({ maxPrefix: 100 });
  const names = scene.addNodes(100);
  const balancers = await start('kube-vip://');
  const all = Array.from({ length: 50 }, (_unused, index) => addService(`s${index}`));
  const ensureAll = async (nodeNames: readonly string[]): Promise<void> => {
    for (const service of all) {
      const current = scene.kube.object(services, `shop/${service.metadata?.name}`);
      await balancers?.ensure(current ?? service, targets(nodeNames), signal);
    }
  };
  await ensureAll(names);
  const [added = ''] = scene.addNodes(1);
  scene.callsSince();
  await scene.clock.advance(60_000);
  await ensureAll([...names, added]);
  const calls = Object.values(scene.callsSince()).reduce((sum, count) => sum + count, 0);
  expect(calls).toBeLessThanOrEqual(60);
  expect(scene.cloud.state.bgpSessions.size).toBe(101);
  expect(scene.annotationsOf(added)).toHaveProperty(['metal.equinix.com/bgp-peers-1-peer-ip']);
}, 300_000);

test('orphans are elastic IPs and BGP sessions', async () => {
  const names = scene.addNodes(1);
  const balancers = await start('empty://');
  if (!balancers?.orphans || !balancers.removeOrphan) throw new Error('no orphans');
  const service = addService('web');
  await balancers.ensure(service, targets(names), signal);
  expect(await balancers.orphans([service], signal)).toEqual([]);
  const [session] = scene.cloud.state.bgpSessions.values();
  const device = session?.device.href.split('/').at(-1) ?? '';
  scene.cloud.announce(
    device,
    elasticIps().map((ip) => `${ip}/32`),
  );
  scene.kube.delete(nodes, { name: names[0] ?? '' });
  const orphans = await balancers.orphans([], signal);
  expect(orphans.map(({ name }) => name.split(' ')[0])).toEqual(['BGP', 'elastic']);
  for (const orphan of orphans) {
    expect(await balancers.removeOrphan(orphan, [], signal)).toMatchObject({
      kind: expect.stringMatching(/removed|kept/),
    });
  }
  expect(scene.cloud.state.bgpSessions.size).toBe(0);
  expect(elasticIps()).toEqual([]);
});
