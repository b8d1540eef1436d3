// The controller over HTTP: what the firewall in the cloud looks like afterwards, whatever happened on the way.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { DigitalOceanOptions, WireFirewall } from '@longshore/cloud-simulators';
import type { KubeService } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { FirewallScene } from '../test-support/firewall-scene.ts';
import { aService } from '../test-support/builders.ts';
import type { ServiceWish } from '../test-support/builders.ts';
import { REASON_REPAIRED, REASON_SERVICE } from './told.ts';

const ONE = '/v2/firewalls/{id}';
const ANYWHERE = '0.0.0.0/0 ::/0';
const { signal } = new AbortController();
let scene: FirewallScene;
afterEach(async () => {
  await scene.close();
  expect(scene.world.cloud.schemaProblems).toEqual([]);
});

const open = async (cloud: DigitalOceanOptions = {}): Promise<FirewallScene> => {
  scene = await FirewallScene.open(cloud);
  return scene;
};
const begin = async (cloud: DigitalOceanOptions = {}): Promise<FirewallScene> => (await open(cloud)).begin();
const nodePort = (port: number, wish: ServiceWish = {}): KubeService =>
  aService({
    name: `np-${port}`,
    uid: `u-${port}`,
    ports: [{ port: 80, nodePort: port }],
    ...wish,
    spec: { type: 'NodePort' },
  });
const firewalls = (): readonly WireFirewall[] => [...scene.world.cloud.state.firewalls.values()];
const only = (): WireFirewall => {
  const [firewall, ...more] = firewalls();
  if (!firewall || more.length > 0) throw new Error(`${firewalls().length} firewalls`);
  return firewall;
};
const count = (name: string, labels: Readonly<Record<string, string>>): number =>
  scene.metrics.value(name, labels) ?? 0;

describe('the firewall follows the Services', () => {
  test('DO row 97 without Services it is created, for the tag, with nothing open', async () => {
    await begin();
    expect(only()).toMatchObject({ name: 'public', tags: ['k8s'], inbound_rules: [], droplet_ids: [] });
    expect(only().outbound_rules.map(({ protocol, ports }) => `${protocol} ${ports}`)).toEqual([
      'icmp 0',
      'tcp 0',
      'udp 0',
    ]);
    expect(scene.calls).toEqual(['GET /v2/firewalls', 'POST /v2/firewalls']);
  });

  test('DO row 98 Services that are there at the start are in the POST; later changes are one PUT for a burst', async () => {
    await open();
    scene.put(nodePort(30_001));
    await scene.begin();
    expect(scene.opened).toEqual([`tcp 30001 ${ANYWHERE}`]);
    await scene.change(
      nodePort(30_002),
      nodePort(30_003),
      nodePort(30_002, { ports: [{ port: 1, nodePort: 30_004 }] }),
    );
    expect(scene.opened).toEqual([30_001, 30_003, 30_004].map((port) => `tcp ${port} ${ANYWHERE}`));
    expect(scene.calls.slice(2)).toEqual([`GET ${ONE}`, `PUT ${ONE}`]);
    await scene.pass(() => {
      scene.services.delete('shop/np-30001');
      return scene.world.clock.advance(1_000);
    });
    expect(scene.opened).toHaveLength(2);
  });

  test('what does not matter causes no call', async () => {
    await open();
    scene.put(nodePort(30_001));
    await scene.begin();
    const before = scene.calls.length;
    scene.put(nodePort(30_001, { metadata: { labels: { a: 'b' } } }));
    scene.put(aService({ name: 'inside', spec: { type: 'ClusterIP' } }));
    await scene.world.clock.advance(60_000);
    expect(scene.calls).toHaveLength(before);
  });

  test('DO row 101 a network balancer: opened for everybody, its health check for itself', async () => {
    await open();
    const { balancers } = scene.world;
    const service = scene.world.cluster.put(aService({ ports: [80, 443] }));
    await balancers.ensure(service, scene.world.nodes(), signal);
    scene.put(scene.world.cluster.get('web'));
    await scene.begin();
    const [id] = scene.world.cloud.state.loadBalancers.keys();
    expect(scene.opened).toEqual([`tcp 10256 ${id}`, `tcp 443 ${ANYWHERE}`, `tcp 80 ${ANYWHERE}`]);
  });

  test('DO row 104 DO row 105 answers with "0" for all ports and in another order are as wanted: no PUT', async () => {
    await open({ reordersFirewallRules: true });
    for (const port of [30_001, 30_002]) scene.put(nodePort(port));
    await scene.begin();
    await scene.driftCheck();
    await scene.driftCheck();
    expect(scene.calls.filter((call) => call.startsWith('PUT'))).toEqual([]);
    expect(count('firewall_reconciles_total', { result: 'skipped', error_type: '' })).toBe(2);
  });

  test('an existing firewall of this name is taken over, the droplets of others stay in it', async () => {
    await open({ droplets: 1 });
    const peers = { addresses: ['192.0.2.1'] };
    await scene.world.api.firewalls.create(
      {
        name: 'public',
        inboundRules: [{ protocol: 'tcp', ports: '22', peers }],
        outboundRules: [],
        dropletIds: scene.world.nodes().length > 0 ? [1 as never] : [],
        tags: ['k8s'],
      },
      signal,
    );
    scene.put(nodePort(30_001));
    await scene.begin();
    expect(only().droplet_ids).toEqual([1]);
    expect(scene.opened).toEqual([`tcp 30001 ${ANYWHERE}`]);
  });
});

