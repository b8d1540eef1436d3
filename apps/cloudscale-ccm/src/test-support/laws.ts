// What the laws of balancers are stated with: wishes for a Service, putting one into a world, trying until it holds, and the shape that results.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import fc from 'fast-check';
import { aService } from './builders.ts';
import { aWorld } from './world.ts';
import type { World } from './world.ts';

const KEY = 'k8s.cloudscale.ch/loadbalancer-';
const OWN = ['uuid', 'zone', 'config-version'].map((suffix) => KEY + suffix);

/** How a Service and its Nodes shall be. `SUBNET` in annotations is the second subnet of the servers. */
export interface Wish {
  readonly annotations: Readonly<Record<string, string>>;
  readonly ports: readonly { readonly name: string; readonly port: number; readonly protocol: string }[];
  readonly isLocal: boolean;
  readonly nodes: number;
  readonly sourceRanges: readonly string[];
}

/** Floating IPs of the project. */
export const FLOATING = ['203.0.113.7', '203.0.113.8'];

const monitors = fc.constantFrom<Readonly<Record<string, string>>>(
  {},
  { 'health-monitor-type': 'ping', 'health-monitor-down-threshold': '5' },
  { 'health-monitor-type': 'http', 'health-monitor-http': '{"host":"a.ch"}' },
  { 'health-monitor-type': 'http', 'health-monitor-http': '{"version":"1.0","url_path":"/x"}' },
  { 'health-monitor-type': 'https', 'health-monitor-http': '{"expected_codes":["200","204"]}' },
  { 'health-monitor-type': 'udp-connect', 'health-monitor-delay-s': '3', 'health-monitor-timeout-s': '2' },
);

const others = fc.record(
  {
    'pool-protocol': fc.constantFrom('tcp', 'proxy', 'proxyv2'),
    'pool-algorithm': fc.constantFrom('round_robin', 'source_ip', 'least_connections'),
    'listener-allowed-cidrs': fc.constantFrom('[]', '["10.0.0.0/8","1.1.1.1"]'),
    'listener-allowed-subnets': fc.constantFrom('[]', '["SUBNET"]'),
    'timeout-client-data-ms': fc.constantFrom('50000', '1000'),
    'node-selector': fc.constantFrom('disk=ssd', 'disk!=ssd', 'disk in (ssd, hdd),!edge'),
    'floating-ips': fc.constantFrom('[]', `["${FLOATING[0]}/32"]`, JSON.stringify(FLOATING)),
    'ip-mode': fc.constantFrom('Proxy', 'VIP'),
    name: fc.constantFrom('web', 'shop'),
  },
  { requiredKeys: [] },
);

/** Any wish that the API takes. */
export const wishes: fc.Arbitrary<Wish> = fc.record({
  annotations: fc.tuple(monitors, others).map(([monitor, more]) => ({ ...monitor, ...more })),
  ports: fc
    .uniqueArray(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c'),
        port: fc.constantFrom(80, 81, 82),
        protocol: fc.constantFrom('TCP', 'UDP'),
      }),
      { minLength: 1, maxLength: 3, selector: ({ name }) => name },
    )
    .map(withoutTwins),
  isLocal: fc.boolean(),
  nodes: fc.integer({ min: 2, max: 4 }),
  sourceRanges: fc.constantFrom<readonly string[]>([], ['10.1.0.0/16']),
});

function withoutTwins(ports: Wish['ports']): Wish['ports'] {
  return [...new Map(ports.map((port) => [`${port.protocol} ${port.port}`, port])).values()];
}

/** A project with four servers in two private networks each, and floating IPs. */
export async function aLawWorld(): Promise<World> {
  const world = await aWorld({ servers: 0 });
  const [usual] = [...world.cloud.state.subnets.values()].filter(({ cidr }) => cidr.startsWith('10.100.'));
  const { uuid: second } = world.cloud.addSubnet({ cidr: '10.9.0.0/16' });
  for (let server = 0; server < 4; server += 1) {
    world.cloud.addServer({ privateSubnets: [{ subnet: usual?.uuid ?? '' }, { subnet: second }] });
  }
  for (const address of FLOATING) world.cloud.addFloatingIp({ address, region: 'rma' });
  return world;
}

