// The Service of the control plane's outside address on an API server in memory.
import { beforeEach, describe, expect, jest, test } from '@jest/globals';
import { keyOf, services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { CONTROL_PLANE_SERVICE, isControlPlaneService } from './control-plane-service.ts';
import { ExternalService } from './external-service-loop.ts';
import {
  desiredService,
  endpointSlices,
  FIELD_MANAGER,
  oldEndpoints,
  planExternal,
  SERVICE_NAME_LABEL,
  sourcesAmong,
} from './external-service.ts';
import type { EndpointSlice, OldEndpoints, OutsideWay } from './external-service.ts';

const EIP = '192.0.2.10';
const signal = new AbortController().signal;
let client: FakeKubeClient;
let clock: FakeClock;

function kubernetes(wish: { readonly namespace?: string; readonly name?: string } = {}): KubeService {
  const { namespace = 'default', name = 'kubernetes' } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name },
    spec: { ports: [{ name: 'https', port: 443, targetPort: 6443, protocol: 'TCP' }] },
  };
}

function aSlice(namespace: string, service: string, addresses: readonly string[], name = service): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace, name, labels: { [SERVICE_NAME_LABEL]: service } },
    addressType: 'IPv4',
    endpoints: [{ addresses, conditions: { ready: true } }],
    ports: [{ name: 'https', port: 6443, protocol: 'TCP' }],
  };
}

// A busy machine stands still for seconds.
jest.setTimeout(60_000);

beforeEach(async () => {
  client = new FakeKubeClient();
  clock = new FakeClock();
  await client.create(services, kubernetes());
  await client.create(endpointSlices, aSlice('default', 'kubernetes', ['10.0.0.1']));
});

function external(way: OutsideWay = { kind: 'elastic-ip', address: EIP }, setting = 443): ExternalService {
  const tools = { client, clock, log: recordingLogger() };
  return new ExternalService({ ...tools, way: () => Promise.resolve(way), apiServerPort: setting, isKubeVip: false });
}

async function cluster(): Promise<{ nodes: []; services: readonly KubeService[] }> {
  return { nodes: [], services: (await client.list(services)).items };
}

/** One round of the loop. */
async function round(of = external()): Promise<void> {
  const now = await cluster();
  const stop = new AbortController();
  const running = of.loop(() => now, undefined).run(stop.signal);
  await clock.advance(10);
  stop.abort();
  await clock.advance(20_000);
  await running;
}

const made = (): Promise<KubeService | undefined> => client.get(services, CONTROL_PLANE_SERVICE);
const mirrored = async (): Promise<readonly EndpointSlice[]> =>
  (await client.list(endpointSlices, { namespace: 'kube-system' })).items;
const writes = (): readonly string[] =>
  client.calls.filter(({ verb }) => !['get', 'list'].includes(verb)).map(({ verb, resource }) => `${verb} ${resource}`);

describe('the Endpoints of the Go program up to 3.8.1', () => {
  const left = (manager: string): OldEndpoints => ({
    apiVersion: 'v1',
    kind: 'Endpoints',
    metadata: { ...CONTROL_PLANE_SERVICE, managedFields: [{ manager }] },
  });
  const isThere = async (): Promise<boolean> => (await client.get(oldEndpoints, CONTROL_PLANE_SERVICE)) !== undefined;

  test('are removed once the slices are there, and not looked for again', async () => {
    await client.create(oldEndpoints, left(FIELD_MANAGER));
    const of = external();
    const { steps } = await of.plan(await cluster(), signal);
    expect(steps.map(({ kind }) => kind).at(-1)).toBe('delete-old-endpoints');
    await round(of);
    expect(await isThere()).toBe(false);
    expect((await mirrored()).length).toBeGreaterThan(0);
    await of.plan(await cluster(), signal);
    const before = client.calls.length;
    await of.plan(await cluster(), signal);
    expect(client.calls.slice(before).filter(({ resource }) => resource === 'endpoints')).toEqual([]);
  });

  test.each([
    { when: 'of somebody else', manager: 'kubectl', sources: true },
    { when: 'as long as nothing is known that would replace them', manager: FIELD_MANAGER, sources: false },
  ])('stay $when', async ({ manager, sources }) => {
    await client.create(oldEndpoints, left(manager));
    if (!sources) await client.remove(endpointSlices, { namespace: 'default', name: 'kubernetes' });
    await round();
    expect(await isThere()).toBe(true);
  });

  test('without the right to read them the Service is kept all the same', async () => {
    client.fail({ verb: 'get', resource: 'endpoints', error: new Error('forbidden'), times: 10 });
    await round();
    expect(await made()).toBeDefined();
  });
});

