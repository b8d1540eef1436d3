// Part F.3 on the whole controller: what becomes of a Machine while its device lives, fails, vanishes, and when it is deleted.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { nodes } from '@longshore/k8s-runtime';
import { annotations } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import { clusters, machines } from '../api/resources.ts';
import { initAttemptOf } from './entrance-plan.ts';
import type { EtcdMembers } from './etcd-members.ts';
import { memoryOf } from './machine-memory.ts';
import { aCluster, aMaster, aWorker, ofSet } from './test-support/builders.ts';
import type { MachineWish } from './test-support/builders.ts';
import { MachineWorld } from './test-support/machine-world.ts';
import type { MachineWorldOptions } from './test-support/machine-world.ts';

jest.setTimeout(60_000);
let world: MachineWorld;

const begin = async (options: MachineWorldOptions = {}): Promise<void> => {
  world = await MachineWorld.start(options);
};
const isRunning = (name: string): boolean => world.machine(name)?.status?.phase === 'Running';
const run = async (...list: readonly Machine[]): Promise<void> => {
  for (const machine of list) world.kube.put(machines, machine);
  await world.until('all run', () => list.every(({ metadata }) => isRunning(metadata?.name ?? '')));
};
const edit = (name: string, value: object): void => {
  const machine = world.machine(name) as Machine;
  const old = machine.spec?.providerSpec?.value;
  world.kube.put(machines, { ...machine, spec: { ...machine.spec, providerSpec: { value: { ...old, ...value } } } });
};
const remove = (name: string): void => world.kube.delete(machines, { namespace: 'default', name });
const attemptOf = (name: string): string | undefined => memoryOf(world.machine(name) as Machine).attemptId;
const initAttempt = (): string | undefined => initAttemptOf(world.kube.object(clusters, 'default/blue'));
const inSet = (wish: MachineWish = {}): Machine => {
  const machine = aWorker(world, wish);
  return { ...machine, metadata: { ...machine.metadata, ...ofSet } };
};

afterEach(async () => world?.close());

