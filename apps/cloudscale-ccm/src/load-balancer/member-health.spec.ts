// What of the health of members is shown and told.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { PrometheusMetrics } from '@longshore/k8s-runtime/process';
import { silentLogger } from '@longshore/reconciler-core';
import { aService } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';
import { MemberHealth } from './member-health.ts';
import type { HealthCluster } from './member-health.ts';

const { signal } = new AbortController();
let world: World;
let metrics: PrometheusMetrics;
let health: MemberHealth;
let told: string[];
let cluster: HealthCluster;

beforeEach(async () => {
  world = await aWorld({ dataPlaneMs: 10_000 });
  metrics = new PrometheusMetrics();
  const { clock } = world;
  health = new MemberHealth({ lists: world.balancers.lists, clock, log: silentLogger, metrics });
  told = [];
  const warning = (about: { metadata?: { name?: string } }, reason: string, message: string): void =>
    void told.push(`${about.metadata?.name ?? ''}: ${reason}: ${message}`);
  cluster = { services: { list: () => world.services() }, events: { normal: () => {}, warning } };
  world.put(aService({ ports: [{ port: 80, name: 'http' }] }));
  await world.settle();
});
afterEach(() => world.close());

async function look(): Promise<readonly string[]> {
  await world.clock.advance(20_000);
  await health.round(cluster, signal);
  const page = await metrics.page();
  return page.split('\n').filter((line) => line.startsWith('cloudscale_load_balancer_members{'));
}

const series = (status: string, count: number): string =>
  `cloudscale_load_balancer_members{namespace="shop",service="web",pool="tcp/http",status="${status}"} ${count}`;

const addresses = (): readonly string[] => [...world.cloud.state.members.values()].map(({ address }) => address);

describe('member health', () => {
  test('members by what their monitor says; up and down are always shown', async () => {
    expect(await look()).toEqual([series('up', 3), series('down', 0)]);
    world.cloud.setHealth(addresses()[0] ?? '', 'sick');
    expect(await look()).toEqual([series('up', 2), series('down', 1)]);
    expect(told).toEqual([]);
  });

  test('a pool without a healthy member is told once, and again when it happens again', async () => {
    const message = 'web: NoHealthyMember: no member of pool tcp/http is healthy: nothing answers its health monitor';
    for (const address of addresses()) world.cloud.setHealth(address, 'sick');
    expect(await look()).toEqual([series('up', 0), series('down', 3)]);
    await look();
    expect(told).toEqual([message]);
    world.cloud.setHealth(addresses()[0] ?? '', 'healthy');
    await look();
    world.cloud.setHealth(addresses()[0] ?? '', 'sick');
    await look();
    expect(told).toEqual([message, message]);
  });

  test('what is gone is no longer shown, and without Services nothing is asked', async () => {
    await look();
    await world.remove();
    world.forget('web');
    world.cloud.calls.clear();
    expect(await look()).toEqual([]);
    expect(world.cloud.calls.total).toBe(0);
  });

  test('an API that fails leaves what was shown', async () => {
    await look();
    world.cloud.fail({ status: 500 });
    await expect(look()).rejects.toThrow();
    expect(await metrics.page()).toContain(series('up', 3));
  });
});
