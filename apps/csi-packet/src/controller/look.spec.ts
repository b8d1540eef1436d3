// Validating, listing, growing and changing volumes, and what the controller says about itself.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import {
  ControllerServiceCapability_RPC_Type as ControllerRpc,
  NodeServiceCapability_RPC_Type as NodeRpc,
  VolumeCapability_AccessMode_Mode as Mode,
} from '../gen/csi.ts';
import { codeOf, outcomeOf } from '../test-support/csi-client.ts';
import { aCapability, aCreate, BLOCK, deviceId, gib, startCloudDriver } from '../test-support/cloud-driver.ts';
import type { CloudDriver } from '../test-support/cloud-driver.ts';
import { GIB } from '../volumes/size.ts';
import { pageOf } from './paging.ts';

// A busy machine stands still for seconds.
jest.setTimeout(120_000);

const UNKNOWN = '11111111-2222-3333-4444-555555555555';
let parts: CloudDriver;
let volumeId: string;

beforeAll(async () => {
  parts = await startCloudDriver();
});
afterAll(() => parts.stop());
beforeEach(() => {
  volumeId = parts.cloud.addVolume({ sizeGb: 10 }).id;
});
afterEach(async () => {
  for (const id of parts.cloud.state.volumes.keys()) {
    await parts.controller.controllerUnpublishVolume({ volumeId: id });
    await parts.controller.deleteVolume({ volumeId: id });
  }
});
const patches = (): number => parts.cloud.callsByRoute()['PATCH /storage/{id}'] ?? 0;

describe('capabilities', () => {
  test('CP row 9 values 1 to 14 only, none of the future', async () => {
    const { capabilities } = await parts.controller.controllerGetCapabilities({});
    expect(capabilities.map(({ rpc }) => rpc?.type)).toEqual([1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 12, 13, 14]);
  });

  test('GetCapacity tells the sizes of volumes, and none elsewhere', async () => {
    const here = await parts.controller.getCapacity({});
    expect(here).toEqual({
      availableCapacity: 10_000n * GIB,
      maximumVolumeSize: 10_000n * GIB,
      minimumVolumeSize: 10n * GIB,
    });
    const accessibleTopology = { segments: { 'net.packet.csi/facility': 'sjc1' } };
    expect((await parts.controller.getCapacity({ accessibleTopology })).availableCapacity).toBe(0n);
    expect(await codeOf(parts.controller.getCapacity({ parameters: { plan: 'gold' } }))).toBe(3);
  });
});

describe('access modes of one machine', () => {
  test('SINGLE_NODE_MULTI_WRITER is a capability of controller and node', async () => {
    const { capabilities } = await parts.controller.controllerGetCapabilities({});
    expect(capabilities.map(({ rpc }) => rpc?.type)).toContain(ControllerRpc.SINGLE_NODE_MULTI_WRITER);
    const ofNode = await parts.driver.client.node.nodeGetCapabilities({});
    expect(ofNode.capabilities.map(({ rpc }) => rpc?.type)).toContain(NodeRpc.SINGLE_NODE_MULTI_WRITER);
  });

  test.each(['SINGLE_NODE_SINGLE_WRITER', 'SINGLE_NODE_MULTI_WRITER'] as const)(
    'a volume is made, confirmed and published in %s',
    async (mode) => {
      const volumeCapability = aCapability({ accessMode: { mode: Mode[mode] } });
      const volumeCapabilities = [volumeCapability];
      const { volume } = await parts.controller.createVolume(aCreate({ name: mode, volumeCapabilities }));
      const made = volume?.volumeId ?? '';
      const { confirmed } = await parts.controller.validateVolumeCapabilities({ volumeId: made, volumeCapabilities });
      expect(confirmed?.volumeCapabilities).toEqual(volumeCapabilities);
      const nodeId = deviceId(parts.cloud, 'node-1');
      const request = { volumeId: made, nodeId, volumeCapability };
      expect(await codeOf(parts.controller.controllerPublishVolume(request))).toBe(0);
    },
  );
});

