// Part F.2 on the whole controller: what is asked of Packet, and when nothing is.
import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { annotations } from '../api/names.ts';
import { clusters, machineClasses, machines } from '../api/resources.ts';
import { parseMachineConfigs } from '../bootstrap/machine-configs.ts';
import { aCluster, aMaster, aWorker, CONFIGS } from './test-support/builders.ts';
import { MachineWorld } from './test-support/machine-world.ts';
import type { MachineWish } from './test-support/builders.ts';
import type { MachineWorldOptions } from './test-support/machine-world.ts';

jest.setTimeout(60_000);
let world: MachineWorld;

const begin = async (options: MachineWorldOptions = {}): Promise<void> => {
  world = await MachineWorld.start(options);
};

afterEach(async () => world?.close());

test('CA row M1 a control plane Machine: exactly one POST with everything in it', async () => {
  await begin();
  const sshKeys = ['ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJq2Kq4bB2KVZy8Xo0dKfYz0Yc0m0tqYfA2xk3m5dV1z me@desk'];
  world.kube.put(machines, aMaster(world, { value: { tags: ['mine'], sshKeys } }));
  await world.until('it runs', () => world.machine('m-0')?.status?.phase === 'Running');
  expect(world.posts).toBe(1);
  const order = world.lastOrder();
  expect(order).toMatchObject({
    hostname: 'm-0',
    plan: 'c3.small.x86',
    facility: ['ewr1'],
    operating_system: 'ubuntu_22_04',
    billing_cycle: 'hourly',
  });
  const attempt = world.machine('m-0')?.metadata?.annotations?.[annotations.machineUid];
  expect(order['tags']).toEqual(
    expect.arrayContaining([
      `cluster-api-provider-packet:machine-uid:${attempt}`,
      'cluster-api-provider-packet:cluster-id:blue',
      'kubernetes.io/role:master',
      'mine',
    ]),
  );
  expect(order['project_ssh_keys']).toHaveLength(1);
  expect(order['userdata']).toContain('kind: InitConfiguration');
  expect(world.cloud.schemaProblems).toEqual([]);
});

describe('waiting for the cluster', () => {
  test('CA row M2 a worker without endpoint: no token, no POST, another look after 15 s', async () => {
    const cluster = aCluster({ projectId: '' });
    await begin({ cluster: { ...cluster, status: {} } });
    world.kube.put(clusters, { ...aCluster(world), status: {} });
    world.kube.put(machines, aWorker(world));
    await world.pass(40_000);
    expect(world.posts).toBe(0);
    expect(world.reasonOf('w-0')).toBe('WaitingForEndpoint');
    expect(world.machine('w-0')?.metadata?.annotations?.[annotations.machineUid]).toBeUndefined();
    world.kube.put(clusters, aCluster(world));
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    expect(world.posts).toBe(1);
  });

  test('CA row M3 (issue 8: one token of the cluster) a worker joins with the token and the hash of the CA', async () => {
    await begin();
    world.isUp = false;
    world.kube.put(machines, aWorker(world));
    await world.pass(40_000);
    expect(world.posts).toBe(0);
    expect(world.reasonOf('w-0')).toBe('WaitingForControlPlane');
    world.isUp = true;
    await world.until('it is asked for', () => world.posts === 1, 20_000);
    const userdata = String(world.lastOrder()['userdata']);
    expect(userdata).toContain('abcdef.0123456789abcdef');
    expect(userdata).toMatch(/caCertHashes:\s*\n?\s*-?.*sha256:[0-9a-f]{64}/);
    expect(userdata).not.toContain('PRIVATE KEY');
  });

  test('without the keys of the cluster nothing is asked for', async () => {
    await begin();
    world.areKeysThere = false;
    world.kube.put(machines, aMaster(world));
    await world.pass(30_000);
    expect(world.posts).toBe(0);
    expect(world.reasonOf('m-0')).toBe('WaitingForClusterKeys');
    world.areKeysThere = true;
    await world.until('it is asked for', () => world.posts === 1, 20_000);
  });
});

