// Reserved blocks and assignments of the simulated Packet.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, Running } from './test-support/ask.ts';
import type { Errors } from './test-support/ask.ts';
import type { PacketSimulator } from './simulate-packet.ts';
import type { WirePacketDevice, WirePacketIpAssignment, WirePacketIpReservation, WirePacketMeta } from './wire.ts';

const running = new Running();
afterEach(() => running.closeAll());

interface Ips {
  readonly ip_addresses: readonly WirePacketIpReservation[];
  readonly meta: WirePacketMeta;
}

const wish = { type: 'public_ipv4', quantity: 1, metro: 'ny' };

function ipsOf(simulator: PacketSimulator): string {
  return `/projects/${simulator.projectId}/ips`;
}

async function reserve(simulator: PacketSimulator, more: object = {}): Promise<WirePacketIpReservation> {
  const answer = await ask<WirePacketIpReservation>(simulator, `POST ${ipsOf(simulator)}`, {
    body: { ...wish, ...more },
  });
  expect(answer.status).toBe(201);
  return answer.json;
}

function assign(simulator: PacketSimulator, device: string, address: string | undefined) {
  return ask<WirePacketIpAssignment & Errors>(simulator, `POST /devices/${device}/ips`, { body: { address } });
}

describe('a reservation', () => {
  test('has tags and details, an address of its own, and is found in the list', async () => {
    const simulator = await running.start();
    const made = await reserve(simulator, { tags: ['a=b'], details: 'mine', customdata: { x: 1 } });
    expect(made).toMatchObject({
      state: 'created',
      type: 'public_ipv4',
      address: '198.19.0.0',
      cidr: 32,
      netmask: '255.255.255.255',
      public: true,
      management: false,
      global_ip: false,
      tags: ['a=b'],
      details: 'mine',
      customdata: { x: 1 },
      available: '1',
      assignments: [],
      metro: { code: 'ny' },
    });
    const next = await reserve(simulator, { quantity: 4 });
    expect([next.address, next.cidr, next.available]).toEqual(['198.19.0.4', 30, '4']);
    const third = await reserve(simulator);
    expect(third.address).toBe('198.19.0.1');
    const { json } = await ask<Ips>(simulator, `GET ${ipsOf(simulator)}`);
    expect(json.ip_addresses.map(({ id }) => id)).toEqual([made.id, next.id, third.id]);
    expect(simulator.schemaProblems).toEqual([]);
  });

  test('lists show 250 at a time, and some servers of the API know no pages of them', async () => {
    const simulator = await running.start();
    for (let index = 0; index < 260; index += 1) await reserve(simulator);
    const read = async (at: PacketSimulator, query: string) => (await ask<Ips>(at, `GET ${ipsOf(at)}${query}`)).json;
    expect((await read(simulator, '')).ip_addresses).toHaveLength(250);
    expect((await read(simulator, '?page=2')).ip_addresses).toHaveLength(10);
    expect((await read(simulator, '?per_page=1000')).ip_addresses).toHaveLength(260);
    const old = await running.start({ ipPages: false });
    const made = await reserve(old);
    expect((await read(old, '?page=2')).ip_addresses.map(({ id }) => id)).toEqual([made.id]);
    expect(old.schemaProblems.map(({ problem }) => problem)).toEqual(['query/page is unknown']);
  });

  test('beyond the quota is pending until somebody decides, or 422 where that was asked for', async () => {
    const simulator = await running.start({ ipQuota: 1 });
    await reserve(simulator);
    const refused = await ask<Errors>(simulator, `POST ${ipsOf(simulator)}`, {
      body: { ...wish, fail_on_approval_required: true },
    });
    expect(refused.status).toBe(422);
    const pending = await reserve(simulator);
    expect(pending).toMatchObject({ state: 'pending' });
    expect(pending.address).toBeUndefined();
    simulator.approveReservation(pending.id);
    expect(simulator.state.reservations.get(pending.id)).toMatchObject({ state: 'created', address: '198.19.0.1' });
    const other = await reserve(simulator);
    simulator.denyReservation(other.id);
    expect(simulator.state.reservations.get(other.id)?.state).toBe('denied');
  });

  test.each([
    { more: { type: 'magic' }, says: 'Type is not included' },
    { more: { quantity: 3 }, says: 'power of two' },
    { more: { metro: undefined }, says: "Metro can't be blank" },
    { more: { metro: 'zz' }, says: 'Metro is not valid' },
    { more: { metro: undefined, facility: 'zz1' }, says: 'Facility is not valid' },
    { more: { quantity: '1' }, says: 'body/quantity must be integer' },
  ])('$more is refused', async ({ more, says }) => {
    const simulator = await running.start();
    const { status, json } = await ask(simulator, `POST ${ipsOf(simulator)}`, { body: { ...wish, ...more } });
    expect(status).toBe(422);
    expect(json.errors?.[0]).toContain(says);
  });

  test('can be changed, and lists can be filtered by type', async () => {
    const simulator = await running.start({ devices: 1 });
    const made = await reserve(simulator);
    const changed = await ask(simulator, `PATCH /ips/${made.id}`, { body: { tags: ['new'], details: 'x' } });
    expect(changed).toMatchObject({ status: 200, json: { tags: ['new'], details: 'x' } });
    const types = async (query: string) =>
      (await ask<Ips>(simulator, `GET ${ipsOf(simulator)}${query}`)).json.ip_addresses.map(({ type }) => type);
    // A project's list also has the blocks that the API made for its devices.
    expect(await types('')).toEqual(['public_ipv6', 'private_ipv4', 'public_ipv4']);
    expect(await types('?types=private_ipv4,public_ipv4')).toEqual(['private_ipv4', 'public_ipv4']);
  });

  test('that the API made by itself cannot be given away', async () => {
    const simulator = await running.start({ devices: 1 });
    for (const { id, management, addon } of simulator.state.reservations.values()) {
      expect({ management, addon }).toEqual({ management: true, addon: false });
      expect((await ask(simulator, `DELETE /ips/${id}`)).status).toBe(422);
    }
  });

  test('of another project is 403, an unknown one 404', async () => {
    const simulator = await running.start();
    const { id } = await reserve(simulator);
    simulator.addToken('other', { projectId: simulator.addProject() });
    expect((await ask(simulator, `DELETE /ips/${id}`, { token: 'other' })).status).toBe(403);
    expect((await ask(simulator, 'GET /ips/00000000-0000-4000-8000-000000000000')).status).toBe(404);
  });
});

