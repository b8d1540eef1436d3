// The place where machines stand: a bridge on this host. Only one at a time, because its addresses are those of the simulated cloud.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { BRIDGE } from './machine-plan.ts';
import { runCommand } from './run-command.ts';

/** What the boot mode needs to know about the host. */
export interface BootHost {
  readonly platform: string;
  readonly uid: number | undefined;
  /** Effective capabilities as `/proc/self/status` has them. */
  readonly capabilities: string;
  /** Which of the programs that are needed are missing. */
  readonly missing: readonly string[];
  /** What was said when the mounts of a machine were tried; empty when they can be made. */
  readonly refusal: string;
}

// Bits of a capability set: changing the network, making namespaces and mounts. A container's root often has neither.
const NEEDED_CAPABILITIES = { CAP_NET_ADMIN: 12n, CAP_SYS_ADMIN: 21n } as const;
const PROGRAMS = ['ip', 'unshare', 'nsenter', 'mount', 'hostname', 'awk'];

/** Why machines cannot be booted here; `undefined` when they can. */
export function bootProblem(host: BootHost = thisHost()): string | undefined {
  if (host.platform !== 'linux') return 'the boot mode needs Linux: machines are namespaces of its kernel';
  if (host.uid !== 0) {
    return 'the boot mode needs root: it makes namespaces and a bridge; start it with sudo, or use the simulator without it';
  }
  const set = BigInt(`0x${host.capabilities === '' ? '0' : host.capabilities}`);
  const lacking = Object.entries(NEEDED_CAPABILITIES).filter(([, bit]) => (set & (1n << bit)) === 0n);
  if (lacking.length > 0) {
    return `the boot mode needs ${lacking.map(([name]) => name).join(' and ')}, which root does not have in this container`;
  }
  if (host.missing.length > 0)
    return `the boot mode needs the programs ${host.missing.join(', ')} (iproute2, util-linux, hostname, awk)`;
  if (host.refusal !== '')
    return `the boot mode needs namespaces with overlay mounts, which are refused here: ${host.refusal}`;
  return undefined;
}

/** What there is on this host. */
function thisHost(): BootHost {
  const host = { ...factsOfHost(), refusal: '' };
  return bootProblem(host) === undefined ? { ...host, refusal: tryMounts() } : host;
}

// Rights say little: a container's profile may forbid mounts, or its file system may be no ground for overlays.
function tryMounts(): string {
  const lines = [
    'mount -t tmpfs trial /mnt',
    'mkdir /mnt/upper /mnt/work',
    'mount -t overlay -o lowerdir=/usr,upperdir=/mnt/upper,workdir=/mnt/work overlay /usr',
  ];
  const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', '--mount-proc'];
  const tried = spawnSync('unshare', [...namespaces, 'sh', '-ec', lines.join('\n')], { encoding: 'utf8' });
  return tried.status === 0 ? '' : tried.stderr.trim() || String(tried.error ?? `exit code ${tried.status}`);
}

function factsOfHost(): Omit<BootHost, 'refusal'> {
  const isLinux = process.platform === 'linux';
  const status = isLinux ? readFileSync('/proc/self/status', 'utf8') : '';
  const folders = [...(process.env['PATH'] ?? '').split(':'), '/sbin', '/usr/sbin'];
  return {
    platform: process.platform,
    uid: process.getuid?.(),
    capabilities: /^CapEff:\s*([0-9a-f]+)$/m.exec(status)?.[1] ?? '',
    missing: PROGRAMS.filter((program) => !folders.some((folder) => existsSync(join(folder, program)))),
  };
}

/** Puts the bridge up. One that a killed process left behind is taken over; one that is in use is not. */
export async function openSite(): Promise<void> {
  const problem = bootProblem();
  if (problem !== undefined) throw new Error(problem);
  if (isInUse()) {
    throw new Error(
      `the bridge ${BRIDGE.name} has machines on it: another simulator runs in boot mode on this host; end it, or remove the bridge with "ip link del ${BRIDGE.name}"`,
    );
  }
  await closeSite();
  await runCommand(['ip', 'link', 'add', BRIDGE.name, 'type', 'bridge']);
  await runCommand(['ip', 'addr', 'add', `${BRIDGE.address}/${BRIDGE.prefix}`, 'dev', BRIDGE.name]);
  await runCommand(['ip', 'link', 'set', BRIDGE.name, 'up']);
}

/** Takes the bridge away. */
export async function closeSite(): Promise<void> {
  if (existsSync(folderOfBridge())) await runCommand(['ip', 'link', 'del', BRIDGE.name]);
}

function isInUse(): boolean {
  const ports = `${folderOfBridge()}/brif`;
  return existsSync(ports) && readdirSync(ports).length > 0;
}

function folderOfBridge(): string {
  return `/sys/class/net/${BRIDGE.name}`;
}
