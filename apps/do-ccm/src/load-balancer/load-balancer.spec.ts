// Balancers over HTTP against the simulated cloud: their life, what may go wrong on the way, and what it costs. The state of the cloud
// is what counts.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LoadBalancerResult } from '@longshore/cloud-provider';
import { aNode, annotate, aService } from '../test-support/builders.ts';
import type { ServiceWish } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World, WorldOptions } from '../test-support/world.ts';
import { ANNOTATIONS } from '../annotations.ts';

const LIST = 'GET /v2/load_balancers';
const POST = 'POST /v2/load_balancers';
const PUT = 'PUT /v2/load_balancers/{id}';
const DELETE = 'DELETE /v2/load_balancers/{id}';
const ID_KEY = ANNOTATIONS.loadBalancerId.key;
const TYPE_KEY = ANNOTATIONS.type.key;
const signal = new AbortController().signal;
let world: World;

beforeEach(async () => {
  world = await aWorld();
});
afterEach(async () => {
  expect(world.cloud.schemaProblems).toEqual([]);
  await world.close();
});

async function another(options: WorldOptions): Promise<void> {
  await world.close();
  world = await aWorld(options);
}
const ensure = (name = 'web'): Promise<LoadBalancerResult> =>
  world.balancers.ensure(world.cluster.get(name), world.nodes(), signal);
const remove = (name = 'web'): ReturnType<World['balancers']['remove']> =>
  world.balancers.remove(world.cluster.get(name), signal);
const inCloud = (): ReturnType<typeof Object.values> => [...world.cloud.state.loadBalancers.values()];
const only = (): { id: string } & Record<string, unknown> => {
  const all = [...world.cloud.state.loadBalancers.values()];
  expect(all).toHaveLength(1);
  return all[0] as never;
};

/** Ensures until the address is there, moving the clock as asked. */
async function ready(wish: ServiceWish = {}): Promise<LoadBalancerResult> {
  const { name = 'web' } = wish;
  world.cluster.put(aService(wish));
  for (let pass = 0; pass < 50; pass += 1) {
    const result = await ensure(name);
    if (result.kind === 'ready') world.cluster.show(name, result.status);
    if (result.kind !== 'in-progress') return result;
    await world.clock.advance(result.checkAgainMs);
  }
  throw new Error('never ready');
}

