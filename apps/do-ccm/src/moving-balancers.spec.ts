// docs/guides/load-balancers-digitalocean.md, "Move a balancer to another cluster", step by step: two clusters, one account.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { LoadBalancerResult } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { ANNOTATIONS } from './annotations.ts';
import { DropletInstances } from './instances/instances.ts';
import { DigitalOceanLoadBalancers } from './load-balancer/load-balancer.ts';
import { aNode, aService } from './test-support/builders.ts';
import { aWorld, FakeCluster } from './test-support/world.ts';
import type { World } from './test-support/world.ts';

const signal = new AbortController().signal;
const NEW_UID = '99999999-2222-4333-8444-555555555555';
let world: World;
let newCluster: FakeCluster;
let newBalancers: DigitalOceanLoadBalancers;

beforeEach(async () => {
  world = await aWorld({ config: { clusterTag: 'k8s:old' }, cloud: { timeToActiveMs: 0 } });
  const { api, clock, log } = world;
  newCluster = new FakeCluster();
  newBalancers = new DigitalOceanLoadBalancers({
    calls: api.loadBalancers,
    certificates: api.certificates,
    ...('projects' in api ? { projects: api.projects } : {}),
    instances: new DropletInstances({ droplets: api.droplets, clock, vpcId: undefined }),
    config: { vpcId: undefined, clusterTag: 'k8s:new', defaultType: 'REGIONAL_NETWORK' },
    clock,
    log,
  } as never);
  newBalancers.start(newCluster);
});
afterEach(() => world.close());

const inOld = (): Promise<LoadBalancerResult> =>
  world.balancers.ensure(world.cluster.get('web'), world.nodes().slice(0, 1), signal);
const inNew = (): Promise<LoadBalancerResult> =>
  newBalancers.ensure(
    newCluster.get('web'),
    world
      .nodes()
      .slice(1)
      .map((node) => aNode(`new-${node.metadata?.name}`, { providerId: node.spec?.providerID ?? '' })),
    signal,
  );
const only = (): { readonly id: string; readonly name: string; readonly droplet_ids: readonly number[] } => {
  const [balancer, ...others] = [...world.cloud.state.loadBalancers.values()];
  if (!balancer || others.length > 0) throw new Error('not exactly one balancer');
  return balancer;
};
const arriving = (annotations: Parameters<typeof aService>[0]): KubeService =>
  newCluster.put(aService({ uid: NEW_UID, ...annotations }));

test('disowned in the old cluster, named by ID and name in the new one: it keeps its address and changes its droplets', async () => {
  world.cluster.put(aService());
  const before = await inOld();
  const { id, name } = only();
  const annotations = { ...world.cluster.get('web').metadata?.annotations, [ANNOTATIONS.disown.key]: 'true' };
  world.cluster.put(aService({ metadata: { annotations } }));
  world.cloud.calls.clear();
  expect(await inOld()).toEqual({ kind: 'not-mine' });
  expect(world.cloud.calls.total).toBe(0);

  arriving({ annotations: { loadBalancerId: id } });
  await expect(inNew()).rejects.toMatchObject({ code: 'LOAD_BALANCER_FOREIGN' });
  expect(only().droplet_ids).toEqual([1]);
  arriving({ annotations: { loadBalancerId: id, name } });
  const after = await inNew();
  expect(after).toMatchObject({ kind: 'ready', status: before.kind === 'ready' ? before.status : undefined });
  expect(only()).toMatchObject({ id, name, droplet_ids: [2, 3] });

  await world.balancers.remove(world.cluster.get('web'), signal);
  expect(only().id).toBe(id);
  const { [ANNOTATIONS.name.key]: _name, ...kept } = newCluster.get('web').metadata?.annotations ?? {};
  newCluster.put(aService({ uid: NEW_UID, metadata: { annotations: kept } }));
  await inNew();
  expect(only()).toMatchObject({ id, name: `a${NEW_UID.replaceAll('-', '')}`.slice(0, 32) });
});