describe('one device whatever happens', () => {
  test.each([
    { row: 'M4', listLagMs: 0 },
    { row: 'M5', listLagMs: 30_000 },
  ])(
    'CA row $row the answer to the POST is lost, lists lag $listLagMs ms: one device, adopted',
    async ({ listLagMs }) => {
      await begin({ listLagMs });
      world.cloud.fail({ match: { method: 'POST', path: /devices$/ }, kind: 'drop-after' });
      world.kube.put(machines, aWorker(world));
      await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
      expect(world.posts).toBe(1);
      expect(world.cloud.state.deviceHistory).toHaveLength(1);
      expect(world.machine('w-0')?.spec?.providerID).toBe(`packet://${world.living[0]?.id}`);
    },
  );

  test('CA row M8 every write of the Machine conflicts for 5 s after the POST: one device, its id is stored in the end', async () => {
    await begin();
    const { kube } = world;
    kube.put(machines, aWorker(world));
    world.stallMs = 50;
    world.cloud.fail({ match: { method: 'POST' }, kind: 'delay', delayMs: 2_000 });
    await world.until('the POST is under way', () => world.posts === 1);
    const outdated = { ...aWorker(world), metadata: { namespace: 'default', name: 'w-0', resourceVersion: '1' } };
    const error = (await kube.replace(machines, outdated).catch((thrown: unknown) => thrown)) as Error;
    expect(error).toMatchObject({ reason: 'Conflict' });
    kube.fail({ verb: 'patch', resource: 'machines', key: 'default/w-0', times: 12, error });
    await world.pass(4_000, 250);
    expect(world.living).toHaveLength(1);
    expect(world.machine('w-0')?.metadata?.annotations?.[annotations.deviceId]).toBeUndefined();
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    expect(world.cloud.state.deviceHistory).toHaveLength(1);
    expect(world.machine('w-0')?.metadata?.annotations?.[annotations.deviceId]).toBe(world.living[0]?.id);
  });

  test('CA row M9 two managers without leader election: one device survives', async () => {
    await begin({ processes: 2 });
    for (const name of ['w-0', 'w-1', 'w-2']) world.kube.put(machines, aWorker(world, { name }));
    await world.until('all run', () =>
      ['w-0', 'w-1', 'w-2'].every((name) => world.machine(name)?.status?.phase === 'Running'),
    );
    await world.pass(90_000);
    expect(world.living.map(({ hostname }) => hostname).sort()).toEqual(['w-0', 'w-1', 'w-2']);
  });

  test('CA row M9 a duplicate of the attempt: the younger one is deleted, and an event says so', async () => {
    await begin();
    world.kube.put(machines, aWorker(world));
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    const [first] = world.living;
    const twin = world.cloud.addDevice({ hostname: 'w-0', tags: [...(first?.tags ?? [])] });
    await world.until('the twin goes', () => !world.living.some(({ id }) => id === twin.id), 120_000);
    expect(world.living.map(({ id }) => id)).toEqual([first?.id]);
    expect(world.reasons('Warning')).toContain('DuplicateDevice');
  });

  test('CA row M10 the POST never arrived: asked for again after the settling time', async () => {
    await begin();
    world.cloud.fail({ match: { method: 'POST', path: /devices$/ }, kind: 'drop-before' });
    world.kube.put(machines, aWorker(world));
    await world.pass(50_000);
    expect(world.cloud.state.deviceHistory).toHaveLength(0);
    expect(world.reasonOf('w-0')).toBe('CreationInDoubt');
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    expect(world.cloud.state.deviceHistory).toHaveLength(1);
  });
});