describe('a balancer’s life', () => {
  test('DO row 81 it is created once, noted on the Service, waited for, and published', async () => {
    world.cluster.put(aService());
    const first = await ensure();
    expect(first).toMatchObject({ kind: 'in-progress', waitingFor: 'DigitalOcean creates the load balancer' });
    expect(first.kind === 'in-progress' && first.checkAgainMs).toBeLessThanOrEqual(1_000);
    expect(first.kind === 'in-progress' && first.changes).toEqual([
      'create load balancer a1111111122224333844455555555555',
    ]);
    const { id } = only();
    expect(world.cluster.get('web').metadata?.annotations).toEqual({
      [ID_KEY]: id,
      [TYPE_KEY]: 'REGIONAL_NETWORK',
      [ANNOTATIONS.claim.key]: `11111111-2222-4333-8444-555555555555 ${id}`,
    });
    const last = await ready();
    expect(last).toEqual({ kind: 'ready', status: { ingress: [{ ip: only()['ip'] }] }, changes: [] });
    expect(only()).toMatchObject({
      status: 'active',
      droplet_ids: [1, 2, 3],
      network_stack: 'IPV4',
      region: { slug: 'fra1' },
    });
  });

  test('DO row 84 (waits) while it is new nothing is sent to it', async () => {
    await another({ cloud: { updatesWhileNew: 'refuse' } });
    await ready();
    expect(world.cloud.callsByRoute()).not.toHaveProperty(PUT);
  });

  test('DO row 91 (no PUT) passes without a change send nothing, a restart neither', async () => {
    await ready();
    world.cloud.calls.clear();
    const patches = world.cluster.patches.length;
    expect(await ensure()).toMatchObject({ kind: 'ready', changes: [] });
    world.balancers.start(world.cluster);
    const again = world.restart();
    expect(await again.ensure(world.cluster.get('web'), world.nodes(), signal)).toMatchObject({ kind: 'ready' });
    expect(world.cloud.calls.writes()).toEqual([]);
    expect(world.cluster.patches).toHaveLength(patches);
  });

  test('a node more is one call', async () => {
    await ready();
    await world.clock.advance(60_000);
    world.cloud.addDroplet({ id: 4 });
    world.cloud.calls.clear();
    expect(await ensure()).toMatchObject({
      kind: 'ready',
      changes: [expect.stringContaining('droplets: [1, 2, 3] -> [1, 2, 3, 4]') as unknown],
    });
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 1, [PUT]: 1 });
    expect(only()).toMatchObject({ droplet_ids: [1, 2, 3, 4] });
  });

  test('our own change needs no new list to be known', async () => {
    await ready();
    world.cluster.put(
      aService({ ports: [81], metadata: { annotations: world.cluster.get('web').metadata?.annotations ?? {} } }),
    );
    await ensure();
    world.cloud.calls.clear();
    expect(await ensure()).toMatchObject({ kind: 'ready', changes: [] });
    expect(world.cloud.calls.total).toBe(0);
  });

  test('what others have set stays when we change something', async () => {
    await ready();
    const { id } = only();
    const [project] = world.cloud.state.projects.keys();
    world.cloud.updateLoadBalancer(id, { tls_cipher_policy: 'STRONG', project_id: project ?? '' });
    await world.clock.advance(60_000);
    world.cloud.addDroplet({ id: 4 });
    await ensure();
    expect(only()).toMatchObject({ tls_cipher_policy: 'STRONG', project_id: project, droplet_ids: [1, 2, 3, 4] });
  });

  test('a balancer that was edited by hand is put right', async () => {
    await ready();
    world.cloud.updateLoadBalancer(only().id, { forwarding_rules: [], name: 'x' });
    await world.clock.advance(60_000);
    await ensure();
    expect(only()).toMatchObject({ name: 'a1111111122224333844455555555555', forwarding_rules: [{ entry_port: 80 }] });
  });

  test('DO row 86 both addresses, IPv4 first', async () => {
    await another({ cloud: { droplets: 0 } });
    world.cloud.addDroplet({ publicIpv6: '2001:db8::5' });
    world.cluster.put(aService());
    const nodes = [aNode('n', { providerId: 'digitalocean://1', external: ['198.51.100.1', '2001:db8::5'] })];
    await world.balancers.ensure(world.cluster.get('web'), nodes, signal);
    await world.clock.advance(10_000);
    const result = await world.balancers.ensure(world.cluster.get('web'), nodes, signal);
    const { ip, ipv6 } = only();
    expect(result).toMatchObject({ status: { ingress: [{ ip }, { ip: ipv6 }] } });
    expect(ipv6).not.toBe('');
  });

  test('DO row 87 a host name instead of addresses', async () => {
    expect(await ready({ annotations: { hostname: 'Foo.Example.COM' } })).toMatchObject({
      status: { ingress: [{ hostname: 'foo.example.com' }] },
    });
  });

  test('in-cluster traffic goes through a balancer that adds a PROXY header', async () => {
    expect(await ready({ annotations: { proxyProtocol: 'true' } })).toMatchObject({
      status: { ingress: [{ ipMode: 'Proxy' }] },
    });
  });

  test('… or ends TLS, here with a certificate by name that is renewed later', async () => {
    world.cloud.addCertificate({ name: 'shop', type: 'lets_encrypt' });
    const wish = { annotations: { type: 'REGIONAL', certificateName: 'shop' }, ports: [443] };
    expect(await ready(wish)).toMatchObject({ status: { ingress: [{ ipMode: 'Proxy' }, { ipMode: 'Proxy' }] } });
    const renewed = world.cloud.rotateCertificate('shop');
    await world.clock.advance(120_000);
    expect(await ensure()).toMatchObject({ kind: 'ready', changes: [] });
    expect(only()).toMatchObject({ forwarding_rules: [{ certificate_id: renewed.id }] });
  });

  test('a certificate by ID that Let’s Encrypt renews stays renewed', async () => {
    const { id } = world.cloud.addCertificate({ name: 'shop', type: 'lets_encrypt' });
    await ready({ annotations: { type: 'REGIONAL', certificateId: id }, ports: [443] });
    const renewed = world.cloud.rotateCertificate('shop');
    await world.clock.advance(120_000);
    expect(await ensure()).toMatchObject({ kind: 'ready', changes: [] });
    expect(only()).toMatchObject({ forwarding_rules: [{ certificate_id: renewed.id }] });
    expect(world.cluster.get('web').metadata?.annotations?.[ANNOTATIONS.certificateId.key]).toBe(id);
  });

  test('DO row 36 a certificate that does not exist is an error that names it', async () => {
    world.cluster.put(aService({ annotations: { type: 'REGIONAL', certificateName: 'nope' }, ports: [443] }));
    await expect(ensure()).rejects.toMatchObject({
      code: 'CERTIFICATE_NOT_FOUND',
      message: expect.stringContaining('"nope"') as unknown,
    });
    expect(inCloud()).toEqual([]);
  });
});

