// CreateVolume and DeleteVolume, from the socket to the simulated cloud: what is made, what is refused, what a lost answer leaves.
import { afterAll, afterEach, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { CreateVolumeRequest, VolumeCapability } from '../gen/csi.ts';
import { codeOf, outcomeOf } from '../test-support/csi-client.ts';
import {
  aCapability,
  aCreate,
  BLOCK,
  credentialsOf,
  deviceId,
  fromSnapshot,
  fromVolume,
  gib,
  startCloudDriver,
} from '../test-support/cloud-driver.ts';
import type { CloudDriver, CloudDriverOptions } from '../test-support/cloud-driver.ts';
import { startDriver } from '../test-support/running-driver.ts';

const STANDARD = '87728148-3155-4992-a730-8d1e6aca8a32';
const PERFORMANCE = 'd6570cfb-38fa-4467-92b3-e45d059bb249';

// A busy machine stands still for seconds.
jest.setTimeout(120_000);

let running: CloudDriver | undefined;
afterEach(async () => {
  await running?.stop();
  running = undefined;
});
const start = async (options: CloudDriverOptions = {}): Promise<CloudDriver> =>
  (running = await startCloudDriver(options));
const writes = ({ cloud }: CloudDriver): number =>
  Object.entries(cloud.callsByRoute()).reduce((sum, [route, count]) => sum + (route.startsWith('GET') ? 0 : count), 0);
const posts = ({ cloud }: CloudDriver): number => cloud.callsByRoute()['POST /projects/{id}/storage'] ?? 0;
const volumesOf = ({ cloud }: CloudDriver) => [...cloud.state.volumes.values()];
const mode = (value: number): VolumeCapability => aCapability({ accessMode: { mode: value as 1 } });
const fileSystem = (fsType: string): VolumeCapability =>
  aCapability({ mount: { fsType, mountFlags: [], volumeMountGroup: '' } });

describe('requests that are wrong', () => {
  const wrong: readonly {
    readonly row: string;
    readonly request: Partial<CreateVolumeRequest>;
    readonly code: number;
  }[] = [
    { row: 'CP row 10 no name', request: { name: '' }, code: 3 },
    { row: 'CP row 11 a name of 129 bytes', request: { name: 'n'.repeat(129) }, code: 3 },
    { row: 'CP row 13 no capabilities', request: { volumeCapabilities: [] }, code: 3 },
    { row: 'CP row 14 MULTI_NODE_MULTI_WRITER', request: { volumeCapabilities: [mode(5)] }, code: 3 },
    { row: 'an access mode of the future', request: { volumeCapabilities: [mode(99)] }, code: 3 },
    { row: 'no access mode', request: { volumeCapabilities: [aCapability({ accessMode: undefined })] }, code: 3 },
    { row: 'neither block nor mount', request: { volumeCapabilities: [aCapability({ mount: undefined })] }, code: 3 },
    { row: 'CP row 15 block and mount together', request: { volumeCapabilities: [BLOCK, aCapability()] }, code: 3 },
    { row: 'CP row 16 fs type btrfs', request: { volumeCapabilities: [fileSystem('btrfs')] }, code: 3 },
    { row: 'CP row 17 plan gold', request: { parameters: { plan: 'gold' } }, code: 3 },
    { row: 'CP row 18 parameter plna', request: { parameters: { plna: 'performance' } }, code: 3 },
    { row: 'a mutable parameter that is unknown', request: { mutableParameters: { XXX_FakeKey: 'x' } }, code: 3 },
    { row: 'CP row 26 limit 5 GiB', request: { capacityRange: gib(0, 5) }, code: 11 },
    { row: 'CP row 27 required 10001 GiB', request: { capacityRange: gib(10_001) }, code: 11 },
    { row: 'CP row 28 required > limit', request: { capacityRange: gib(20, 10) }, code: 11 },
    { row: 'CP row 29 no whole GiB between 10.2 and 10.8', request: { capacityRange: gib(10.2, 10.8) }, code: 11 },
    { row: 'CP row 30 negative bytes', request: { capacityRange: { requiredBytes: -1n, limitBytes: 0n } }, code: 11 },
    {
      row: 'CP row 45 a snapshot that is not there',
      request: { volumeContentSource: fromSnapshot('non-existing') },
      code: 5,
    },
    {
      row: 'CP row 47 a volume that is not there',
      request: { volumeContentSource: fromVolume('fake-vol-id') },
      code: 5,
    },
    {
      row: 'CP row 43 another facility only',
      request: { accessibilityRequirements: inFacility('sjc1') },
      code: 8,
    },
  ];

  let parts: CloudDriver;
  beforeAll(async () => {
    parts = await startCloudDriver();
  });
  afterAll(() => parts.stop());

  test.each(wrong)('$row: $code, and the cloud sees no write', async ({ request, code }) => {
    expect(await codeOf(parts.controller.createVolume(aCreate(request)))).toBe(code);
    expect(writes(parts)).toBe(0);
  });
});

describe('sizes and plans', () => {
  test.each([
    { row: 'CP row 22 no range', range: undefined, size: 100 },
    { row: 'an empty range', range: gib(0), size: 100 },
    { row: 'CP row 23 required 10.5 GiB', range: gib(10.5), size: 11 },
    { row: 'CP row 24 required 1 MiB', range: { requiredBytes: 1024n * 1024n, limitBytes: 0n }, size: 10 },
    { row: 'CP row 25 required 10, limit 173 GiB', range: gib(10, 173), size: 10 },
    { row: 'a limit alone', range: gib(0, 173), size: 10 },
    { row: 'a limit beyond all', range: { requiredBytes: 0n, limitBytes: 2n ** 62n }, size: 10 },
    { row: 'the largest', range: gib(10_000), size: 10_000 },
  ])('$row: $size GiB', async ({ range, size }) => {
    const parts = await start();
    const { volume } = await parts.controller.createVolume(aCreate({ capacityRange: range }));
    expect(volume?.capacityBytes).toBe(BigInt(size) * 1024n ** 3n);
    expect(volumesOf(parts).map((one) => one.size)).toEqual([size]);
  });

  test.each([
    { row: 'CP row 20 no plan', parameters: {}, id: STANDARD },
    { row: 'CP row 21 plan performance', parameters: { plan: 'performance' }, id: PERFORMANCE },
    { row: 'a slug', parameters: { plan: 'storage_2' }, id: PERFORMANCE },
    { row: 'a UUID', parameters: { plan: PERFORMANCE.toUpperCase() }, id: PERFORMANCE },
  ])('$row: that plan’s UUID is sent', async ({ parameters, id }) => {
    const parts = await start();
    await parts.controller.createVolume(aCreate({ parameters }));
    expect(volumesOf(parts).map(({ plan }) => plan.id)).toEqual([id]);
    expect(parts.cloud.calls.records.find(({ method }) => method === 'POST')?.body).toMatchObject({ plan_id: id });
  });

  test('a VolumeAttributesClass wins over the StorageClass', async () => {
    const parts = await start();
    await parts.controller.createVolume(
      aCreate({ parameters: { plan: 'standard' }, mutableParameters: { plan: 'performance' } }),
    );
    expect(volumesOf(parts).map(({ plan }) => plan.id)).toEqual([PERFORMANCE]);
  });

  test('--lenient-parameters takes what it does not know for the standard plan, as the Go program did', async () => {
    const parts = await start({ flags: ['--lenient-parameters'] });
    await parts.controller.createVolume(aCreate({ parameters: { plan: 'gold', colour: 'blue' } }));
    expect(volumesOf(parts).map(({ plan }) => plan.id)).toEqual([STANDARD]);
  });
});

describe('a new volume', () => {
  test('CP row 31 is described as the Go program did, billed hourly, in the facility', async () => {
    const parts = await start();
    const { volume } = await parts.controller.createVolume(aCreate());
    const [made] = volumesOf(parts);
    expect(JSON.parse(made?.description ?? '')).toEqual({
      Name: 'pvc-1',
      Created: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d/),
    });
    expect(made).toMatchObject({ billing_cycle: 'hourly', facility: { code: 'ewr1' }, id: volume?.volumeId });
    expect(parts.cloud.schemaProblems).toEqual([]);
  });

  test('CP row 12 may have a name of 128 bytes', async () => {
    const parts = await start();
    const name = 'n'.repeat(128);
    await parts.controller.createVolume(aCreate({ name }));
    expect(volumesOf(parts)[0]?.description).toContain(name);
  });

  test('CP row 19 what Kubernetes adds about the claim is noted with the volume', async () => {
    const parts = await start();
    const parameters = {
      'csi.storage.k8s.io/pvc/name': 'data',
      'csi.storage.k8s.io/pvc/namespace': 'shop',
      'csi.storage.k8s.io/pv/name': 'pvc-1',
      'csi.storage.k8s.io/something/new': 'x',
    };
    await parts.controller.createVolume(aCreate({ parameters }));
    expect(volumesOf(parts)[0]?.customdata).toEqual({
      'csi-packet': { tags: { pvc: 'data', namespace: 'shop', pv: 'pvc-1' } },
    });
  });

  test.each(['net.packet.csi', 'csi.packet.net'])('CP row 44 has the topology of its facility: %s', async (name) => {
    const parts = await start({ flags: [`--driver-name=${name}`] });
    const { volume } = await parts.controller.createVolume(
      aCreate({ accessibilityRequirements: inFacility('sjc1', 'ewr1') }),
    );
    expect(volume?.accessibleTopology).toEqual([{ segments: { [`${name}/facility`]: 'ewr1' } }]);
  });
});

