// ControllerPublishVolume and ControllerUnpublishVolume, from the socket to the simulated cloud.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { waitFor } from '@longshore/reconciler-core/testing';
import { codeOf, outcomeOf } from '../test-support/csi-client.ts';
import { aCapability, deviceId, startCloudDriver } from '../test-support/cloud-driver.ts';
import type { CloudDriver, CloudDriverOptions } from '../test-support/cloud-driver.ts';

// A busy machine stands still for seconds.
jest.setTimeout(120_000);

let parts: CloudDriver;
let volumeId: string;
let nodeId: string;

async function start(options: CloudDriverOptions = {}): Promise<void> {
  parts = await startCloudDriver(options);
  volumeId = parts.cloud.addVolume().id;
  nodeId = deviceId(parts.cloud, 'node-1');
}
beforeEach(() => start());
afterEach(() => parts.stop());
async function restart(options: CloudDriverOptions): Promise<void> {
  await parts.stop();
  await start(options);
}

const publish = (change: { readonly nodeId?: string; readonly volumeId?: string } = {}) =>
  parts.controller.controllerPublishVolume({ volumeId, nodeId, volumeCapability: aCapability(), ...change });
const unpublish = (change: { readonly nodeId?: string; readonly volumeId?: string } = {}, timeoutMs = 30_000) =>
  parts.controller.controllerUnpublishVolume({ volumeId, nodeId, ...change }, { timeoutMs });
const attachments = () => [...parts.cloud.state.attachments.values()];
const attachedTo = (): readonly (string | undefined)[] =>
  attachments().map(({ device }) => device.href.split('/').at(-1));
const calls = (route: string): number => parts.cloud.callsByRoute()[route] ?? 0;
const ATTACH = 'POST /storage/{id}/attachments';
const DETACH = 'DELETE /storage/attachments/{id}';

