// Snapshots and clones: the API gives neither names, so what was begun is noted first and found again, whatever was lost in between.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { codeOf, outcomeOf } from '../test-support/csi-client.ts';
import { aCreate, fromSnapshot, fromVolume, gib, startCloudDriver } from '../test-support/cloud-driver.ts';
import type { CloudDriver } from '../test-support/cloud-driver.ts';
import { GIB } from '../volumes/size.ts';

// A busy machine stands still for seconds.
jest.setTimeout(120_000);

let parts: CloudDriver;
let sourceVolumeId: string;

beforeEach(async () => {
  parts = await startCloudDriver();
  const { volume } = await parts.controller.createVolume(aCreate({ name: 'source' }));
  sourceVolumeId = volume?.volumeId ?? '';
});
afterEach(() => parts.stop());

const snap = (name = 'snap-1', source = sourceVolumeId) =>
  parts.controller.createSnapshot({ name, sourceVolumeId: source });
const clone = (name: string, from: ReturnType<typeof fromVolume>, range = gib(10)) =>
  parts.controller.createVolume(aCreate({ name, volumeContentSource: from, capacityRange: range }));
const volumes = () => [...parts.cloud.state.volumes.values()];
const posts = (route: string): number => parts.cloud.callsByRoute()[`POST ${route}`] ?? 0;
const TAKE = '/storage/{id}/snapshots';
const CLONE = '/storage/{id}/clone';
async function snapshotIds(request: object = {}): Promise<readonly (string | undefined)[]> {
  const { entries } = await parts.controller.listSnapshots(request);
  return entries.map(({ snapshot }) => snapshot?.snapshotId);
}

describe('CreateSnapshot', () => {
  test('has the size of its volume, a time, and is ready', async () => {
    const { snapshot } = await snap();
    expect(snapshot).toEqual({
      snapshotId: expect.stringMatching(new RegExp(`^${sourceVolumeId}/[0-9a-f-]{36}$`)),
      sourceVolumeId,
      sizeBytes: 10n * GIB,
      creationTime: expect.any(Date),
      readyToUse: true,
      groupSnapshotId: '',
    });
  });

  test('CP row 88 the same name of the same volume: the same snapshot', async () => {
    const first = await snap();
    expect(await snap()).toEqual(first);
    const second = await parts.another();
    expect(await second.client.controller.createSnapshot({ name: 'snap-1', sourceVolumeId })).toEqual(first);
    expect(posts(TAKE)).toBe(1);
  });

  test('CP row 89 the same name of another volume: 6', async () => {
    await snap();
    const { volume } = await parts.controller.createVolume(aCreate({ name: 'other' }));
    expect(await codeOf(snap('snap-1', volume?.volumeId))).toBe(6);
  });

  test('what is missing or unknown is said', async () => {
    expect(await codeOf(snap(''))).toBe(3);
    expect(await codeOf(snap('snap-1', ''))).toBe(3);
    expect(await codeOf(snap('n'.repeat(129)))).toBe(3);
    expect(await codeOf(snap('snap-1', 'fake-vol-id'))).toBe(5);
    expect(await codeOf(snap('snap-1', '11111111-2222-3333-4444-555555555555'))).toBe(5);
    const parameters = { compress: 'yes' };
    expect(await codeOf(parts.controller.createSnapshot({ name: 's', sourceVolumeId, parameters }))).toBe(3);
    expect(await codeOf(snap('n'.repeat(128)))).toBe(0);
  });

  test('CPJ 3 the answer is lost: one snapshot, also for a driver that starts then', async () => {
    parts.cloud.fail({ match: { method: 'POST', path: TAKE }, kind: 'drop-after' });
    const { snapshot } = await snap();
    const second = await parts.another();
    expect((await second.client.controller.createSnapshot({ name: 'snap-1', sourceVolumeId })).snapshot).toEqual(
      snapshot,
    );
    expect(posts(TAKE)).toBe(1);
  });

  test('nobody learns which snapshot was made: the next driver finds it by what was noted before', async () => {
    await snap('earlier');
    parts.cloud.fail({ match: { method: 'GET', path: TAKE }, kind: 'delay' });
    parts.cloud.fail({ match: { method: 'GET', path: TAKE }, status: 500, times: 3 });
    expect(await codeOf(snap())).toBe(14);
    expect(posts(TAKE)).toBe(2);
    const second = await parts.another();
    const { snapshot } = await second.client.controller.createSnapshot({ name: 'snap-1', sourceVolumeId });
    expect(posts(TAKE)).toBe(2);
    expect(await snapshotIds({ sourceVolumeId })).toContain(snapshot?.snapshotId);
    expect((await snap('earlier')).snapshot?.snapshotId).not.toBe(snapshot?.snapshotId);
  });

  test('notes of others stay', async () => {
    await fetch(`${parts.cloud.url}/storage/${sourceVolumeId}`, {
      method: 'PATCH',
      headers: { 'X-Auth-Token': parts.cloud.token, 'content-type': 'application/json' },
      body: JSON.stringify({ customdata: { owner: 'me' } }),
    });
    const { snapshot } = await snap();
    expect(parts.cloud.state.volumes.get(sourceVolumeId)?.customdata).toMatchObject({ owner: 'me' });
    await parts.controller.deleteSnapshot({ snapshotId: snapshot?.snapshotId ?? '' });
    expect(parts.cloud.state.volumes.get(sourceVolumeId)?.customdata).toEqual({ owner: 'me' });
  });
});

