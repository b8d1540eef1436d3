// The metadata service of the simulated Packet.
import { afterEach, describe, expect, test } from '@jest/globals';
import { ask, Running } from './test-support/ask.ts';
import type { WirePacketMetadata } from './wire-storage.ts';

const running = new Running();
afterEach(() => running.closeAll());

describe('the metadata service', () => {
  test('tells a device about itself without a token, by its own URL, a header, or as the first one', async () => {
    const simulator = await running.start();
    const [first, second] = [
      simulator.addDevice({ tags: ['a'] }),
      simulator.addDevice({ facility: 'sjc1', userdata: '#!/bin/sh\n' }),
    ];
    const at = { url: simulator.metadata.url, token: '' };
    const own = { url: simulator.metadata.urlOf(second.id), token: '' };
    expect((await ask<WirePacketMetadata>(at, 'GET /metadata')).json).toMatchObject({
      id: first.id,
      hostname: first.hostname,
      iqn: first.iqn,
      plan: 'c3.small.x86',
      facility: 'ewr1',
      metro: 'ny',
      tags: ['a'],
      operating_system: { slug: 'ubuntu_22_04', distro: 'ubuntu' },
      network: { bonding: { mode: 4 }, interfaces: [{ name: 'eth0', bond: 'bond0' }, { name: 'eth1' }] },
      volumes: [],
      api_url: simulator.metadata.url,
    });
    expect((await ask<WirePacketMetadata>(own, 'GET /metadata')).json.id).toBe(second.id);
    expect((await ask(own, 'GET /userdata')).text).toBe('#!/bin/sh\n');
    const headers = { 'x-simulated-device': second.hostname };
    expect((await ask<WirePacketMetadata>(at, 'GET /metadata', { headers })).json.id).toBe(second.id);
    expect((await ask(own, 'GET /2009-04-04/meta-data/facility')).text).toBe('sjc1');
    expect((await ask(own, 'GET /2009-04-04/meta-data/operating-system/slug')).text).toBe('ubuntu_22_04');
    expect((await ask(own, 'GET /2009-04-04/meta-data')).text).toContain('instance-id\nhostname\niqn');
    expect(simulator.metadata.calls.byRoute()['GET /metadata']).toBe(2);
    expect(simulator.calls.total).toBe(0);
  });

  test('addresses have their parents in full, and BGP its neighbours', async () => {
    const simulator = await running.start();
    simulator.setBgp({ md5: 'Secret12345' });
    const device = simulator.addDevice();
    await ask(simulator, `POST /devices/${device.id}/bgp/sessions`, { body: { address_family: 'ipv4' } });
    const at = { url: simulator.metadata.urlOf(device.id), token: '' };
    const { json } = await ask<WirePacketMetadata>(at, 'GET /metadata');
    expect(json.network.addresses[2]).toMatchObject({
      address: '10.0.0.1',
      parent_block: { network: '10.0.0.0', cidr: 25 },
    });
    expect(json.bgp_neighbors).toMatchObject([{ peer_as: 65530, md5_password: 'Secret12345' }]);
  });

  test('has nothing for a device that is not there, not active, or in pure layer 2', async () => {
    const simulator = await running.start();
    const at = { url: simulator.metadata.url, token: '' };
    expect(await ask(at, 'GET /metadata')).toMatchObject({ status: 404, json: { error: 'Not found' } });
    const { id, network_ports: ports } = simulator.addDevice();
    const own = { url: simulator.metadata.urlOf(id), token: '' };
    const status = async () => (await ask(own, 'GET /metadata')).status;
    expect(await status()).toBe(200);
    simulator.setDeviceState(id, 'provisioning');
    expect(await status()).toBe(404);
    simulator.setDeviceState(id, 'active');
    await ask(simulator, `POST /ports/${ports[0]?.id}/convert/layer-2`, { body: {} });
    expect(await status()).toBe(404);
    expect((await ask({ url: simulator.metadata.urlOf('nobody'), token: '' }, 'GET /metadata')).status).toBe(404);
    expect((await ask(own, 'GET /2009-04-04/meta-data/nonsense')).status).toBe(404);
    expect((await ask(at, 'GET /nowhere')).json).toEqual({ error: 'Not found' });
  });

  test('has faults of its own', async () => {
    const simulator = await running.start({ devices: 1 });
    const at = { url: simulator.metadata.url, token: '' };
    simulator.metadata.fail({ match: { path: '/metadata' }, status: 500 });
    expect((await ask(at, 'GET /metadata')).status).toBe(500);
    expect((await ask(at, 'GET /metadata')).status).toBe(200);
  });
});