describe('ValidateVolumeCapabilities', () => {
  const validate = (change: object) =>
    parts.controller.validateVolumeCapabilities({ volumeId, volumeCapabilities: [aCapability()], ...change });

  test('CP row 72 without an ID or capabilities: 3', async () => {
    expect(await codeOf(validate({ volumeId: '' }))).toBe(3);
    expect(await codeOf(validate({ volumeCapabilities: [] }))).toBe(3);
  });

  test('CP row 73 unknown volume: 5', async () => {
    expect(await codeOf(validate({ volumeId: UNKNOWN }))).toBe(5);
    expect(await codeOf(validate({ volumeId: 'fake-vol-id-1' }))).toBe(5);
  });

  test('CP row 74 what is possible is confirmed as it was asked', async () => {
    const asked = { volumeContext: { a: 'b' }, parameters: { plan: 'standard' }, mutableParameters: {} };
    const { confirmed, message } = await validate(asked);
    expect(confirmed).toEqual({ ...asked, volumeCapabilities: [aCapability()] });
    expect(message).toBe('');
  });

  test('CP row 75 MULTI_NODE_READER_ONLY is not confirmed, with a reason', async () => {
    const { confirmed, message } = await validate({ volumeCapabilities: [aCapability({ accessMode: { mode: 3 } })] });
    expect(confirmed).toBeUndefined();
    expect(message).toContain('MULTI_NODE_READER_ONLY');
  });

  test('CP row 76 a capability without an access mode: 3', async () => {
    expect(await codeOf(validate({ volumeCapabilities: [aCapability({ accessMode: undefined })] }))).toBe(3);
  });
});

describe('ListVolumes', () => {
  const list = (change: object = {}) => parts.controller.listVolumes(change);

  test('CP row 77 pages of 2 of 5 volumes have all of them once', async () => {
    for (let n = 0; n < 4; n += 1) parts.cloud.addVolume();
    const seen: (string | undefined)[] = [];
    let startingToken = '';
    const sizes: number[] = [];
    do {
      const { entries, nextToken } = await list({ maxEntries: 2, startingToken });
      sizes.push(entries.length);
      seen.push(...entries.map(({ volume }) => volume?.volumeId));
      startingToken = nextToken;
    } while (startingToken !== '');
    expect(sizes).toEqual([2, 2, 1]);
    expect(new Set(seen)).toEqual(new Set(parts.cloud.state.volumes.keys()));
  });

  test('a page goes on where the last one ended although its last volume is gone', () => {
    const keys = { keyOf: (item: string): string => item, isToken: (): boolean => true };
    const { nextToken } = pageOf(['a', 'b', 'c', 'd'], { maxEntries: 2, startingToken: '' }, keys);
    expect(pageOf(['a', 'c', 'd'], { maxEntries: 0, startingToken: nextToken }, keys)).toEqual({
      items: ['c', 'd'],
      nextToken: '',
    });
  });

  test('CP row 78 a token that is none: 10', async () => {
    expect(await codeOf(list({ startingToken: 'invalid-token' }))).toBe(10);
  });

  test('CP row 79 max_entries -1: 3', async () => {
    expect(await codeOf(list({ maxEntries: -1 }))).toBe(3);
  });

  test.each(['the UUID', 'the hostname'])('CP row 80 an attached volume names its node by %s', async (form) => {
    const id = deviceId(parts.cloud, 'node-1');
    const nodeId = form === 'the UUID' ? id : 'node-1';
    await parts.controller.controllerPublishVolume({ volumeId, nodeId, volumeCapability: aCapability() });
    const { entries } = await list();
    expect(entries.find(({ volume }) => volume?.volumeId === volumeId)?.status).toEqual({
      publishedNodeIds: expect.arrayContaining([nodeId]),
      volumeCondition: { abnormal: false, message: 'the volume is active' },
    });
    const one = await parts.controller.controllerGetVolume({ volumeId });
    expect(one.status?.publishedNodeIds).toContain(nodeId);
  });

  test('ControllerGetVolume of what is not there: 5', async () => {
    expect(await codeOf(parts.controller.controllerGetVolume({ volumeId: UNKNOWN }))).toBe(5);
  });
});