describe('the firewall is put right', () => {
  test('F7 a change by hand is repaired at the drift check, told with its fields, once', async () => {
    await open({ droplets: 1 });
    scene.put(nodePort(30_001));
    await scene.begin();
    expect(scene.events.all).toEqual([]);
    const rule = { protocol: 'tcp', ports: '22', sources: { addresses: ['192.0.2.1'] } };
    const bastion = { protocol: 'tcp', ports: '23', sources: { tags: ['k8s'] } };
    scene.world.cloud.updateFirewall(only().id, { inbound_rules: [rule, bastion], droplet_ids: [1], tags: [] });
    await scene.driftCheck();
    expect(scene.opened).toEqual(['tcp 23 k8s', `tcp 30001 ${ANYWHERE}`]);
    expect(only()).toMatchObject({ tags: ['k8s'], droplet_ids: [1] });
    await scene.driftCheck();
    expect(scene.events.all).toEqual([
      {
        type: 'Warning',
        about: 'kube-system',
        reason: REASON_REPAIRED,
        message: `the firewall public (${only().id}) was changed by somebody else; put right: tags: + k8s; inbound rules: - tcp 22 (192.0.2.1), + tcp 30001 (anywhere)`,
      },
    ]);
    const told = scene.world.log.lines.filter(({ message }) => message.includes('somebody else'));
    expect(told.map(({ fields }) => fields['fields'])).toEqual([['tags', 'inbound rules']]);
  });

  test('DO row 106 it was removed: GET by ID, list by name, POST', async () => {
    await begin();
    const first = only().id;
    scene.world.cloud.removeFirewall(first);
    await scene.driftCheck();
    expect(only().id).not.toBe(first);
    expect(scene.calls.slice(2)).toEqual([`GET ${ONE}`, 'GET /v2/firewalls', 'POST /v2/firewalls']);
    expect(scene.events.of(REASON_REPAIRED).map(({ message }) => message)).toEqual([
      expect.stringContaining('removed by somebody else; created again'),
    ]);
  });

  test('DO row 106 a PUT says 404: list by name, then go on with what is there', async () => {
    await begin();
    scene.world.cloud.fail({ match: { method: 'PUT', path: ONE }, status: 404 });
    await scene.change(nodePort(30_001));
    expect(scene.calls.slice(2)).toEqual([`GET ${ONE}`, `PUT ${ONE}`, 'GET /v2/firewalls', `PUT ${ONE}`]);
    expect(scene.opened).toEqual([`tcp 30001 ${ANYWHERE}`]);
  });

  test('always gone when it shall be changed: a failure, not an endless loop', async () => {
    await begin();
    scene.world.cloud.fail({ match: { method: 'PUT', path: ONE }, status: 404, times: Infinity });
    await scene.change(nodePort(30_001));
    expect(scene.world.log.lines.at(-1)?.fields['error']).toMatchObject({ code: 'FIREWALL_VANISHED' });
  });
});

