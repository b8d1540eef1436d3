// The commands that make a machine of a bare set of namespaces: disk, name, network, stand-ins. Pure.
import { BRIDGE, cableOf, elasticCommand } from './machine-plan.ts';
import type { Command, MachineSpec } from './machine-plan.ts';
import { NOT_ON_A_FRESH_SERVER, STAND_INS, SUPPLEMENTS } from './stand-ins.ts';
import { quote } from './user-data-plan.ts';

/** Where all disks are, in a mount namespace of their own; in a machine its own disk is there. */
export const DISKS = '/mnt';

/** What a machine takes from the host. */
export interface HostFolders {
  /** Folders of the root that exist and are no links. */
  readonly roots: readonly string[];
  /** Mounts below them that a machine must go on seeing: overlays hide what is mounted below. */
  readonly mounts: readonly string[];
}

/** Folders whose content a machine changes for itself alone. */
export const PRIVATE_ROOTS = [
  'bin',
  'etc',
  'home',
  'lib',
  'lib32',
  'lib64',
  'opt',
  'root',
  'sbin',
  'srv',
  'tmp',
  'usr',
  'var',
];

/** Its disk, with the host's files below it, and memory for what does not outlive a restart. */
export function diskCommands(spec: Pick<MachineSpec, 'disk'>, host: HostFolders): readonly Command[] {
  const keep = (index: number): string => `${DISKS}/keep/${index}`;
  return [
    ['mkdir', '-p', `${DISKS}/${spec.disk}`],
    ['mount', '--bind', `${DISKS}/${spec.disk}`, DISKS],
    ...host.mounts.flatMap((path, index): readonly Command[] => [
      ['mkdir', '-p', keep(index)],
      ['mount', '--bind', path, keep(index)],
    ]),
    // The programs of the host as they are, for the stand-ins that pass something on.
    ['mkdir', '-p', `${DISKS}/host`],
    ['mount', '--bind', '/', `${DISKS}/host`],
    ['mount', '-o', 'remount,bind,ro', `${DISKS}/host`],
    ...host.roots.flatMap(overlayCommands),
    ...host.mounts.flatMap((path, index): readonly Command[] => [
      ['mkdir', '-p', path],
      ['mount', '--bind', keep(index), path],
      ['mount', '-o', 'remount,bind,ro', path],
    ]),
    ['mount', '-t', 'tmpfs', '-o', 'mode=0755', 'run', '/run'],
    ['mkdir', '-p', '/run/lock', '/run/longshore'],
    // It shows the machine's own network; where that is refused nothing else depends on it.
    ['sh', '-c', 'mount -t sysfs -o ro sysfs /sys || true'],
  ];
}

function overlayCommands(name: string): readonly Command[] {
  const [upper, work] = [`${DISKS}/${name}.upper`, `${DISKS}/${name}.work`];
  const options = `lowerdir=/${name},upperdir=${upper},workdir=${work}`;
  return [
    ['mkdir', '-p', upper, work],
    ['mount', '-t', 'overlay', '-o', options, 'overlay', `/${name}`],
  ];
}

/** Its name, its addresses, and ways to its like; everything else is unreachable at once, as nobody would answer. */
export function networkCommands(spec: MachineSpec): readonly Command[] {
  const { machine } = cableOf(spec);
  return [
    ['hostname', spec.hostname],
    ['ip', 'link', 'set', 'lo', 'up'],
    ['ip', 'link', 'set', machine, 'name', 'bond0', 'address', spec.mac],
    ['ip', 'link', 'set', 'bond0', 'up'],
    ...spec.addresses.map(addressCommand),
    ['ip', 'route', 'replace', '198.18.0.0/15', 'dev', 'bond0'],
    // From the private address, as the gateway of a real private network makes it: etcd looks who calls.
    ['ip', 'route', 'replace', '10.0.0.0/8', 'dev', 'bond0', ...privateSource(spec)],
    // Programs (kubeadm) look for their address at the default route; everything else is nearer and leads nowhere.
    ['ip', 'route', 'replace', 'default', 'via', GATEWAY, 'dev', 'bond0'],
    ...NOWHERE.map((range): Command => ['ip', 'route', 'replace', 'unreachable', range]),
    // A namespace takes over the setting of its host; a fresh server does not forward.
    ['sh', '-c', 'echo 0 > /proc/sys/net/ipv4/ip_forward'],
    ...spec.elastic.map((address): Command => elasticCommand('add', address)),
  ];
}

