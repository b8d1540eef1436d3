// The tag of the cluster, over HTTP against the simulated cloud: who gets it, what it costs, and what a refusal means.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { ClusterView } from '@longshore/cloud-provider';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { Controller } from '@longshore/reconciler-core';
import { aNode, aService } from '../test-support/builders.ts';
import type { ServiceWish } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';
import { MOST_AT_ONCE } from './plan.ts';
import { TAG_SYNC_EVERY_MS, TagSync } from './tag-sync.ts';

const TAG = 'k8s:c1';
const RESOURCES = 'POST /v2/tags/{name}/resources';
const BALANCERS = 'GET /v2/load_balancers';
const signal = new AbortController().signal;
let world: World;
let stop: AbortController;
let loop: Controller<string> | undefined;
let running: Promise<void> | undefined;

beforeEach(async () => {
  world = await aWorld({ config: { clusterTag: TAG } });
  await world.api.tags.create(TAG, signal);
  hasMetNewNode = true;
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await world.clock.advance(10_000);
  await running;
  running = undefined;
  await world.close();
});

const uidOf = (at: number): string => `${String(at).padStart(8, '0')}-2222-4333-8444-555555555555`;

/** A Service with a balancer that has no tag: made before there was a cluster ID. */
async function anOldService(at: number, wish: ServiceWish = {}): Promise<KubeService> {
  const service = aService({ name: `web-${at}`, uid: uidOf(at), ...wish });
  const dropletIds = [...world.cloud.state.droplets.keys()].slice(0, 1);
  const name = `a${uidOf(at).replaceAll('-', '')}`.slice(0, 32);
  const rule = { entry_protocol: 'tcp', entry_port: 80, target_protocol: 'tcp', target_port: 80 };
  const body = { name, region: 'fra1', type: 'REGIONAL_NETWORK', forwarding_rules: [rule], droplet_ids: dropletIds };
  const headers = { authorization: `Bearer ${world.cloud.token}`, 'content-type': 'application/json' };
  await fetch(`${world.cloud.url}/v2/load_balancers`, { method: 'POST', headers, body: JSON.stringify(body) });
  return world.cluster.put(service);
}

let hasMetNewNode = true;
const sync = (): TagSync => new TagSync({ ...partsOf(world), clusterTag: TAG, random: () => 0 });
function partsOf({
  api,
  instances,
  balancers,
  clock,
  log,
}: World): Omit<ConstructorParameters<typeof TagSync>[0], 'clusterTag'> {
  const droplets: typeof instances.droplets = (...question) => instances.droplets(...question);
  return { calls: api.tags, instances: { droplets, hasMetNewNode }, loadBalancers: balancers, clock, log };
}

/** Starts the loop and waits for the first round; `nodes` of the cluster. */
async function start(nodes: readonly KubeNode[] = []): Promise<void> {
  loop = sync().loop(() => ({ nodes, services: world.cluster.services.list() }));
  running = loop.run(stop.signal);
  await round(60_000);
}
async function round(ms = TAG_SYNC_EVERY_MS): Promise<void> {
  await world.clock.advance(ms);
  await rest(world, loop);
}
// HTTP takes real time.
async function rest({ clock }: World, controller: Controller<string> | undefined): Promise<void> {
  while (controller && controller.busy > 0) await clock.settle();
}
const forget = (): void => world.cloud.calls.clear();
const tagsOf = (kind: 'droplets' | 'loadBalancers'): readonly (readonly string[])[] =>
  [...world.cloud.state[kind].values()].map(({ tags }) => tags);
const failures = (): readonly string[] =>
  world.log.lines
    .filter(({ level }) => level === 'warn')
    .map(({ fields }) => String((fields?.['error'] as Error).message));