describe('a device comes and stays', () => {
  test('CA row L1 phases, percentage, addresses and provider ID', async () => {
    await begin({ queuedMs: 10_000, provisioningMs: 100_000 });
    world.kube.put(machines, aWorker(world));
    const seen: string[] = [];
    const percentages: number[] = [];
    await world.until('it runs', () => {
      const { phase = '', providerStatus } = world.machine('w-0')?.status ?? {};
      if (phase !== '' && seen.at(-1) !== phase) seen.push(phase);
      if (providerStatus?.provisioningPercentage !== undefined) percentages.push(providerStatus.provisioningPercentage);
      return phase === 'Running';
    });
    expect(seen.filter((phase) => phase !== 'Provisioned')).toEqual(['Provisioning', 'Running']);
    expect(percentages.length).toBeGreaterThan(1);
    const { spec, status } = world.machine('w-0') ?? {};
    expect(spec?.providerID).toBe(`packet://${world.living[0]?.id}`);
    expect(status?.addresses?.map(({ type }) => type).sort()).toEqual([
      'ExternalIP',
      'ExternalIP',
      'Hostname',
      'InternalIP',
    ]);
    expect(status?.conditions).toContainEqual(expect.objectContaining({ type: 'Ready', status: 'True' }));
  });

  test('H.6 the user data, which holds keys, is emptied once the Node is there', async () => {
    await begin();
    await run(aMaster(world));
    await world.until('it is empty', () => world.living[0]?.userdata === '', 60_000);
    const puts = world.cloud.callsByRoute()['PUT /devices/{id}'];
    await world.pass(120_000, 5_000);
    expect(world.cloud.callsByRoute()['PUT /devices/{id}']).toBe(puts);
  });

  test('CA row L3 a device that is switched off is not ready and not replaced', async () => {
    await begin();
    await run(inSet());
    const [device] = world.living;
    for (const state of ['powering_off', 'inactive'] as const) {
      world.cloud.setDeviceState(device?.id ?? '', state);
      await world.pass(300_000, 5_000);
      expect(world.machine('w-0')?.status?.conditions).toContainEqual(
        expect.objectContaining({ type: 'DeviceReady', status: 'False', reason: 'DevicePoweredOff' }),
      );
    }
    expect(world.living).toHaveLength(1);
    expect(world.posts).toBe(1);
    world.cloud.setDeviceState(device?.id ?? '', 'active');
    await world.until('it is ready again', () => world.reasonOf('w-0') === 'NodeReady', 60_000);
  });

  test.each([
    ['facility', { facility: ['sjc1'] }],
    ['machineType', { machineType: 'm3.large.x86' }],
    ['OS', { OS: 'ubuntu_20_04' }],
    ['billingCycle', { billingCycle: 'monthly' }],
    ['projectID', { projectID: '11111111-2222-4333-8444-555555555555' }],
  ])('CA row L8 %s edited: UnsupportedChange, the device untouched, well again when reverted', async (field, value) => {
    await begin();
    await run(aWorker(world));
    const old = world.machine('w-0')?.spec?.providerSpec?.value as object;
    edit('w-0', value);
    await world.until('it is said', () => world.machine('w-0')?.status?.errorReason === 'UnsupportedChange', 60_000);
    await world.pass(120_000, 5_000);
    expect(world.machine('w-0')?.status?.errorMessage).toContain(field);
    expect(world.reasons('Warning')).toEqual(['UnsupportedChange']);
    expect(world.living).toHaveLength(1);
    expect(world.posts).toBe(1);
    edit('w-0', old);
    await world.until('it is well', () => world.machine('w-0')?.status?.errorReason === undefined, 60_000);
    expect(world.reasonOf('w-0')).toBe('NodeReady');
  });

  test('CA row L9 CA row L10 hostname and tags changed in the portal are put back once, and nothing is made anew', async () => {
    await begin();
    await run(aWorker(world, { value: { tags: ['mine'] } }));
    const [device] = world.living;
    const puts = world.cloud.callsByRoute()['PUT /devices/{id}'] ?? 0;
    world.cloud.updateDevice(device?.id ?? '', { hostname: 'other', tags: ['theirs'] });
    await world.until('they are back', () => world.living[0]?.hostname === 'w-0', 60_000);
    await world.pass(120_000, 5_000);
    expect(world.living[0]?.tags).toEqual(expect.arrayContaining([...(device?.tags ?? []), 'theirs']));
    expect((world.cloud.callsByRoute()['PUT /devices/{id}'] ?? 0) - puts).toBe(1);
    expect(world.posts).toBe(1);
  });
});

describe('a device that fails', () => {
  test('CA row L2 the first one is replaced', async () => {
    await begin();
    world.cloud.failNextDevices(1);
    await run(aMaster(world));
    expect(world.cloud.state.deviceHistory).toHaveLength(2);
    expect(world.living).toHaveLength(1);
    expect(world.reasons('Warning')).toEqual(['DeviceFailed']);
    expect(world.ordered.get(world.living[0]?.id ?? '')).toContain('kind: InitConfiguration');
  });

  test('CA row L2 the second one is the last: CreateError', async () => {
    await begin();
    world.cloud.failNextDevices(5);
    world.kube.put(machines, aWorker(world));
    await world.until('it is given up', () => world.machine('w-0')?.status?.errorReason === 'CreateError');
    await world.pass(600_000, 10_000);
    expect(world.machine('w-0')?.status?.phase).toBe('Failed');
    expect(world.posts).toBe(2);
    expect(world.reasons('Warning')).toEqual(['DeviceFailed', 'CreateError']);
    remove('w-0');
    await world.until('it is gone', () => world.machine('w-0') === undefined);
    expect(world.living).toEqual([]);
  });
});

describe('a device that vanishes while it is being provisioned', () => {
  test('CA row L2 counts as one that failed: one more is asked for, then it is the end', async () => {
    await begin({ provisioningMs: 600_000 });
    world.kube.put(machines, inSet());
    for (const posts of [1, 2]) {
      await world.until('there is one', () => world.posts === posts && world.reasonOf('w-0') === 'DeviceProvisioning');
      await world.pass(70_000, 5_000);
      world.cloud.removeDevice(world.living[0]?.id ?? '');
      await world.pass(90_000, 5_000);
    }
    await world.pass(300_000, 10_000);
    expect(world.posts).toBe(2);
    expect(world.machine('w-0')?.status).toMatchObject({ phase: 'Failed', errorReason: 'CreateError' });
  });
});

