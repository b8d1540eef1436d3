// Laws: whatever Services, Nodes and edits come, whatever goes wrong on the way, the balancer ends as wanted and then nothing more is written;
// no pool loses its last member while there are others; writes to one balancer never overlap. And taking over from the Go program writes nothing.
import { describe, expect, test } from '@jest/globals';
import type { Fault } from '@longshore/cloud-simulators';
import type { KubeService } from '@longshore/k8s-runtime';
import fc from 'fast-check';
import { aNode, aService } from '../test-support/builders.ts';
import { aLawWorld, areFloatingIpsRight, converge, nodesOf, putWish, shapeOf, wishes } from '../test-support/laws.ts';
import type { Wish } from '../test-support/laws.ts';
import { aWorld } from '../test-support/world.ts';

const faults: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('drop-before' as const, 'drop-after' as const, 'answer' as const, 'html' as const),
  status: fc.constantFrom(500, 429, 401),
  match: fc.record({ method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE') }),
});

interface Edit {
  readonly wish: Wish;
  readonly faults: readonly Fault[];
}

const VIPS = '[{"subnet":"SUBNET"}]';

describe('laws', () => {
  test('stable and convergent, with faults at any point; the end does not depend on the way', async () => {
    const edits = fc.array(fc.record({ wish: wishes, faults: fc.array(faults, { maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    const law = async (vips: string, steps: readonly Edit[]): Promise<void> => {
      const world = await aLawWorld();
      const straight = await aLawWorld();
      try {
        let before: KubeService | undefined;
        for (const { wish, faults: planned } of steps) {
          putWish(world, before, wish, vips);
          for (const fault of planned) world.cloud.fail(fault);
          await converge(world, wish);
          world.cloud.clearFaults();
          await world.clock.advance(60_000);
          await converge(world, wish);
          expect(areFloatingIpsRight(world, wish)).toBe(true);
          world.writes();
          world.restart();
          await world.ensure('web', nodesOf(world, wish));
          expect(world.writes()).toEqual([]);
          before = world.get();
        }
        const last = steps.at(-1)?.wish;
        if (last) {
          putWish(straight, undefined, last, vips);
          await converge(straight, last);
        }
        expect(shapeOf(world)).toEqual(shapeOf(straight));
        expect(world.cloud.state.loadBalancers.size).toBe(1);
        expect(world.cloud.emptiedPools).toEqual([]);
        expect([...world.cloud.schemaProblems, ...world.cloud.overlappingWrites]).toEqual([]);
        await world.remove();
        expect(world.cloud.state.loadBalancers.size).toBe(0);
      } finally {
        await world.close();
        await straight.close();
      }
    };
    await fc.assert(fc.asyncProperty(fc.constantFrom('[]', VIPS), edits, law), { numRuns: 15, endOnFailure: true });
  }, 300_000);
});

describe('taking over from the Go program', () => {
  test('CS row 19 what it made, exactly as it sends it, is left as it is', async () => {
    const world = await aWorld({ servers: 2 });
    const post = async (path: string, body: object): Promise<string> => {
      const headers = { authorization: `Bearer ${world.cloud.token}`, 'content-type': 'application/json' };
      const init = { method: 'POST', headers, body: JSON.stringify(body) };
      const answer = (await (await fetch(`${world.cloud.url}/v1/load-balancers${path}`, init)).json()) as {
        uuid: string;
      };
      return answer.uuid;
    };
    const name = 'k8s-service-11111111-2222-4333-8444-555555555555';
    const balancer = await post('', { zone: 'rma1', name, flavor: 'lb-standard', vip_addresses: [] });
    const algorithm = 'round_robin';
    const pool = await post('/pools', { name: 'tcp', load_balancer: balancer, algorithm, protocol: 'tcp' });
    for (const { interfaces } of world.cloud.state.servers.values()) {
      const { address = '', subnet } = interfaces[1]?.addresses[0] ?? {};
      const ports = { protocol_port: 30_080, monitor_port: 30_080 };
      await post(`/pools/${pool}/members`, { name: `${address}:30080`, ...ports, address, subnet: subnet?.uuid });
    }
    await post('/listeners', {
      ...{ name: 'tcp/80', pool, protocol: 'tcp', protocol_port: 80, allowed_cidrs: [] },
      ...{ timeout_client_data_ms: 50000, timeout_member_connect_ms: 5000, timeout_member_data_ms: 50000 },
    });
    const numbers = { delay_s: 2, timeout_s: 1, up_threshold: 2, down_threshold: 3 };
    await post('/health-monitors', { pool, ...numbers, type: 'tcp', http: {} });
    world.writes();
    world.put(aService({ annotations: { uuid: balancer, 'config-version': '1', zone: 'rma1' } }));
    expect(await world.ensure()).toMatchObject({ kind: 'ready', changes: [] });
    expect(world.writes()).toEqual([]);
    await world.close();
  });
});

describe('many at once', () => {
  test('CS row 74 ten Services whose balancers take 60 s are ready after 62 s, with two workers or one', async () => {
    const world = await aWorld({ timeToRunningMs: 60_000 });
    const names = Array.from({ length: 10 }, (_, index) => `s${index}`);
    for (const name of names) world.put(aService({ name, uid: `uid-${name}` }));
    for (const name of names) expect((await world.ensure(name)).kind).toBe('in-progress');
    await world.clock.advance(62_000);
    for (const name of names) expect((await world.ensure(name)).kind).toBe('ready');
    await world.close();
  });

  test('CS row 63 600 Services are compared without a call', async () => {
    const world = await aWorld();
    world.cloud.addFloatingIp({ address: '203.0.113.7', region: 'rma' });
    for (let index = 0; index < 600; index += 1) world.put(aService({ name: `s${index}`, uid: `uid-${index}` }));
    world.put(aService({ annotations: { 'floating-ips': '["203.0.113.7/32"]' } }));
    expect((await world.settle()).kind).toBe('ready');
    expect(world.cloud.calls.total).toBeLessThanOrEqual(20);
    await world.close();
  });

  test('CS row 77 writes to one balancer never overlap', async () => {
    const world = await aWorld();
    world.put(aService());
    await world.settle();
    await Promise.all([world.ensure('web', []), world.ensure('web', [aNode('x', { providerId: 'aws://x' })])]);
    expect(world.cloud.overlappingWrites).toEqual([]);
    await world.close();
  });
});