describe('nodes', () => {
  test('DO row 73 nodes without provider ID are found by name, missing ones left out', async () => {
    world.cluster.put(aService());
    const nodes = [...world.cloud.state.droplets.values()].map(({ name }) => aNode(name));
    await world.balancers.ensure(world.cluster.get('web'), [...nodes, aNode('nobody')], signal);
    expect(only()).toMatchObject({ droplet_ids: [1, 2, 3] });
  });

  test('DO row 74 (left out) a node with a bad provider ID does not stop the others', async () => {
    world.cluster.put(aService());
    const nodes = [...world.nodes(), aNode('bad', { providerId: 'digitalocean://x' })];
    await world.balancers.ensure(world.cluster.get('web'), nodes, signal);
    expect(only()).toMatchObject({ droplet_ids: [1, 2, 3] });
  });

  test('DO row 72 (waits) without nodes the Service waits, and gets its balancer with the first one', async () => {
    world.cluster.put(aService());
    expect(await world.balancers.ensure(world.cluster.get('web'), [], signal)).toMatchObject({
      kind: 'in-progress',
      waitingFor: 'a node that can be a target',
    });
    expect(inCloud()).toEqual([]);
    await ready();
    expect(only()).toMatchObject({ droplet_ids: [1, 2, 3] });
  });

  test('when the last node goes, the balancer is emptied, even where a PUT without targets is refused', async () => {
    await another({ cloud: { emptyTargets: 'refuse' } });
    await ready();
    expect(await world.balancers.ensure(world.cluster.get('web'), [], signal)).toMatchObject({ kind: 'ready' });
    expect(only()).toMatchObject({ droplet_ids: [] });
  });
});