describe('refused before any POST', () => {
  const CASES: readonly {
    row: string;
    when: string;
    master?: true;
    wish: MachineWish;
    says: RegExp;
    fix: MachineWish;
  }[] = [
    {
      row: 'M11',
      when: 'the image is unknown',
      wish: { value: { OS: 'ubuntu_06_06' } },
      says: /known are .*ubuntu_22_04/,
      fix: {},
    },
    {
      row: 'M12',
      when: 'the version is unknown',
      wish: { spec: { versions: { kubelet: '1.35.9' } } },
      says: /nearest are .*1\.36\.0/,
      fix: {},
    },
    {
      row: 'M13',
      when: 'two entries match',
      wish: { value: { OS: 'ubuntu_20_04' } },
      says: /ambiguous.*"ubuntu, combination 4".*"twice"/,
      fix: {},
    },
    {
      row: 'M14',
      when: 'there is no entry for the control plane',
      master: true,
      wish: { spec: { versions: { kubelet: '1.34.0', controlPlane: '1.34.0' } } },
      says: /control plane entry .*is missing/,
      fix: {},
    },
    { row: 'M26', when: 'roles are empty', wish: { value: { roles: [] } }, says: /empty list/, fix: {} },
    {
      row: 'M26',
      when: 'a master has the role Node',
      master: true,
      wish: { value: { roles: ['Node'] } },
      says: /control plane machine/,
      fix: {},
    },
  ];

  test.each(CASES)(
    'CA row $row $when: one condition, one event, and well again when it is corrected',
    async ({ master, wish, says, fix }) => {
      await begin();
      const make = (one: MachineWish) => {
        const base = master ? aMaster(world, one) : aWorker(world, one);
        return {
          ...base,
          spec: { ...base.spec, providerSpec: { value: { ...base.spec?.providerSpec?.value, ...one.value } } },
        };
      };
      const name = master ? 'm-0' : 'w-0';
      world.kube.put(machines, make(wish));
      await world.pass(120_000, 5_000);
      expect(world.cloud.calls.total).toBe(0);
      expect(world.machine(name)?.status).toMatchObject({ phase: 'Pending', errorReason: 'InvalidConfiguration' });
      expect(world.messageOf(name)).toMatch(says);
      expect(world.events.filter(({ type }) => type === 'Warning')).toHaveLength(1);
      const { spec } = make(fix);
      world.kube.put(machines, { ...world.machine(name), spec });
      await world.until('it runs', () => world.machine(name)?.status?.phase === 'Running');
      expect(world.machine(name)?.status?.errorReason).toBeUndefined();
    },
  );

  test('CA row M11 an edited machine configuration is noticed', async () => {
    await begin();
    const { setups } = world;
    world.setups = [];
    world.kube.put(machines, aWorker(world));
    await world.pass(20_000);
    expect(world.reasonOf('w-0')).toBe('InvalidConfiguration');
    world.setups = setups;
    await world.until('it is asked for', () => world.posts === 1, 40_000);
  });

  test('CA row M15 the next Machine gets the edited text without a restart', async () => {
    await begin();
    world.kube.put(machines, aWorker(world));
    await world.until('it is asked for', () => world.posts === 1);
    world.setups = parseMachineConfigs(CONFIGS.replace('echo "$ROLE"', 'echo edited'), 'test').setups;
    world.kube.put(machines, aWorker(world, { name: 'w-1' }));
    await world.until('it is asked for', () => world.posts === 2);
    expect(world.lastOrder()['userdata']).toContain('echo edited');
  });

  test('CA row M28 user data that is too large: both sizes are named', async () => {
    await begin({ settings: { maxUserDataBytes: 1000 } });
    world.kube.put(machines, aMaster(world));
    await world.pass(60_000, 5_000);
    expect(world.posts).toBe(0);
    expect(world.messageOf('m-0')).toMatch(/\d{4,} bytes, the limit is 1000/);
    expect(world.reasons('Warning')).toEqual(['InvalidConfiguration']);
  });

  test.each([
    ['a command', 'x; reboot'],
    ['quotes', `a'b"c`],
  ])('CA row M29 a service domain with %s is refused', async (_name, serviceDomain) => {
    const cluster = aCluster({ projectId: '' });
    const clusterNetwork = { ...cluster.spec?.clusterNetwork, serviceDomain };
    await begin();
    const real = aCluster(world);
    world.kube.put(clusters, { ...real, spec: { ...real.spec, clusterNetwork } });
    world.kube.put(machines, aMaster(world));
    await world.pass(30_000);
    expect(world.posts).toBe(0);
    expect(world.reasonOf('m-0')).toBe('InvalidConfiguration');
  });

  test('CA row M29 what is rendered passes bash -n, with quotes in an annotation', async () => {
    await begin();
    const metadata = { annotations: { 'example.org/note': `it's "$(reboot)"` } };
    world.kube.put(machines, aMaster(world, { spec: { ...aMaster(world).spec, metadata } }));
    await world.until('it is asked for', () => world.posts === 1);
    const script = String(world.lastOrder()['userdata']);
    expect(script).toContain('reboot');
    execFileSync('bash', ['-n'], { input: script });
  });

  test('CA row M30 a MachineClass instead of a value; a missing one is a condition', async () => {
    await begin();
    const value = aWorker(world).spec?.providerSpec?.value;
    const providerSpec = { valueFrom: { machineClass: { name: 'small' } } };
    world.kube.put(machines, aWorker(world, { spec: { ...aWorker(world).spec, providerSpec } }));
    await world.pass(20_000);
    expect(world.posts).toBe(0);
    expect(world.messageOf('w-0')).toContain('there is no MachineClass default/small');
    world.kube.put(machineClasses, { metadata: { namespace: 'default', name: 'small' }, providerSpec: value ?? {} });
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
  });
});

