// What a machine is made of: that its host keeps its files, and that the scripts of the stand-ins are scripts.
import { execFileSync } from 'node:child_process';
import { describe, expect, test } from '@jest/globals';
import { mountPointsIn, neededMounts } from './host-folders.ts';
import { asksForKubernetes } from './kubernetes-programs.ts';
import type { MachineSpec } from './machine-plan.ts';
import { diskCommands, networkCommands, newDiskScript } from './set-up-plan.ts';
import { STAND_INS, SUPPLEMENTS } from './stand-ins.ts';

const spec: MachineSpec = {
  id: '1234abcd-0000',
  hostname: 'node-1',
  mac: '02:5e:00:00:00:01',
  addresses: ['198.18.0.1/31', '10.0.0.1/31', '2001:db8:1::1/127'],
  elastic: ['198.19.0.0/32'],
  userData: '',
  disk: '1234abcd-0000.0',
  restarts: 0,
};

describe('disks', () => {
  test('every folder that is written to is an overlay, whose changes are on the disk of the machine', () => {
    const commands = diskCommands(spec, { roots: ['etc', 'usr'], mounts: [] });
    const overlays = commands.filter((command) => command.includes('overlay'));
    expect(overlays.map((command) => command.at(-1))).toEqual(['/etc', '/usr']);
    expect(overlays[0]).toContain('lowerdir=/etc,upperdir=/mnt/etc.upper,workdir=/mnt/etc.work');
    expect(commands[1]).toEqual(['mount', '--bind', '/mnt/1234abcd-0000.0', '/mnt']);
  });

  test('a mount that holds a program it needs stays visible, and read-only', () => {
    const lines = diskCommands(spec, { roots: ['opt'], mounts: ['/opt/node'] }).map((command) => command.join(' '));
    const hidden = lines.findIndex((line) => line.endsWith('overlay /opt'));
    expect(lines.indexOf('mount --bind /opt/node /mnt/keep/0')).toBeLessThan(hidden);
    expect(lines.indexOf('mount --bind /mnt/keep/0 /opt/node')).toBeGreaterThan(hidden);
    expect(lines).toContain('mount -o remount,bind,ro /opt/node');
  });

  test('only those mounts that hold a program are kept', () => {
    const text =
      '1 0 8:1 / / rw - ext4 a rw\n2 1 8:2 / /home/a\\040b rw - ext4 a rw\n3 1 8:3 / /var/lib/kubelet rw - ext4 a rw\n';
    const mounts = mountPointsIn(text);
    expect(mounts).toEqual(['/', '/home/a b', '/var/lib/kubelet']);
    const roots = ['home', 'var', 'usr'];
    expect(neededMounts(['/home/a b/node', '/usr/bin/x', '/data/y'], { mounts, roots })).toEqual(['/home/a b']);
  });
});

test('the network: nothing but its like can be reached, and no piece of nowhere looks like a default route', () => {
  const lines = networkCommands(spec).map((command) => command.join(' '));
  expect(lines).toContain('ip addr add 2001:db8:1::1/127 dev bond0 nodad');
  expect(lines).toContain('ip addr replace 198.19.0.0/32 dev lo');
  expect(lines).toContain('ip route replace 10.0.0.0/8 dev bond0 src 10.0.0.1');
  expect(lines.filter((line) => line.includes('unreachable 0.'))).toEqual([]);
  expect(lines).toContain('ip route replace unreachable 128.0.0.0/1');
});

describe('scripts', () => {
  const setUp = newDiskScript(spec, {
    metadataUrl: 'http://198.18.255.254:1',
    node: '/a b/node',
    servicesFile: '/s.ts',
  });

  test.each(Object.entries({ ...STAND_INS, ...SUPPLEMENTS, 'set-up': setUp }))('%s is one', (_name, text) => {
    expect(() => execFileSync('sh', ['-n'], { input: text, stdio: ['pipe', 'ignore', 'pipe'] })).not.toThrow();
  });

  test('the set-up writes what the machine is called, and runs Node by its path', () => {
    expect(setUp).toContain('\n198.18.0.1 node-1\n');
    expect(setUp).toContain("exec '/a b/node' /s.ts");
  });
});

test.each([
  { userData: '#!/bin/sh\nkubeadm init', asks: true },
  {
    userData: `content: ${Buffer.from('#!/bin/sh\nset -e\napt-get install -y kubelet\n').toString('base64')}`,
    asks: true,
  },
  { userData: '#!/bin/sh\necho hello', asks: false },
])('$userData needs Kubernetes: $asks', ({ userData, asks }) => {
  expect(asksForKubernetes(userData)).toBe(asks);
});