describe('identity', () => {
  test('DO row 79 a balancer with the chosen name is taken over, and noted', async () => {
    await ready({ annotations: { name: 'shop' } });
    const { id } = only();
    world.cluster.put(aService({ annotations: { name: 'shop' } }));
    expect(await world.restart().ensure(world.cluster.get('web'), world.nodes(), signal)).toMatchObject({
      kind: 'ready',
    });
    expect(only().id).toBe(id);
    expect(world.cluster.get('web').metadata?.annotations).toMatchObject({ [ID_KEY]: id });
  });

  test('DO row 80 a balancer with the default name is renamed', async () => {
    await ready();
    world.cluster.put(aService({ annotations: { name: 'shop' } }));
    await ensure();
    expect(only()).toMatchObject({ name: 'shop' });
  });

  test('renaming twice keeps the balancer', async () => {
    await ready({ annotations: { name: 'one' } });
    const { id, ip } = only();
    const wish = {
      annotations: { name: 'two', loadBalancerId: id, type: 'REGIONAL_NETWORK' },
      ingress: [{ ip: String(ip) }],
    };
    world.cluster.put(aService(wish));
    await ensure();
    expect(only()).toMatchObject({ id, name: 'two' });
  });

  test('DO row 82 a balancer that was deleted by hand is created again, and noted', async () => {
    await ready();
    const { id } = only();
    world.cloud.removeLoadBalancer(id);
    await world.clock.advance(60_000);
    await ready({ metadata: { annotations: world.cluster.get('web').metadata?.annotations ?? {} } });
    expect(only().id).not.toBe(id);
    expect(world.cluster.get('web').metadata?.annotations).toMatchObject({ [ID_KEY]: only().id });
  });

  test('DO row 83 an ID that cannot be looked up creates nothing', async () => {
    world.cluster.put(aService({ annotations: { loadBalancerId: 'lost' } }));
    world.cloud.fail({ status: 500, match: { path: '/v2/load_balancers/lost' }, times: Infinity });
    await expect(ensure()).rejects.toMatchObject({ code: 'CLOUD_UNAVAILABLE' });
    expect(inCloud()).toEqual([]);
  });

  test('an edited ID neither changes nor deletes somebody else’s balancer, and the own one goes with its Service', async () => {
    await ready({ name: 'other', uid: '99999999-2222-4333-8444-555555555555', ports: [81] });
    const foreign = only().id;
    await ready();
    const before = world.cloud.state.loadBalancers.get(foreign);
    world.cluster.put(aService({ annotations: { loadBalancerId: foreign } }));
    await expect(ensure()).rejects.toMatchObject({
      code: 'LOAD_BALANCER_FOREIGN',
      disposition: { retry: 'on-change' },
    });
    expect(world.cloud.state.loadBalancers.get(foreign)).toEqual(before);
    expect(await remove()).toMatchObject({ kind: 'removed' });
    expect([...world.cloud.state.loadBalancers.keys()]).toEqual([foreign]);
  });

  test('DO row 88 a disowned Service costs no call', async () => {
    world.cluster.put(aService({ annotations: { disown: 'true' } }));
    expect(await ensure()).toEqual({ kind: 'not-mine' });
    expect(await remove()).toEqual({ kind: 'removed', changes: [] });
    expect(world.cloud.calls.total).toBe(0);
  });

  test('DO row 89 nobody knows what disown: maybe means, so nothing is done', async () => {
    world.cluster.put(aService({ annotations: { disown: 'maybe' } }));
    await expect(ensure()).rejects.toMatchObject({ code: 'SERVICE_INVALID' });
    await expect(remove()).rejects.toMatchObject({ code: 'SERVICE_INVALID' });
    expect(world.cloud.calls.total).toBe(0);
  });

  test('orphans are told apart by the cluster’s tag', async () => {
    await another({ config: { clusterTag: 'k8s:c1' } });
    await ready();
    expect(await world.balancers.orphans(world.cluster.services.list(), signal)).toEqual([]);
    expect(await world.balancers.orphans([], signal)).toMatchObject([{ id: only().id }]);
    await another({});
    expect(await world.balancers.orphans([], signal)).toEqual([]);
    expect(world.cloud.calls.total).toBe(0);
  });
});