describe('a volume that is there', () => {
  test('CP row 32 the Go program’s is found by its name', async () => {
    const parts = await start();
    const description = '{"Name":"pvc-1","Created":"2019-10-06T10:11:12.123456789Z"}';
    const made = parts.cloud.addVolume({ sizeGb: 10, description });
    const { volume } = await parts.controller.createVolume(aCreate());
    expect(volume?.volumeId).toBe(made.id);
    expect(writes(parts)).toBe(0);
  });

  test('CP row 33 another size is a conflict, a size within the range is not', async () => {
    const parts = await start();
    await parts.controller.createVolume(aCreate());
    expect(await codeOf(parts.controller.createVolume(aCreate({ capacityRange: gib(20) })))).toBe(6);
    expect(await codeOf(parts.controller.createVolume(aCreate({ capacityRange: gib(5, 30) })))).toBe(0);
    expect(posts(parts)).toBe(1);
  });

  test('CP row 34 another plan is a conflict', async () => {
    const parts = await start();
    await parts.controller.createVolume(aCreate());
    expect(await codeOf(parts.controller.createVolume(aCreate({ parameters: { plan: 'performance' } })))).toBe(6);
  });

  test('CP row 35 it is found on the last of several pages', async () => {
    const parts = await start({ cloud: { largestPageSize: 10 } });
    for (let n = 0; n < 60; n += 1) parts.cloud.addVolume({ description: `{"Name":"pvc-${n}"}`, sizeGb: 10 });
    const { volume } = await parts.controller.createVolume(aCreate({ name: 'pvc-59' }));
    expect(volume?.volumeId).toBe(volumesOf(parts)[59]?.id);
    expect(posts(parts)).toBe(0);
  });

  test('CP row 36 descriptions of people are passed over', async () => {
    const parts = await start();
    for (const description of ['my disk', '{"Name":', '{"Name":7}', '[]', null]) parts.cloud.addVolume({ description });
    expect(await codeOf(parts.controller.createVolume(aCreate()))).toBe(0);
    expect(volumesOf(parts)).toHaveLength(6);
  });

  test('of two with one name the oldest that fits is taken, and no third is made', async () => {
    const parts = await start();
    const [first] = [1, 2].map(() => parts.cloud.addVolume({ sizeGb: 10, description: '{"Name":"pvc-1"}' }));
    const { volume } = await parts.controller.createVolume(aCreate());
    expect([first?.id, volumesOf(parts)[1]?.id].sort()[0]).toBe(volume?.volumeId);
    expect(posts(parts)).toBe(0);
  });

  test('CP row 37 one that is queued is waited for', async () => {
    const parts = await start({ cloud: { volumeQueuedMs: 600 } });
    const [one, other] = await Promise.all([
      parts.controller.createVolume(aCreate()),
      parts.controller.createVolume(aCreate()),
    ]);
    expect(one).toEqual(other);
    expect(volumesOf(parts).map(({ state }) => state)).toEqual(['active']);
  });
});

