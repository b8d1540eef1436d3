// Look-ups over HTTP against the simulated cloud: what is found, what counts as gone, and what it costs.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { InstanceFinding } from '@longshore/cloud-provider';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { Fault, PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import type { KubeNode } from '@longshore/k8s-runtime';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { createPacketApi, parseDeviceId, parseProjectId } from '@longshore/packet-api';
import type { DeviceId, PacketApi } from '@longshore/packet-api';
import { aNode, uuidOf } from '../test-support/builders.ts';
import { PacketInstances } from './instances.ts';

const LIST = 'GET /projects/{id}/devices';
const signal = new AbortController().signal;
let cloud: PacketSimulator;
let clock: FakeClock;
let api: PacketApi;
let instances: PacketInstances;

beforeEach(() => begin());
afterEach(() => end());

async function begin(options: PacketOptions = {}, token?: string): Promise<void> {
  clock = new FakeClock();
  cloud = await simulatePacket({ clock, facility: 'da11', ...options });
  use(cloud.projectId, token);
}

function use(project: string, token = cloud.token): void {
  api = createPacketApi({
    baseUrl: cloud.url,
    token: () => token,
    clock,
    userAgent: 'packet-ccm/test',
    maxAttempts: 1,
  });
  const projectId = parseProjectId(project);
  if (projectId === undefined) throw new Error(project);
  instances = new PacketInstances({ devices: api.devices, projectId, clock });
}

async function end(): Promise<void> {
  api.http.close();
  await cloud.close();
}

async function again(options: PacketOptions): Promise<void> {
  await end();
  await begin(options);
}

async function look(...nodes: readonly KubeNode[]): Promise<readonly (InstanceFinding | undefined)[]> {
  const findings = await instances.lookup(nodes, signal);
  return nodes.map((node) => findings.get(node.metadata?.name ?? ''));
}

function deviceId(text: string): DeviceId {
  const id = parseDeviceId(text);
  if (id === undefined) throw new Error(text);
  return id;
}

const withId = (name: string, id: string): KubeNode => aNode(name, { providerId: `packet://${id}` });
const running = (id: string): object => ({ state: 'running', metadata: { providerId: `packet://${id}` } });
const unknown = (code: string): object => ({ state: 'unknown', error: { code } });