describe('what cannot be changed', () => {
  test.each([
    { when: 'type', annotations: { type: 'REGIONAL' } },
    { when: 'network', annotations: { network: 'INTERNAL' } },
    { when: 'network stack', annotations: { networkStack: 'DUALSTACK' } },
    { when: 'address', annotations: { ip: '192.0.2.77' } },
  ])('another $when is told, targets go on being kept', async ({ annotations }) => {
    await ready();
    const { id } = only();
    world.cluster.put(aService({ annotations: { loadBalancerId: id, ...annotations } }));
    world.cloud.addDroplet({ id: 4 });
    await expect(ensure()).rejects.toMatchObject({ code: 'LOAD_BALANCER_FIELD_IMMUTABLE' });
    expect(only()).toMatchObject({ id, droplet_ids: [1, 2, 3, 4], type: 'REGIONAL_NETWORK', network: 'EXTERNAL' });
    expect(world.cluster.get('web').metadata?.annotations).toMatchObject(
      aService({ annotations }).metadata?.annotations ?? {},
    );
  });

  test('the network stack never follows the nodes', async () => {
    await ready();
    const nodes = world.nodes().map((node) => ({
      ...node,
      status: { addresses: [...(node.status?.addresses ?? []), { type: 'ExternalIP', address: '2001:db8::1' }] },
    }));
    await world.clock.advance(60_000);
    expect(await world.balancers.ensure(world.cluster.get('web'), nodes, signal)).toMatchObject({
      kind: 'ready',
      changes: [],
    });
  });

  test('a region, VPC or subnet of another balancer is told, too, and never sent', async () => {
    await ready();
    const { id } = only();
    world.cloud.updateLoadBalancer(id, { subnet_uuid: 'subnet-1' });
    await world.clock.advance(60_000);
    world.cluster.put(aService({ annotations: { loadBalancerId: id, subnetUuid: 'subnet-2' }, ports: [81] }));
    await expect(ensure()).rejects.toMatchObject({
      code: 'LOAD_BALANCER_FIELD_IMMUTABLE',
      message: expect.stringContaining('asks for subnet subnet-2') as unknown,
    });
    expect(only()).toMatchObject({ subnet_uuid: 'subnet-1', forwarding_rules: [{ entry_port: 81 }] });
  });

  test('nodes that lose their addresses keep the balancer full, and other changes are made', async () => {
    await ready();
    const { annotations = {} } = world.cluster.get('web').metadata ?? {};
    world.cluster.put(aService({ ports: [81], metadata: { annotations } }));
    const hidden = world.nodes().map((node) => ({ ...node, status: { addresses: [] } }));
    await expect(world.balancers.ensure(world.cluster.get('web'), hidden, signal)).rejects.toMatchObject({
      code: 'LOAD_BALANCER_NO_BACKENDS',
    });
    expect(only()).toMatchObject({ droplet_ids: [1, 2, 3], forwarding_rules: [{ entry_port: 81 }] });
  });

  test('a bad annotation leaves the running balancer as it is', async () => {
    await ready();
    const before = only();
    world.cluster.put(aService({ annotations: { sizeUnit: 'large' }, ports: [81] }));
    await expect(ensure()).rejects.toMatchObject({ code: 'SERVICE_INVALID' });
    expect(only()).toEqual(before);
  });

  test('DO row 85 a balancer that failed is told, not touched', async () => {
    await ready();
    world.cloud.breakLoadBalancer(only().id);
    await world.clock.advance(60_000);
    await expect(ensure()).rejects.toMatchObject({ code: 'LOAD_BALANCER_ERRORED' });
    expect(world.cloud.callsByRoute()).not.toHaveProperty(PUT);
  });
});

describe('removal', () => {
  test('DO row 90 one DELETE, and a list that shows that it is gone', async () => {
    await ready();
    world.cloud.calls.clear();
    expect(await remove()).toMatchObject({ kind: 'removed', changes: [expect.stringContaining('delete') as unknown] });
    expect(world.cloud.callsByRoute()).toEqual({ [DELETE]: 1, [LIST]: 1 });
    expect(inCloud()).toEqual([]);
  });

  test('DO row 90 nothing there', async () => {
    world.cluster.put(aService());
    expect(await remove()).toEqual({ kind: 'removed', changes: [] });
  });

  test.each([
    { when: 'DO row 90 the DELETE fails', fault: { match: { method: 'DELETE' }, status: 500 } },
    { when: 'the DELETE is refused', fault: { match: { method: 'DELETE' }, status: 401 } },
    { when: 'the connection breaks', fault: { match: { method: 'DELETE' }, kind: 'drop-before' as const } },
    {
      when: 'a proxy answers 404 to the DELETE',
      fault: { match: { method: 'DELETE' }, kind: 'html' as const, status: 404 },
    },
    {
      when: 'a proxy answers 204 and did nothing',
      fault: { match: { method: 'DELETE' }, kind: 'answer' as const, status: 204, body: '' },
    },
  ])('$when: not removed, and the next pass goes on', async ({ fault }) => {
    await ready();
    world.cloud.fail(fault);
    const first = await remove().catch((error: unknown) => error);
    expect(first).not.toMatchObject({ kind: 'removed' });
    expect(inCloud()).toHaveLength(1);
    await world.clock.advance(1_000);
    expect(await remove()).toMatchObject({ kind: 'removed' });
    expect(inCloud()).toEqual([]);
  });

  test.each([
    { when: 'DO row 90 the list fails', fault: { status: 500 } },
    { when: 'the list is refused', fault: { status: 403 } },
    { when: 'the list is a page of a proxy', fault: { kind: 'html' as const, status: 200 } },
    { when: 'the list is no list', fault: { status: 200, body: {} } },
  ])('$when: nothing is concluded', async ({ fault }) => {
    world.cluster.put(aService());
    world.cloud.fail({ ...fault, match: { path: '/v2/load_balancers' }, times: Infinity });
    await expect(remove()).rejects.toThrow();
    await expect(ensure()).rejects.toThrow();
    world.cloud.clearFaults();
    expect(await remove()).toMatchObject({ kind: 'removed' });
  });

  test('DO row 90 a balancer that somebody else has removed', async () => {
    await ready();
    world.cloud.removeLoadBalancer(only().id);
    expect(await remove()).toMatchObject({ kind: 'removed' });
  });

  test('a Service with other bad annotations can leave', async () => {
    await ready();
    world.cluster.put(aService({ annotations: { sizeUnit: 'large' } }));
    expect(await remove()).toMatchObject({ kind: 'removed' });
    expect(inCloud()).toEqual([]);
  });

  test('duplicates of a lost answer go as well', async () => {
    world.cluster.put(aService());
    await ensure();
    await world.restart().ensure(aService(), world.nodes(), signal);
    const spec = {
      name: 'a1111111122224333844455555555555',
      region: 'fra1',
      forwardingRules: [{ entryProtocol: 'tcp', entryPort: 80, targetProtocol: 'tcp', targetPort: 80 }],
      dropletIds: [],
    };
    await world.api.loadBalancers.create(spec, signal);
    await world.clock.advance(60_000);
    expect(await remove()).toMatchObject({ kind: 'removed' });
    expect(inCloud()).toEqual([]);
  });
});

