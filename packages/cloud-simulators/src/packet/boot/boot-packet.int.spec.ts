// The boot mode with real namespaces; skipped by name where it cannot work. The bridge of a site stands in the network of the process: the
// suite runs itself once more in a network namespace of its own, so that nothing appears on the machine's network.
import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ask } from '../test-support/ask.ts';
import { isInOwnNetwork, runSpecInOwnNetwork } from './spec-in-own-network.ts';
import { until } from '@longshore/reconciler-core/testing';
import type { WirePacketIpReservation } from '../wire.ts';
import { bootPacket } from './boot-packet.ts';
import type { PacketSite } from './boot-packet.ts';
import type { Machine } from './machine.ts';
import { bootProblem, openSite } from './site.ts';

const problem = bootProblem();

if (problem !== undefined) {
  test.skip(`devices are machines (skipped: ${problem})`, () => {});
} else if (!isInOwnNetwork()) {
  test('devices are machines, in a network namespace of the suite', async () => {
    const { code, output } = await runSpecInOwnNetwork(import.meta.filename);
    expect(`${output}\nexit code ${code}`).toMatch(/Tests: +7 passed, 7 total[^]*exit code 0$/);
  }, 300_000);
} else {
  let site: PacketSite;

  beforeAll(async () => {
    site = await bootPacket();
  });

  afterAll(() => site.close());

  const bootDevice = async (
    hostname: string,
  ): Promise<{ readonly id: string; readonly machine: Machine; readonly address: string }> => {
    const { id, ip_addresses: addresses } = site.simulator.addDevice({
      hostname,
      userdata: `#!/bin/sh\necho ${hostname}\n`,
    });
    await site.sync();
    const machine = site.machines.get(id);
    if (machine === undefined) throw new Error(`device ${hostname} is no machine`);
    return { id, machine, address: addresses[0]?.address ?? '' };
  };

  const isReached = (from: Machine, address: string): Promise<boolean> =>
    // Bash opens the port by itself; refused is as good as open: somebody with that address answered.
    from
      .run(['bash', '-c', `timeout 2 bash -c 'echo > /dev/tcp/${address}/9' 2>&1 | grep -q refused`])
      .then(() => true)
      .catch(() => false);

  describe('devices are machines', () => {
    test('with name, addresses and files of their own, that reach one another', async () => {
      const [one, two] = [await bootDevice('one'), await bootDevice('two')];
      expect((await one.machine.run(['hostname'])).stdout).toBe('one\n');
      const { stdout } = await one.machine.run(['ip', '-o', 'addr', 'show', 'bond0']);
      expect(stdout).toContain(`${one.address}/31`);
      await one.machine.run(['mkdir', '-p', '/etc/kubernetes']);
      await one.machine.run(['ls', '/etc/kubernetes']);
      await expect(two.machine.run(['ls', '/etc/kubernetes'])).rejects.toThrow(/No such file/);
      expect(await isReached(one.machine, two.address)).toBe(true);
      expect(await isReached(one.machine, '198.18.200.1')).toBe(false);
    }, 60_000);

    test('that are known to the metadata service by their addresses', async () => {
      const { machine } = await bootDevice('three');
      const script = `fetch('${site.simulator.metadata.url}/userdata').then((a) => a.text()).then((t) => process.stdout.write(t))`;
      const { stdout } = await machine.run([process.execPath, '-e', script]);
      expect(stdout).toBe('#!/bin/sh\necho three\n');
    }, 60_000);

    test('that have the elastic addresses assigned to them, off when the device is, and gone with it', async () => {
      const [holder, other, third] = [await bootDevice('four'), await bootDevice('five'), await bootDevice('seven')];
      const { simulator } = site;
      const block = await ask<WirePacketIpReservation>(simulator, `POST /projects/${simulator.projectId}/ips`, {
        body: { type: 'public_ipv4', quantity: 1, metro: 'ny' },
      });
      const address = block.json.address ?? '';
      expect(await isReached(other.machine, address)).toBe(false);
      await ask(simulator, `POST /devices/${holder.id}/ips`, { body: { address } });
      await site.sync();
      expect(await isReached(other.machine, address)).toBe(true);
      const [moved] = simulator.state.reservations.get(block.json.id)?.assignments ?? [];
      await ask(simulator, `DELETE ${moved?.href}`);
      await ask(simulator, `POST /devices/${third.id}/ips`, { body: { address } });
      await site.sync();
      expect(await isReached(other.machine, address)).toBe(true);
      expect((await third.machine.run(['ip', 'addr', 'show', 'lo'])).stdout).toContain(address);
      expect((await holder.machine.run(['ip', 'addr', 'show', 'lo'])).stdout).not.toContain(address);
      simulator.setDeviceState(holder.id, 'inactive');
      await site.sync();
      expect(site.machines.has(holder.id)).toBe(false);
      expect(await isReached(other.machine, holder.address)).toBe(false);
      simulator.setDeviceState(holder.id, 'active');
      await site.sync();
      expect(await isReached(other.machine, holder.address)).toBe(true);
      simulator.removeDevice(holder.id);
      await site.sync();
      expect(site.machines.has(holder.id)).toBe(false);
    }, 60_000);

    test('that run their user data once, and keep their disk when they restart, until they are installed anew', async () => {
      const { simulator } = site;
      const script =
        '#!/bin/sh\necho once >> /root/runs; echo "I am $(curl -s https://metadata.packet.net/2009-04-04/meta-data/hostname)"\n';
      const { id } = simulator.addDevice({ hostname: 'eight', userdata: script });
      const runs = async (): Promise<string> => (await site.machines.get(id)?.run(['cat', '/root/runs']))?.stdout ?? '';
      await until('its user data has run', () => site.firstBootOf(id) === 'done');
      expect(site.consoleOf(id)).toBe('I am eight\nlongshore: user data ended with exit code 0\n');
      const before = site.machines.get(id);
      await before?.run(['sh', '-c', 'echo kept > /var/lib/kept; echo gone > /run/gone']);
      await ask(simulator, `POST /devices/${id}/actions`, { body: { type: 'reboot' } });
      await until('it has restarted', () => site.machines.has(id) && site.machines.get(id) !== before);
      const restarted = site.machines.get(id);
      expect((await restarted?.run(['cat', '/var/lib/kept']))?.stdout).toBe('kept\n');
      await expect(restarted?.run(['cat', '/run/gone'])).rejects.toThrow(/No such file/);
      expect(await runs()).toBe('once\n');
      await ask(simulator, `POST /devices/${id}/actions`, { body: { type: 'reinstall' } });
      await until('it has been installed anew', () => site.machines.has(id) && site.machines.get(id) !== restarted);
      await until('its user data has run again', async () => (await runs()) === 'once\n');
      await expect(site.machines.get(id)?.run(['cat', '/var/lib/kept'])).rejects.toThrow(/No such file/);
    }, 180_000);

    test('whose changes are their own: the host keeps its files and its programs', async () => {
      const { machine } = await bootDevice('nine');
      const mark = `longshore-test-${process.pid}`;
      await machine.run([
        'sh',
        '-c',
        `for d in etc usr var opt root tmp srv; do echo x > /$d/${mark}; done; rm -f /usr/bin/env`,
      ]);
      expect(
        ['etc', 'usr', 'var', 'opt', 'root', 'tmp', 'srv'].filter((name) => existsSync(`/${name}/${mark}`)),
      ).toEqual([]);
      expect(existsSync('/usr/bin/env')).toBe(true);
      // By its path, too: the host's own would switch off the host's swap.
      const { stderr } = await machine.run([
        'sh',
        '-c',
        'apt-get update 2>&1; swapoff -a; [ ! -e /sbin/swapoff ] || /sbin/swapoff -a',
      ]);
      expect(stderr).toMatch(/swapoff -a does nothing on a simulated machine/);
    }, 180_000);

    test('that say on their console what is wrong with their user data', async () => {
      const { simulator } = site;
      const failing = simulator.addDevice({
        hostname: 'ten',
        userdata: '#!/bin/bash\nset -e\ncat /no/such/file\necho on\n',
      });
      const unprepared = simulator.addDevice({
        hostname: 'eleven',
        userdata: '#!/bin/sh\napt-get install -y kubelet\nsystemctl start containerd\n',
      });
      await until('both have ended', () => [failing, unprepared].every(({ id }) => site.firstBootOf(id) === 'failed'));
      expect(site.consoleOf(failing.id)).toMatch(/\/no\/such\/file: No such file[^]*exit code 1\n$/);
      expect(site.consoleOf(failing.id)).not.toContain('on\n');
      expect(site.consoleOf(unprepared.id)).toMatch(
        /E: Unable to locate package kubelet[^]*Unit containerd.service not found/,
      );
    }, 180_000);

    test('a second site on the same host is refused, because its addresses are the same', async () => {
      await bootDevice('six');
      await expect(openSite()).rejects.toThrow(/another simulator runs in boot mode/);
    }, 60_000);
  });
}
