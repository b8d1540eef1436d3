// BGP, volumes, VLANs, reserved machines and metadata against the simulated cloud.
import { afterEach, describe, expect, test } from '@jest/globals';
import { CloudApiError } from '@longshore/cloud-http';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { refusalOf } from './classify.ts';
import { parseDeviceId, parseProjectId } from './ids.ts';
import type { DeviceId, ProjectId } from './ids.ts';
import { MetadataService } from './metadata-service.ts';
import { createPacketApi } from './packet-api.ts';
import type { PacketApi } from './packet-api.ts';

const signal = new AbortController().signal;

interface World {
  readonly clock: FakeClock;
  readonly simulator: PacketSimulator;
  readonly api: PacketApi;
  readonly project: ProjectId;
  readonly device: DeviceId;
}

let end: (() => Promise<void>) | undefined;

afterEach(() => end?.());

async function start(options: PacketOptions = {}): Promise<World> {
  const clock = new FakeClock();
  const simulator = await simulatePacket({ clock, ...options });
  const api = createPacketApi({
    baseUrl: simulator.url,
    token: () => simulator.token,
    userAgent: 'test/1',
    random: () => 0,
  });
  end = async () => {
    api.http.close();
    await simulator.close();
    // Whatever a test does, the client only sends what the API describes.
    expect(simulator.schemaProblems).toEqual([]);
  };
  const project = parseProjectId(simulator.projectId);
  const device = parseDeviceId(simulator.addDevice({ hostname: 'node-1' }).id);
  if (project === undefined || device === undefined) throw new Error('no world');
  return { clock, simulator, api, project, device };
}

async function failureOf(promise: Promise<unknown>): Promise<CloudApiError> {
  const error: unknown = await promise.then(
    () => new Error('it did not fail'),
    (reason: unknown) => reason,
  );
  if (error instanceof CloudApiError) return error;
  throw error;
}

describe('BGP', () => {
  test('never on, on, off; PK row 53 a second session is there already', async () => {
    const { simulator, api, project, device } = await start();
    expect(await api.bgp.config(project, signal)).toBeUndefined();
    await failureOf(api.bgp.createSession(device, { family: 'ipv4' }, signal));
    await api.bgp.enable(project, { deploymentType: 'local', asn: 65001, md5: 'aSecret12345' }, signal);
    expect(await api.bgp.config(project, signal)).toMatchObject({
      status: 'enabled',
      asn: 65001,
      md5: 'aSecret12345',
      maxPrefix: 10,
    });
    expect(await api.bgp.createSession(device, { family: 'ipv4' }, signal)).toMatchObject({ state: 'created' });
    expect(await api.bgp.createSession(device, { family: 'ipv4' }, signal)).toEqual({ state: 'exists' });
    simulator.setBgp({ status: 'disabled' });
    expect(await api.bgp.config(project, signal)).toMatchObject({ status: 'disabled', asn: 65001 });
  });

  test('a session comes up and goes; the neighbours have two addresses and the private one of the device', async () => {
    const { clock, api, project, device } = await start();
    await api.bgp.enable(project, { deploymentType: 'local', asn: 65000, md5: 'aSecret12345' }, signal);
    await api.bgp.createSession(device, { family: 'ipv4', hasDefaultRoute: true }, signal);
    await clock.advance(60_000);
    const sessions = await api.bgp.sessionsOfDevice(device, signal);
    expect(sessions).toMatchObject([{ family: 'ipv4', hasDefaultRoute: true, deviceId: device }]);
    expect(sessions?.[0]?.status.every((status) => status === 'up')).toBe(true);
    expect(await api.bgp.sessionsOfProject(project, signal)).toHaveLength(1);
    const own = (await api.devices.get(device, signal))?.addresses.find(({ isPublic }) => !isPublic)?.address;
    expect(await api.bgp.neighbors(device, signal)).toMatchObject([
      { family: 4, customerIp: own, peerAsn: 65530, peerIps: ['169.254.255.1', '169.254.255.2'], md5: 'aSecret12345' },
    ]);
    const id = sessions?.[0]?.id;
    if (id === undefined) throw new Error('no session');
    expect(await api.bgp.updateSession(id, { hasDefaultRoute: false }, signal)).toBe('updated');
    expect((await api.bgp.session(id, signal))?.hasDefaultRoute).toBe(false);
    expect(await api.bgp.removeSession(id, signal)).toBe('removed');
    expect(await api.bgp.removeSession(id, signal)).toBe('absent');
  });

  test('a session whose answer was lost is made once and told as being there', async () => {
    const { simulator, api, project, device } = await start();
    await api.bgp.enable(project, { deploymentType: 'local', asn: 65000 }, signal);
    simulator.fail({ kind: 'drop-after' });
    expect(await api.bgp.createSession(device, { family: 'ipv4' }, signal)).toEqual({ state: 'exists' });
    expect(await api.bgp.sessionsOfDevice(device, signal)).toHaveLength(1);
  });
});