describe('answers that get lost', () => {
  test.each([
    { when: 'the connection breaks after the POST', fault: { kind: 'drop-after' as const } },
    { when: 'the answer to the POST is empty', fault: { kind: 'empty-body' as const, status: 202 } },
  ])('$when: one balancer all the same, found by its name', async ({ fault }) => {
    world.cluster.put(aService());
    world.cloud.fail({ ...fault, match: { method: 'POST' } });
    await expect(ensure()).rejects.toMatchObject({ isLostAnswer: true });
    await ready();
    expect(only()).toMatchObject({ status: 'active' });
    expect(world.cloud.callsByRoute()).toMatchObject({ [POST]: 1 });
  });

  test('another name in the meantime does not hide the balancer', async () => {
    world.cluster.put(aService({ annotations: { name: 'one' } }));
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    await expect(ensure()).rejects.toThrow();
    const { annotations = {} } = world.cluster.get('web').metadata ?? {};
    await ready({ metadata: { annotations: { ...annotations, [ANNOTATIONS.name.key]: 'two' } } });
    expect(await ensure()).toMatchObject({ kind: 'ready' });
    expect(only()).toMatchObject({ name: 'two' });
  });

  test('a POST that did nothing is repeated', async () => {
    world.cluster.put(aService());
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-before' });
    await expect(ensure()).rejects.toThrow();
    await ready();
    expect(only()).toMatchObject({ status: 'active' });
  });

  test('without a list that began later there is no second POST', async () => {
    world.cluster.put(aService());
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after' });
    await expect(ensure()).rejects.toThrow();
    world.cloud.fail({ status: 500, match: { path: '/v2/load_balancers', method: 'GET' } });
    await expect(ensure()).rejects.toMatchObject({ code: 'CLOUD_UNAVAILABLE' });
    expect(inCloud()).toHaveLength(1);
    await ready();
    expect(inCloud()).toHaveLength(1);
  });

  test('the annotation could not be written: the balancer is found by name', async () => {
    world.cluster.put(aService());
    const { patch } = world.cluster.client;
    const broken = {
      region: 'fra1',
      services: world.cluster.services,
      client: { patch: () => Promise.reject(new Error('forbidden')) },
    };
    world.balancers.start(broken);
    await expect(ensure()).rejects.toThrow('forbidden');
    world.balancers.start({ region: 'fra1', services: world.cluster.services, client: { patch } });
    await ready();
    expect(only()).toMatchObject({ status: 'active' });
  });

  test.each([
    { when: 'a PUT', change: () => ensure() },
    { when: 'a DELETE', change: () => remove() },
  ])('the answer to $when is lost: the next pass sees what is there', async ({ change }) => {
    await ready();
    world.cloud.addDroplet({ id: 4 });
    world.cloud.fail({ match: { path: /^\/v2\/load_balancers\/.+/ }, kind: 'drop-after' });
    await expect(change()).rejects.toThrow();
    await expect(change()).resolves.toMatchObject({ changes: [] });
  });
});