describe('waiting and joining', () => {
  test('CP row 38 one that never becomes active is 10 before the deadline, and the same afterwards', async () => {
    const parts = await start({ cloud: { volumeQueuedMs: 10_000_000 } });
    expect(await codeOf(parts.controller.createVolume(aCreate(), { timeoutMs: 3_000 }))).toBe(10);
    expect(await codeOf(parts.controller.createVolume(aCreate(), { timeoutMs: 3_000 }))).toBe(10);
    expect(volumesOf(parts)).toHaveLength(1);
    expect(posts(parts)).toBe(1);
  });

  test('CP row 39 two equal calls at once make one volume, also with two drivers in turn', async () => {
    const parts = await start({ cloud: { latencyMs: 50 } });
    const calls = Array.from({ length: 5 }, () => parts.controller.createVolume(aCreate()));
    const ids = (await Promise.all(calls)).map(({ volume }) => volume?.volumeId);
    expect(new Set(ids).size).toBe(1);
    expect(posts(parts)).toBe(1);
    const second = await parts.another();
    const { volume } = await second.client.controller.createVolume(aCreate());
    expect(volume?.volumeId).toBe(ids[0]);
  });

  test('CP row 40 an answer that is lost costs nothing', async () => {
    const parts = await start();
    parts.cloud.fail({ match: { method: 'POST', path: '/projects/{id}/storage' }, kind: 'drop-after' });
    expect([0, 10, 14]).toContain(await codeOf(parts.controller.createVolume(aCreate())));
    expect(await codeOf(parts.controller.createVolume(aCreate()))).toBe(0);
    expect(volumesOf(parts)).toHaveLength(1);
  });

  test('an answer that is cut or empty costs nothing either', async () => {
    const parts = await start();
    for (const [at, kind] of (['truncated', 'empty-body'] as const).entries()) {
      parts.cloud.fail({ match: { method: 'POST', path: '/projects/{id}/storage' }, kind, status: 201 });
      await codeOf(parts.controller.createVolume(aCreate({ name: `pvc-${at}` })));
      expect(await codeOf(parts.controller.createVolume(aCreate({ name: `pvc-${at}` })))).toBe(0);
    }
    expect(volumesOf(parts)).toHaveLength(2);
  });
});