function privateSource({ addresses }: MachineSpec): readonly string[] {
  const own = addresses.find((address) => address.startsWith('10.'))?.split('/')[0];
  return own === undefined ? [] : ['src', own];
}

// Nobody has this address.
const GATEWAY = '198.18.255.253';

// All the world in pieces that do not start at 0.0.0.0, which kubeadm would take for a default route.
const NOWHERE = [
  '1.0.0.0/8',
  '2.0.0.0/7',
  '4.0.0.0/6',
  '8.0.0.0/5',
  '16.0.0.0/4',
  '32.0.0.0/3',
  '64.0.0.0/2',
  '128.0.0.0/1',
];

function addressCommand(address: string): Command {
  // Without duplicate detection: the simulator gives each address once, and waiting for it takes seconds.
  const rest: readonly string[] = address.includes(':') ? ['nodad'] : [];
  return ['ip', 'addr', 'add', address, 'dev', 'bond0', ...rest];
}

/** What is written onto a new disk. */
export interface FirstFiles {
  readonly metadataUrl: string;
  /** The Node program that runs the services, and its file. */
  readonly node: string;
  readonly servicesFile: string;
}

/** The script that makes a fresh server of a new disk. */
export function newDiskScript(spec: MachineSpec, files: FirstFiles): string {
  const address = spec.addresses[0]?.split('/')[0] ?? '127.0.1.1';
  const bridge = BRIDGE.address;
  const fetchProgram = `fetch(process.argv[1]).then(async(a)=>{const t=await a.text();const o=process.argv[2];if(o&&o!=='-')require('node:fs').writeFileSync(o,t);else process.stdout.write(t);process.exitCode=a.ok?0:22},()=>{process.exitCode=7})`;
  return [
    'set -e',
    `rm -rf ${NOT_ON_A_FRESH_SERVER.join(' ')}`,
    'mkdir -p /etc/apt/sources.list.d /etc/apt/keyrings /usr/local/lib/longshore /var/lib/longshore/packages /var/log',
    write('/etc/hostname', `${spec.hostname}\n`),
    write('/etc/machine-id', `${spec.id.replaceAll('-', '')}\n`),
    write(
      '/etc/hosts',
      `127.0.0.1 localhost\n::1 localhost\n${address} ${spec.hostname}\n${bridge} metadata.packet.net metadata.platformequinix.com\n`,
    ),
    write('/var/lib/longshore/metadata-url', `${files.metadataUrl}\n`),
    program('/usr/local/lib/longshore/services', `#!/bin/sh\nexec ${quote(files.node)} ${quote(files.servicesFile)}\n`),
    program('/usr/local/lib/longshore/fetch', `#!/bin/sh\nexec ${quote(files.node)} -e ${quote(fetchProgram)} "$@"\n`),
    ...Object.entries(STAND_INS).map(([name, text]) => standIn(name, text)),
    ...Object.entries(SUPPLEMENTS).map(
      ([name, text]) => `if ! command -v ${name} > /dev/null; then\n${program(`/usr/local/sbin/${name}`, text)}\nfi`,
    ),
    '',
  ].join('\n');
}

// Also in place of what the host has under that name, for those who call it by its path.
function standIn(name: string, text: string): string {
  return [
    `rm -f /usr/local/sbin/${name}`,
    program(`/usr/local/sbin/${name}`, text),
    `for folder in /usr/local/bin /usr/sbin /usr/bin /sbin /bin; do`,
    `  if [ -e $folder/${name} ]; then ln -sf /usr/local/sbin/${name} $folder/${name}; fi`,
    'done',
  ].join('\n');
}

function program(path: string, text: string): string {
  return `${write(path, text)}\nchmod 0755 ${path}`;
}

function write(path: string, text: string): string {
  return `cat > ${path} <<'LONGSHORE-END'\n${text.endsWith('\n') ? text : `${text}\n`}LONGSHORE-END`;
}
