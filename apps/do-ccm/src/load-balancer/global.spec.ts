// Balancers of type GLOBAL: what is asked for, what excludes what, and their life against the simulated cloud.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LoadBalancerResult } from '@longshore/cloud-provider';
import { ANNOTATIONS } from '../annotations.ts';
import { aService } from '../test-support/builders.ts';
import type { Annotated } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';
import { problemsOfService } from './desired.ts';

const signal = new AbortController().signal;
const PUT = 'PUT /v2/load_balancers/{id}';
let world: World;

beforeEach(async () => {
  world = await aWorld({ config: { clusterTag: 'k8s:c1' } });
});
afterEach(async () => {
  expect(world.cloud.schemaProblems).toEqual([]);
  await world.close();
});

const only = (): { readonly id: string } & Readonly<Record<string, unknown>> => {
  const all = [...world.cloud.state.loadBalancers.values()].filter(({ type }) => type === 'GLOBAL');
  expect(all).toHaveLength(1);
  return all[0] as never;
};

async function ready(annotations: Annotated, ports: readonly number[] = [80, 443]): Promise<LoadBalancerResult> {
  const known = world.cluster.services.list()[0]?.metadata?.annotations ?? {};
  const service = aService({ annotations: { type: 'GLOBAL', ...annotations }, ports });
  world.cluster.put({
    ...service,
    metadata: { ...service.metadata, annotations: { ...known, ...service.metadata?.annotations } },
  });
  for (let pass = 0; pass < 20; pass += 1) {
    const result = await world.balancers.ensure(world.cluster.get('web'), world.nodes(), signal);
    if (result.kind !== 'in-progress') return result;
    await world.clock.advance(result.checkAgainMs);
  }
  throw new Error('never ready');
}