describe('the Service of an elastic IP', () => {
  test('PK row 68 target port 6443, setting 443: port 443 to 6443, no pool of MetalLB, endpoints equal', async () => {
    await round();
    expect(await made()).toMatchObject({
      metadata: { annotations: { 'metallb.universe.tf/address-pool': 'disabled-metallb-do-not-use-any-address-pool' } },
      spec: {
        type: 'LoadBalancer',
        loadBalancerIP: EIP,
        ports: [{ name: 'https', port: 443, targetPort: 6443, protocol: 'TCP' }],
      },
      status: { loadBalancer: { ingress: [{ ip: EIP }] } },
    });
    expect(await mirrored()).toMatchObject([
      {
        metadata: { labels: { [SERVICE_NAME_LABEL]: CONTROL_PLANE_SERVICE.name } },
        endpoints: [{ addresses: ['10.0.0.1'], conditions: { ready: true } }],
        ports: [{ name: 'https', port: 6443 }],
      },
    ]);
  });

  test('a second round writes nothing; changed endpoints, one write', async () => {
    await round();
    client.calls.length = 0;
    await round();
    expect(writes()).toEqual([]);
    await client.remove(endpointSlices, { namespace: 'default', name: 'kubernetes' });
    await client.create(endpointSlices, aSlice('default', 'kubernetes', ['10.0.0.2']));
    client.calls.length = 0;
    await round();
    expect(writes()).toEqual(['patch endpointslices']);
    expect((await mirrored())[0]?.endpoints).toMatchObject([{ addresses: ['10.0.0.2'] }]);
  });

  test('PK row 69 others named kubernetes, or in default, are ignored', async () => {
    await client.create(services, kubernetes({ namespace: 'shop' }));
    await client.create(services, kubernetes({ name: 'other' }));
    await client.create(endpointSlices, aSlice('default', 'other', ['10.9.9.9']));
    await client.create(endpointSlices, aSlice('shop', 'kubernetes', ['10.8.8.8']));
    await round();
    expect((await mirrored()).flatMap(({ endpoints }) => endpoints)).toEqual([
      { addresses: ['10.0.0.1'], conditions: { ready: true } },
    ]);
    const slices = [
      aSlice('default', 'other', []),
      aSlice('shop', 'kubernetes', []),
      aSlice('default', 'kubernetes', [], 'k2'),
    ];
    expect(sourcesAmong(slices).map(keyOf)).toEqual(['default/k2']);
  });

  test('without endpoints of the API server, what is there stays', async () => {
    await round();
    await client.remove(endpointSlices, { namespace: 'default', name: 'kubernetes' });
    await round();
    expect(await mirrored()).toHaveLength(1);
  });

  test('a second address family gets a slice of its own, and loses it again', () => {
    const facts = {
      way: { kind: 'elastic-ip', address: EIP } as const,
      ports: { name: '', onNode: 1, outside: 1 },
      isKubeVip: false,
    };
    const v6: EndpointSlice = { ...aSlice('default', 'kubernetes', ['fd00::1'], 'six'), addressType: 'IPv6' };
    const v4 = aSlice('default', 'kubernetes', ['10.0.0.1']);
    const steps = planExternal(facts, { service: undefined, sources: [v4, v6], slices: [] });
    const slices = steps.flatMap((step) => (step.kind === 'apply-slice' ? [step.body] : []));
    expect(slices.map(({ metadata }) => metadata?.name?.slice(-4))).toEqual(['ipv4', 'ipv6']);
    const later = planExternal(facts, { service: undefined, sources: [v4], slices });
    expect(later.filter(({ kind }) => kind === 'delete-slice')).toEqual([
      { kind: 'delete-slice', name: `${CONTROL_PLANE_SERVICE.name}-ipv6` },
    ]);
    const theirs = { ...v6, metadata: { ...v6.metadata, labels: {} } };
    expect(planExternal(facts, { service: undefined, sources: [v4], slices: [theirs] })).not.toContainEqual(
      expect.objectContaining({ kind: 'delete-slice' }),
    );
  });

  test('PK row 78 kube-vip is told to leave it alone; without kube-vip nothing is added', () => {
    const facts = { way: { kind: 'elastic-ip', address: EIP } as const, ports: { name: '', onNode: 1, outside: 1 } };
    expect(desiredService({ ...facts, isKubeVip: true }).metadata?.annotations).toHaveProperty(
      ['kube-vip.io/ignore'],
      'true',
    );
    expect(desiredService({ ...facts, isKubeVip: false }).metadata?.annotations).not.toHaveProperty([
      'kube-vip.io/ignore',
    ]);
    expect(isControlPlaneService({ metadata: CONTROL_PLANE_SERVICE })).toBe(true);
    expect(isControlPlaneService({ metadata: { namespace: 'shop', name: CONTROL_PLANE_SERVICE.name } })).toBe(false);
  });

  test('plan says what the loop would do, and writes nothing', async () => {
    client.calls.length = 0;
    const plan = await external().plan(await cluster(), signal);
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['apply-service', 'apply-slice', 'apply-status']);
    expect(writes()).toEqual([]);
    const unknown = await external().plan({ nodes: [], services: [] }, signal);
    expect(unknown).toMatchObject({ steps: [], unknown: [expect.stringContaining('default/kubernetes')] });
  });
});

describe('the Service of a load balancer', () => {
  test('names it, and leaves the status to its controller', async () => {
    await round(external({ kind: 'balancer', id: 'loadbal-1' }, 0));
    const service = await made();
    expect(service).toMatchObject({
      metadata: { annotations: { 'equinix.com/loadbalancerID': 'loadbal-1' } },
      spec: { type: 'LoadBalancer', ports: [{ port: 6443, targetPort: 6443 }] },
    });
    expect([service?.status, service?.spec?.loadBalancerIP]).toEqual([undefined, undefined]);
    expect(await mirrored()).toHaveLength(1);
  });
});
