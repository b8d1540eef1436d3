// VLANs, ports, reserved machines, capacity and the catalog of the simulated Packet.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, Running } from './test-support/ask.ts';
import type { PacketSimulator } from './simulate-packet.ts';
import type {
  WirePacketDevice,
  WirePacketFacility,
  WirePacketHardwareReservation,
  WirePacketPort,
  WirePacketVirtualNetwork,
} from './wire.ts';

const running = new Running();
afterEach(() => running.closeAll());

function addVlan(simulator: PacketSimulator, body: object) {
  return ask<WirePacketVirtualNetwork>(simulator, `POST /projects/${simulator.projectId}/virtual-networks`, { body });
}

describe('a VLAN', () => {
  test('has a number that is free in its metro, and cannot go while ports are in it', async () => {
    const simulator = await running.start();
    const made = await addVlan(simulator, { metro: 'ny', description: 'mine', tags: ['a'] });
    expect(made).toMatchObject({
      status: 201,
      json: { vxlan: 1000, metro_code: 'ny', description: 'mine', instances: [] },
    });
    expect((await addVlan(simulator, { metro: 'ny' })).json.vxlan).toBe(1001);
    expect((await addVlan(simulator, { metro: 'sv', vxlan: 1000 })).status).toBe(201);
    expect((await addVlan(simulator, { metro: 'ny', vxlan: 1000 })).status).toBe(422);
    expect((await addVlan(simulator, { vxlan: 7 })).status).toBe(422);
    const path = `/virtual-networks/${made.json.id}`;
    expect((await ask(simulator, `PUT ${path}`, { body: { description: 'x' } })).json).toMatchObject({
      description: 'x',
    });
    const { network_ports: ports } = simulator.addDevice();
    await ask(simulator, `POST /ports/${ports[0]?.id}/assign`, { body: { vnid: made.json.id } });
    expect((await ask(simulator, `DELETE ${path}`)).status).toBe(422);
    await ask(simulator, `POST /ports/${ports[0]?.id}/unassign`, { body: { vnid: '1000' } });
    expect((await ask(simulator, `DELETE ${path}`)).status).toBe(204);
    const query = `/projects/${simulator.projectId}/virtual-networks?metro=ny`;
    expect((await ask<{ virtual_networks: object[] }>(simulator, `GET ${query}`)).json.virtual_networks).toHaveLength(
      1,
    );
    expect(simulator.schemaProblems).toEqual([]);
  });
});

describe('a port', () => {
  test('goes from layer 3 to hybrid, layer 2 and back; layer 2 has no addresses of its own', async () => {
    const simulator = await running.start();
    const { id, network_ports: ports } = simulator.addDevice();
    const vlan = (await addVlan(simulator, { metro: 'ny' })).json;
    const [bond, , eth1] = ports;
    const act = async (port: WirePacketPort | undefined, what: string, body?: object) =>
      (await ask<WirePacketPort>(simulator, `POST /ports/${port?.id}/${what}`, { body })).json;
    const addresses = () => simulator.state.devices.get(id)?.ip_addresses.map(({ address }) => address);
    expect(bond?.network_type).toBe('layer3');
    expect((await act(bond, 'assign', { vnid: vlan.id })).network_type).toBe('hybrid-bonded');
    expect((await act(bond, 'native-vlan', { vnid: vlan.id })).native_virtual_network).toEqual({ href: vlan.href });
    expect((await ask(simulator, `DELETE /ports/${bond?.id}/native-vlan`)).json).not.toHaveProperty(
      'native_virtual_network',
    );
    await act(bond, 'unassign', { vnid: vlan.id });
    expect((await act(eth1, 'disbond')).data.bonded).toBe(false);
    expect(simulator.state.devices.get(id)?.network_ports[0]?.network_type).toBe('hybrid');
    await act(eth1, 'bond');
    expect((await act(bond, 'convert/layer-2', { vnid: vlan.id })).network_type).toBe('layer2-bonded');
    expect(addresses()).toEqual([]);
    expect((await act(bond, 'disbond', { bulk_disable: true })).network_type).toBe('layer2-individual');
    const asked = [{ address_family: 4, public: false }];
    expect((await act(bond, 'convert/layer-3', { request_ips: asked })).network_type).toBe('layer3');
    expect(addresses()).toEqual(['10.0.0.1']);
    expect((await ask(simulator, `POST /ports/${bond?.id}/convert/layer-3`)).status).toBe(422);
    expect((await ask(simulator, 'GET /ports/00000000-0000-4000-8000-000000000000')).status).toBe(404);
    expect(simulator.schemaProblems).toEqual([]);
  });
});