describe('a device that is gone', () => {
  test('CA row L4 the Machine of a set is deleted within 90 s, so that the set makes another', async () => {
    await begin();
    await run(inSet());
    world.cloud.removeDevice(world.living[0]?.id ?? '');
    await world.until('the Machine is gone', () => world.machine('w-0') === undefined, 90_000);
    expect(world.reasons('Warning')).toEqual(['DeviceLost']);
    expect(world.workload.object(nodes, 'w-0')).toBeDefined();
    expect(world.posts).toBe(1);
  });

  test('CA row L4 a worker of its own gets another device within 90 s', async () => {
    await begin();
    await run(aWorker(world));
    const [first] = world.living;
    world.cloud.removeDevice(first?.id ?? '');
    await world.until('there is another', () => world.living.length === 1, 90_000);
    await world.until(
      'it runs',
      () => isRunning('w-0') && world.machine('w-0')?.spec?.providerID !== `packet://${first?.id}`,
    );
    expect(world.living).toHaveLength(1);
    expect(world.posts).toBe(2);
    expect(world.reasons('Warning')).toContain('DeviceLost');
    expect(world.workload.object(nodes, 'w-0')?.spec?.providerID).toBe(`packet://${world.living[0]?.id}`);
  });

  test('CA row L5 the only master is never replaced: condition and event', async () => {
    await begin();
    await run(aMaster(world));
    world.cloud.removeDevice(world.living[0]?.id ?? '');
    await world.until('it is noticed', () => world.reasonOf('m-0') === 'DeviceLost', 90_000);
    await world.pass(30 * 60_000, 30_000);
    expect(world.posts).toBe(1);
    expect(world.machine('m-0')?.status?.phase).toBe('Failed');
    expect(world.reasons('Warning').filter((reason) => reason === 'DeviceLost')).toHaveLength(1);
  });

  test('a Node that cannot be deleted keeps the next device waiting, and no longer than that', async () => {
    await begin();
    await run(aWorker(world));
    world.workload.fail({ verb: 'remove', times: 3 });
    world.cloud.removeDevice(world.living[0]?.id ?? '');
    await world.until('it is said', () => world.messageOf('w-0').includes('once its Node is deleted'), 90_000);
    expect(world.posts).toBe(1);
    await world.until('there is another', () => world.living.length === 1);
    await world.until('it runs', () => isRunning('w-0'));
    expect(world.posts).toBe(2);
    expect(world.workload.object(nodes, 'w-0')?.spec?.providerID).toBe(`packet://${world.living[0]?.id}`);
  });

  test('the only master vanishes before there is a cluster: one more is asked for, and it is the one that begins it', async () => {
    await begin();
    world.hasKubelets = false;
    world.kube.put(machines, aMaster(world));
    await world.until('it is active', () => world.reasonOf('m-0') === 'WaitingForNode');
    world.cloud.removeDevice(world.living[0]?.id ?? '');
    await world.until('there is another', () => world.posts === 2, 120_000);
    expect(initAttempt()).toBe(attemptOf('m-0'));
    world.hasKubelets = true;
    await world.until('it runs', () => isRunning('m-0'));
    expect(world.posts).toBe(2);
  });

  test.each([
    { which: 'the one that began the cluster', isFirst: true },
    { which: 'one that joined it', isFirst: false },
  ])('of three masters any one that is lost leaves etcd first, then joins anew: $which', async ({ isFirst }) => {
    const removed: string[] = [];
    const etcd = {
      remove: async (_target: unknown, { name }: { name: string }) => {
        removed.push(name);
        expect(world.living).toHaveLength(2);
        return 'removed';
      },
    } as unknown as EtcdMembers;
    await begin({ etcd });
    world.kube.put(
      clusters,
      aCluster(world, { value: { controlPlaneEndpoint: { type: 'host', host: 'api.example.org' } } }),
    );
    await world.settle();
    const names = ['m-0', 'm-1', 'm-2'];
    await run(...names.map((name) => aMaster(world, { name })));
    const lost = names.find((name) => (attemptOf(name) === initAttempt()) === isFirst) ?? '';
    const device = world.living.find(({ hostname }) => hostname === lost);
    world.cloud.removeDevice(device?.id ?? '');
    await world.until('there are three again', () => world.living.length === 3, 90_000);
    await world.until('it runs', () => isRunning(lost));
    expect(removed).toEqual([lost]);
    const replacement = world.living.find(({ hostname }) => hostname === lost);
    expect(world.ordered.get(replacement?.id ?? '')).toContain('kind: JoinConfiguration');
    expect(world.ordered.get(replacement?.id ?? '')).not.toContain('kind: InitConfiguration');
  });

  test('of three masters one is deleted: out of etcd before its device goes', async () => {
    const removed: string[] = [];
    const etcd = {
      remove: async (_target: unknown, { name }: { name: string }) => {
        removed.push(`${name} ${world.living.length}`);
        return 'removed';
      },
    } as unknown as EtcdMembers;
    await begin({ etcd });
    world.kube.put(
      clusters,
      aCluster(world, { value: { controlPlaneEndpoint: { type: 'host', host: 'api.example.org' } } }),
    );
    await world.settle();
    await run(...['m-0', 'm-1', 'm-2'].map((name) => aMaster(world, { name })));
    remove('m-1');
    await world.until('it is gone', () => world.machine('m-1') === undefined);
    expect(removed).toEqual(['m-1 3']);
    expect(world.living).toHaveLength(2);
  });

  test('CA row L6 the device may not be read, the list works and lacks it: gone', async () => {
    await begin({ settings: {} });
    await run(aWorker(world));
    await world.pass(120_000, 5_000);
    const [first] = world.living;
    world.cloud.removeDevice(first?.id ?? '');
    world.cloud.fail({ match: { method: 'GET', path: `/devices/${first?.id}` }, status: 403, times: Infinity });
    await world.until('there is another', () => world.posts === 2, 180_000);
    expect(world.reasons('Warning')).toContain('DeviceLost');
  });

  test('CA row L7 neither device nor list may be read: nothing is touched, no finalizer goes', async () => {
    await begin();
    await run(aWorker(world), inSet({ name: 'w-1' }));
    const before = [world.machine('w-0'), world.machine('w-1')];
    world.cloud.fail({ match: { method: 'GET' }, status: 403, times: Infinity });
    world.cloud.fail({ match: { method: 'DELETE' }, status: 403, times: Infinity });
    await world.pass(300_000, 5_000);
    expect([world.machine('w-0'), world.machine('w-1')]).toEqual(before);
    remove('w-0');
    await world.pass(300_000, 5_000);
    expect(world.machine('w-0')?.metadata?.finalizers).toContain('machine.cluster.k8s.io');
    expect(world.living).toHaveLength(2);
    world.cloud.clearFaults();
    await world.until('it is gone', () => world.machine('w-0') === undefined);
    expect(world.living.map(({ hostname }) => hostname)).toEqual(['w-1']);
  });
});

