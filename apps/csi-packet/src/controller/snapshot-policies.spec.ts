// The StorageClass parameter snapshotPolicies, from the socket to the simulated cloud; its forms are in volumes/snapshot-policies.spec.ts.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { aCreate, fromVolume, startCloudDriver } from '../test-support/cloud-driver.ts';
import type { CloudDriver } from '../test-support/cloud-driver.ts';
import { codeOf, outcomeOf } from '../test-support/csi-client.ts';

// A busy machine stands still for seconds.
jest.setTimeout(120_000);

const ADD = '/storage/{id}/snapshot-policies';
const TAKE = '/storage/{id}/snapshots';
const TWO = { snapshotPolicies: '1day:7, 1week:4' };
const TWO_THERE = [
  { snapshot_frequency: '1day', snapshot_count: 7 },
  { snapshot_frequency: '1week', snapshot_count: 4 },
];

let parts: CloudDriver;
beforeEach(async () => {
  parts = await startCloudDriver();
});
afterEach(() => parts.stop());

const volumes = () => [...parts.cloud.state.volumes.values()];
const posts = (route: string): number => parts.cloud.callsByRoute()[`POST ${route}`] ?? 0;
const policiesOf = (id = '') =>
  parts.cloud.state.volumes
    .get(id)
    ?.snapshot_policies.map(({ snapshot_frequency, snapshot_count }) => ({ snapshot_frequency, snapshot_count }));
async function create(name: string, parameters: Record<string, string>): Promise<string> {
  const { volume } = await parts.controller.createVolume(aCreate({ name, parameters }));
  return volume?.volumeId ?? '';
}

describe('a new volume', () => {
  test('has the policies from its first moment', async () => {
    expect(policiesOf(await create('kept', TWO))).toEqual(TWO_THERE);
    expect(posts(ADD)).toBe(0);
    expect(parts.cloud.schemaProblems).toEqual([]);
  });

  test.each([{}, { snapshotPolicies: '' }])('has none when none are asked for: %j', async (parameters) => {
    expect(policiesOf(await create('plain', parameters))).toEqual([]);
  });

  test('is refused for a mistake, and the cloud sees no write', async () => {
    const parameters = { snapshotPolicies: 'daily:7' };
    expect(await outcomeOf(parts.controller.createVolume(aCreate({ parameters })))).toEqual({
      code: 3,
      details: expect.stringMatching(/parameter "snapshotPolicies" has "daily:7".*1hour, 1day, 1week, 1month, 1year/),
    });
    expect(volumes()).toEqual([]);
  });

  test('is refused with --lenient-parameters too: nobody would miss the snapshots before they are needed', async () => {
    const lenient = await startCloudDriver({ flags: ['--lenient-parameters'] });
    const parameters = { snapshotPolicies: 'daily' };
    const code = await codeOf(lenient.controller.createVolume(aCreate({ parameters })));
    await lenient.stop();
    expect(code).toBe(3);
  });

  test('a snapshot and a change of a volume have no such parameter', async () => {
    const sourceVolumeId = await create('kept', TWO);
    const snapshot = { name: 's', sourceVolumeId, parameters: TWO };
    expect(await codeOf(parts.controller.createSnapshot(snapshot))).toBe(3);
    const change = { volumeId: sourceVolumeId, mutableParameters: TWO };
    expect(await codeOf(parts.controller.controllerModifyVolume(change))).toBe(3);
  });
});

describe('a volume that is there', () => {
  test('is the same for the same policies, and those that people added are no conflict', async () => {
    const id = await create('kept', TWO);
    expect(await create('kept', TWO)).toBe(id);
    expect(await create('kept', {})).toBe(id);
    expect(await create('kept', { snapshotPolicies: '1week:4' })).toBe(id);
    expect([posts(ADD), volumes().length]).toEqual([0, 1]);
  });

  test('is a conflict when it keeps another number', async () => {
    const id = await create('kept', TWO);
    const parameters = { snapshotPolicies: '1day:9' };
    const outcome = await outcomeOf(parts.controller.createVolume(aCreate({ name: 'kept', parameters })));
    expect(outcome).toEqual({ code: 6, details: expect.stringContaining('keeps 7 snapshots of 1day, not 9') });
    expect(policiesOf(id)).toEqual(TWO_THERE);
  });

  test('is deleted with the snapshots of its policies', async () => {
    const volumeId = await create('kept', TWO);
    await takeAsThePoliciesDo(volumeId);
    expect(await codeOf(parts.controller.deleteVolume({ volumeId }))).toBe(0);
    expect(volumes()).toEqual([]);
  });
});

describe('a clone', () => {
  const cloneBy = async ({ client }: CloudDriver['driver'], source: string): Promise<string> => {
    const request = aCreate({ name: 'copy', volumeContentSource: fromVolume(source), parameters: TWO });
    return (await client.controller.createVolume(request)).volume?.volumeId ?? '';
  };

  test('gets the policies of its class, not of its source', async () => {
    const source = await create('source', { snapshotPolicies: '1hour:2' });
    expect(policiesOf(await cloneBy(parts.driver, source))).toEqual(TWO_THERE);
    expect(policiesOf(source)).toEqual([{ snapshot_frequency: '1hour', snapshot_count: 2 }]);
  });

  test.each([
    { what: 'refused', fault: { status: 422 } },
    { what: 'lost', fault: { kind: 'drop-after' } },
  ] as const)('the second policy’s answer is $what: the next driver finishes this clone', async ({ fault }) => {
    const source = await create('source', {});
    parts.cloud.fail({ match: { method: 'POST', path: ADD }, kind: 'delay', delayMs: 0 });
    const second = parts.cloud.fail({ match: { method: 'POST', path: ADD }, ...fault });
    expect(await codeOf(cloneBy(parts.driver, source))).not.toBe(0);
    expect(second.used).toBe(1);
    const id = await cloneBy(await parts.another(), source);
    expect(policiesOf(id)).toEqual(TWO_THERE);
    expect(volumes()).toHaveLength(2);
  });
});

describe('CreateSnapshot of a volume with policies', () => {
  test('after a crash it takes a new snapshot: one that came meanwhile may be a policy’s, which goes again', async () => {
    const sourceVolumeId = await create('kept', TWO);
    parts.cloud.fail({ match: { method: 'POST', path: TAKE }, status: 500, times: Infinity });
    expect(await codeOf(parts.controller.createSnapshot({ name: 'mine', sourceVolumeId }))).toBe(14);
    parts.cloud.clearFaults();
    await takeAsThePoliciesDo(sourceVolumeId);
    const [ofPolicy] = await snapshotIds(sourceVolumeId);
    const { client } = await parts.another();
    const { snapshot } = await client.controller.createSnapshot({ name: 'mine', sourceVolumeId });
    expect(await snapshotIds(sourceVolumeId)).toEqual([ofPolicy, snapshot?.snapshotId]);
  });
});

async function takeAsThePoliciesDo(volumeId: string): Promise<void> {
  const headers = { 'X-Auth-Token': parts.cloud.token };
  const { status } = await fetch(`${parts.cloud.url}/storage/${volumeId}/snapshots`, { method: 'POST', headers });
  expect(status).toBe(201);
}

async function snapshotIds(sourceVolumeId: string): Promise<readonly (string | undefined)[]> {
  const { entries } = await parts.controller.listSnapshots({ sourceVolumeId });
  return entries.map(({ snapshot }) => snapshot?.snapshotId);
}