describe('a reserved machine', () => {
  test('takes one device, by its id or as the next that is free', async () => {
    const simulator = await running.start();
    const [one, two] = [simulator.addHardwareReservation(), simulator.addHardwareReservation()];
    simulator.addHardwareReservation({ isProvisionable: false });
    const machine = { plan: 'c3.small.x86', operating_system: 'ubuntu_22_04', metro: 'ny' };
    const create = (hardware: string) =>
      ask<WirePacketDevice & { errors?: readonly string[] }>(
        simulator,
        `POST /projects/${simulator.projectId}/devices`,
        {
          body: { ...machine, hardware_reservation_id: hardware },
        },
      );
    expect((await create(two.id)).json.hardware_reservation).toEqual({ href: two.href });
    expect((await create(two.id)).status).toBe(422);
    const next = await create('next-available');
    expect(next.json.hardware_reservation).toEqual({ href: one.href });
    expect(await create('next-available')).toMatchObject({
      status: 503,
      json: { errors: [expect.stringContaining('No available')] },
    });
    const path = `/projects/${simulator.projectId}/hardware-reservations`;
    const read = await ask<{ hardware_reservations: WirePacketHardwareReservation[] }>(simulator, `GET ${path}`);
    expect(read.json.hardware_reservations.map(({ provisionable }) => provisionable)).toEqual([false, false, false]);
    simulator.removeDevice(next.json.id);
    const free = await ask<{ hardware_reservations: WirePacketHardwareReservation[] }>(
      simulator,
      `GET ${path}?provisionable=only`,
    );
    expect(free.json.hardware_reservations.map(({ id }) => id)).toEqual([one.id]);
  });

  test('moves to another project, and a spare is activated', async () => {
    const simulator = await running.start();
    const spare = simulator.addHardwareReservation({ isSpare: true });
    const activated = await ask(simulator, `POST /hardware-reservations/${spare.id}/activate`, {
      body: { description: 'x' },
    });
    expect(activated).toMatchObject({ status: 201, json: { spare: false } });
    expect((await ask(simulator, `POST /hardware-reservations/${spare.id}/activate`)).status).toBe(422);
    const project_id = simulator.addProject();
    const moved = await ask(simulator, `POST /hardware-reservations/${spare.id}/move`, { body: { project_id } });
    expect(moved).toMatchObject({ status: 201, json: { project: { href: `/projects/${project_id}` } } });
    expect((await ask(simulator, `GET /hardware-reservations/${spare.id}`)).status).toBe(200);
  });
});

describe('capacity', () => {
  test('is checked by facility or metro, with numbers or texts, and reported in levels', async () => {
    const simulator = await running.start();
    simulator.setCapacity('ewr1', 'c3.small.x86', 2);
    simulator.setCapacity('ny5', 'c3.small.x86', 0);
    const check = async (path: string, server: object) =>
      (await ask<{ servers: { available: boolean }[] }>(simulator, `POST ${path}`, { body: { servers: [server] } }))
        .json.servers[0]?.available;
    expect(await check('/capacity', { facility: 'ewr1', plan: 'c3.small.x86', quantity: 2 })).toBe(true);
    expect(await check('/capacity', { facility: 'ewr1', plan: 'c3.small.x86', quantity: '3' })).toBe(false);
    expect(await check('/capacity/metros', { metro: 'ny', plan: 'c3.small.x86', quantity: 3 })).toBe(false);
    expect(await check('/capacity/metros', { metro: 'sv', plan: 'c3.small.x86', quantity: 100 })).toBe(true);
    const { json } = await ask<{ capacity: Record<string, Record<string, object>> }>(simulator, 'GET /capacity');
    expect(json.capacity['ewr1']?.['c3.small.x86']).toEqual({ level: 'critical', servers: '2' });
    expect(json.capacity['ny5']?.['c3.small.x86']).toEqual({ level: 'unavailable', servers: '0' });
    expect(json.capacity['sjc1']?.['c3.small.x86']).toEqual({ level: 'normal', servers: '45+' });
    const metros = await ask<{ capacity: Record<string, Record<string, object>> }>(simulator, 'GET /capacity/metros');
    expect(metros.json.capacity['ny']?.['c3.small.x86']).toMatchObject({ level: 'critical' });
    const unknown = { servers: [{ metro: 'zz', plan: 'x', quantity: 1 }] };
    expect((await ask(simulator, 'POST /capacity/metros', { body: unknown })).status).toBe(422);
    expect(simulator.schemaProblems).toEqual([]);
  });
});

describe('the catalog', () => {
  test('has facilities with their features, metros, plans and systems', async () => {
    const simulator = await running.start();
    const { json } = await ask<{ facilities: WirePacketFacility[] }>(simulator, 'GET /facilities');
    const storage = json.facilities.filter(({ features }) => features.includes('storage'));
    expect(storage.map(({ code }) => code).sort()).toEqual(['ams1', 'dfw2', 'ewr1', 'nrt1', 'sjc1']);
    const metros = await ask<{ metros: { id: string; code: string }[] }>(simulator, 'GET /locations/metros');
    expect((await ask(simulator, `GET /locations/metros/${metros.json.metros[0]?.id}`)).json).toMatchObject({
      code: 'am',
    });
    expect((await ask(simulator, 'GET /locations/metros/zz')).status).toBe(404);
    const plans = await ask<{ plans: { slug: string }[] }>(simulator, 'GET /plans?slug=storage_1');
    expect(plans.json.plans.map(({ slug }) => slug)).toEqual(['storage_1']);
    const projectPlans = await ask<{ plans: object[] }>(simulator, `GET /projects/${simulator.projectId}/plans`);
    expect(projectPlans.json.plans.length).toBeGreaterThan(5);
    const systems = await ask<{ operating_systems: { slug: string }[] }>(simulator, 'GET /operating-systems');
    expect(systems.json.operating_systems.map(({ slug }) => slug)).toContain('custom_ipxe');
  });
});