describe('ControllerPublishVolume', () => {
  test('CP row 53 without volume, node or capability: 3 each', async () => {
    expect(await codeOf(publish({ volumeId: '' }))).toBe(3);
    expect(await codeOf(publish({ nodeId: '' }))).toBe(3);
    expect(await codeOf(parts.controller.controllerPublishVolume({ volumeId, nodeId }))).toBe(3);
    expect(parts.cloud.state.attachments.size).toBe(0);
  });

  test.each(['fake-vol-id-abc', '11111111-2222-3333-4444-555555555555'])(
    'CP row 54 unknown volume %s: 5',
    async (id) => {
      expect(await codeOf(publish({ volumeId: id }))).toBe(5);
    },
  );

  test.each(['fake-node-id-abc', '11111111-2222-3333-4444-555555555555', '192.0.2.77', '../devices'])(
    'CP row 55 unknown node %s: 5',
    async (id) => {
      expect(await codeOf(publish({ nodeId: id }))).toBe(5);
      expect(attachments()).toEqual([]);
    },
  );

  test('CP row 56 the context has all that the node needs, under the Go program’s keys', async () => {
    const { publishContext } = await publish();
    const volume = parts.cloud.state.volumes.get(volumeId);
    expect(publishContext).toEqual({
      AttachmentId: attachments()[0]?.id,
      VolumeId: volumeId,
      VolumeName: `volume-${volumeId.slice(0, 8)}`,
      Portals: volume?.access?.ips.join(','),
      IQN: volume?.access?.iqn,
    });
    expect(calls('GET /storage/{id}') + calls(ATTACH)).toBe(2);
  });

  test('an endpoint that does not tell the target leaves it to the metadata service', async () => {
    await restart({ cloud: { volumeAccess: false } });
    const { publishContext } = await publish();
    expect(Object.keys(publishContext)).toEqual(['AttachmentId', 'VolumeId', 'VolumeName']);
  });

  test('CP row 57 a second time: the same attachment, no POST', async () => {
    const first = await publish();
    expect(await publish()).toEqual(first);
    expect(calls(ATTACH)).toBe(1);
  });

  test('ten at once attach once', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => publish()));
    expect(new Set(all.map(({ publishContext }) => publishContext['AttachmentId'])).size).toBe(1);
    expect(calls(ATTACH)).toBe(1);
  });

  test('CP row 58 on another node: 9, and that one is named', async () => {
    await publish();
    const outcome = await outcomeOf(publish({ nodeId: deviceId(parts.cloud, 'node-2') }));
    expect(outcome).toEqual({ code: 9, details: expect.stringContaining('node-1') });
    expect(attachedTo()).toEqual([nodeId]);
  });

  test('CP row 59 422 “already attached”: 0 when it is ours, 9 when it is not', async () => {
    // Another driver attaches between our look and our attach: the first answer is of before that.
    await publish();
    parts.cloud.fail({
      match: { method: 'GET', path: '/storage/{id}' },
      status: 200,
      body: await volumeBeforeAttach(),
    });
    expect(await codeOf(publish())).toBe(0);
    parts.cloud.fail({
      match: { method: 'GET', path: '/storage/{id}' },
      status: 200,
      body: await volumeBeforeAttach(),
    });
    expect(await codeOf(publish({ nodeId: deviceId(parts.cloud, 'node-2') }))).toBe(9);
    expect(calls(ATTACH)).toBe(3);
    expect(attachedTo()).toEqual([nodeId]);
  });

  test.each(['UUID', 'hostname', 'address', 'provider ID'] as const)('CP row 60 node ID is a %s', async (form) => {
    const device = parts.cloud.state.devices.get(nodeId);
    const forms = {
      UUID: nodeId.toUpperCase(),
      hostname: 'node-1',
      address: device?.ip_addresses[0]?.address ?? '',
      'provider ID': `packet://${nodeId}`,
    };
    await publish({ nodeId: forms[form] });
    expect(attachedTo()).toEqual([nodeId]);
    await unpublish({ nodeId: forms[form] });
    expect(attachments()).toEqual([]);
  });

  test('a hostname that moved to another machine is looked up again', async () => {
    await publish({ nodeId: 'node-1' });
    await unpublish({ nodeId: 'node-1' });
    parts.cloud.removeDevice(nodeId);
    const replaced = parts.cloud.addDevice({ hostname: 'node-1' });
    expect(await codeOf(publish({ nodeId: 'node-1' }))).toBe(10);
    await publish({ nodeId: 'node-1' });
    expect(attachedTo()).toEqual([replaced.id]);
  });

  test('two machines with one hostname are no answer', async () => {
    parts.cloud.addDevice({ hostname: 'node-1' });
    expect(await codeOf(publish({ nodeId: 'node-1' }))).toBe(5);
  });

  test('CP row 61 a node of another facility: 9, both named', async () => {
    const other = parts.cloud.addDevice({ hostname: 'far', facility: 'sjc1' });
    const { code, details } = await outcomeOf(publish({ nodeId: other.id }));
    expect(code).toBe(9);
    expect(details).toMatch(/ewr1.*sjc1/);
  });

  test('CP row 62 a node at its limit: 8', async () => {
    await restart({ flags: ['--volume-limit=1'] });
    await publish();
    const second = parts.cloud.addVolume().id;
    expect(await codeOf(publish({ volumeId: second }))).toBe(8);
    await unpublish();
    expect(await codeOf(publish({ volumeId: second }))).toBe(0);
  });

  test('CPJ 3 the answer of the attach is lost: attached once, and told', async () => {
    parts.cloud.fail({ match: { method: 'POST', path: '/storage/{id}/attachments' }, kind: 'drop-after' });
    expect(await codeOf(publish())).toBe(0);
    expect(attachedTo()).toEqual([nodeId]);
  });

  test('CPJ 2 attachments that come as links only are understood', async () => {
    await publish();
    const volume = await volumeBeforeAttach();
    const links = { ...volume, attachments: attachments().map(({ href }) => ({ href })) };
    parts.cloud.fail({ match: { method: 'GET', path: '/storage/{id}' }, status: 200, body: links });
    expect(await codeOf(publish())).toBe(0);
    expect(attachedTo()).toEqual([nodeId]);
  });

  test('a volume that is still queued is waited for', async () => {
    await restart({ cloud: { volumeQueuedMs: 500 } });
    const made = await parts.controller.createVolume({
      name: 'queued',
      volumeCapabilities: [aCapability()],
    });
    expect(await codeOf(publish({ volumeId: made.volume?.volumeId ?? '' }))).toBe(0);
  });
});

