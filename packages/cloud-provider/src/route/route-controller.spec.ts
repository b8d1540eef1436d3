import { afterEach, describe, expect, test } from '@jest/globals';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { Route } from '../provider.ts';
import { LABEL_IGNORE_NODE } from '../well-known.ts';
import { anInitializedNode } from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import { FakeRoutes } from '../testing/fake-routes.ts';
import { NodeWorld } from '../test-support/node-world.ts';
import { createRouteController } from './route-controller.ts';
import type { RouteControllerOptions } from './route-controller.ts';

const worlds: NodeWorld[] = [];
afterEach(async () => {
  for (const world of worlds.splice(0)) await world.stop();
});

const withRange = (name: string, podCidr: string, traits: NodeTraits = {}): KubeNode =>
  anInitializedNode({ name, podCidrs: [podCidr], ...traits });
const aRoute = (targetNode: string, destinationCidr: string, more: Partial<Route> = {}): Route => ({
  name: `${targetNode}:${destinationCidr}`,
  targetNode,
  destinationCidr,
  isBlackhole: false,
  ...more,
});

interface Routing {
  readonly world: NodeWorld;
  readonly cloud: FakeRoutes;
}

async function routing(
  { nodes, routes = [] }: { readonly nodes: readonly KubeNode[]; readonly routes?: readonly Route[] },
  options: Partial<RouteControllerOptions> & { readonly prepare?: (routing: Routing) => void } = {},
): Promise<Routing> {
  const world = new NodeWorld(...nodes);
  const cloud = new FakeRoutes({ clock: world.clock, routes });
  worlds.push(world);
  const { prepare, ...own } = options;
  prepare?.({ world, cloud });
  const controller = createRouteController({
    ...world,
    routes: cloud,
    clusterName: 'kubernetes',
    clusterCidr: '10.0.0.0/16,2001:db8::/48',
    providerIdSchemes: ['fake'],
    ...own,
  });
  await world.start(controller);
  return { world, cloud };
}

function conditionOf(world: NodeWorld, name: string): unknown {
  return world.node(name).status?.conditions?.find(({ type }) => type === 'NetworkUnavailable');
}

