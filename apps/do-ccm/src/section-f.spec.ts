// What was seen when the Go program was run (section F of the facts about DigitalOcean), as far as balancers are concerned: the service
// controller with this program's balancers against the simulated cloud.
import { afterEach, describe, expect, test } from '@jest/globals';
import { nodes } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { ANNOTATIONS } from './annotations.ts';
import { annotate, aNode, aService } from './test-support/builders.ts';
import type { Annotated } from './test-support/builders.ts';
import { ControllerWorld } from './test-support/controller-world.ts';

let world: ControllerWorld;
afterEach(() => world.stop());

const STEP_MS = 500;
const cloud = (): readonly (Readonly<Record<string, unknown>> & { readonly id: string })[] =>
  [...world.cloud.state.loadBalancers.values()] as never;
const service = (): KubeService => {
  const found = world.services.find(({ metadata }) => metadata?.name === 'web');
  if (!found) throw new Error('no Service web');
  return found;
};
const ingress = (): readonly unknown[] => service().status?.loadBalancer?.ingress ?? [];
const reasons = (): readonly string[] => world.events.map(({ reason }) => reason);
const warnings = (): readonly string[] =>
  world.events.filter(({ type }) => type === 'Warning').map(({ message }) => message);

async function start(wish: Annotated = {}, droplets = 2): Promise<void> {
  world = await ControllerWorld.start({ droplets, timeToActiveMs: 1_500, quota: 'off', emptyTargets: 'refuse' });
  world.put(aService({ annotations: wish }));
  await world.until('an address', () => ingress().length > 0, STEP_MS);
}
const edit = async (annotations: Annotated): Promise<void> => {
  const present = service();
  const all = { ...present.metadata?.annotations, ...annotate(annotations) };
  world.put({ ...present, metadata: { ...present.metadata, annotations: all } });
  await world.advance(3_000, STEP_MS);
};

describe('section F', () => {
  test('F1 a Node that gets address and provider ID in two writes after the balancer exists becomes a target', async () => {
    await start();
    const { id, name } = world.cloud.addDroplet();
    world.client.put(nodes, aNode(name, { external: [], internal: [] }));
    await world.advance(7_000, STEP_MS);
    expect(cloud()).toMatchObject([{ droplet_ids: [1, 2] }]);
    world.client.put(nodes, aNode(name, { providerId: `digitalocean://${id}`, external: [], internal: [] }));
    await world.advance(7_000, STEP_MS);
    world.client.put(nodes, aNode(name, { providerId: `digitalocean://${id}` }));
    await world.advance(7_000, STEP_MS);
    expect(cloud()).toMatchObject([{ droplet_ids: [1, 2, id] }]);
    expect(warnings()).toEqual([]);
  });

  test('F2 another type is told once, says how to replace the balancer, and stays as written', async () => {
    await start();
    const [before] = cloud();
    await edit({ type: 'REGIONAL' });
    await world.advance(60_000, 5_000);
    expect(warnings()).toEqual([
      expect.stringMatching(/asks for type REGIONAL.*cannot be changed.*replace the balancer/),
    ]);
    expect(service().metadata?.annotations?.[ANNOTATIONS.type.key]).toBe('REGIONAL');
    expect(cloud()).toEqual([before]);
    await edit({ type: 'REGIONAL_NETWORK' });
    expect(reasons().at(-1)).toBe('EnsuredLoadBalancer');
  });

  test('F2 another network is told once, and not asked for', async () => {
    await start();
    world.cloud.calls.clear();
    await edit({ network: 'INTERNAL' });
    await world.advance(60_000, 5_000);
    expect(warnings()).toHaveLength(1);
    expect(world.cloud.calls.writes()).toEqual([]);
  });

  test('F3 an ID that is edited by hand is noticed at once; the other’s balancer stays as it is', async () => {
    await start();
    world.put(aService({ name: 'other', uid: 'cccccccc-0000-4000-8000-000000000003', ports: [81] }));
    await world.until('two balancers', () => world.addressAtMs.has('other'), STEP_MS);
    const other = world.services.find(({ metadata }) => metadata?.name === 'other');
    const id = other?.metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key] ?? '';
    const before = world.cloud.state.loadBalancers.get(id);
    await edit({ loadBalancerId: id });
    expect(warnings()).toEqual([expect.stringContaining('belongs to Service shop/other')]);
    world.remove('web');
    await world.advance(5_000, STEP_MS);
    expect(cloud()).toEqual([before]);
  });

  test('F6 the last Node goes: the balancer loses its last droplet', async () => {
    await start();
    for (const name of ['pool-a-1', 'pool-a-2']) world.client.delete(nodes, { name });
    await world.advance(7_000, STEP_MS);
    expect(cloud()).toMatchObject([{ droplet_ids: [] }]);
    expect(reasons().at(-1)).toBe('UnAvailableLoadBalancer');
  });

  test('F6 the taint ToBeDeletedByClusterAutoscaler alone takes a Node out', async () => {
    await start();
    world.client.put(
      nodes,
      aNode('pool-a-2', { providerId: 'digitalocean://2', taints: ['ToBeDeletedByClusterAutoscaler'] }),
    );
    await world.advance(7_000, STEP_MS);
    expect(cloud()).toMatchObject([{ droplet_ids: [1] }]);
  });

  test('F8 a disowned Service gets no finalizer, no event and no call', async () => {
    world = await ControllerWorld.start({ droplets: 1, quota: 'off' });
    world.put(aService({ annotations: { disown: 'true' } }));
    await world.advance(30_000, 5_000);
    expect(service().metadata?.finalizers ?? []).toEqual([]);
    expect(world.events).toEqual([]);
    expect(cloud()).toEqual([]);
  });

  test('F9 a new balancer is told by three Normal events, each once, although the program writes annotations meanwhile', async () => {
    await start();
    expect(reasons()).toEqual(['EnsuringLoadBalancer', 'LoadBalancerPending', 'EnsuredLoadBalancer']);
    expect(warnings()).toEqual([]);
    expect(service().metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key]).toBe(cloud()[0]?.id);
  });

  test('F10 an answer that is lost costs no second balancer', async () => {
    world = await ControllerWorld.start({ droplets: 1, timeToActiveMs: 1_500, quota: 'off' });
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    world.put(aService());
    await world.until('an address', () => ingress().length > 0, STEP_MS);
    expect(cloud()).toHaveLength(1);
  });
});