describe('several masters', () => {
  test('CA row M31 without an external endpoint the second one is refused', async () => {
    await begin();
    world.kube.put(machines, aMaster(world));
    world.kube.put(machines, aMaster(world, { name: 'm-1' }));
    await world.until('one runs', () => world.living.length === 1 && world.reasons('Warning').length === 1);
    await world.pass(120_000, 5_000);
    expect(world.posts).toBe(1);
    const waiting = world.living[0]?.hostname === 'm-0' ? 'm-1' : 'm-0';
    expect(world.messageOf(waiting)).toContain('controlPlaneEndpoint');
  });

  test('CA row M31 with one, three made at once: one init, two join as masters', async () => {
    const value = { controlPlaneEndpoint: { type: 'host', host: 'api.example.org' } };
    await begin({ processes: 2 });
    world.kube.put(clusters, aCluster(world, { value }));
    await world.settle();
    const names = ['m-0', 'm-1', 'm-2'];
    for (const name of names) world.kube.put(machines, aMaster(world, { name }));
    await world.until('all run', () => names.every((name) => world.machine(name)?.status?.phase === 'Running'));
    const kinds = world.living.map(
      ({ id }) => String(world.ordered.get(id)).match(/kind: (Init|Join)Configuration/)?.[1],
    );
    expect(kinds.sort()).toEqual(['Init', 'Join', 'Join']);
  });

  test('none joins while the keys of the masters are not known, and one does once they are', async () => {
    const value = { controlPlaneEndpoint: { type: 'host', host: 'api.example.org' } };
    await begin();
    world.kube.put(clusters, aCluster(world, { value }));
    world.kube.put(machines, aMaster(world));
    await world.until('the first runs', () => world.machine('m-0')?.status?.phase === 'Running');
    world.mastersObstacle = 'the control plane was there before its keys were known';
    world.kube.put(machines, aMaster(world, { name: 'm-1' }));
    await world.until('the second is refused', () => world.messageOf('m-1').includes('before its keys were known'));
    expect(world.posts).toBe(1);
    world.mastersObstacle = undefined;
    await world.until('it joins', () => world.machine('m-1')?.status?.phase === 'Running');
  });
});

test('CA row M25 Master and Node: no taint in the file for kubeadm', async () => {
  await begin();
  world.kube.put(machines, aMaster(world, { value: { roles: ['Master', 'Node'] } }));
  await world.until('it is asked for', () => world.posts === 1);
  expect(world.lastOrder()['userdata']).toMatch(/taints: \[\]/);
});