describe('in periods', () => {
  test('row R1 a node with a pod range and no route: created with the UID as hint, and the node is told', async () => {
    const { world, cloud } = await routing({ nodes: [withRange('a', '10.0.1.0/24')] });
    await world.clock.advance(100);
    expect(cloud.routes).toEqual([expect.objectContaining({ targetNode: 'a', destinationCidr: '10.0.1.0/24' })]);
    expect(cloud.nameHints).toEqual([world.node('a').metadata?.uid]);
    expect(conditionOf(world, 'a')).toMatchObject({
      status: 'False',
      reason: 'RouteCreated',
      message: 'RouteController created a route',
      lastTransitionTime: expect.stringMatching(/^2026-01-01T00:00:00Z$/),
    });
  });

  test('row R2 the creation fails: event and condition; the next pass tries again', async () => {
    const { world, cloud } = await routing(
      { nodes: [withRange('a', '10.0.1.0/24')] },
      { prepare: (own) => own.cloud.fail(/^create/) },
    );
    await world.clock.advance(1000);
    expect(conditionOf(world, 'a')).toMatchObject({ status: 'True', reason: 'NoRouteCreated' });
    expect(world.events.all).toEqual([
      expect.objectContaining({
        type: 'Warning',
        reason: 'FailedToCreateRoute',
        message: expect.stringMatching(
          /^Could not create route uid-\d+ 10\.0\.1\.0\/24 for node a after 0ms: no quota/,
        ),
      }),
    ]);
    await world.clock.advance(10_000);
    expect(cloud.routes).toHaveLength(1);
    expect(conditionOf(world, 'a')).toMatchObject({ status: 'False', reason: 'RouteCreated' });
  });

  test('row R3, R4, R5 what nobody needs inside the cluster goes, what lies outside stays', async () => {
    const outside = [aRoute('gone', '192.168.0.0/24'), aRoute('gone', 'nonsense')];
    const inside = [aRoute('gone', '10.0.7.0/24'), aRoute('', '10.0.8.0/24', { isBlackhole: true })];
    const { world, cloud } = await routing({ nodes: [], routes: [...outside, ...inside] });
    await world.clock.advance(1000);
    expect(cloud.routes).toEqual(outside);
  });

  test('row R6 of two ranges one cannot be created: the condition waits for both', async () => {
    const node = anInitializedNode({ name: 'a', podCidrs: ['10.0.1.0/24', '2001:db8:0:1::/64'] });
    const { world, cloud } = await routing(
      { nodes: [node], routes: [aRoute('a', '10.0.1.0/24')] },
      { prepare: (own) => own.cloud.fail(/^create/) },
    );
    await world.clock.advance(1000);
    expect(cloud.changes).toEqual(['create a 2001:db8:0:1::/64']);
    expect(conditionOf(world, 'a')).toMatchObject({ status: 'True' });
    await world.clock.advance(10_000);
    expect(conditionOf(world, 'a')).toMatchObject({ status: 'False' });
  });

  test('row R7 the reason of another network plug-in is replaced', async () => {
    const conditions = [{ type: 'NetworkUnavailable', status: 'False', reason: 'CiliumIsUp' }];
    const { world } = await routing({
      nodes: [withRange('a', '10.0.1.0/24', { conditions })],
      routes: [aRoute('a', '10.0.1.0/24')],
    });
    await world.clock.advance(1000);
    expect(conditionOf(world, 'a')).toMatchObject({ reason: 'RouteCreated' });
    expect(world.node('a').status?.conditions?.map(({ type }) => type)).toEqual(['Ready', 'NetworkUnavailable']);
  });

  test('row R8 all is right: no call but the list, no write', async () => {
    const conditions = [{ type: 'NetworkUnavailable', status: 'False', reason: 'RouteCreated' }];
    const { world, cloud } = await routing({
      nodes: [withRange('a', '10.0.1.0/24', { conditions })],
      routes: [aRoute('a', '10.0.1.0/24')],
    });
    await world.clock.advance(29_000);
    expect(cloud.calls).toEqual(['list', 'list', 'list']);
    expect(world.writes).toEqual([]);
    expect(world.metrics.value('route_controller_route_sync_total')).toBe(3);
  });

  test('row R9 other addresses: first removed, then created', async () => {
    const addresses = [{ type: 'InternalIP', address: '10.9.0.1' }] as const;
    const old = aRoute('a', '10.0.1.0/24', { targetNodeAddresses: [{ type: 'InternalIP', address: '10.9.0.7' }] });
    const { world, cloud } = await routing(
      { nodes: [withRange('a', '10.0.1.0/24', { addresses })], routes: [old] },
      { prepare: (own) => (own.cloud.latencyMs = 500) },
    );
    await world.clock.advance(5000);
    expect(cloud.changes).toEqual(['remove a 10.0.1.0/24', 'create a 10.0.1.0/24']);
    expect(cloud.routes).toEqual([expect.objectContaining({ targetNodeAddresses: addresses })]);
  });

  test('I22 the removal fails: nothing is created for this range until it works, the other ranges are done', async () => {
    const { world, cloud } = await routing(
      { nodes: [withRange('a', '10.0.1.0/24'), withRange('b', '10.0.2.0/24')], routes: [aRoute('x', '10.0.1.0/24')] },
      { prepare: (own) => own.cloud.fail(/^remove/) },
    );
    await world.clock.advance(1000);
    expect([...cloud.changes].sort()).toEqual(['create b 10.0.2.0/24', 'remove x 10.0.1.0/24']);
    expect(conditionOf(world, 'a')).toMatchObject({ status: 'True' });
    await world.clock.advance(10_000);
    expect(cloud.routes.map(({ targetNode }) => targetNode).sort()).toEqual(['a', 'b']);
  });

  test('row R10 five hundred nodes: at most 200 operations in flight', async () => {
    const nodes = Array.from({ length: 500 }, (_, index) =>
      withRange(`n${index}`, `10.0.${index >> 2}.${(index & 3) * 64}/26`),
    );
    const { world, cloud } = await routing({ nodes }, { prepare: (own) => (own.cloud.latencyMs = 100) });
    await world.clock.advance(2000);
    expect(cloud.routes).toHaveLength(500);
    expect(cloud.mostInFlight).toBe(200);
  });

  test('the period counts from start to start, and a failing list ends only its pass', async () => {
    const { world, cloud } = await routing(
      { nodes: [withRange('a', '10.0.1.0/24')] },
      { prepare: (own) => own.cloud.fail(/^list/) },
    );
    await world.clock.advance(9000);
    expect(cloud.calls).toEqual(['list']);
    await world.clock.advance(1500);
    expect(cloud.changes).toEqual(['create a 10.0.1.0/24']);
  });

  test('a call that hangs is given up after a minute', async () => {
    const { world, cloud } = await routing(
      { nodes: [withRange('a', '10.0.1.0/24')] },
      { prepare: (own) => (own.cloud.latencyMs = 1e9) },
    );
    await world.clock.advance(61_000);
    expect(cloud.calls).toEqual(['list', 'list']);
  });

  test('I12 a node that opted out is not routed to, its routes stay', async () => {
    const { world, cloud } = await routing({
      nodes: [withRange('a', '10.0.1.0/24', { labels: { [LABEL_IGNORE_NODE]: '' } })],
      routes: [aRoute('a', '10.0.5.0/24')],
    });
    await world.clock.advance(1000);
    expect([cloud.changes, world.writes]).toEqual([[], []]);
  });

  test('a dry run lists, says what it would do once, and changes nothing', async () => {
    const { world, cloud } = await routing({ nodes: [withRange('a', '10.0.1.0/24')] }, { isDryRun: true });
    await world.clock.advance(30_000);
    expect([cloud.changes, world.writes]).toEqual([[], []]);
    expect(world.log.lines.filter(({ message }) => message.startsWith('dry run'))).toEqual([
      expect.objectContaining({ fields: { step: 'would create a route for 10.0.1.0/24 to node a' } }),
    ]);
  });
});