describe('ControllerUnpublishVolume', () => {
  test('CP row 63 without an ID: 3', async () => {
    expect(await codeOf(unpublish({ volumeId: '' }))).toBe(3);
  });

  test('CP row 64 not attached: 0', async () => {
    expect(await codeOf(unpublish())).toBe(0);
  });

  test('CP row 65 the volume is gone: 0', async () => {
    expect(await codeOf(unpublish({ volumeId: '11111111-2222-3333-4444-555555555555' }))).toBe(0);
    expect(await codeOf(unpublish({ volumeId: 'fake-vol-id' }))).toBe(0);
  });

  test('CP row 66 the node is gone: 0', async () => {
    parts.cloud.removeDevice(nodeId);
    expect(await codeOf(unpublish())).toBe(0);
    expect(await codeOf(unpublish({ nodeId: 'fake-node-id' }))).toBe(0);
  });

  test('CP row 67 attached to another node: 0, and that attachment stays', async () => {
    await publish();
    expect(await codeOf(unpublish({ nodeId: deviceId(parts.cloud, 'node-2') }))).toBe(0);
    expect(attachedTo()).toEqual([nodeId]);
  });

  test('CP row 68 an empty node ID: all attachments go', async () => {
    await restart({ cloud: { multiAttach: true } });
    await publish();
    const other = deviceId(parts.cloud, 'node-2');
    // Not by this driver, which would refuse a second node.
    await fetch(`${parts.cloud.url}/storage/${volumeId}/attachments`, {
      method: 'POST',
      headers: { 'X-Auth-Token': parts.cloud.token, 'content-type': 'application/json' },
      body: JSON.stringify({ device_id: other }),
    });
    expect(attachedTo()).toEqual([nodeId, other]);
    expect(await codeOf(unpublish({ nodeId: '' }))).toBe(0);
    expect(attachments()).toEqual([]);
  });

  test('CP row 69 422 “actively being used” twice, then not: 0', async () => {
    await publish();
    const body = { errors: ['Cannot detach since volume is actively being used on your server'] };
    parts.cloud.fail({ match: { method: 'DELETE' }, status: 422, body, times: 2 });
    expect(await codeOf(unpublish())).toBe(0);
    expect(attachments()).toEqual([]);
    expect(calls(DETACH)).toBe(3);
  });

  test('CP row 70 in use for ever: 10 before the deadline, and nothing goes on', async () => {
    await publish();
    parts.cloud.setVolumeInUse(volumeId, true);
    expect(await codeOf(unpublish({}, 4_000))).toBe(10);
    const asked = calls(DETACH);
    // What would go on would keep the volume from being looked at by the next call: that one is done at once.
    expect(await codeOf(publish())).toBe(0);
    parts.cloud.setVolumeInUse(volumeId, false);
    expect(calls(DETACH)).toBe(asked);
    expect(await codeOf(unpublish())).toBe(0);
    expect(attachments()).toEqual([]);
  });

  test('a second call joins the detach that waits', async () => {
    await publish();
    parts.cloud.setVolumeInUse(volumeId, true);
    const both = [unpublish(), unpublish()];
    await waitFor(() => calls(DETACH) > 0, { what: 'a first attempt' });
    parts.cloud.setVolumeInUse(volumeId, false);
    expect(await Promise.all(both.map(codeOf))).toEqual([0, 0]);
    expect(attachments()).toEqual([]);
  });

  test('CP row 71 404 on detach: 0', async () => {
    await publish();
    parts.cloud.fail({ match: { method: 'DELETE' }, status: 404, body: { errors: ['Not found'] } });
    expect(await codeOf(unpublish())).toBe(0);
  });

  test('CPJ 3 the answer of the detach is lost: detached', async () => {
    await publish();
    parts.cloud.fail({ match: { method: 'DELETE' }, kind: 'drop-after' });
    expect(await codeOf(unpublish())).toBe(0);
    expect(attachments()).toEqual([]);
  });

  test.each([500, 503, 429])('CPJ 3 %i: done at the second attempt', async (status) => {
    await publish();
    parts.cloud.fail({ match: { method: 'DELETE' }, status });
    expect(await codeOf(unpublish())).toBe(0);
    expect(attachments()).toEqual([]);
  });

  test('CPJ 2 a detach that is answered by 204 is a success', async () => {
    await publish();
    expect(await codeOf(unpublish())).toBe(0);
    expect(parts.cloud.calls.records.find(({ method }) => method === 'DELETE')?.status).toBe(204);
  });
});

// The volume as the API shows it without attachments.
async function volumeBeforeAttach(): Promise<object> {
  const volume = parts.cloud.state.volumes.get(volumeId);
  if (volume === undefined) throw new Error('no volume');
  return { ...volume, attachments: [] };
}