describe('PacketInstances by provider ID', () => {
  test.each(['packet://', 'equinixmetal://', ''])(
    'PK row 15 a device as %sUUID is found in the list',
    async (scheme) => {
      const { id } = cloud.addDevice();
      expect(await look(aNode('n', { providerId: `${scheme}${id}` }))).toMatchObject([running(id)]);
      expect(cloud.callsByRoute()).toEqual({ [LIST]: 1 });
    },
  );

  test('PK row 16 what others have written is left alone, what nobody can read is told', async () => {
    const nodes = [aNode('a', { providerId: 'aws:///x' }), aNode('b', { providerId: 'packet://a://b' })];
    expect(await look(...nodes)).toMatchObject([undefined, unknown('PROVIDER_ID_MALFORMED')]);
    expect(cloud.calls.total).toBe(0);
  });

  test('PK row 28 a device that does not exist is gone', async () => {
    const { id } = cloud.addDevice();
    expect(await look(withId('n', id), withId('g', uuidOf(9)))).toMatchObject([running(id), { state: 'gone' }]);
  });

  test('PK row 28 a device that was deleted is gone as soon as the API says 404, and not before', async () => {
    cloud.addDevice();
    const kept = cloud.addDevice();
    const { id } = cloud.addDevice();
    expect(await look(withId('n', id), withId('k', kept.id))).toMatchObject([running(id), running(kept.id)]);
    const node = withId('n', id);
    await api.devices.remove(deviceId(id), {}, signal);
    await clock.advance(20);
    expect((await look(node))[0]?.state).not.toBe('gone');
    await clock.advance(60_000);
    expect(await look(node)).toEqual([{ state: 'gone' }]);
  });

  test('a device that is newer than the list is found by a question of its own', async () => {
    const { id } = cloud.addDevice();
    await look(withId('n', id));
    const fresh = cloud.addDevice();
    expect(await look(withId('m', fresh.id))).toMatchObject([running(fresh.id)]);
  });

  test.each<{ when: string; fault: Fault }>([
    { when: 'a 500', fault: { status: 500 } },
    { when: 'a 401', fault: { status: 401 } },
    { when: 'a 403', fault: { status: 403 } },
    { when: 'a 429', fault: { status: 429, headers: { 'retry-after': '7' } } },
    { when: 'a broken connection', fault: { kind: 'drop-before' } },
    { when: 'a proxy’s 404 page', fault: { kind: 'html', status: 404 } },
    { when: 'a proxy’s 200 page', fault: { kind: 'html', status: 200 } },
    { when: 'an empty answer', fault: { kind: 'empty-body', status: 200 } },
    { when: 'an answer without a list', fault: { status: 200, body: {} } },
  ])('PK row 29 $when: unknown, whether list or question fails', async ({ fault }) => {
    const { id } = cloud.addDevice();
    const onList = cloud.fail({ ...fault, match: { path: LIST.slice(4) }, times: Infinity });
    const nodes = [withId('n', id), withId('g', uuidOf(9))];
    expect(await look(...nodes)).toMatchObject([{ state: 'unknown' }, { state: 'unknown' }]);
    onList.remove();
    await clock.advance(60_000);
    cloud.fail({ ...fault, match: { path: '/devices/{id}' }, times: Infinity });
    expect(await look(...nodes)).toMatchObject([running(id), { state: 'unknown' }]);
  });

  test('PK row 29 a time-out is unknown', async () => {
    const { id } = cloud.addDevice();
    cloud.fail({ kind: 'hang', times: Infinity });
    const answer = look(withId('n', id));
    // The client's deadline is a timer of the clock; it is set once the request is under way.
    while (clock.pendingTimers === 0) await clock.settle();
    await clock.advance(60_000);
    expect(await answer).toMatchObject([unknown('CLOUD_TIMEOUT')]);
  });

  test('PK row 30 an unknown project: nothing is gone, and the error says what to check', async () => {
    const { id } = cloud.addDevice();
    use(uuidOf(77));
    expect(await look(withId('n', id), withId('g', uuidOf(9)))).toMatchObject([
      { state: 'unknown' },
      { state: 'unknown' },
    ]);
  });

  test('PK row 30 another project that can be read: its 404 and its empty list delete nothing', async () => {
    const { id } = cloud.addDevice();
    use(cloud.addProject());
    expect(await look(withId('n', id), withId('g', uuidOf(9)))).toMatchObject([
      unknown('DEVICE_FOREIGN'),
      unknown('PROJECT_WITHOUT_NODES'),
    ]);
    const other = cloud.addProject();
    cloud.addDevice({ projectId: other, hostname: 'stranger' });
    use(other);
    expect(await look(withId('g', uuidOf(9)))).toMatchObject([unknown('PROJECT_WITHOUT_NODES')]);
  });

  test('PK row 34 all machines of the cluster vanish at once: none is gone until the project shows one of them again', async () => {
    const ids = cloud.addDevices(3).map(({ id }) => id);
    cloud.addDevice({ hostname: 'somebody-elses' });
    const nodes = ids.map((id, index) => withId(`n${index}`, id));
    await look(...nodes);
    for (const id of ids) cloud.removeDevice(id);
    await clock.advance(60_000);
    expect(await look(...nodes)).toMatchObject(ids.map(() => unknown('PROJECT_WITHOUT_NODES')));
    const added = cloud.addDevice({ hostname: 'new' });
    await clock.advance(60_000);
    await look(aNode('new'));
    expect(await look(...nodes)).toMatchObject(ids.map(() => ({ state: 'gone' })));
    expect(await look(withId('new', added.id))).toMatchObject([running(added.id)]);
  });

  test('PK row 33 a key for another project gets 403 for our devices: nothing is gone', async () => {
    const { id } = cloud.addDevice();
    const other = cloud.addProject();
    cloud.addToken('other', { projectId: other });
    use(other, 'other');
    expect(await look(withId('n', id))).toMatchObject([unknown('DEVICE_REFUSED')]);
    use(cloud.projectId, 'other');
    expect(await look(withId('n', id))).toMatchObject([unknown('CLOUD_FORBIDDEN')]);
  });

  test.each(['show', 'forbid'] as const)(
    'PK row 33 a device that failed (API: %s) is no reason to delete',
    async (failedDevices) => {
      await again({ failedDevices });
      const { id } = cloud.addDevice({ state: 'failed' });
      expect(await look(withId('n', id))).toMatchObject([unknown('DEVICE_FAILED')]);
    },
  );

  test('PK row 31 switched off is stopped, with all facts', async () => {
    const { id } = cloud.addDevice({ state: 'inactive' });
    expect(await look(withId('n', id))).toMatchObject([{ state: 'stopped', metadata: { region: 'da', zone: 'da11' } }]);
  });

  test('PK row 32 switched on again is running', async () => {
    const { id } = cloud.addDevice({ state: 'inactive' });
    await look(withId('n', id));
    cloud.setDeviceState(id, 'active');
    await clock.advance(60_000);
    expect(await look(withId('n', id))).toMatchObject([running(id)]);
  });
});

