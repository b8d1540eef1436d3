// Volumes, attachments and snapshots of the simulated Packet, and what the metadata service tells a device of them.
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { STORAGE_PLAN_IDS } from './catalog.ts';
import { ask, Running } from './test-support/ask.ts';
import type { PacketSimulator } from './simulate-packet.ts';
import type { WirePacketMeta } from './wire.ts';
import type { WirePacketAttachment, WirePacketMetadata, WirePacketSnapshot, WirePacketVolume } from './wire-storage.ts';

const running = new Running();
afterEach(() => running.closeAll());

const wish = { size: 100, plan: 'storage_1', facility: 'ewr1' };

function storageOf(simulator: PacketSimulator): string {
  return `/projects/${simulator.projectId}/storage`;
}

async function create(simulator: PacketSimulator, more: object = {}): Promise<WirePacketVolume> {
  const answer = await ask<WirePacketVolume>(simulator, `POST ${storageOf(simulator)}`, { body: { ...wish, ...more } });
  expect(answer.status).toBe(201);
  return answer.json;
}

function attach(simulator: PacketSimulator, volume: string, device: string) {
  return ask<WirePacketAttachment>(simulator, `POST /storage/${volume}/attachments`, { body: { device_id: device } });
}

async function metadataOf(simulator: PacketSimulator, device: string): Promise<WirePacketMetadata> {
  const at = { url: simulator.metadata.urlOf(device), token: '' };
  return (await ask<WirePacketMetadata>(at, 'GET /metadata')).json;
}

describe('a volume', () => {
  test('is queued, then active; the API names it after its id and says where its target is', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, volumeQueuedMs: 3000 });
    const made = await create(simulator, { description: 'mine', customdata: { a: 1 } });
    expect(made).toMatchObject({
      name: `volume-${made.id.slice(0, 8)}`,
      state: 'queued',
      size: 100,
      description: 'mine',
      billing_cycle: 'hourly',
      plan: { slug: 'storage_1', id: STORAGE_PLAN_IDS.standard },
      facility: { code: 'ewr1' },
      attachments: [],
      access: {
        ips: [expect.stringMatching(/^10\.144\./), expect.stringMatching(/^10\.144\./)],
        iqn: expect.stringMatching(/^iqn\./),
      },
    });
    await clock.advance(3000);
    expect((await ask(simulator, `GET /storage/${made.id}`)).json).toMatchObject({ state: 'active' });
    expect((await ask(simulator, `GET /storage/${made.id}/customdata`)).json).toEqual({ a: 1 });
    const events = await ask<{ events: { type: string }[] }>(simulator, `GET /volumes/${made.id}/events`);
    expect(events.json.events.map(({ type }) => type)).toEqual(['volume.created']);
    expect(simulator.schemaProblems).toEqual([]);
  });

  test('names plan and facility by slug, code or id, in either field; policies as one or as a list', async () => {
    const simulator = await running.start();
    const ewr1 = simulator.addVolume().facility.id;
    const ways = [
      { plan: undefined, plan_id: 'storage_2', facility: undefined, facility_id: 'ewr1' },
      { plan: STORAGE_PLAN_IDS.performance, facility: ewr1 },
      { plan: undefined, plan_id: STORAGE_PLAN_IDS.performance, facility: undefined, facility_id: ewr1 },
    ];
    for (const way of ways) {
      expect(await create(simulator, way)).toMatchObject({ plan: { slug: 'storage_2' }, facility: { code: 'ewr1' } });
    }
    const policy = { snapshot_frequency: '1day', snapshot_count: 7 };
    for (const snapshot_policies of [policy, [policy]]) {
      expect((await create(simulator, { snapshot_policies })).snapshot_policies).toMatchObject([policy]);
    }
    expect((await create(simulator, { plan: 'storage_0' })).plan.slug).toBe('storage_1');
  });

  test.each([
    { more: { plan: 'c3.small.x86' }, says: 'Plan is not valid' },
    { more: { facility: 'ny5' }, says: 'Facility has no block storage' },
    { more: { size: 5 }, says: 'Size must be 10 to 10000 GB' },
    { more: { size: 10_001 }, says: 'Size must be' },
    { more: { snapshot_policies: { snapshot_frequency: 'often' } }, says: 'Snapshot policies are not valid' },
  ])('$more is refused', async ({ more, says }) => {
    const simulator = await running.start();
    const { status, json } = await ask(simulator, `POST ${storageOf(simulator)}`, { body: { ...wish, ...more } });
    expect({ status, error: json.errors?.[0] }).toEqual({ status: 422, error: expect.stringContaining(says) });
  });

  test('lists have ten to a page, and show attachments in full when asked', async () => {
    const simulator = await running.start();
    for (let index = 0; index < 11; index += 1) simulator.addVolume();
    const device = simulator.addDevice();
    const [first] = simulator.state.volumes.values();
    await attach(simulator, first?.id ?? '', device.id);
    const path = `GET ${storageOf(simulator)}?include=attachments.device,facility`;
    const { json } = await ask<{ volumes: WirePacketVolume[]; meta: WirePacketMeta }>(simulator, path);
    expect(json.volumes).toHaveLength(10);
    expect(json.meta).toMatchObject({ total: 11, last_page: 2 });
    expect(json.volumes[0]?.attachments).toEqual([
      expect.objectContaining({
        id: expect.any(String),
        volume: { href: `/storage/${first?.id}` },
        device: expect.objectContaining({ hostname: 'node-1' }),
      }),
    ]);
  });

  test('grows and changes its plan, but does not shrink', async () => {
    const simulator = await running.start();
    const { id } = simulator.addVolume();
    const grown = await ask(simulator, `PATCH /storage/${id}`, {
      body: { size: 150, plan_id: 'storage_2', description: 'x' },
    });
    expect(grown).toMatchObject({ status: 200, json: { size: 150, plan: { slug: 'storage_2' }, description: 'x' } });
    expect((await ask(simulator, `PATCH /storage/${id}`, { body: { size: 149 } })).status).toBe(422);
  });

  test('is deleted unless it is locked or attached', async () => {
    const simulator = await running.start();
    const device = simulator.addDevice();
    const { id } = simulator.addVolume({ locked: true });
    expect((await ask(simulator, `DELETE /storage/${id}`)).status).toBe(422);
    await ask(simulator, `PATCH /storage/${id}`, { body: { locked: false } });
    const attached = await attach(simulator, id, device.id);
    expect((await ask(simulator, `DELETE /storage/${id}`)).json.errors).toEqual([
      'Cannot delete a volume that is attached',
    ]);
    await ask(simulator, `DELETE /storage/attachments/${attached.json.id}`);
    expect((await ask(simulator, `DELETE /storage/${id}`)).status).toBe(204);
    expect((await ask(simulator, `GET /storage/${id}`)).status).toBe(404);
  });

  test('hides its target where only the metadata service names it', async () => {
    const simulator = await running.start({ volumeAccess: false });
    expect((await create(simulator)).access).toBeUndefined();
  });
});