describe('events of what takes longer', () => {
  test('a size that is refused: the Service is told to wait, and told when it is done', async () => {
    await start();
    await edit({ sizeUnit: '3', proxyProtocol: 'true' });
    expect(cloud()).toMatchObject([{ size_unit: 1, enable_proxy_protocol: true }]);
    expect(world.events.at(-1)).toMatchObject({
      type: 'Normal',
      reason: 'LoadBalancerPending',
      message: expect.stringContaining('its new size (size: 1 -> 3)') as unknown,
    });
    await world.advance(70_000, 5_000);
    expect(cloud()).toMatchObject([{ size_unit: 3 }]);
    expect(world.events.at(-1)).toMatchObject({ type: 'Normal', reason: 'EnsuredLoadBalancer' });
    expect(warnings()).toEqual([]);
  });

  test('DO row 82 a balancer that was deleted by hand is made again; the event says that the address changes', async () => {
    await start();
    const [before] = cloud();
    world.cloud.removeLoadBalancer(before?.id ?? '');
    await world.advance(11_000, STEP_MS);
    await edit({ proxyProtocol: 'true' });
    await world.until('another one', () => JSON.stringify(ingress()).includes(String(cloud()[0]?.['ip'])), STEP_MS);
    expect(cloud()[0]?.id).not.toBe(before?.id);
    expect(world.events.map(({ message }) => message)).toContainEqual(
      expect.stringContaining(`a new load balancer, with another address: ${before?.id} does not exist any more`),
    );
    expect(warnings()).toEqual([]);
  });

  test('DO row 118 a Service with a load balancer class is never touched', async () => {
    world = await ControllerWorld.start({ droplets: 1, quota: 'off' });
    world.put(aService({ spec: { loadBalancerClass: 'example.com/other' } }));
    await world.advance(30_000, 5_000);
    expect(cloud()).toEqual([]);
    expect(world.events).toEqual([]);
    expect(service().metadata?.finalizers ?? []).toEqual([]);
  });
});