describe('the API says no', () => {
  test.each([
    { status: 401, code: 16 },
    { status: 403, code: 7 },
    { status: 429, code: 14 },
    { status: 500, code: 14 },
    { status: 503, code: 14 },
  ])('CP row 41 $status: $code', async ({ status, code }) => {
    const parts = await start();
    parts.cloud.fail({ match: { path: '/projects/{id}/storage' }, status, times: Infinity });
    expect(await codeOf(parts.controller.createVolume(aCreate()))).toBe(code);
  });

  test('CPJ 3 429 with Retry-After is asked again after that time, not before', async () => {
    const parts = await start();
    parts.cloud.fail({ match: { path: '/projects/{id}/storage' }, status: 429, headers: { 'retry-after': '1' } });
    const startedMs = performance.now();
    expect(await codeOf(parts.controller.createVolume(aCreate()))).toBe(0);
    expect(performance.now() - startedMs).toBeGreaterThan(950);
    expect(parts.cloud.callsByRoute()['GET /projects/{id}/storage']).toBe(2);
  });

  test('422 about the quota is 8, and a key that is refused shows in Probe', async () => {
    const parts = await start();
    const body = { errors: ['Storage quota exceeded'] };
    parts.cloud.fail({ match: { method: 'POST' }, status: 422, body });
    expect(await codeOf(parts.controller.createVolume(aCreate()))).toBe(8);
    parts.cloud.removeToken(parts.cloud.token);
    expect(await codeOf(parts.controller.createVolume(aCreate()))).toBe(16);
    expect(await outcomeOf(parts.driver.client.identity.probe({}))).toMatchObject({ code: 9 });
  });

  test('CP row 42 an API that is away is 14 for every call, and the program goes on', async () => {
    const parts = await start();
    const volumeId = parts.cloud.addVolume().id;
    const nodeId = deviceId(parts.cloud, 'node-1');
    parts.cloud.fail({ kind: 'drop-before', times: Infinity });
    const { controller } = parts;
    const capability = { volumeCapability: aCapability() };
    const calls = [
      controller.createVolume(aCreate()),
      controller.deleteVolume({ volumeId }),
      controller.controllerPublishVolume({ volumeId, nodeId, ...capability }),
      controller.controllerUnpublishVolume({ volumeId, nodeId }),
      controller.listVolumes({}),
      controller.validateVolumeCapabilities({ volumeId, volumeCapabilities: [aCapability()] }),
      controller.controllerExpandVolume({ volumeId, capacityRange: gib(200) }),
      controller.controllerModifyVolume({ volumeId, mutableParameters: { plan: 'performance' } }),
      controller.createSnapshot({ sourceVolumeId: volumeId, name: 's' }),
      controller.listSnapshots({}),
    ];
    expect(await Promise.all(calls.map(codeOf))).toEqual(calls.map(() => 14));
    expect(await parts.driver.client.identity.probe({})).toEqual({ ready: true });
  });
});