describe('an attachment', () => {
  test('is in the volume, in the device and, later, in its metadata', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, metadataLagMs: 4000 });
    const device = simulator.addDevice();
    const volume = simulator.addVolume({ sizeGb: 10 });
    const made = await attach(simulator, volume.id, device.id);
    expect(made).toMatchObject({
      status: 201,
      json: {
        device: { href: device.href },
        volume: { href: volume.href },
        href: `/storage/attachments/${made.json.id}`,
      },
    });
    expect(simulator.state.devices.get(device.id)?.volumes).toEqual([{ href: volume.href }]);
    const all = await ask<{ attachments: object[] }>(simulator, `GET /storage/${volume.id}/attachments`);
    expect(all.json.attachments).toHaveLength(1);
    expect((await metadataOf(simulator, device.id)).volumes).toEqual([]);
    await clock.advance(4000);
    expect((await metadataOf(simulator, device.hostname)).volumes).toEqual([
      { name: volume.name, ...volume.access, capacity: { size: '10', unit: 'gb' } },
    ]);
  });

  test('is refused twice, on two devices, elsewhere, before the volume is active, and on a device that is not', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock });
    const device = simulator.addDevice();
    const other = simulator.addDevice();
    const volume = simulator.addVolume();
    await attach(simulator, volume.id, device.id);
    const errorOf = async (volumeId: string, deviceId: string) => {
      const { status, json } = await attach(simulator, volumeId, deviceId);
      return [status, (json as { errors?: readonly string[] }).errors?.[0]];
    };
    expect(await errorOf(volume.id, device.id)).toEqual([422, 'Instance is already attached to this volume']);
    expect(await errorOf(volume.id, other.id)).toEqual([422, 'Volume is already attached to another instance']);
    const far = simulator.addVolume({ facility: 'sjc1' });
    expect(await errorOf(far.id, device.id)).toEqual([422, 'Volume and device must be in the same facility']);
    expect(await errorOf((await create(simulator)).id, device.id)).toEqual([422, 'Volume is not active']);
    simulator.setDeviceState(other.id, 'provisioning');
    expect((await errorOf(simulator.addVolume().id, other.id))[0]).toBe(422);
    expect(await errorOf(volume.id, '00000000-0000-4000-8000-000000000000')).toEqual([404, 'Not found']);
  });

  test('cannot be removed while a host is logged in at the target', async () => {
    const simulator = await running.start();
    const device = simulator.addDevice();
    const volume = simulator.addVolume();
    const { json } = await attach(simulator, volume.id, device.id);
    simulator.setVolumeInUse(volume.id, true);
    const busy = await ask(simulator, `DELETE /storage/attachments/${json.id}`);
    expect(busy.status).toBe(422);
    expect(busy.json.errors?.[0]).toMatch(/^Cannot detach since volume is actively being used on your server/);
    simulator.setVolumeInUse(volume.id, false);
    expect((await ask(simulator, `DELETE /storage/attachments/${json.id}`)).status).toBe(204);
    expect((await ask(simulator, `DELETE /storage/attachments/${json.id}`)).status).toBe(404);
    expect(simulator.state.devices.get(device.id)?.volumes).toEqual([]);
  });

  test('keeps its device from being deleted, unless by force', async () => {
    const simulator = await running.start();
    const device = simulator.addDevice();
    await attach(simulator, simulator.addVolume().id, device.id);
    expect((await ask(simulator, `DELETE /devices/${device.id}`)).status).toBe(422);
    expect((await ask(simulator, `DELETE /devices/${device.id}`, { body: { force_delete: true } })).status).toBe(204);
    expect(simulator.state.attachments.size).toBe(0);
  });
});