describe('tag sync', () => {
  test('row 92 a cluster without load balancers and nodes costs no call', async () => {
    world.cluster.put(aService({ spec: { type: 'ClusterIP' } }));
    forget();
    await start();
    expect(world.cloud.calls.total).toBe(0);
  });

  test('row 93 one list, one POST with each balancer once', async () => {
    for (const at of [1, 2]) await anOldService(at);
    forget();
    await start();
    expect(world.cloud.callsByRoute()).toEqual({ [BALANCERS]: 1, [RESOURCES]: 1 });
    const ids = [...world.cloud.state.loadBalancers.keys()];
    expect(world.cloud.calls.of(RESOURCES)[0]?.body).toEqual({
      resources: ids.map((id) => ({ resource_id: id, resource_type: 'load_balancer' })),
    });
    expect(tagsOf('loadBalancers')).toEqual([[TAG], [TAG]]);
    expect(world.cloud.schemaProblems).toEqual([]);
  });

  test('what has the tag is not written again; what lost it gets it back in the next round', async () => {
    await anOldService(1);
    const nodes = world.nodes();
    await start(nodes);
    expect([...tagsOf('droplets'), ...tagsOf('loadBalancers')]).toEqual(Array(4).fill([TAG]));
    forget();
    await round();
    expect(world.cloud.calls.writes()).toEqual([]);
    await world.api.tags.unassign(TAG, [{ type: 'droplet', id: '2' }], signal);
    forget();
    await round();
    expect(world.cloud.calls.of(RESOURCES).map(({ body }) => body)).toEqual([
      { resources: [{ resource_id: '2', resource_type: 'droplet' }] },
    ]);
    expect(tagsOf('droplets')).toEqual(Array(3).fill([TAG]));
  });

  test('droplets of a cluster that was taken over stay untagged until it gets a Node, or one of them has the tag', async () => {
    hasMetNewNode = false;
    forget();
    await start(world.nodes());
    await round();
    expect(world.cloud.calls.writes()).toEqual([]);
    await world.api.tags.assign(TAG, [{ type: 'droplet', id: '2' }], signal);
    await round();
    expect(tagsOf('droplets')).toEqual(Array(3).fill([TAG]));
  });

  test('a fresh Node that is looked up makes the cluster one of ours', async () => {
    const [node] = world.nodes();
    const taints = [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', effect: 'NoSchedule' }];
    const fresh = { ...node, spec: { ...node?.spec, taints } };
    expect(world.instances.hasMetNewNode).toBe(false);
    await world.instances.lookup([fresh], signal);
    expect(world.instances.hasMetNewNode).toBe(true);
    hasMetNewNode = false;
    const { steps } = await sync().plan({ nodes: [fresh, ...world.nodes().slice(1)], services: [] }, signal);
    expect(steps.map(({ kind }) => kind)).toEqual(['tag-droplets']);
  });

  test('row 94 a tag that does not exist is created, then put', async () => {
    await anOldService(1);
    await world.api.tags.remove(TAG, signal);
    forget();
    await start();
    expect(world.cloud.callsByRoute()).toEqual({ [BALANCERS]: 1, [RESOURCES]: 2, 'POST /v2/tags': 1 });
    expect(tagsOf('loadBalancers')).toEqual([[TAG]]);
  });

  test('row 94 when it is not found after that either, the round fails', async () => {
    await anOldService(1);
    const body = { id: 'not_found', message: 'The resource you requested could not be found.' };
    world.cloud.fail({ match: { path: /\/resources$/ }, status: 404, body, times: 2 });
    await start();
    expect(failures()).toEqual([expect.stringContaining(`does not find tag ${TAG}`)]);
    await round(5_000);
    expect(tagsOf('loadBalancers')).toEqual([[TAG]]);
  });

  test('row 95 an API that fails is an error, no tag is created; it is tried again, with growing pauses', async () => {
    await anOldService(1);
    forget();
    world.cloud.fail({ match: { path: /\/resources$/ }, status: 500, times: 2 });
    await start();
    expect(failures()).toEqual([expect.stringContaining(`tag ${TAG} could not be put on all`)]);
    await round(5_000);
    expect(failures()).toHaveLength(2);
    await round(9_000);
    expect(tagsOf('loadBalancers')).toEqual([[]]);
    await round(1_000);
    expect(tagsOf('loadBalancers')).toEqual([[TAG]]);
    expect(world.cloud.callsByRoute()['POST /v2/tags']).toBeUndefined();
  });

  test('row 118 Services of another class, disowned ones and those that leave are left out', async () => {
    await anOldService(1, { spec: { type: 'LoadBalancer', loadBalancerClass: 'x/y' } });
    await anOldService(2, { annotations: { disown: 'true' } });
    await anOldService(3, { annotations: { disown: 'maybe' } });
    await anOldService(4, {
      metadata: { name: 'web-4', namespace: 'shop', uid: uidOf(4), deletionTimestamp: new Date(0) as never },
    });
    forget();
    await start();
    expect(world.cloud.calls.writes()).toEqual([]);
  });

  test('a balancer that an edited annotation points at is left alone', async () => {
    await anOldService(1);
    const [id = ''] = world.cloud.state.loadBalancers.keys();
    world.cluster.put(aService({ name: 'web-1', uid: uidOf(1), spec: { type: 'ClusterIP' } }));
    world.cluster.put(aService({ name: 'thief', uid: uidOf(9), annotations: { loadBalancerId: id } }));
    forget();
    await start();
    expect(world.cloud.calls.writes()).toEqual([]);
  });

  test('one droplet that vanished a moment ago does not keep the others from the tag', async () => {
    const nodes = world.nodes();
    await world.instances.lookup(nodes, signal);
    world.cloud.removeDroplet(2);
    await start(nodes);
    expect(tagsOf('droplets')).toEqual([[TAG], [TAG]]);
    expect(failures()).toEqual([expect.stringMatching(/could not be put on pool-a-2; all others have it/)]);
    await round(5_000);
    expect(failures()).toHaveLength(1);
  });

  test('when everything is refused, that does not take a call for each', async () => {
    const nodes = world.cloud
      .addDroplets(90)
      .map(({ id, name }) => aNode(name, { providerId: `digitalocean://${id}` }));
    const body = { id: 'unprocessable_entity', message: 'no' };
    world.cloud.fail({ match: { path: /\/resources$/ }, status: 422, body, times: Infinity });
    forget();
    await start(nodes);
    expect(world.cloud.calls.of(RESOURCES).length).toBeLessThan(40);
  });

  test('handfuls: 1,050 droplets are three calls', async () => {
    const nodes = world.cloud
      .addDroplets(1_050)
      .map(({ id, name }) => aNode(name, { providerId: `digitalocean://${id}` }));
    forget();
    await start(nodes);
    const sizes = world.cloud.calls
      .of(RESOURCES)
      .map(({ body }) => (body as { resources: unknown[] }).resources.length);
    expect(sizes).toEqual([MOST_AT_ONCE, MOST_AT_ONCE, 50]);
  });

  test('droplets with GPUs, too', async () => {
    const { id, name } = world.cloud.addDroplet({ hasGpu: true });
    await start([aNode(name, { providerId: `digitalocean://${id}` })]);
    expect(world.cloud.state.droplets.get(id)?.tags).toEqual([TAG]);
  });

  test('lists that the other controllers have just read are not read again', async () => {
    await anOldService(1);
    await world.clock.advance(50_000);
    await world.instances.lookup(world.nodes(), signal);
    await world.balancers.orphans([], signal);
    forget();
    const nodes = world.nodes();
    expect((await sync().plan({ nodes, services: world.cluster.services.list() }, signal)).steps).toHaveLength(2);
    expect(world.cloud.calls.total).toBe(0);
  });

  test('the first round comes after one to ten minutes', async () => {
    await anOldService(1);
    forget();
    const late = new TagSync({ ...partsOf(world), clusterTag: TAG, random: () => 0.5 });
    loop = late.loop(() => ({ nodes: [], services: world.cluster.services.list() }));
    running = loop.run(stop.signal);
    await world.clock.advance(329_000);
    expect(world.cloud.calls.total).toBe(0);
    await round(1_000);
    expect(tagsOf('loadBalancers')).toEqual([[TAG]]);
  });
});

describe('the plan of the tag sync', () => {
  test('says what a round would do, and does nothing', async () => {
    await anOldService(1);
    forget();
    const cluster: ClusterView = { nodes: world.nodes(), services: world.cluster.services.list() };
    expect(await sync().plan(cluster, signal)).toMatchObject({
      subject: { kind: 'Tag', name: TAG },
      controller: 'tag-sync',
      steps: [
        { kind: 'tag-balancers', summary: `put tag ${TAG} on load balancer a0000000122224333844455555555555` },
        { kind: 'tag-droplets', summary: `put tag ${TAG} on 3 droplets: pool-a-1, pool-a-2, pool-a-3` },
      ],
    });
    expect(world.cloud.calls.writes()).toEqual([]);
  });

  test('stable and convergent: after one round nothing is left to do, whatever had the tag before', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 3 })), fc.boolean(), async (tagged, isOldest) => {
        const fresh = await aWorld({ config: { clusterTag: TAG } });
        try {
          if (isOldest) await fresh.api.tags.create(TAG, signal);
          const resources = tagged.map((id) => ({ type: 'droplet' as const, id: String(id) }));
          if (isOldest && resources.length > 0) await fresh.api.tags.assign(TAG, resources, signal);
          const cluster = { nodes: fresh.nodes(), services: [] };
          const one = new TagSync({ ...partsOf(fresh), clusterTag: TAG, random: () => 0 });
          const ended = new AbortController();
          const itsLoop = one.loop(() => cluster);
          const itsRun = itsLoop.run(ended.signal);
          await fresh.clock.advance(60_000);
          await rest(fresh, itsLoop);
          await fresh.clock.advance(1_000);
          expect((await one.plan(cluster, signal)).steps).toEqual([]);
          ended.abort();
          await fresh.clock.advance(10_000);
          await itsRun;
        } finally {
          await fresh.close();
        }
      }),
      { numRuns: 8 },
    );
  });
});