describe('volumes', () => {
  const spec = { sizeGB: 10, plan: 'storage_1', facility: 'ewr1', description: '{"Name":"pvc-1"}' } as const;

  test('are made, attached, grown, detached and removed; refusals are known by name', async () => {
    const { clock, simulator, api, project, device } = await start();
    const made = await api.volumes.create(project, spec, signal);
    expect(made).toMatchObject({ sizeGB: 10, description: spec.description, name: `volume-${made.id.slice(0, 8)}` });
    await clock.advance(60_000);
    expect(await api.volumes.get(made.id, signal)).toMatchObject({
      state: 'active',
      plan: { slug: 'storage_1' },
      facility: { code: 'ewr1' },
    });
    const attachment = await api.volumes.attach(made.id, device, signal);
    expect(attachment).toMatchObject({ deviceId: device, volumeId: made.id });
    expect(refusalOf(await failureOf(api.volumes.attach(made.id, device, signal)))).toBe('already-attached');
    expect((await api.volumes.list(project, signal))[0]?.attachments).toEqual([attachment]);
    expect(await api.volumes.attachments(made.id, signal)).toMatchObject([{ id: attachment.id }]);
    expect(await api.volumes.attachment(attachment.id, signal)).toMatchObject({ id: attachment.id, deviceId: device });
    expect((await api.volumes.update(made.id, { sizeGB: 20 }, signal))?.sizeGB).toBe(20);
    await failureOf(api.volumes.remove(made.id, signal));
    simulator.setVolumeInUse(made.id, true);
    const busy = await failureOf(api.volumes.detach(attachment.id, signal));
    expect([refusalOf(busy), busy.disposition]).toEqual(['volume-in-use', { retry: 'after', ms: 2_000 }]);
    simulator.setVolumeInUse(made.id, false);
    expect(await api.volumes.detach(attachment.id, signal)).toBe('removed');
    expect(await api.volumes.detach(attachment.id, signal)).toBe('absent');
    expect(await api.volumes.remove(made.id, signal)).toBe('removed');
    expect(await api.volumes.get(made.id, signal)).toBeUndefined();
    expect(await api.volumes.attachments(made.id, signal)).toBeUndefined();
  });

  test('snapshots: made, found by comparing lists, cloned, restored, removed', async () => {
    const { clock, api, project } = await start();
    const { id } = await api.volumes.create(project, spec, signal);
    await clock.advance(60_000);
    expect(await api.volumes.snapshots(id, signal)).toEqual([]);
    await api.volumes.createSnapshot(id, signal);
    await clock.advance(60_000);
    const [snapshot] = (await api.volumes.snapshots(id, signal)) ?? [];
    if (snapshot === undefined) throw new Error('no snapshot');
    expect(snapshot).toMatchObject({
      status: 'available',
      volumeId: id,
      timestamp: expect.stringMatching(/^\d+\.\d{9}$/),
    });
    const clone = await api.volumes.clone(id, { timestamp: snapshot.timestamp }, signal);
    expect([clone.id === id, clone.sizeGB]).toEqual([false, 10]);
    await api.volumes.restore(id, snapshot.timestamp, signal);
    expect(await api.volumes.removeSnapshot(id, snapshot.id, signal)).toBe('removed');
    expect(await api.volumes.snapshots(id, signal)).toEqual([]);
  });

  test('a volume whose answer was lost is made once', async () => {
    const { simulator, api, project } = await start();
    simulator.fail({ kind: 'drop-after' });
    expect((await failureOf(api.volumes.create(project, spec, signal))).isLostAnswer).toBe(true);
    expect((await api.volumes.list(project, signal)).map(({ description }) => description)).toEqual([spec.description]);
  });

  test.each([true, false])(
    'the target comes with the volume (%p) or from the metadata of the device',
    async (volumeAccess) => {
      const { clock, simulator, api, project, device } = await start({ volumeAccess });
      const { id, name } = await api.volumes.create(project, spec, signal);
      await clock.advance(60_000);
      await api.volumes.attach(id, device, signal);
      const access = (await api.volumes.get(id, signal))?.access;
      expect(access !== undefined).toBe(volumeAccess);
      const metadata = await new MetadataService({ baseUrl: simulator.metadata.urlOf('node-1') }).read(signal);
      const target = metadata.volumes.find((volume) => volume.name === name);
      expect(target).toMatchObject({ sizeGB: 10, ips: [expect.any(String), expect.any(String)] });
      if (access !== undefined) expect({ iqn: target?.iqn, ips: target?.ips }).toEqual(access);
    },
  );
});