describe('snapshots', () => {
  const listOf = async (simulator: PacketSimulator, id: string) =>
    (await ask<{ snapshots: readonly WirePacketSnapshot[] }>(simulator, `GET /storage/${id}/snapshots`)).json.snapshots;

  test('are made by an answer that says nothing, become available, and are named by their time', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, snapshotMs: 1000 });
    const volume = simulator.addVolume();
    const made = await ask(simulator, `POST /storage/${volume.id}/snapshots`);
    expect([made.status, made.text]).toEqual([201, 'null']);
    const [queued] = await listOf(simulator, volume.id);
    expect(queued).toMatchObject({
      status: 'queued',
      timestamp: expect.stringMatching(/^\d+\.\d{9}$/),
      volume: { href: volume.href },
    });
    await clock.advance(1000);
    expect(await listOf(simulator, volume.id)).toMatchObject([{ id: queued?.id, status: 'available' }]);
    expect((await ask(simulator, `DELETE /storage/${volume.id}/snapshots/${queued?.id}`)).status).toBe(204);
    expect((await ask(simulator, `DELETE /storage/${volume.id}/snapshots/${queued?.id}`)).status).toBe(404);
    expect(simulator.schemaProblems).toEqual([]);
  });

  test('give the volume back its size, and make new volumes', async () => {
    const simulator = await running.start();
    const volume = simulator.addVolume({ sizeGb: 100 });
    await ask(simulator, `POST /storage/${volume.id}/snapshots`);
    const [snapshot] = await listOf(simulator, volume.id);
    await ask(simulator, `PATCH /storage/${volume.id}`, { body: { size: 200 } });
    const body = { snapshot_timestamp: snapshot?.timestamp };
    const fromSnapshot = await ask<WirePacketVolume>(simulator, `POST /storage/${volume.id}/clone`, { body });
    expect(fromSnapshot).toMatchObject({ status: 201, json: { size: 100 } });
    const whole = await ask<WirePacketVolume>(simulator, `POST /storage/${volume.id}/clone`);
    expect(whole).toMatchObject({ status: 201, json: { size: 200 } });
    expect(whole.json.id).not.toBe(volume.id);
    const restored = await ask(simulator, `POST /storage/${volume.id}/restore`, {
      body: { restore_point: snapshot?.timestamp },
    });
    expect(restored.status).toBe(204);
    expect(simulator.state.volumes.get(volume.id)?.size).toBe(100);
    const wrong = await ask(simulator, `POST /storage/${volume.id}/restore`, { body: { restore_point: '1.2' } });
    expect(wrong.status).toBe(422);
  });

  test('have policies, said in the query or in the body', async () => {
    const simulator = await running.start();
    const { id } = simulator.addVolume();
    const query = 'snapshot_frequency=1day&snapshot_count=3';
    const made = await ask<{ id: string }>(simulator, `POST /storage/${id}/snapshot-policies?${query}`);
    expect(made).toMatchObject({ status: 201, json: { snapshot_frequency: '1day', snapshot_count: 3 } });
    const path = `/storage/snapshot-policies/${made.json.id}`;
    const changed = await ask(simulator, `PUT ${path}`, { body: { snapshot_count: 5 } });
    expect(changed.json).toMatchObject({ snapshot_frequency: '1day', snapshot_count: 5 });
    expect((await ask(simulator, `PUT ${path}`, { body: { snapshot_frequency: 'never' } })).status).toBe(422);
    expect((await ask(simulator, `DELETE ${path}`)).status).toBe(204);
    expect(simulator.state.volumes.get(id)?.snapshot_policies).toEqual([]);
  });
});