describe('refused by Packet', () => {
  test('CA row M16 sold out in the first facility: the second takes it in the same reconcile', async () => {
    await begin();
    world.cloud.setCapacity('ewr1', 'c3.small.x86', 0);
    world.kube.put(machines, aWorker(world));
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    expect(world.posts).toBe(2);
    expect(world.machine('w-0')?.status?.providerStatus?.facility).toBe('sjc1');
  });

  test('CA row M17 sold out everywhere: InsufficientResources, growing pauses, not the end', async () => {
    await begin();
    for (const facility of ['ewr1', 'sjc1']) world.cloud.setCapacity(facility, 'c3.small.x86', 0);
    world.kube.put(machines, aWorker(world));
    await world.pass(20 * 60_000, 5_000);
    expect(world.machine('w-0')?.status).toMatchObject({ phase: 'Pending', errorReason: 'InsufficientResources' });
    expect(world.reasons('Warning')).toEqual(['InsufficientResources']);
    // 15 s, 30 s, 1, 2, 4 minutes, then every 5 minutes; two facilities each time.
    expect(world.posts).toBeGreaterThanOrEqual(12);
    expect(world.posts).toBeLessThanOrEqual(20);
    world.cloud.setCapacity('sjc1', 'c3.small.x86', 1);
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    expect(world.machine('w-0')?.status?.errorReason).toBeUndefined();
  });

  test('CA row M18 a wrong key: few calls, nothing made, well again with the right one', async () => {
    await begin();
    world.token = 'wrong';
    for (const name of ['w-0', 'w-1', 'w-2']) world.kube.put(machines, aWorker(world, { name }));
    const before = world.cloud.calls.total;
    await world.pass(10 * 60_000, 5_000);
    expect(world.cloud.calls.total - before).toBeLessThanOrEqual(24);
    expect(world.reasonOf('w-0')).toBe('CredentialsInvalid');
    world.token = world.cloud.token;
    await world.until('all run', () =>
      ['w-0', 'w-1', 'w-2'].every((name) => world.machine(name)?.status?.phase === 'Running'),
    );
  });

  test('CA row M20 a key that may only read: the missing permission is named, and it is not the end', async () => {
    await begin();
    world.cloud.addToken('reader', { isReadOnly: true });
    world.token = 'reader';
    world.kube.put(machines, aWorker(world));
    await world.pass(120_000, 5_000);
    expect(world.reasonOf('w-0')).toBe('PermissionMissing');
    expect(world.machine('w-0')?.status?.phase).toBe('Pending');
    expect(world.events.filter(({ type }) => type === 'Warning')).toHaveLength(1);
    world.token = world.cloud.token;
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
  });

  test('CA row M21 429 with a reset time: no request before it', async () => {
    await begin();
    world.stallMs = 50;
    const reset = Math.ceil(world.clock.nowMs() / 1000) + 120;
    const headers = {
      'X-RateLimit-Limit': '100',
      'X-RateLimit-Remaining': '0',
      'X-RateLimit-Reset': String(reset),
      'Retry-After': '120',
    };
    const fault = world.cloud.fail({ match: { method: 'POST' }, status: 429, headers });
    world.kube.put(machines, aWorker(world));
    await world.pass(100_000, 5_000);
    expect(fault.used).toBe(1);
    expect(world.posts).toBe(1);
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    expect(world.reasons('Warning')).toEqual([]);
  });

  test('CA row M22 twenty Machines at once: all of them, never more POSTs at a time than allowed', async () => {
    await begin();
    const names = Array.from({ length: 20 }, (_, index) => `w-${index}`);
    for (const name of names) world.kube.put(machines, aWorker(world, { name }));
    await world.until('all run', () => names.every((name) => world.machine(name)?.status?.phase === 'Running'));
    expect(world.living).toHaveLength(20);
    expect(world.posts).toBe(20);
    expect(world.mostPostsAtOnce).toBeLessThanOrEqual(5);
  });

  test('CA row M23 CA row M24 the device is on page 10 of a list that names each device twice', async () => {
    await begin({ largestPageSize: 25, duplicatesInLists: true });
    world.cloud.addDevices(230);
    world.cloud.fail({ match: { method: 'POST', path: /devices$/ }, kind: 'drop-after' });
    world.kube.put(machines, aWorker(world));
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    expect(world.cloud.state.deviceHistory).toHaveLength(231);
    expect(world.reasons('Warning')).toEqual([]);
  });
});
