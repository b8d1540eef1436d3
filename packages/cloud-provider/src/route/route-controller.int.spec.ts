// The route controller against a real API server: what the condition looks like there, and that others stay.
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { anInitializedNode } from '../testing/a-node.ts';
import { FakeRoutes } from '../testing/fake-routes.ts';
import { LiveCluster, LiveScene } from '../test-support/live-cluster.ts';
import { createRouteController } from './route-controller.ts';
import type { RouteControllerOptions } from './route-controller.ts';

let cluster: LiveCluster;
const scenes: LiveScene[] = [];
beforeAll(async () => {
  cluster = await LiveCluster.start();
}, 600_000);
afterAll(() => cluster?.stop());
afterEach(async () => {
  for (const scene of scenes.splice(0)) await scene.stop();
  await cluster?.removeNodes();
});

/** Starts the controller on an empty route table. */
async function control(
  options: Partial<RouteControllerOptions> = {},
): Promise<{ scene: LiveScene; cloud: FakeRoutes }> {
  const scene = new LiveScene({ client: cluster.admin, component: 'route_controller' });
  scenes.push(scene);
  const cloud = new FakeRoutes({ clock: scene.clock });
  const settings = { clusterName: 'kubernetes', clusterCidr: '10.0.0.0/16', periodMs: 100 };
  const controller = createRouteController({ ...scene, ...settings, routes: cloud, ...options });
  await scene.start(controller);
  return { scene, cloud };
}

function conditionOf(node: KubeNode): { status?: string; reason?: string } | undefined {
  return node.status?.conditions?.find(({ type }) => type === 'NetworkUnavailable');
}

test('row R1, row R8 a route for a pod range, the node is told once, other conditions stay', async () => {
  const { cloud } = await control();
  const { metadata } = await cluster.create(anInitializedNode({ name: 'r1', podCidrs: ['10.0.1.0/24'] }));
  await cluster.until('r1', 'has its route', (node) => conditionOf(node)?.status === 'False');
  const node = await cluster.node('r1');
  expect(conditionOf(node)).toMatchObject({ reason: 'RouteCreated', message: 'RouteController created a route' });
  expect(node.status?.conditions?.map(({ type }) => type).sort()).toEqual(['NetworkUnavailable', 'Ready']);
  expect(cloud.nameHints).toEqual([metadata?.uid]);
  const lists = cloud.calls.length;
  await waitFor(() => cloud.calls.length >= lists + 3, { what: 'three more passes' });
  expect((await cluster.node('r1')).metadata?.resourceVersion).toBe(node.metadata?.resourceVersion);
});

test('row R2 the creation fails: condition and event, then the route', async () => {
  const { cloud } = await control({ periodMs: 500 });
  cloud.fail(/^create/);
  await cluster.create(anInitializedNode({ name: 'r2', podCidrs: ['10.0.2.0/24'] }));
  await cluster.until(
    'r2',
    'is told that a route is missing',
    (node) => conditionOf(node)?.reason === 'NoRouteCreated',
  );
  await waitFor(async () => (await cluster.eventsOf('r2')).length > 0, { what: 'an event' });
  expect((await cluster.eventsOf('r2'))[0]).toMatchObject({ type: 'Warning', reason: 'FailedToCreateRoute' });
  await cluster.until('r2', 'has its route', (node) => conditionOf(node)?.reason === 'RouteCreated');
});

test('row R7 the reason of another network plug-in is replaced', async () => {
  const conditions = [{ type: 'NetworkUnavailable', status: 'False', reason: 'CiliumIsUp' }];
  await cluster.create(anInitializedNode({ name: 'r7', podCidrs: ['10.0.7.0/24'], conditions }));
  await control();
  await cluster.until('r7', 'has our reason', (node) => conditionOf(node)?.reason === 'RouteCreated');
});

test('row R12 watch mode: a pod range that is assigned leads to a route, a deleted node to its removal', async () => {
  const { cloud } = await control({ isWatchBased: true, spacingMs: 200 });
  await cluster.create(anInitializedNode({ name: 'r12' }));
  await cluster.change('r12', { spec: { podCIDR: '10.0.12.0/24', podCIDRs: ['10.0.12.0/24'] } });
  await waitFor(() => cloud.routes.length === 1, { what: 'the route' });
  await cluster.admin.remove(nodeType, { name: 'r12' });
  await waitFor(() => cloud.routes.length === 0, { what: 'the removal of the route' });
});
