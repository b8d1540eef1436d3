// Laws: whatever Services and edits come, whatever goes wrong on the way, the balancer ends as wanted and then nothing more is written; no
// pool loses its last member while there are others; writes to one balancer never overlap. And taking over from the Go program writes nothing.
import { describe, expect, test } from '@jest/globals';
import type { Fault } from '@longshore/cloud-simulators';
import type { KubeService } from '@longshore/k8s-runtime';
import fc from 'fast-check';
import { aNode, aService } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';

const KEY = 'k8s.cloudscale.ch/loadbalancer-';

interface Wish {
  readonly annotations: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  readonly isLocal: boolean;
  readonly nodes: number;
}

const wishes: fc.Arbitrary<Wish> = fc.record({
  annotations: fc
    .record(
      {
        'pool-protocol': fc.constantFrom('tcp', 'proxy', 'proxyv2'),
        'pool-algorithm': fc.constantFrom('round_robin', 'source_ip'),
        'health-monitor-type': fc.constantFrom('tcp', 'http', 'ping'),
        'health-monitor-http': fc.constantFrom('{}', '{"host":"a.ch"}', '{"version":"1.0","url_path":"/x"}'),
        'listener-allowed-cidrs': fc.constantFrom('[]', '["10.0.0.0/8","1.1.1.1"]'),
        'timeout-client-data-ms': fc.constantFrom('50000', '1000'),
        name: fc.constantFrom('web', 'shop'),
      },
      { requiredKeys: [] },
    )
    .map((present): Readonly<Record<string, string>> => ({ ...present })),
  ports: fc.uniqueArray(
    fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      port: fc.constantFrom(80, 81, 82),
      protocol: fc.constantFrom('TCP', 'UDP'),
    }),
    { minLength: 1, maxLength: 3, selector: ({ name }) => name },
  ),
  isLocal: fc.boolean(),
  nodes: fc.integer({ min: 2, max: 4 }),
});

const faults: fc.Arbitrary<Fault> = fc.record({
  kind: fc.constantFrom('drop-before' as const, 'drop-after' as const, 'answer' as const),
  status: fc.constantFrom(500, 429, 401),
  match: fc.record({ method: fc.constantFrom('GET', 'POST', 'PATCH', 'DELETE') }),
});

function withoutTwins({ ports, ...wish }: Wish): Wish {
  const seen = new Set<string>();
  const key = ({ port, protocol }: Wish['ports'][number]): string => `${protocol} ${port}`;
  return { ...wish, ports: ports.filter((port) => !seen.has(key(port)) && seen.add(key(port))) };
}

function apply(world: World, before: KubeService | undefined, wish: Wish): void {
  const service = aService({
    annotations: wish.annotations,
    ports: wish.ports,
    spec: wish.isLocal
      ? { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 }
      : { externalTrafficPolicy: 'Cluster' },
  });
  const noted = Object.entries(before?.metadata?.annotations ?? {}).filter(([key]) =>
    [`${KEY}uuid`, `${KEY}zone`, `${KEY}config-version`].includes(key),
  );
  const annotations = { ...service.metadata?.annotations, ...Object.fromEntries(noted) };
  world.put({ ...service, metadata: { ...service.metadata, annotations } });
}

/** Tries until it succeeds, as the controller does. */
async function converge(world: World, nodes: number): Promise<void> {
  for (let attempt = 0; attempt < 12; attempt += 1) {
    try {
      await world.settle('web', world.nodes().slice(0, nodes));
      return;
    } catch {
      await world.clock.advance(60_000);
    }
  }
  throw new Error('it did not converge');
}

function shapeOf({ cloud }: World): unknown {
  const { pools, members, listeners, healthMonitors } = cloud.state;
  return [...pools.values()]
    .map(({ uuid, name, protocol, algorithm }) => ({
      pool: [name, protocol, algorithm],
      members: [...members.values()]
        .filter(({ pool }) => pool.uuid === uuid)
        .map(({ name: of, monitor_port }) => [of, monitor_port])
        .sort(),
      listeners: [...listeners.values()]
        .filter(({ pool }) => pool?.uuid === uuid)
        .map(({ name: of, allowed_cidrs, timeout_client_data_ms }) => [of, allowed_cidrs, timeout_client_data_ms]),
      monitors: [...healthMonitors.values()]
        .filter(({ pool }) => pool.uuid === uuid)
        .map(({ type, http }) => [type, http]),
    }))
    .sort((a, b) => JSON.stringify(a).localeCompare(JSON.stringify(b)));
}

describe('laws', () => {
  test('stable and convergent, with faults at any point; the end does not depend on the way', async () => {
    const edits = fc.array(fc.record({ wish: wishes.map(withoutTwins), faults: fc.array(faults, { maxLength: 4 }) }), {
      minLength: 1,
      maxLength: 3,
    });
    const law = async (steps: readonly { readonly wish: Wish; readonly faults: readonly Fault[] }[]): Promise<void> => {
      const world = await aWorld({ servers: 4 });
      const straight = await aWorld({ servers: 4 });
      try {
        let before: KubeService | undefined;
        for (const { wish, faults: planned } of steps) {
          apply(world, before, wish);
          for (const fault of planned) world.cloud.fail(fault);
          await converge(world, wish.nodes);
          world.cloud.clearFaults();
          await world.clock.advance(60_000);
          await converge(world, wish.nodes);
          world.writes();
          world.restart();
          await world.ensure('web', world.nodes().slice(0, wish.nodes));
          expect(world.writes()).toEqual([]);
          before = world.get();
        }
        const last = steps.at(-1)?.wish;
        if (last) {
          apply(straight, undefined, last);
          await converge(straight, last.nodes);
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
    await fc.assert(fc.asyncProperty(edits, law), { numRuns: 15, endOnFailure: true });
  }, 120_000);

  test('interrupted after any write, the next pass finishes without anything twice', async () => {
    for (let writes = 0; writes < 8; writes += 1) {
      const world = await aWorld();
      world.put(aService());
      // The faults before it let their calls through.
      if (writes > 0) world.cloud.fail({ match: { method: 'POST' }, kind: 'delay', times: writes });
      world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
      await converge(world, 3);
      const { loadBalancers, pools, members, listeners, healthMonitors } = world.cloud.state;
      const sizes = [loadBalancers.size, pools.size, members.size, listeners.size, healthMonitors.size];
      expect({ writes, sizes }).toEqual({ writes, sizes: [1, 1, 3, 1, 1] });
      await world.close();
    }
  }, 60_000);
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