describe('a balancer that is busy', () => {
  const resized = (wish: ServiceWish = {}): void => {
    const { annotations = {} } = world.cluster.get('web').metadata ?? {};
    const all = { ...annotations, ...annotate(wish.annotations), [ANNOTATIONS.sizeUnit.key]: '3' };
    world.cluster.put(aService({ ...wish, metadata: { annotations: all } }));
  };

  test('a resize that comes too soon blocks nothing else, and is tried again when the pause is over', async () => {
    await ready();
    resized({ ports: [81], annotations: { proxyProtocol: 'true' } });
    world.cloud.addDroplet({ id: 4 });
    expect(await ensure()).toMatchObject({
      kind: 'ready',
      changes: [expect.stringMatching(/forwarding rules.*droplets.*PROXY/) as unknown],
      unfinished: {
        checkAgainMs: 60_000,
        waitingFor: expect.stringMatching(/^its new size \(size: 1 -> 3\), .*created too recently/) as unknown,
      },
    });
    expect(only()).toMatchObject({
      size_unit: 1,
      droplet_ids: [1, 2, 3, 4],
      enable_proxy_protocol: true,
      forwarding_rules: [{ entry_port: 81 }],
    });
    const { blockedBy } = await world.balancers.plan(world.cluster.get('web'), world.nodes(), signal);
    expect(blockedBy).toEqual([expect.stringContaining('new size')]);
    await world.clock.advance(60_000);
    expect(await ensure()).toEqual({
      kind: 'ready',
      status: expect.anything() as unknown,
      changes: [expect.stringContaining('size: 1 -> 3') as unknown],
    });
    expect(only()).toMatchObject({ size_unit: 3, droplet_ids: [1, 2, 3, 4] });
  });

  test('while the size waits, nodes come and go and the API is not asked for the size again', async () => {
    await another({ cloud: { resizeCooldownMs: 3_600_000 } });
    await ready();
    resized();
    await ensure();
    await world.clock.advance(30_000);
    world.cloud.calls.clear();
    world.cloud.addDroplet({ id: 4 });
    expect(await ensure()).toMatchObject({ kind: 'ready', unfinished: { checkAgainMs: 30_000 } });
    expect(world.cloud.callsByRoute()).toMatchObject({ [PUT]: 1 });
    expect(only()).toMatchObject({ size_unit: 1, droplet_ids: [1, 2, 3, 4] });
    await world.clock.advance(30_000);
    expect(await ensure()).toMatchObject({ unfinished: { checkAgainMs: 120_000 } });
  });

  test('a size with the last node gone: both are done', async () => {
    await another({ cloud: { emptyTargets: 'refuse', resizeCooldownMs: 0 } });
    await ready();
    resized();
    await world.balancers.ensure(world.cluster.get('web'), [], signal).catch(() => undefined);
    expect(only()).toMatchObject({ droplet_ids: [] });
  });

  test('an update is repeated soon, and is no error', async () => {
    await another({ cloud: { processingMs: 8_000 } });
    await ready();
    world.cloud.addDroplet({ id: 4 });
    await ensure();
    world.cloud.addDroplet({ id: 5 });
    expect(await ensure()).toMatchObject({ kind: 'in-progress', checkAgainMs: 2_000 });
    expect(await remove()).toMatchObject({ kind: 'in-progress', checkAgainMs: 2_000 });
    await world.clock.advance(8_000);
    expect(await ensure()).toMatchObject({ kind: 'ready' });
    expect(only()).toMatchObject({ droplet_ids: [1, 2, 3, 4, 5] });
  });
});