test.each(['', '10.0.0.0/16,10.1.0.0/16', '10.0.0.0/16,2001:db8::/48,10.2.0.0/16'])(
  'row R11 the cluster CIDRs "%s" make the start fail for good',
  (clusterCidr) => {
    const world = new NodeWorld();
    const routes = new FakeRoutes({ clock: world.clock });
    const start = (): unknown => createRouteController({ ...world, routes, clusterName: 'kubernetes', clusterCidr });
    expect(start).toThrow(expect.objectContaining({ code: 'CLUSTER_CIDR_INVALID', disposition: { retry: 'never' } }));
  },
);

describe('on changes (feature gate)', () => {
  const watching = { isWatchBased: true };
  const lists = (cloud: FakeRoutes): number => cloud.calls.filter((call) => call === 'list').length;

  test('row R12 heartbeats and labels cause no pass; a pod range does, within ten seconds', async () => {
    const { world, cloud } = await routing({ nodes: [anInitializedNode({ name: 'a' })] }, watching);
    await world.clock.advance(20_000);
    const before = lists(cloud);
    for (let beat = 0; beat < 5; beat += 1) {
      world.change('a', (node) => ({ ...node, metadata: { ...node.metadata, labels: { beat: String(beat) } } }));
      await world.clock.advance(20_000);
    }
    expect(lists(cloud)).toBe(before);
    world.change('a', (node) => ({ ...node, spec: { ...node.spec, podCIDRs: ['10.0.1.0/24'] } }));
    await world.clock.advance(10_000);
    expect(lists(cloud)).toBe(before + 1);
    expect(cloud.routes).toHaveLength(1);
  });

  test('row R12 passes are at least ten seconds apart, whatever happens', async () => {
    const { world, cloud } = await routing({ nodes: [] }, watching);
    for (let index = 0; index < 30; index += 1) {
      world.client.put(nodeType, withRange(`n${index}`, `10.0.${index}.0/24`));
      await world.clock.advance(1000);
    }
    expect(lists(cloud)).toBeLessThanOrEqual(4);
    await world.clock.advance(10_000);
    expect(cloud.routes).toHaveLength(30);
  });

  test('a deleted node takes its route along', async () => {
    const { world, cloud } = await routing(
      { nodes: [withRange('a', '10.0.1.0/24')], routes: [aRoute('a', '10.0.1.0/24')] },
      watching,
    );
    await world.clock.advance(15_000);
    world.client.delete(nodeType, { name: 'a' });
    await world.clock.advance(10_000);
    expect(cloud.routes).toEqual([]);
  });

  test('the first pass needs no node: what is left over is removed', async () => {
    const { world, cloud } = await routing({ nodes: [], routes: [aRoute('gone', '10.0.1.0/24')] }, watching);
    await world.clock.advance(1000);
    expect(cloud.routes).toEqual([]);
  });

  test('I22 a failed creation is tried again within seconds, not at the next change', async () => {
    const { world, cloud } = await routing(
      { nodes: [withRange('a', '10.0.1.0/24')] },
      { ...watching, prepare: (own) => own.cloud.fail(/^create/, 2) },
    );
    await world.clock.advance(60_000);
    expect(cloud.routes).toHaveLength(1);
    expect(conditionOf(world, 'a')).toMatchObject({ status: 'False' });
  });
});