describe('VLANs and ports', () => {
  test('a VLAN on the bond of a device', async () => {
    const { api, project, device } = await start({ facility: 'da11' });
    const vlan = await api.virtualNetworks.create(project, { metro: 'da', description: 'lan', tags: ['t'] }, signal);
    expect(vlan).toMatchObject({ metro: 'da', description: 'lan', projectId: project });
    const bond = (await api.devices.get(device, signal))?.ports.find(({ name }) => name === 'bond0');
    if (bond === undefined) throw new Error('no bond');
    expect((await api.ports.assign(bond.id, vlan.id, signal)).virtualNetworkIds).toEqual([vlan.id]);
    expect((await api.virtualNetworks.get(vlan.id, signal))?.deviceIds).toEqual([device]);
    await failureOf(api.virtualNetworks.remove(vlan.id, signal));
    expect((await api.ports.unassign(bond.id, vlan.id, signal)).virtualNetworkIds).toEqual([]);
    expect((await api.virtualNetworks.list(project, signal)).map(({ id }) => id)).toEqual([vlan.id]);
    expect(await api.virtualNetworks.remove(vlan.id, signal)).toBe('removed');
  });

  test('layer 2 takes the addresses away, layer 3 brings some back', async () => {
    const { api, device } = await start({ facility: 'da11' });
    const bond = (await api.devices.get(device, signal))?.ports.find(({ name }) => name === 'bond0');
    if (bond === undefined) throw new Error('no bond');
    await api.ports.toLayer2(bond.id, signal);
    expect((await api.devices.get(device, signal))?.addresses).toEqual([]);
    await api.ports.toLayer3(
      bond.id,
      [
        { family: 4, isPublic: true },
        { family: 4, isPublic: false },
      ],
      signal,
    );
    expect((await api.devices.get(device, signal))?.addresses.map(({ family }) => family)).toEqual([4, 4]);
  });
});

describe('reserved machines and metadata', () => {
  test('reserved machines', async () => {
    const { simulator, api, project } = await start();
    const { id } = simulator.addHardwareReservation({ plan: 'c3.small.x86' });
    const [found] = await api.hardwareReservations.list(project, signal);
    expect(found).toMatchObject({ id, plan: 'c3.small.x86', isProvisionable: true, projectId: project });
    expect(found && (await api.hardwareReservations.get(found.id, signal))?.id).toBe(id);
  });

  test('a device reads what it is', async () => {
    const { simulator, device } = await start({ facility: 'da11' });
    const service = new MetadataService({ baseUrl: simulator.metadata.urlOf('node-1') });
    expect(await service.read(signal)).toMatchObject({ id: device, hostname: 'node-1', facility: 'da11', metro: 'da' });
    expect(await service.facility(signal)).toBe('da11');
    expect(await service.userdata(signal)).toBe('');
  });
});