describe('deletion', () => {
  test('CA row L11 Node, device, and the finalizer only when the device is gone', async () => {
    await begin({ deprovisioningMs: 60_000 });
    await run(aMaster(world), aWorker(world));
    remove('w-0');
    await world.until('the device goes', () => world.living.length === 1, 60_000);
    expect(world.workload.object(nodes, 'w-0')).toBeUndefined();
    expect(world.machine('w-0')?.status?.phase).toBe('Deleting');
    expect(world.machine('w-0')?.metadata?.finalizers).toContain('machine.cluster.k8s.io');
    await world.until('it is gone', () => world.machine('w-0') === undefined);
    expect([...world.cloud.state.devices.values()].map(({ hostname }) => hostname)).toEqual(['m-0']);
  });

  test('CA row L12 the device is gone already: no error', async () => {
    await begin();
    await run(aWorker(world));
    world.hasKubelets = false;
    const id = world.living[0]?.id ?? '';
    remove('w-0');
    world.cloud.removeDevice(id);
    await world.until('it is gone', () => world.machine('w-0') === undefined, 120_000);
    expect(world.reasons('Warning')).toEqual([]);
  });

  test('CA row L13 deleted while the POST is in flight: the device is found and deleted', async () => {
    await begin({ listLagMs: 20_000 });
    world.stallMs = 50;
    world.cloud.fail({ match: { method: 'POST' }, kind: 'drop-after', delayMs: 5_000 });
    world.kube.put(machines, aWorker(world));
    await world.until('the POST is under way', () => world.posts === 1);
    remove('w-0');
    await world.until('it is gone', () => world.machine('w-0') === undefined);
    expect(world.cloud.state.deviceHistory).toHaveLength(1);
    expect(world.cloud.state.devices.size).toBe(0);
  });

  test('CA row L14 the answer to the DELETE is lost: the 404 afterwards is success', async () => {
    await begin();
    await run(aWorker(world));
    world.cloud.fail({ match: { method: 'DELETE' }, kind: 'drop-after' });
    remove('w-0');
    await world.until('it is gone', () => world.machine('w-0') === undefined);
    expect(world.cloud.state.devices.size).toBe(0);
  });

  test('CA row L15 a locked device: condition with the words of the API, and slow retries', async () => {
    await begin();
    await run(aWorker(world));
    const id = world.living[0]?.id ?? '';
    world.cloud.updateDevice(id, { locked: true });
    remove('w-0');
    await world.pass(600_000, 5_000);
    expect(world.messageOf('w-0')).toMatch(/locked/i);
    expect(world.machine('w-0')?.status?.errorReason).toBe('DeleteError');
    expect(world.cloud.callsByRoute()['DELETE /devices/{id}']).toBeLessThanOrEqual(24);
    expect(world.reasons('Warning')).toEqual(['DeletionRefused']);
    world.cloud.updateDevice(id, { locked: false });
    await world.until('it is gone', () => world.machine('w-0') === undefined, 120_000);
  });

  test('CA row L16 the machine that the manager runs on stays until it runs elsewhere', async () => {
    await begin({ settings: { nodeName: 'w-0' } });
    await run(aMaster(world), aWorker(world));
    // After a move the Nodes of the workload cluster are those of the manager's own.
    const node = world.workload.object(nodes, 'w-0');
    const own = world.kube.put(nodes, { metadata: { name: 'w-0' } });
    const machine = world.machine('w-0') as Machine;
    const nodeRef = { kind: 'Node' as const, name: 'w-0', uid: own.metadata?.uid ?? '' };
    world.hasKubeconfig = false;
    world.kube.put(machines, { ...machine, status: { ...machine.status, nodeRef } });
    remove('w-0');
    await world.pass(120_000, 5_000);
    expect(node).toBeDefined();
    expect(world.reasons('Warning')).toEqual(['HostsManager']);
    expect(world.living).toHaveLength(2);
    world.kube.delete(nodes, { name: 'w-0' });
    await world.until('it is gone', () => world.machine('w-0') === undefined, 120_000);
    expect(world.living).toHaveLength(1);
  });

  test('CA row L17 the last master, its API server dead: the Node is not asked for, nothing hangs', async () => {
    await begin();
    await run(aMaster(world));
    world.workload.fail({ resource: 'nodes', times: Infinity });
    remove('m-0');
    await world.until('it is gone', () => world.machine('m-0') === undefined, 60_000);
    expect(world.living).toEqual([]);
  });

  test('CA row L17 a worker whose cluster does not answer goes after a minute without its Node', async () => {
    await begin();
    await run(aMaster(world), aWorker(world));
    world.workload.fail({ verb: 'get', times: Infinity });
    remove('w-0');
    await world.pass(50_000, 5_000);
    expect(world.living).toHaveLength(2);
    await world.until('it is gone', () => world.machine('w-0') === undefined, 60_000);
    expect(world.living).toHaveLength(1);
  });

  test.each([
    ['before its cluster is ready', (machine: Machine) => machine, false],
    ['with a bad configuration', (machine: Machine) => ({ ...machine, spec: { providerSpec: { value: {} } } }), true],
    [
      'without a cluster',
      (machine: Machine) => ({
        ...machine,
        metadata: {
          ...machine.metadata,
          labels: { 'cluster.k8s.io/cluster-name': 'red' },
          finalizers: ['machine.cluster.k8s.io'],
        },
      }),
      true,
    ],
  ] as const)('CA row L18 deleted %s', async (_when, change, areKeysThere) => {
    await begin();
    world.areKeysThere = areKeysThere;
    world.kube.put(machines, change(aWorker(world)));
    await world.pass(20_000);
    expect(world.posts).toBe(0);
    remove('w-0');
    await world.until('it is gone', () => world.machine('w-0') === undefined, 30_000);
    expect(world.cloud.calls.total).toBe(0);
  });

  test('CA row L18 a running Machine whose spec was broken afterwards', async () => {
    await begin();
    await run(aWorker(world));
    const machine = world.machine('w-0') as Machine;
    world.kube.put(machines, { ...machine, spec: { ...machine.spec, providerSpec: {} } });
    await world.pass(20_000);
    remove('w-0');
    await world.until('it is gone', () => world.machine('w-0') === undefined, 60_000);
    expect(world.living).toEqual([]);
  });
});