describe('a GLOBAL balancer', () => {
  test('has no region and no rules, but settings, domains and the nodes as targets', async () => {
    const { id } = world.cloud.addCertificate({ name: 'shop' });
    const result = await ready({
      globalDomains: 'Shop.example.com:shop',
      globalManagedDomains: 'www.example.org',
      globalCdn: 'true',
      globalRegionPriorities: 'fra1:1,nyc1:2',
      globalFailoverThreshold: '50',
    });
    expect(result).toMatchObject({ status: { ingress: [{ ip: only()['ip'], ipMode: 'Proxy' }] } });
    expect(only()).toMatchObject({
      region: null,
      forwarding_rules: [],
      droplet_ids: [1, 2, 3],
      tags: ['k8s:c1'],
      glb_settings: {
        target_protocol: 'http',
        target_port: 80,
        cdn: { is_enabled: true },
        region_priorities: { fra1: 1, nyc1: 2 },
        failover_threshold: 50,
      },
      domains: [
        { name: 'shop.example.com', is_managed: false, certificate_id: id },
        { name: 'www.example.org', is_managed: true },
      ],
      health_check: { protocol: 'tcp', port: 80 },
    });
  });

  test('is stable, and changes in place', async () => {
    await ready({ globalDomains: 'a.example.com' });
    world.cloud.calls.clear();
    expect(await ready({ globalDomains: 'a.example.com' })).toMatchObject({ kind: 'ready', changes: [] });
    expect(world.cloud.calls.writes()).toEqual([]);
    expect(await ready({ globalDomains: 'a.example.com,b.example.com', globalTargetProtocol: 'https' })).toMatchObject({
      changes: [
        expect.stringMatching(
          /global settings: http 80 -> https 443.*domains: \[a.example.com\] -> \[a.exam/,
        ) as unknown,
      ],
    });
    expect(world.cloud.callsByRoute()).toMatchObject({ [PUT]: 1 });
    expect(only()).toMatchObject({ glb_settings: { target_port: 443 }, health_check: { port: 443 } });
  });

  test('sends to regional balancers in place of nodes, and needs no node then', async () => {
    const rule = { entryProtocol: 'http', entryPort: 80, targetProtocol: 'http', targetPort: 30000 };
    const spec = { name: 'regional', region: 'fra1', forwardingRules: [rule], dropletIds: [] };
    const regional = await world.api.loadBalancers.create(spec, signal);
    world.cluster.put(aService({ annotations: { type: 'GLOBAL', globalTargetBalancers: regional.id } }));
    await world.balancers.ensure(world.cluster.get('web'), [], signal);
    expect(only()).toMatchObject({ target_load_balancer_ids: [regional.id], droplet_ids: [] });
    await world.clock.advance(10_000);
    expect(await world.balancers.ensure(world.cluster.get('web'), world.nodes(), signal)).toMatchObject({
      kind: 'ready',
      changes: [],
    });
  });

  test('one that exists is taken over, and keeps what no annotation says', async () => {
    const made = await world.api.loadBalancers.create(
      {
        name: 'edge',
        type: 'GLOBAL',
        forwardingRules: [],
        glbSettings: { targetProtocol: 'https', targetPort: 443, isCdnEnabled: true, failoverThreshold: 30 },
        domains: [{ name: 'x.example.com', isManaged: true }],
        dropletIds: [],
      },
      signal,
    );
    await world.clock.advance(10_000);
    world.cluster.put(aService({ annotations: { name: 'edge', loadBalancerId: made.id } }));
    const result = await world.balancers.ensure(world.cluster.get('web'), world.nodes(), signal);
    expect(result).toMatchObject({ kind: 'ready' });
    expect(only()).toMatchObject({
      id: made.id,
      droplet_ids: [1, 2, 3],
      glb_settings: { target_protocol: 'https', target_port: 443, cdn: { is_enabled: true }, failover_threshold: 30 },
      domains: [{ name: 'x.example.com', is_managed: true }],
    });
    expect(world.cluster.get('web').metadata?.annotations?.[ANNOTATIONS.type.key]).toBe('GLOBAL');
    expect(await world.balancers.ensure(world.cluster.get('web'), world.nodes(), signal)).toMatchObject({
      changes: [],
    });
  });

  test('is removed like any other', async () => {
    await ready({});
    expect(await world.balancers.remove(world.cluster.get('web'), signal)).toMatchObject({ kind: 'removed' });
    expect(world.cloud.state.loadBalancers.size).toBe(0);
  });
});

describe('what does not go with type GLOBAL', () => {
  const problems = (annotations: Annotated, ports: readonly number[] = [80]): ReturnType<typeof problemsOfService> =>
    problemsOfService(aService({ annotations: { type: 'GLOBAL', ...annotations }, ports }), {
      defaultType: 'REGIONAL',
    });

  test.each<Annotated>([
    { network: 'INTERNAL' },
    { networkStack: 'IPV4' },
    { certificateId: 'c' },
    { httpPorts: '80' },
    { protocol: 'http' },
    { sizeUnit: '2' },
    { proxyProtocol: 'true' },
    { stickyType: 'cookies', stickyCookieName: 'LB', stickyCookieTtl: '9' },
    { ip: '192.0.2.1' },
  ])('%p is refused by its key', (annotations) => {
    const [name = ''] = Object.keys(annotations);
    const { key } = ANNOTATIONS[name as keyof typeof ANNOTATIONS];
    expect(problems(annotations)).toMatchObject([
      { field: key, severity: 'error', message: expect.stringContaining('type GLOBAL: remove it') as unknown },
    ]);
  });

  test('what says nothing new is fine', () =>
    expect(problems({ network: 'EXTERNAL', proxyProtocol: 'false', stickyType: 'none' })).toEqual([]));

  test('a domain in both lists', () =>
    expect(problems({ globalDomains: 'a.b', globalManagedDomains: 'a.b' })).toMatchObject([{ severity: 'error' }]));

  test('other ports than 80 and 443 are told', () =>
    expect(problems({}, [80, 9000])).toMatchObject([
      { severity: 'warning', message: expect.stringContaining('TCP 9000') as unknown },
    ]));
});