describe('DeleteVolume', () => {
  test('CP row 48 without an ID: 3', async () => {
    const { controller } = await start();
    expect(await codeOf(controller.deleteVolume({}))).toBe(3);
  });

  test('CP row 49 what is not there is deleted already', async () => {
    const { controller } = await start();
    for (const volumeId of ['fake-vol-id', '11111111-2222-3333-4444-555555555555']) {
      expect(await codeOf(controller.deleteVolume({ volumeId }))).toBe(0);
    }
  });

  test('CP row 52 twice', async () => {
    const parts = await start();
    const { volume } = await parts.controller.createVolume(aCreate());
    const request = { volumeId: volume?.volumeId ?? '' };
    expect(await codeOf(parts.controller.deleteVolume(request))).toBe(0);
    expect(await codeOf(parts.controller.deleteVolume(request))).toBe(0);
    expect(volumesOf(parts)).toEqual([]);
  });

  test('CP row 50 one that is attached stays, and the device is named', async () => {
    const parts = await start();
    const { volume } = await parts.controller.createVolume(aCreate());
    const volumeId = volume?.volumeId ?? '';
    const nodeId = deviceId(parts.cloud, 'node-1');
    await parts.controller.controllerPublishVolume({ volumeId, nodeId, volumeCapability: aCapability() });
    const outcome = await outcomeOf(parts.controller.deleteVolume({ volumeId }));
    expect(outcome).toEqual({ code: 9, details: expect.stringContaining(nodeId) });
    expect(volumesOf(parts)).toHaveLength(1);
  });

  test('CP row 51 422 of the API: 9', async () => {
    const parts = await start();
    const volumeId = parts.cloud.addVolume({ locked: true }).id;
    expect(await outcomeOf(parts.controller.deleteVolume({ volumeId }))).toEqual({
      code: 9,
      details: expect.stringContaining('locked'),
    });
  });

  test('CPJ 3 an answer that is lost: the volume is gone, the process lives', async () => {
    const parts = await start();
    const volumeId = parts.cloud.addVolume().id;
    parts.cloud.fail({ match: { method: 'DELETE' }, kind: 'drop-after' });
    expect(await codeOf(parts.controller.deleteVolume({ volumeId }))).toBe(0);
    expect(volumesOf(parts)).toEqual([]);
  });

  test('volumes that no CSI driver made are kept with --allow-foreign-delete=false', async () => {
    const parts = await start({ flags: ['--allow-foreign-delete=false'] });
    const volumeId = parts.cloud.addVolume({ description: 'mine' }).id;
    expect(await codeOf(parts.controller.deleteVolume({ volumeId }))).toBe(9);
    const { volume } = await parts.controller.createVolume(aCreate());
    expect(await codeOf(parts.controller.deleteVolume({ volumeId: volume?.volumeId ?? '' }))).toBe(0);
    expect(volumesOf(parts)).toHaveLength(1);
  });
});

test('CP row 3 with credentials there is a controller; CP row 5 Probe is ready and asks nobody', async () => {
  const parts = await start();
  const { identity } = parts.driver.client;
  const { capabilities } = await identity.getPluginCapabilities({});
  expect(capabilities).toContainEqual({ service: { type: 1 }, volumeExpansion: undefined });
  const before = parts.cloud.calls.total;
  expect(await identity.probe({})).toEqual({ ready: true });
  expect(parts.cloud.calls.total).toBe(before);
});

test('CP row 141 a facility without storage ends the program, with the names of those that have it', async () => {
  const parts = await start();
  const env = { ...credentialsOf(parts.cloud), PACKET_FACILITY_NAME: 'ny5' };
  await expect(startDriver({ env })).rejects.toThrow(/ny5 has no block storage.*ewr1/);
});

function inFacility(...codes: readonly string[]) {
  const requisite = codes.map((code) => ({ segments: { 'net.packet.csi/facility': code } }));
  return { requisite, preferred: [] };
}