describe('the bill', () => {
  const many = (count: number): readonly string[] =>
    Array.from({ length: count }, (_, at) => {
      const name = `s${at}`;
      world.cluster.put(aService({ name, uid: `${name}-${'0'.repeat(20)}` }));
      return name;
    });

  test('50 Services that wait cost as many lists as one', async () => {
    const names = many(50);
    const results = await Promise.all(names.map((name) => ensure(name)));
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 1, [POST]: 50 });
    expect(new Set(results.map((result) => result.kind))).toEqual(new Set(['in-progress']));
    world.cloud.calls.clear();
    let waiting = names;
    for (let passed = 0; waiting.length > 0 && passed < 10_000; passed += 700) {
      await world.clock.advance(700);
      const done = await Promise.all(waiting.map((name) => ensure(name)));
      waiting = waiting.filter((_, at) => done[at]?.kind === 'in-progress');
    }
    expect(waiting).toEqual([]);
    expect(world.cloud.calls.total).toBeLessThanOrEqual(8);
    expect(world.cloud.calls.writes()).toEqual([]);
  });

  test('a restart with 50 Services is one list and no write', async () => {
    const names = many(50);
    await Promise.all(names.map((name) => ensure(name)));
    await world.clock.advance(10_000);
    await Promise.all(names.map((name) => ensure(name)));
    world.cloud.calls.clear();
    const again = world.restart();
    for (const name of names) await again.ensure(world.cluster.get(name), world.nodes(), signal);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 1 });
  });
});

describe('plan', () => {
  test('says what would be done, and does not', async () => {
    world.cluster.put(aService());
    const plan = await world.balancers.plan(world.cluster.get('web'), world.nodes(), signal);
    expect(plan.steps.map(({ kind }) => kind)).toEqual(['create', 'note-identity']);
    expect(plan).toMatchObject({ wanted: { name: 'a1111111122224333844455555555555' }, blockedBy: [] });
    expect(world.cloud.calls.writes()).toEqual([]);
  });

  test('of a Service that leaves', async () => {
    await ready();
    const service = world.cluster.get('web');
    const leaving = { ...service, spec: { ...service.spec, type: 'ClusterIP' } };
    expect((await world.balancers.plan(leaving, [], signal)).steps).toMatchObject([{ kind: 'delete' }]);
    expect(inCloud()).toHaveLength(1);
  });

  test('says what the Service shall show: nothing yet, the addresses, and nothing again when it leaves', async () => {
    world.cluster.put(aService());
    const planned = (service = world.cluster.get('web')): ReturnType<World['balancers']['plan']> =>
      world.balancers.plan(service, world.nodes(), signal);
    expect(await planned()).not.toHaveProperty('status');
    await ready();
    expect(await planned()).toMatchObject({ status: { ingress: [{ ip: only()['ip'] }] }, steps: [] });
    const service = world.cluster.get('web');
    const leaving = { ...service, spec: { ...service.spec, type: 'ClusterIP' } };
    expect(await planned(leaving)).toMatchObject({ status: { ingress: [] } });
  });

  test('of a disowned Service that leaves is what a removal does: nothing, and nothing hinders', async () => {
    const service = aService({ annotations: { disown: 'true' } });
    const leaving = { ...service, metadata: { ...service.metadata, deletionTimestamp: new Date(0).toISOString() } };
    world.cluster.put(leaving);
    expect(await world.balancers.plan(world.cluster.get('web'), [], signal)).toEqual({
      steps: [],
      blockedBy: [],
      status: { ingress: [] },
    });
    expect(await remove()).toEqual({ kind: 'removed', changes: [] });
    expect(world.cloud.calls.total).toBe(0);
  });

  test('what hinders is said, not thrown', async () => {
    await ready();
    world.cluster.put(aService({ annotations: { loadBalancerId: only().id, type: 'REGIONAL' } }));
    const plan = await world.balancers.plan(world.cluster.get('web'), world.nodes(), signal);
    expect(plan.blockedBy).toEqual([expect.stringContaining('cannot be changed')]);
    world.cluster.put(aService({ annotations: { sizeUnit: 'x' } }));
    const invalid = await world.balancers.plan(world.cluster.get('web'), world.nodes(), signal);
    expect(invalid).toEqual({ steps: [], blockedBy: [expect.stringContaining('size-unit')] });
  });
});