function subnetOf({ cloud }: World): string {
  return [...cloud.state.subnets.values()].find(({ cidr }) => cidr === '10.9.0.0/16')?.uuid ?? '';
}

/** The Nodes of a wish: every other one has an SSD. */
export function nodesOf(world: World, { nodes }: Wish): readonly KubeNode[] {
  return world
    .nodes()
    .slice(0, nodes)
    .map((node, index) => ({
      ...node,
      metadata: { ...node.metadata, labels: { disk: index % 2 === 0 ? 'ssd' : 'hdd' } },
    }));
}

/** The owner writes the Service; what the program has noted on it stays. */
export function putWish(world: World, before: KubeService | undefined, wish: Wish, vips = '[]'): void {
  const annotations = Object.entries({ ...wish.annotations, 'vip-addresses': vips }).map(([key, value]) => {
    return [key, value.replace('SUBNET', subnetOf(world))] as const;
  });
  const service = aService({
    annotations: Object.fromEntries(annotations),
    ports: wish.ports,
    spec: {
      ...(wish.isLocal
        ? { externalTrafficPolicy: 'Local', healthCheckNodePort: 32_000 }
        : { externalTrafficPolicy: 'Cluster' }),
      loadBalancerSourceRanges: [...wish.sourceRanges],
    },
  });
  const noted = Object.entries(before?.metadata?.annotations ?? {}).filter(([key]) => OWN.includes(key));
  const all = { ...service.metadata?.annotations, ...Object.fromEntries(noted) };
  world.put({ ...service, metadata: { ...service.metadata, annotations: all } });
}

/** Tries until it succeeds, as the controller does. */
export async function converge(world: World, wish: Wish): Promise<void> {
  for (let attempt = 0; attempt < 12; attempt += 1) {
    try {
      await world.settle('web', nodesOf(world, wish));
      return;
    } catch {
      await world.clock.advance(60_000);
    }
  }
  throw new Error('it did not converge');
}

/** Whether floating IPs point where the Service wants them. */
export function areFloatingIpsRight({ cloud }: World, { annotations }: Wish): boolean {
  const wanted = JSON.parse(annotations['floating-ips'] ?? '[]') as readonly string[];
  const [balancer] = cloud.state.loadBalancers.keys();
  return wanted.every((ip) => {
    const found = cloud.state.floatingIps.get(ip.split('/')[0] ?? '');
    return found?.load_balancer?.uuid === balancer;
  });
}

/** Everything that a balancer is, but UUIDs and the order of things that have none. */
export function shapeOf({ cloud }: World): unknown {
  const { loadBalancers, pools, members, listeners, healthMonitors } = cloud.state;
  const byText = (a: unknown, b: unknown): number => JSON.stringify(a).localeCompare(JSON.stringify(b));
  const parts = [...pools.values()].map(({ uuid, name, protocol, algorithm }) => ({
    pool: [name, protocol, algorithm],
    members: [...members.values()]
      .filter(({ pool }) => pool.uuid === uuid)
      .map(({ name: of, enabled, monitor_port }) => [of, enabled, monitor_port])
      .sort(byText),
    listeners: [...listeners.values()]
      .filter(({ pool }) => pool?.uuid === uuid)
      .map(({ name: of, protocol: by, allowed_cidrs, timeout_client_data_ms }) => {
        return [of, by, allowed_cidrs.toSorted(), timeout_client_data_ms];
      }),
    monitors: [...healthMonitors.values()]
      .filter(({ pool }) => pool.uuid === uuid)
      .map(({ type, http, delay_s, timeout_s, down_threshold }) => [type, http, delay_s, timeout_s, down_threshold]),
  }));
  return { names: [...loadBalancers.values()].map(({ name }) => name), parts: parts.sort(byText) };
}
