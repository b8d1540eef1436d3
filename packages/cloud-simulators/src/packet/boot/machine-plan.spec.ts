// Which machines there have to be: the table that documents the boot mode.
import { describe, expect, test } from '@jest/globals';
import { simulatePacket } from '../simulate-packet.ts';
import type { WirePacketDeviceState } from '../wire.ts';
import { cableOf, machineOf, planMachines, plugCommands } from './machine-plan.ts';
import type { MachineSpec } from './machine-plan.ts';
import { bootProblem } from './site.ts';
import type { BootHost } from './site.ts';

function aMachine(change: Partial<MachineSpec> = {}): MachineSpec {
  return {
    id: '1234abcd-0000',
    hostname: 'node-1',
    mac: '02:5e:00:00:00:01',
    addresses: ['198.18.0.1/31'],
    elastic: [],
    userData: '',
    disk: '1234abcd-0000.0',
    restarts: 0,
    ...change,
  };
}

describe('machines', () => {
  const one = aMachine();
  const elastic = aMachine({ elastic: ['198.19.0.0/32'] });
  const restarted = aMachine({ restarts: 1 });
  const reinstalled = aMachine({ disk: '1234abcd-0000.1' });

  test.each([
    { when: 'a device became active', wanted: [one], found: [], steps: [{ kind: 'start', spec: one }] },
    { when: 'it is gone, or off', wanted: [], found: [one], steps: [{ kind: 'stop', id: one.id }] },
    { when: 'nothing changed', wanted: [elastic], found: [elastic], steps: [] },
    {
      when: 'it was asked to restart',
      wanted: [restarted],
      found: [one],
      steps: [
        { kind: 'stop', id: one.id },
        { kind: 'start', spec: restarted },
      ],
    },
    {
      when: 'it was installed anew',
      wanted: [reinstalled],
      found: [one],
      steps: [
        { kind: 'stop', id: one.id },
        { kind: 'start', spec: reinstalled },
      ],
    },
    {
      when: 'it got an elastic address',
      wanted: [elastic],
      found: [one],
      steps: [{ kind: 'add-elastic', id: one.id, address: '198.19.0.0/32' }],
    },
    {
      when: 'it lost one',
      wanted: [one],
      found: [elastic],
      steps: [{ kind: 'remove-elastic', id: one.id, address: '198.19.0.0/32' }],
    },
  ])('when $when', ({ wanted, found, steps }) => {
    expect(planMachines(wanted, new Map(found.map((spec) => [spec.id, spec])))).toEqual(steps);
  });

  test('an address is taken off its old machine before it is put on the new one', () => {
    const other = aMachine({ id: '5678abcd-0000', elastic: ['198.19.0.0/32'] });
    const found = new Map([elastic, { ...other, elastic: [] }].map((spec) => [spec.id, spec]));
    expect(planMachines([one, other], found).map(({ kind }) => kind)).toEqual(['remove-elastic', 'add-elastic']);
  });

  test('are there for devices that are active, with the addresses of the device', async () => {
    const simulator = await simulatePacket();
    try {
      const { id } = simulator.addDevice();
      const states: readonly WirePacketDeviceState[] = ['queued', 'provisioning', 'inactive', 'active', 'failed'];
      const isThere = states.filter((state) => {
        simulator.setDeviceState(id, state);
        const device = simulator.state.devices.get(id);
        return device !== undefined && machineOf(device) !== undefined;
      });
      expect(isThere).toEqual(['active']);
      simulator.setDeviceState(id, 'active');
      const device = simulator.state.devices.get(id);
      expect(device === undefined ? undefined : machineOf(device)).toMatchObject({
        hostname: 'node-1',
        mac: device?.network_ports[1]?.data.mac,
        addresses: ['198.18.0.1/31', '2001:db8:1::1/127', '10.0.0.1/31'],
        elastic: [],
      });
    } finally {
      await simulator.close();
    }
  });
});

describe('commands', () => {
  test('names of interfaces fit the kernel', () => {
    const { host, machine } = cableOf(aMachine());
    expect([host, machine]).toEqual(['pk1234abcdh', 'pk1234abcdm']);
    expect(plugCommands(aMachine(), 7)[1]).toEqual(['ip', 'link', 'set', machine, 'netns', '7']);
  });
});

describe('where machines cannot be booted', () => {
  const fine: BootHost = { platform: 'linux', uid: 0, capabilities: '000001ffffffffff', missing: [], refusal: '' };

  test.each([
    { host: { platform: 'darwin' }, says: /needs Linux/ },
    { host: { uid: 1000 }, says: /needs root: .* sudo/ },
    { host: { uid: undefined }, says: /needs root/ },
    { host: { capabilities: '00000000a80425fb' }, says: /needs CAP_NET_ADMIN and CAP_SYS_ADMIN/ },
    { host: { capabilities: '' }, says: /needs CAP_NET_ADMIN and CAP_SYS_ADMIN/ },
    { host: { missing: ['ip'] }, says: /needs the programs ip/ },
    { host: { refusal: 'mount: permission denied' }, says: /refused here: mount: permission denied/ },
  ])('$host is told why', ({ host, says }) => {
    expect(bootProblem({ ...fine, ...host })).toMatch(says);
  });

  test('root on Linux with all rights is fine', () => {
    expect(bootProblem(fine)).toBeUndefined();
  });
});