describe('failures', () => {
  test('DO row 107 a PUT that fails is repeated after 1 s, 2 s, 4 s … at most 5 min; the ID is remembered', async () => {
    await begin();
    const fault = scene.world.cloud.fail({ match: { method: 'PUT' }, status: 500, times: Infinity });
    await scene.change(nodePort(30_001));
    // The drift check comes every 5 min; below that only the back-off brings a pass.
    for (const seconds of [1, 2, 4, 8, 16, 32, 64]) {
      const before = scene.passes;
      await scene.world.clock.advance(seconds * 1000 - 1);
      expect(scene.passes).toBe(before);
      await scene.pass(() => scene.world.clock.advance(1));
    }
    expect(count('firewall_reconciles_total', { result: 'failed', error_type: 'generic' })).toBe(8);
    fault.remove();
    await scene.pass(() => scene.world.clock.advance(300_000));
    expect(scene.opened).toEqual([`tcp 30001 ${ANYWHERE}`]);
    expect(scene.calls.filter((call) => call === 'GET /v2/firewalls')).toHaveLength(1);
  });

  test('a POST whose answer is lost is found by name: no second firewall', async () => {
    await open();
    scene.world.cloud.fail({ match: { method: 'POST', path: '/v2/firewalls' }, kind: 'drop-after' });
    await scene.begin();
    await scene.pass(() => scene.world.clock.advance(1_000));
    expect(firewalls()).toHaveLength(1);
    await scene.change(nodePort(30_001));
    expect(scene.opened).toEqual([`tcp 30001 ${ANYWHERE}`]);
    expect(scene.calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });

  test.each([
    { what: '500', fault: { status: 500 } },
    { what: 'a proxy says 404', fault: { kind: 'html', status: 404 } },
    { what: 'a broken connection', fault: { kind: 'drop-before' } },
    { what: 'an empty body', fault: { kind: 'empty-body', status: 200 } },
    { what: 'a page that is none', fault: { status: 200, body: {} } },
  ] as const)('a list that fails never creates: $what', async ({ fault }) => {
    await open();
    const broken = scene.world.cloud.fail({ match: { path: '/v2/firewalls' }, times: Infinity, ...fault });
    await scene.begin();
    expect(scene.calls.filter((call) => call.startsWith('POST'))).toEqual([]);
    broken.remove();
    await scene.pass(() => scene.world.clock.advance(1_000));
    expect(firewalls()).toHaveLength(1);
  });

  test('a GET by ID through a broken proxy does not make a second firewall', async () => {
    await begin();
    scene.world.cloud.fail({ match: { method: 'GET', path: ONE }, kind: 'html', status: 404 });
    await scene.driftCheck();
    expect(firewalls()).toHaveLength(1);
    expect(scene.calls.filter((call) => call.startsWith('POST'))).toHaveLength(1);
  });

  test('a tag that does not exist yet: tried again without any change of a Service', async () => {
    await open();
    scene.world.cloud.removeDroplet(900);
    await scene.world.api.tags.remove('k8s', signal);
    await scene.begin();
    expect(firewalls()).toEqual([]);
    await scene.world.api.tags.create('k8s', signal);
    await scene.pass(() => scene.world.clock.advance(1_000));
    expect(firewalls()).toHaveLength(1);
  });

  test('a call that hangs is given up after 30 s', async () => {
    await open();
    scene.world.cloud.fail({ match: { path: '/v2/firewalls' }, kind: 'hang' });
    const begun = scene.begin();
    await waitFor(() => scene.calls.length > 0, { what: 'the list' });
    await scene.world.clock.advance(30_000);
    await begun;
    expect(count('firewall_reconciles_total', { result: 'failed', error_type: 'timeout' })).toBe(1);
  });

  test('a balancer that is gone by now is not named again after the API has refused it', async () => {
    await open();
    const service = scene.world.cluster.put(aService());
    await scene.world.balancers.ensure(service, scene.world.nodes(), signal);
    const [id = ''] = scene.world.cloud.state.loadBalancers.keys();
    scene.put(scene.world.cluster.get('web'));
    await scene.begin();
    scene.world.cloud.removeLoadBalancer(id);
    await scene.change(nodePort(30_001));
    expect(count('firewall_reconciles_total', { result: 'failed', error_type: 'generic' })).toBe(1);
    await scene.pass(() => scene.world.clock.advance(1_000));
    expect(scene.opened).toContain(`tcp 30001 ${ANYWHERE}`);
    expect(scene.opened.join()).not.toContain(id);
  });

  test('balancers that cannot be listed hold nothing up: the annotations are believed', async () => {
    await open();
    const service = scene.world.cluster.put(aService());
    await scene.world.balancers.ensure(service, scene.world.nodes(), signal);
    const [id = ''] = scene.world.cloud.state.loadBalancers.keys();
    scene.put(scene.world.cluster.get('web'));
    scene.world.cloud.fail({ match: { path: '/v2/load_balancers' }, status: 500, times: Infinity });
    await scene.begin();
    expect(scene.opened).toEqual([`tcp 10256 ${id}`, `tcp 80 ${ANYWHERE}`]);
  });
});

describe('a Service that is wrong (F7)', () => {
  const web = (wish: ServiceWish = {}): KubeService => aService({ name: 'web', ...wish });

  test('F7 the others get their ports, its own stay open, and an event on it says why, once', async () => {
    await open();
    scene.put(web());
    await scene.begin();
    const annotations = { type: 'BIG' };
    await scene.change(web({ ports: [80, 81], annotations }), nodePort(30_001));
    expect(scene.opened).toEqual([`tcp 30001 ${ANYWHERE}`, `tcp 80 ${ANYWHERE}`]);
    await scene.driftCheck();
    await scene.change(nodePort(30_002));
    const told = scene.events.of(REASON_SERVICE);
    expect(told.map(({ about, type }) => [about, type])).toEqual([['web', 'Warning']]);
    expect(told[0]?.message).toContain('service.beta.kubernetes.io/do-loadbalancer-type: "BIG"');
    expect(told[0]?.message).toContain('the firewall public keeps what is open for this Service');
    await scene.change(web({ ports: [80, 81] }));
    expect(scene.opened).toContain(`tcp 81 ${ANYWHERE}`);
    await scene.change(web({ annotations }));
    expect(scene.events.of(REASON_SERVICE)).toHaveLength(2);
  });
});

describe('plan', () => {
  test('the step as data and words, nothing done; then none', async () => {
    await open();
    const service = nodePort(30_001);
    const plan = await scene.firewall.plan([service], signal);
    expect(plan).toMatchObject({
      subject: { kind: 'Firewall', name: 'public' },
      controller: 'firewall-controller',
      steps: [
        {
          kind: 'create-firewall',
          summary: 'create the firewall public for droplets with the tag k8s, that lets in tcp 30001 (anywhere)',
          why: 'there is none of this name',
        },
      ],
    });
    expect(scene.world.cloud.calls.writes()).toEqual([]);
    scene.put(service);
    await scene.begin();
    expect((await scene.firewall.plan([service], signal)).steps).toEqual([]);
    const [step] = (await scene.firewall.plan([], signal)).steps;
    expect(step).toMatchObject({
      kind: 'update-firewall',
      summary: 'change inbound rules: - tcp 30001 (anywhere)',
      why: 'not as wanted: inbound rules',
    });
  });

  test('what cannot be asked is unknown', async () => {
    await open();
    scene.world.cloud.fail({ match: { path: '/v2/firewalls' }, status: 403 });
    const plan = await scene.firewall.plan([], signal);
    expect(plan).toMatchObject({ steps: [], unknown: [expect.stringContaining('403')] });
  });

  test('problems of Services are part of it', async () => {
    await open();
    const plan = await scene.firewall.plan([aService({ annotations: { network: 'x' } })], signal);
    expect(plan.problems).toMatchObject([{ severity: 'error', service: { metadata: { name: 'web' } } }]);
  });
});

describe('metrics', () => {
  test('the names and labels of the Go program', async () => {
    await begin();
    scene.world.cloud.fail({ match: { method: 'PUT' }, status: 500 });
    await scene.change(nodePort(30_001));
    await scene.pass(() => scene.world.clock.advance(1_000));
    scene.world.cloud.removeFirewall(only().id);
    await scene.driftCheck();
    const api = (operation: string, result: string, code: string): number =>
      count('firewall_api_operations_total', { operation, result, http_response_code: code });
    expect(api('get_by_list', 'succeeded', '200')).toBe(2);
    expect(api('create', 'succeeded', '202')).toBe(2);
    expect(api('update', 'failed', '500')).toBe(1);
    expect(api('update', 'succeeded', '200')).toBe(1);
    expect(api('get_by_id', 'succeeded', '200')).toBe(2);
    expect(api('get_by_id', 'failed', '404')).toBe(1);
    expect(count('firewall_resource_syncs_total', { result: 'updated' })).toBe(4);
    expect(count('firewall_reconciles_total', { result: 'reconciled', error_type: '' })).toBe(3);
    expect(
      scene.metrics
        .names()
        .filter((name) => name.startsWith('firewall_'))
        .sort(),
    ).toEqual([
      'firewall_api_operation_duration_seconds',
      'firewall_api_operations_total',
      'firewall_reconcile_duration_seconds',
      'firewall_reconciles_total',
      'firewall_resource_sync_duration_seconds',
      'firewall_resource_syncs_total',
    ]);
  });

  test('a reading that the stop interrupts is canceled', async () => {
    await begin();
    scene.world.cloud.fail({ match: { path: ONE }, kind: 'hang' });
    const before = scene.calls.length;
    await scene.world.clock.advance(300_000);
    await waitFor(() => scene.calls.length > before, { what: 'the GET' });
    const ended = scene.close();
    await scene.world.clock.advance(8_000);
    await ended;
    expect(count('firewall_resource_syncs_total', { result: 'canceled' })).toBe(1);
  });
});