describe('Nodes', () => {
  test.each(['packet', 'equinixmetal', 'PACKET'])('CA row L19 a Node with %s:// is linked', async (prefix) => {
    await begin();
    world.hasKubelets = false;
    world.kube.put(machines, aWorker(world));
    await world.until('there is a device', () => world.machine('w-0')?.status?.phase === 'Provisioned');
    const id = world.living[0]?.id ?? '';
    const node = world.addNode('another-name', { providerID: `${prefix}://${id.toUpperCase()}` });
    await world.until('it runs', () => isRunning('w-0'), 60_000);
    expect(world.machine('w-0')?.status?.nodeRef).toEqual({
      kind: 'Node',
      name: 'another-name',
      uid: node.metadata?.uid,
    });
    expect(world.machine('w-0')?.status?.versions).toEqual({ kubelet: '1.36.0' });
  });

  test('CA row L20 a Node deleted by hand: the reference goes, and a Machine of a set is replaced after the time', async () => {
    await begin();
    await run(inSet());
    world.workload.delete(nodes, { name: 'w-0' });
    await world.until('it is noticed', () => world.machine('w-0')?.status?.nodeRef === undefined, 60_000);
    expect(world.machine('w-0')?.status?.conditions).toContainEqual(
      expect.objectContaining({ type: 'NodeReady', status: 'False', reason: 'NodeDeleted' }),
    );
    await world.pass(19 * 60_000, 10_000);
    expect(world.machine('w-0')).toBeDefined();
    await world.until('it is replaced', () => world.machine('w-0') === undefined, 180_000);
    expect(world.living).toEqual([]);
  });

  test('CA row L21 a Node that never joins: JoinClusterTimeoutError; the set replaces its Machine', async () => {
    await begin();
    world.hasKubelets = false;
    for (const machine of [aWorker(world), inSet({ name: 'w-1' })]) world.kube.put(machines, machine);
    await world.pass(19 * 60_000, 10_000);
    expect(world.living).toHaveLength(2);
    await world.until(
      'it is said',
      () => world.machine('w-0')?.status?.errorReason === 'JoinClusterTimeoutError',
      180_000,
    );
    await world.until('the one of the set goes', () => world.machine('w-1') === undefined, 60_000);
    expect(world.machine('w-0')?.status).toMatchObject({ phase: 'Failed' });
    expect(world.machine('w-0')?.status?.errorMessage).toContain('bootstrap token');
    expect(world.reasons('Warning').filter((reason) => reason === 'JoinClusterTimeoutError')).toHaveLength(2);
    expect(world.living.map(({ hostname }) => hostname)).toEqual(['w-0']);
    world.hasKubelets = true;
    await world.until('late is better than never', () => isRunning('w-0'), 60_000);
    expect(world.machine('w-0')?.status?.errorReason).toBeUndefined();
  });
});

test('a paused Machine is left alone, and one that is being moved is not even written', async () => {
  await begin();
  const paused = aWorker(world);
  world.kube.put(machines, { ...paused, metadata: { ...paused.metadata, annotations: { [annotations.paused]: 'x' } } });
  const moving = aWorker(world, { name: 'w-1' });
  const put = world.kube.put(machines, {
    ...moving,
    metadata: { ...moving.metadata, annotations: { [annotations.moving]: 'x' } },
  });
  await world.pass(60_000, 5_000);
  expect(world.cloud.calls.total).toBe(0);
  expect(world.machine('w-0')?.status?.conditions).toEqual([
    expect.objectContaining({ type: 'Paused', status: 'True' }),
  ]);
  expect(world.machine('w-1')).toEqual(put);
  const machine = world.machine('w-0') as Machine;
  world.kube.put(machines, { ...machine, metadata: { ...machine.metadata, annotations: {} } });
  await world.until('it runs', () => isRunning('w-0'));
  expect(world.machine('w-0')?.status?.conditions).toContainEqual(
    expect.objectContaining({ type: 'Paused', status: 'False' }),
  );
});