describe('an assignment', () => {
  test('shows up in the device after the addresses it was born with, and in the block', async () => {
    const simulator = await running.start();
    const device = simulator.addDevice();
    const block = await reserve(simulator);
    const made = await assign(simulator, device.id, block.address);
    expect(made).toMatchObject({
      status: 201,
      json: { management: false, address: block.address, assigned_to: { href: device.href } },
    });
    const { json } = await ask<WirePacketDevice>(simulator, `GET /devices/${device.id}`);
    expect(json.ip_addresses.map(({ address, management }) => [address, management])).toEqual([
      ['198.18.0.1', true],
      ['2001:db8:1::1', true],
      ['10.0.0.1', true],
      [block.address, false],
    ]);
    const read = await ask<WirePacketIpReservation>(simulator, `GET /ips/${block.id}`);
    expect(read.json).toMatchObject({ assignments: [{ href: `/ips/${made.json.id}` }], available: '0' });
    const shown = await ask<WirePacketIpReservation>(simulator, `GET /ips/${block.id}?include=assignments`);
    expect(shown.json.assignments).toEqual([expect.objectContaining({ id: made.json.id, address: block.address })]);
    const own = await ask<{ ip_addresses: object[] }>(simulator, `GET /devices/${device.id}/ips`);
    expect(own.json.ip_addresses).toHaveLength(4);
    expect((await ask(simulator, `GET /ips/${made.json.id}`)).json).toMatchObject({ type: 'IPAssignment' });
  });

  test('DELETE /ips takes an assignment away by its id, and the whole block by the block’s', async () => {
    const simulator = await running.start();
    const device = simulator.addDevice();
    const block = await reserve(simulator);
    const one = await assign(simulator, device.id, `${block.address}/32`);
    expect((await ask(simulator, `DELETE /ips/${one.json.id}`)).status).toBe(204);
    expect(simulator.state.reservations.get(block.id)?.assignments).toEqual([]);
    expect((await ask(simulator, `DELETE /ips/${one.json.id}`)).status).toBe(404);
    await assign(simulator, device.id, block.address);
    expect((await ask(simulator, `DELETE /ips/${block.id}`)).status).toBe(204);
    expect(simulator.state.reservations.has(block.id)).toBe(false);
    expect(simulator.state.devices.get(device.id)?.ip_addresses).toHaveLength(3);
    const [born] = device.ip_addresses;
    expect((await ask(simulator, `DELETE /ips/${born?.id}`)).status).toBe(422);
  });

  test('is refused while the address is elsewhere, in another metro, or of no block of the project', async () => {
    const simulator = await running.start();
    const [first, second] = simulator.addDevices(2);
    const far = simulator.addDevice({ facility: 'sjc1' });
    const block = await reserve(simulator);
    await assign(simulator, first?.id ?? '', block.address);
    const errorOf = async (device: string | undefined, address: string | undefined) => {
      const { status, json } = await assign(simulator, device ?? '', address);
      expect(status).toBe(422);
      return json.errors?.[0];
    };
    expect(await errorOf(second?.id, block.address)).toBe('Address is already assigned');
    expect(await errorOf(far.id, block.address)).toBe('Address is in another metro than the device');
    expect(await errorOf(second?.id, '192.0.2.1')).toBe('Address does not belong to a block of the project');
    expect(await errorOf(second?.id, 'nonsense')).toBe('Address is not a valid IPv4 address');
  });

  test('a global address can be on several devices, wherever they are', async () => {
    const simulator = await running.start();
    const block = await reserve(simulator, { type: 'global_ipv4', metro: undefined });
    expect(block.global_ip).toBe(true);
    for (const facility of ['ewr1', 'sjc1']) {
      const device = simulator.addDevice({ facility });
      expect((await assign(simulator, device.id, block.address)).status).toBe(201);
    }
    expect(simulator.state.reservations.get(block.id)?.assignments).toHaveLength(2);
  });

  test('parts of a block are free until a device has them, also after it is deleted', async () => {
    const simulator = await running.start();
    const device = simulator.addDevice();
    const block = await reserve(simulator, { quantity: 4 });
    const free = async (cidr: number) =>
      (await ask<{ available: string[] }>(simulator, `GET /ips/${block.id}/available?cidr=${cidr}`)).json.available;
    expect(await free(31)).toEqual(['198.19.0.0/31', '198.19.0.2/31']);
    await assign(simulator, device.id, '198.19.0.1');
    expect(await free(31)).toEqual(['198.19.0.2/31']);
    await assign(simulator, device.id, '198.19.0.2/31');
    expect(await free(32)).toEqual(['198.19.0.0/32']);
    await ask(simulator, `DELETE /devices/${device.id}`);
    expect(await free(30)).toEqual(['198.19.0.0/30']);
  });
});