describe('ControllerExpandVolume', () => {
  const expand = (change: object) => parts.controller.controllerExpandVolume({ volumeId, ...change });

  test('CP row 81 without an ID or a range: 3', async () => {
    expect(await codeOf(expand({ volumeId: '', capacityRange: gib(11) }))).toBe(3);
    expect(await codeOf(expand({}))).toBe(3);
  });

  test('CP row 82 unknown volume: 5', async () => {
    expect(await codeOf(expand({ volumeId: UNKNOWN, capacityRange: gib(11) }))).toBe(5);
  });

  test('CP row 83 from 10 to 11 GiB: exactly that, and the node has to follow', async () => {
    expect(await expand({ capacityRange: gib(11) })).toEqual({ capacityBytes: 11n * GIB, nodeExpansionRequired: true });
    expect(parts.cloud.state.volumes.get(volumeId)?.size).toBe(11);
    const block = await expand({ capacityRange: gib(12), volumeCapability: BLOCK });
    expect(block).toEqual({ capacityBytes: 12n * GIB, nodeExpansionRequired: false });
  });

  test('CP row 84 to a smaller size: what it has, no PATCH', async () => {
    await expand({ capacityRange: gib(20) });
    const before = patches();
    expect((await expand({ capacityRange: gib(12) })).capacityBytes).toBe(20n * GIB);
    expect(patches()).toBe(before);
  });

  test('CP row 85 over 10000 GiB: 11', async () => {
    expect(await codeOf(expand({ capacityRange: gib(10_001) }))).toBe(11);
  });

  test('an answer that is lost, and 500: grown at the end', async () => {
    parts.cloud.fail({ match: { method: 'PATCH' }, kind: 'drop-after' });
    expect(await codeOf(expand({ capacityRange: gib(30) }))).toBe(0);
    parts.cloud.fail({ match: { method: 'PATCH' }, status: 500 });
    expect(await codeOf(expand({ capacityRange: gib(31) }))).toBe(0);
    expect(parts.cloud.state.volumes.get(volumeId)?.size).toBe(31);
  });

  test('a refusal of the moment is not told as “never”', async () => {
    const body = { errors: ['Volume is busy'] };
    parts.cloud.fail({ match: { method: 'PATCH' }, status: 422, body });
    expect(await outcomeOf(expand({ capacityRange: gib(40) }))).toEqual({
      code: 9,
      details: expect.stringContaining('busy'),
    });
  });

  test('with --offline-expansion an attached volume does not grow', async () => {
    const offline = await startCloudDriver({ flags: ['--offline-expansion'] });
    try {
      const id = offline.cloud.addVolume({ sizeGb: 10 }).id;
      const nodeId = deviceId(offline.cloud, 'node-1');
      await offline.controller.controllerPublishVolume({ volumeId: id, nodeId, volumeCapability: aCapability() });
      const grow = { volumeId: id, capacityRange: gib(11) };
      expect(await codeOf(offline.controller.controllerExpandVolume(grow))).toBe(9);
      await offline.controller.controllerUnpublishVolume({ volumeId: id, nodeId });
      expect(await codeOf(offline.controller.controllerExpandVolume(grow))).toBe(0);
    } finally {
      await offline.stop();
    }
  });
});

describe('ControllerModifyVolume', () => {
  const modify = (mutableParameters: Record<string, string>, id = volumeId) =>
    parts.controller.controllerModifyVolume({ volumeId: id, mutableParameters });

  test('CP row 86 to performance by one PATCH; again: none', async () => {
    const before = patches();
    await modify({ plan: 'performance' });
    expect(parts.cloud.state.volumes.get(volumeId)?.plan.slug).toBe('storage_2');
    await modify({ plan: 'performance' });
    expect(patches() - before).toBe(1);
  });

  test('CP row 87 a key that is unknown: 3', async () => {
    expect(await codeOf(modify({ XXX_FakeKey: 'a' }))).toBe(3);
    expect(await codeOf(modify({ plan: 'gold' }))).toBe(3);
  });

  test('unknown volumes: 5; nothing to change: 0', async () => {
    expect(await codeOf(modify({ plan: 'standard' }, 'non-existing-volume-id'))).toBe(5);
    expect(await codeOf(modify({}, UNKNOWN))).toBe(5);
    expect(await codeOf(modify({}))).toBe(0);
    expect(await codeOf(modify({}, ''))).toBe(3);
  });
});

test('the whole life of a volume takes 8 calls of the API at most', async () => {
  const before = parts.cloud.calls.total;
  const { volume } = await parts.controller.createVolume(aCreate({ name: 'life' }));
  const id = volume?.volumeId ?? '';
  const nodeId = deviceId(parts.cloud, 'node-2');
  await parts.controller.controllerPublishVolume({ volumeId: id, nodeId, volumeCapability: aCapability() });
  await parts.controller.controllerUnpublishVolume({ volumeId: id, nodeId });
  await parts.controller.deleteVolume({ volumeId: id });
  expect(parts.cloud.calls.total - before).toBeLessThanOrEqual(8);
});