describe('DeleteSnapshot', () => {
  test('CP row 90 unknown ones are deleted already; without an ID: 3', async () => {
    for (const snapshotId of ['non-existing-snapshot-id', `${sourceVolumeId}/${sourceVolumeId}`, 'a/b/c']) {
      expect(await codeOf(parts.controller.deleteSnapshot({ snapshotId }))).toBe(0);
    }
    expect(await codeOf(parts.controller.deleteSnapshot({}))).toBe(3);
  });

  test('twice, and the name is free again', async () => {
    const { snapshot } = await snap();
    const snapshotId = snapshot?.snapshotId ?? '';
    expect(await codeOf(parts.controller.deleteSnapshot({ snapshotId }))).toBe(0);
    expect(await codeOf(parts.controller.deleteSnapshot({ snapshotId }))).toBe(0);
    expect(await snapshotIds()).toEqual([]);
    expect((await snap()).snapshot?.snapshotId).not.toBe(snapshotId);
  });

  test('a volume with snapshots is not deleted: they would be lost with it', async () => {
    const { snapshot } = await snap('precious');
    const outcome = await outcomeOf(parts.controller.deleteVolume({ volumeId: sourceVolumeId }));
    expect(outcome).toEqual({ code: 9, details: expect.stringContaining('precious') });
    await parts.controller.deleteSnapshot({ snapshotId: snapshot?.snapshotId ?? '' });
    expect(await codeOf(parts.controller.deleteVolume({ volumeId: sourceVolumeId }))).toBe(0);
  });
});

describe('ListSnapshots', () => {
  test('CP row 91 an unknown ID: an empty list', async () => {
    expect(await snapshotIds({ snapshotId: 'non-existing-snapshot-id' })).toEqual([]);
    expect(await snapshotIds({ sourceVolumeId: 'none' })).toEqual([]);
  });

  test('by ID, by volume, all, and in pages', async () => {
    const { volume } = await parts.controller.createVolume(aCreate({ name: 'other' }));
    const ids: string[] = [];
    for (const [name, source] of [
      ['a', sourceVolumeId],
      ['b', sourceVolumeId],
      ['c', volume?.volumeId ?? ''],
    ] as const) {
      ids.push((await snap(name, source)).snapshot?.snapshotId ?? '');
    }
    expect(await snapshotIds({ snapshotId: ids[1] })).toEqual([ids[1]]);
    expect(await snapshotIds({ sourceVolumeId: volume?.volumeId })).toEqual([ids[2]]);
    expect(new Set(await snapshotIds())).toEqual(new Set(ids));
    const first = await parts.controller.listSnapshots({ maxEntries: 2 });
    const rest = await parts.controller.listSnapshots({ maxEntries: 2, startingToken: first.nextToken });
    const paged = [...first.entries, ...rest.entries].map(({ snapshot }) => snapshot?.snapshotId);
    expect(paged).toHaveLength(3);
    expect(new Set(paged)).toEqual(new Set(ids));
    expect(rest.nextToken).toBe('');
    expect(await codeOf(parts.controller.listSnapshots({ startingToken: 'invalid-token' }))).toBe(10);
  });
});