describe('PacketInstances without a provider ID', () => {
  test('PK row 9 by hostname: addresses, type, region and provider ID', async () => {
    const { id } = cloud.addDevice({ hostname: 'node-1', plan: 'c3.small.x86' });
    expect(await look(aNode('node-1'))).toMatchObject([
      { state: 'running', metadata: { providerId: `packet://${id}`, instanceType: 'c3.small.x86', region: 'da' } },
    ]);
  });

  test('PK row 10 on the fourth page', async () => {
    await again({ devices: 35, largestPageSize: 10 });
    expect(await look(aNode('node-35'))).toMatchObject([{ state: 'running' }]);
    expect(cloud.callsByRoute()).toEqual({ [LIST]: 4 });
  });

  test('PK row 11 node-1 is not node-10', async () => {
    cloud.addDevice({ hostname: 'node-10' });
    const { id } = cloud.addDevice({ hostname: 'node-1' });
    expect(await look(aNode('node-1'))).toMatchObject([running(id)]);
  });

  test('PK row 12 two devices of one name: an error that names both, no guess', async () => {
    const ids = [cloud.addDevice({ hostname: 'twin' }).id, cloud.addDevice({ hostname: 'twin' }).id];
    const [finding] = await look(aNode('twin'));
    expect(finding).toMatchObject({
      state: 'unknown',
      error: { code: 'DEVICE_AMBIGUOUS', disposition: { retry: 'on-change' } },
    });
    for (const id of ids) expect(String((finding as { error: unknown }).error)).toContain(id);
  });

  test('PK row 12 (ours) the node’s IP or its system UUID decides between them', async () => {
    const [first, second] = [cloud.addDevice({ hostname: 'twin' }), cloud.addDevice({ hostname: 'twin' })];
    const address = second.ip_addresses.find((one) => !one.public)?.address ?? '';
    expect(await look(aNode('twin', { internal: [address] }))).toMatchObject([running(second.id)]);
    expect(await look(aNode('twin', { providedNodeIp: address }))).toMatchObject([running(second.id)]);
    expect(await look(aNode('twin', { systemUuid: first.id.toUpperCase() }))).toMatchObject([running(first.id)]);
  });

  test('PK row 12 (ours) one that is being given back does not stand in the way of its successor', async () => {
    cloud.addDevice({ hostname: 'twin', state: 'deprovisioning' });
    const { id } = cloud.addDevice({ hostname: 'twin' });
    expect(await look(aNode('twin'))).toMatchObject([running(id)]);
  });

  test('PK row 13 by the node’s IP where no hostname fits', async () => {
    cloud.addDevice({ hostname: 'other' });
    const device = cloud.addDevice({ hostname: 'rack-7' });
    const address = device.ip_addresses.find((one) => one.public && one.address_family === 4)?.address ?? '';
    expect(await look(aNode('k3s-agent-7', { external: [address] }))).toMatchObject([running(device.id)]);
  });

  test('PK row 13 an elastic IP is nobody’s name: it moves', async () => {
    const { id } = cloud.addDevice({ hostname: 'rack-7' });
    const projectId = parseProjectId(cloud.projectId);
    if (projectId === undefined) throw new Error('no project');
    const { address = '' } = await api.reservations.reserve(
      projectId,
      { type: 'public_ipv4', quantity: 1, metro: 'da' },
      signal,
    );
    await api.assignments.assign(deviceId(id), { address }, signal);
    expect(await look(aNode('n', { external: [address] }))).toMatchObject([unknown('DEVICE_NOT_FOUND')]);
  });

  test('PK row 13 (ours) by the map of names: a hostname, or a device’s UUID', async () => {
    const { id } = cloud.addDevice({ hostname: 'rack-7' });
    const projectId = parseProjectId(cloud.projectId);
    if (projectId === undefined) throw new Error('no project');
    for (const machine of ['rack-7', id]) {
      const machineNameOf = (): string => machine;
      instances = new PacketInstances({ devices: api.devices, projectId, clock, machineNameOf });
      expect(await look(aNode('n'))).toMatchObject([running(id)]);
    }
  });

  test('PK row 14 no such device: unknown, with what to do; the list is read once more for a young node, then no more', async () => {
    cloud.addDevice();
    const node = aNode('nobody', { createdAt: new Date(clock.nowMs()).toISOString() });
    expect(await look(node)).toMatchObject([unknown('DEVICE_NOT_FOUND')]);
    const before = cloud.calls.total;
    await look(node);
    expect(cloud.calls.total - before).toBe(0);
  });

  test('a name is never gone', async () => {
    const { id } = cloud.addDevice();
    expect(await look(withId('n', id), aNode('nobody'))).toMatchObject([running(id), unknown('DEVICE_NOT_FOUND')]);
  });
});

describe('what it costs', () => {
  test('PK row 37 a hundred nodes at once share one list', async () => {
    await again({ devices: 100 });
    const names = Array.from({ length: 100 }, (_, index) => `node-${index + 1}`);
    const findings = await Promise.all(names.map((name) => look(aNode(name))));
    expect(findings.flat().every((finding) => finding?.state === 'running')).toBe(true);
    expect(cloud.callsByRoute()).toEqual({ [LIST]: 1 });
  });

  test('a thousand nodes are four pages', async () => {
    await again({ devices: 1000 });
    const nodes = [...cloud.state.devices.values()].map(({ id, hostname }) => withId(hostname, id));
    expect((await look(...nodes)).every((finding) => finding?.state === 'running')).toBe(true);
    expect(cloud.callsByRoute()).toEqual({ [LIST]: 4 });
  });
});
