// Without DO_CLUSTER_ID nothing tells a thing of this cluster from another's: no tags are kept, and nothing counts as an orphan.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import type { CloudProvider, ProviderContext } from '@longshore/cloud-provider';
import { PrometheusMetrics, SecretRedactor } from '@longshore/k8s-runtime/process';
import type { Runnable } from '@longshore/reconciler-core';
import type { Environment } from './config.ts';
import { createProvider } from './provider.ts';
import { aService } from './test-support/builders.ts';
import { aWorld } from './test-support/world.ts';
import type { World } from './test-support/world.ts';

let world: World;
let stop: AbortController;
beforeEach(async () => {
  world = await aWorld();
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  await world.close();
});

async function started(extra: Environment): Promise<{ provider: CloudProvider; loops: readonly Runnable[] }> {
  const { cloud, clock, log, cluster } = world;
  const env = { DO_ACCESS_TOKEN: cloud.token, DO_OVERRIDE_URL: cloud.url, REGION: 'fra1', ...extra };
  const around = { env, clock, log, signal: stop.signal, isDryRun: false };
  const metrics = new PrometheusMetrics();
  const flags = { 'public-access-firewall-sync-period': 300_000, 'node-name-map': '' };
  const config = { ...around, metrics, secrets: new SecretRedactor(), flags };
  const provider = await createProvider(config);
  const loops: Runnable[] = [];
  const context = { ...cluster, clock, log, metrics, signal: stop.signal, nodes: { list: world.nodes } };
  await provider.start?.({
    ...context,
    keepRunning: (loop: Runnable) => void loops.push(loop),
  } as unknown as ProviderContext);
  return { provider, loops };
}

const kindsOf = async (provider: CloudProvider): Promise<readonly string[]> => {
  const view = { nodes: world.nodes(), services: world.cluster.services.list() };
  return ((await provider.otherPlans?.(view, stop.signal)) ?? []).map(({ subject }) => subject.kind);
};

test('DO row 96 without a cluster ID the tag sync does not run, and no tag is asked for', async () => {
  const { provider, loops } = await started({});
  const service = world.cluster.put(aService());
  await provider.loadBalancers?.ensure(service, world.nodes(), stop.signal);
  expect(loops.map(({ name }) => name)).not.toContain('tag-sync');
  expect(await kindsOf(provider)).not.toContain('Tag');
  expect([...world.cloud.state.loadBalancers.values()].map(({ tags }) => tags)).toEqual([[]]);
  expect([...world.cloud.state.tags]).toEqual([]);
  expect(await provider.loadBalancers?.orphans?.([], stop.signal)).toEqual([]);
});

test('with one it does', async () => {
  const { provider, loops } = await started({ DO_CLUSTER_ID: 'c1' });
  expect(loops.map(({ name }) => name)).toContain('tag-sync');
  expect(await kindsOf(provider)).toContain('Tag');
});
