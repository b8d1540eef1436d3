// The guide "Moving a balancer to another cluster" of examples/loadbalancers/README.md, step by step.
import { expect, test } from '@jest/globals';
import { DigitalOceanLoadBalancers } from './load-balancer/load-balancer.ts';
import { aService } from './test-support/builders.ts';
import { aWorld, FakeCluster } from './test-support/world.ts';

const signal = new AbortController().signal;

test('a balancer moves to another cluster with its address', async () => {
  const world = await aWorld({ config: { clusterTag: 'k8s:old' } });
  try {
    const { cloud, clock, log, api, instances, balancers, cluster } = world;
    const old = cluster.put(aService());
    await balancers.ensure(old, world.nodes(), signal);
    await clock.advance(5_000);
    const [[id, balancer] = []] = [...cloud.state.loadBalancers];
    if (!id || !balancer) throw new Error('no balancer');

    const disowned = cluster.put(aService({ annotations: { disown: 'true', loadBalancerId: id } }));
    const other = new FakeCluster();
    const config = { vpcId: undefined, clusterTag: 'k8s:new', defaultType: 'REGIONAL_NETWORK' } as const;
    const { loadBalancers: calls, certificates, projects } = api;
    const parts = { calls, certificates, projects, instances, config, clock, log };
    const there = new DigitalOceanLoadBalancers(parts);
    there.start(other);
    const annotations = { loadBalancerId: id, name: balancer.name };
    const moved = other.put(aService({ uid: '22222222-2222-4333-8444-555555555555', annotations, ports: [8080] }));
    const result = await there.ensure(moved, world.nodes(), signal);

    expect(result).toMatchObject({ kind: 'ready', status: { ingress: [{ ip: balancer.ip }] } });
    expect(await balancers.remove(disowned, signal)).toMatchObject({ kind: 'removed' });
    expect([...cloud.state.loadBalancers.keys()]).toEqual([id]);
    expect(cloud.state.loadBalancers.get(id)?.forwarding_rules).toEqual([
      expect.objectContaining({ entry_port: 8080 }),
    ]);
  } finally {
    await world.close();
  }
});
