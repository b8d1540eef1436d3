// BGP of the simulated Packet: configurations, sessions, neighbours, and what happens to those who announce too much.
import { afterEach, describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { ask, Running } from './test-support/ask.ts';
import type { PacketSimulator } from './simulate-packet.ts';
import type { WirePacketBgpNeighbor, WirePacketBgpSession } from './wire.ts';

const running = new Running();
afterEach(() => running.closeAll());

function enable(simulator: PacketSimulator, more: object = {}) {
  const body = { deployment_type: 'local', asn: 65000, use_case: 'kubernetes-load-balancer', ...more };
  return ask(simulator, `POST /projects/${simulator.projectId}/bgp-configs`, { body });
}

function configOf(simulator: PacketSimulator) {
  return ask(simulator, `GET /projects/${simulator.projectId}/bgp-config`);
}

function open(simulator: PacketSimulator, device: string, family = 'ipv4') {
  const body = { address_family: family, default_route: false };
  return ask<WirePacketBgpSession>(simulator, `POST /devices/${device}/bgp/sessions`, { body });
}

describe('the configuration of a project', () => {
  test('is 200 with an empty object before there is one, and 204 switches it on', async () => {
    const simulator = await running.start();
    expect(await configOf(simulator)).toMatchObject({ status: 200, json: {} });
    expect((await configOf(simulator)).text).toBe('{}');
    expect((await enable(simulator, { md5: 'Secret12345' })).status).toBe(204);
    expect((await configOf(simulator)).json).toMatchObject({
      status: 'enabled',
      deployment_type: 'local',
      asn: 65000,
      md5: 'Secret12345',
      max_prefix: 10,
    });
    expect((await enable(simulator)).status).toBe(422);
    expect(simulator.schemaProblems).toEqual([]);
  });

  test('tells that it was switched off, and can be switched on again with its old id', async () => {
    const simulator = await running.start();
    simulator.setBgp({ asn: 65001, status: 'disabled' });
    const before = (await configOf(simulator)).json as { id?: string };
    expect(before).toMatchObject({ status: 'disabled', asn: 65001 });
    expect((await enable(simulator)).status).toBe(204);
    expect((await configOf(simulator)).json).toMatchObject({ id: before.id, status: 'enabled', asn: 65000 });
  });

  test('for the whole internet has to be approved', async () => {
    const simulator = await running.start();
    await enable(simulator, { deployment_type: 'global', asn: 64_500 });
    expect((await configOf(simulator)).json).toMatchObject({ status: 'requested' });
    const device = simulator.addDevice();
    expect((await open(simulator, device.id)).status).toBe(422);
    simulator.setBgp({ status: 'enabled' });
    expect((await open(simulator, device.id)).status).toBe(201);
  });

  test.each([{ deployment_type: 'lunar' }, { asn: 0 }, { md5: 'weak' }, { asn: 'x' }])(
    '%j is refused',
    async (more) => {
      const simulator = await running.start();
      expect((await enable(simulator, more)).status).toBe(422);
      expect((await configOf(simulator)).text).toBe('{}');
    },
  );
});

describe('a session', () => {
  test('needs BGP in the project, starts unknown, comes up, and is there once per family', async () => {
    const clock = new FakeClock();
    const simulator = await running.start({ clock, bgpUpMs: 5000 });
    const device = simulator.addDevice();
    expect((await open(simulator, device.id)).json).toEqual({ errors: ['BGP is not enabled for this project'] });
    simulator.setBgp({});
    const made = await open(simulator, device.id);
    expect(made).toMatchObject({
      status: 201,
      json: { status: 'unknown', address_family: 'ipv4', learned_routes: [] },
    });
    const again = await open(simulator, device.id);
    expect(again.status).toBe(422);
    expect(again.text).toContain('already has session');
    expect((await open(simulator, device.id, 'ipv6')).status).toBe(201);
    await clock.advance(5000);
    const read = async () =>
      (await ask<WirePacketBgpSession>(simulator, `GET /bgp/sessions/${made.json.id}`)).json.status;
    expect(await read()).toBe('up');
    simulator.setBgpStatus(made.json.id, 'up,down');
    expect(await read()).toBe('up,down');
    const all = await ask<{ bgp_sessions: object[] }>(simulator, `GET /projects/${simulator.projectId}/bgp/sessions`);
    expect(all.json.bgp_sessions).toHaveLength(2);
  });

  test('can be changed with either body, and removed; it goes with its device', async () => {
    const simulator = await running.start();
    simulator.setBgp({});
    const [device, other] = simulator.addDevices(2);
    const { json } = await open(simulator, device?.id ?? '');
    await open(simulator, other?.id ?? '');
    for (const [body, isDefault] of [
      [{ default_route: true }, true],
      [false, false],
    ] as const) {
      const changed = await ask(simulator, `PUT /bgp/sessions/${json.id}`, { body });
      expect(changed.json).toMatchObject({ default_route: isDefault });
    }
    expect((await ask(simulator, `DELETE /bgp/sessions/${json.id}`)).status).toBe(204);
    expect((await ask(simulator, `GET /bgp/sessions/${json.id}`)).status).toBe(404);
    await ask(simulator, `DELETE /devices/${other?.id}`);
    expect(simulator.state.bgpSessions.size).toBe(0);
    expect(simulator.schemaProblems).toEqual([]);
  });

  test('is dropped by more prefixes than allowed, and stays down until support resets it', async () => {
    const simulator = await running.start({ bgpUpMs: 0 });
    simulator.setBgp({ maxPrefix: 2 });
    const device = simulator.addDevice();
    const { json } = await open(simulator, device.id);
    const now = () => simulator.state.bgpSessions.get(json.id);
    simulator.announce(device.id, ['198.19.0.0/32', '198.19.0.1/32']);
    expect(now()).toMatchObject({ status: 'up', learned_routes: ['198.19.0.0/32', '198.19.0.1/32'] });
    simulator.announce(device.id, ['198.19.0.0/32', '198.19.0.1/32', '198.19.0.2/32']);
    simulator.announce(device.id, ['198.19.0.0/32']);
    expect(now()).toMatchObject({ status: 'down', learned_routes: [] });
    simulator.resetBgp(device.id);
    expect(now()).toMatchObject({ status: 'up' });
  });
});

describe('neighbours', () => {
  const neighborsOf = async (simulator: PacketSimulator, id: string) =>
    (await ask<{ bgp_neighbors: readonly WirePacketBgpNeighbor[] }>(simulator, `GET /devices/${id}/bgp/neighbors`)).json
      .bgp_neighbors;

  test('are two link-local peers that want the private address, with the password of the project', async () => {
    const simulator = await running.start();
    simulator.setBgp({ asn: 65001, md5: 'Secret12345' });
    const device = simulator.addDevice();
    expect(await neighborsOf(simulator, device.id)).toEqual([]);
    await open(simulator, device.id);
    expect(await neighborsOf(simulator, device.id)).toEqual([
      {
        address_family: 4,
        customer_as: 65001,
        customer_ip: '10.0.0.1',
        md5_enabled: true,
        md5_password: 'Secret12345',
        multihop: true,
        peer_as: 65530,
        peer_ips: ['169.254.255.1', '169.254.255.2'],
        routes_in: [],
        routes_out: [],
      },
    ]);
  });

  test('are the gateway where there is one hop', async () => {
    const simulator = await running.start({ bgpHops: 'single' });
    simulator.setBgp({});
    const device = simulator.addDevice();
    await open(simulator, device.id);
    expect(await neighborsOf(simulator, device.id)).toMatchObject([{ multihop: false, peer_ips: ['10.0.0.0'] }]);
  });
});