describe('volumes with contents', () => {
  test('CP row 46 from a snapshot: the source is echoed, now and later', async () => {
    const { snapshot } = await snap();
    const from = fromSnapshot(snapshot?.snapshotId ?? '');
    const first = await clone('restored', from);
    expect(first.volume?.contentSource).toEqual(from);
    expect((await clone('restored', from)).volume).toEqual(first.volume);
    expect(volumes()).toHaveLength(2);
    const plain = parts.controller.createVolume(aCreate({ name: 'restored' }));
    expect(await codeOf(plain)).toBe(6);
  });

  test('a clone is larger than its source when that is asked for, and of the plan', async () => {
    const request = aCreate({
      name: 'larger',
      volumeContentSource: fromVolume(sourceVolumeId),
      capacityRange: gib(20),
      parameters: { plan: 'performance' },
    });
    const { volume } = await parts.controller.createVolume(request);
    expect(volume?.capacityBytes).toBe(20n * GIB);
    expect(parts.cloud.state.volumes.get(volume?.volumeId ?? '')).toMatchObject({
      size: 20,
      plan: { slug: 'storage_2' },
    });
    expect(volume?.contentSource).toEqual(fromVolume(sourceVolumeId));
  });

  test('smaller than the source: 11', async () => {
    await parts.controller.controllerExpandVolume({ volumeId: sourceVolumeId, capacityRange: gib(30) });
    expect(await codeOf(clone('smaller', fromVolume(sourceVolumeId), gib(20)))).toBe(11);
  });

  test('without a size: that of the source', async () => {
    const { volume } = await clone('same', fromVolume(sourceVolumeId), gib(0));
    expect(volume?.capacityBytes).toBe(10n * GIB);
  });

  test('CPJ 3 the answer of the clone is lost: one clone, with its name', async () => {
    parts.cloud.fail({ match: { method: 'POST', path: CLONE }, kind: 'drop-after' });
    expect(await codeOf(clone('copy', fromVolume(sourceVolumeId)))).toBe(0);
    expect(volumes()).toHaveLength(2);
    expect(posts(CLONE)).toBe(1);
  });

  test('the clone is made, but its name cannot be written: the repeated call takes it, a driver that starts then too', async () => {
    const own = parts.cloud.fail({ match: { method: 'PATCH', path: '/storage/{id}' }, kind: 'delay', delayMs: 0 });
    const block = parts.cloud.fail({ match: { method: 'PATCH', path: '/storage/{id}' }, status: 422, times: 1 });
    expect(await codeOf(clone('copy', fromVolume(sourceVolumeId)))).not.toBe(0);
    expect([own.used, block.used]).toEqual([1, 1]);
    expect(volumes()).toHaveLength(2);
    const second = await parts.another();
    const request = aCreate({ name: 'copy', volumeContentSource: fromVolume(sourceVolumeId) });
    const { volume } = await second.client.controller.createVolume(request);
    expect(volumes()).toHaveLength(2);
    expect(parts.cloud.state.volumes.get(volume?.volumeId ?? '')?.description).toContain('"copy"');
    // The note about what was begun is gone again.
    expect(parts.cloud.state.volumes.get(sourceVolumeId)?.customdata).toEqual({});
  });

  test('two clones of one volume at once are two', async () => {
    await Promise.all(['one', 'two', 'one'].map((name) => clone(name, fromVolume(sourceVolumeId))));
    const names = volumes().map(({ description }) => (JSON.parse(description ?? '{}') as { Name?: string }).Name);
    expect(names.sort()).toEqual(['one', 'source', 'two']);
  });
});
