// Says before anything is started why a cluster cannot run here: one sentence that names what is missing and the Debian package.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

/** What there is on this host. */
export interface ClusterHost {
  readonly platform: string;
  readonly uid: number | undefined;
  /** Programs that were not found, of `PROGRAMS`. */
  readonly missing: readonly string[];
  /** What was said when namespaces and mounts of a node were tried; empty when they can be made. */
  readonly refusal: string;
}

/** Debian's folder of CNI plugins, and the one of everybody else. */
export const CNI_FOLDERS = ['/usr/lib/cni', '/opt/cni/bin'] as const;

const PLUGINS = ['bridge', 'host-local', 'loopback', 'portmap'];

// Program and the package that has it.
const PROGRAMS: Readonly<Record<string, string>> = {
  containerd: 'containerd',
  ctr: 'containerd',
  runc: 'runc',
  iptables: 'iptables',
  ip: 'iproute2',
  mount: 'mount',
  unshare: 'util-linux',
  nsenter: 'util-linux',
  'CNI plugins': 'containernetworking-plugins',
};

/** Why no cluster can run here; `undefined` when one can. */
export function clusterProblem(host: ClusterHost = thisHost()): string | undefined {
  if (host.platform !== 'linux') return 'a cluster needs Linux: its node is a set of namespaces of the kernel';
  if (host.uid !== 0) return 'a cluster needs root: it makes namespaces, mounts and network links; start it with sudo';
  if (host.missing.length > 0) {
    const packages = [...new Set(host.missing.map((name) => PROGRAMS[name] ?? name))].join(' ');
    return `a cluster needs ${host.missing.join(', ')}: apt-get install ${packages}`;
  }
  if (host.refusal !== '')
    return `a cluster needs namespaces with overlay mounts, which are refused here: ${host.refusal}`;
  return undefined;
}

/** The folder with the CNI plugins; `undefined` when there is none. */
export function cniFolder(): string | undefined {
  return CNI_FOLDERS.find((folder) => PLUGINS.every((name) => existsSync(path.join(folder, name))));
}

/** PATH with the folders of administrators, which sudo and containers often leave out. */
export function searchPath(env: NodeJS.ProcessEnv = process.env): string {
  return [...(env['PATH'] ?? '').split(':'), '/usr/local/sbin', '/usr/sbin', '/sbin'].join(':');
}

function thisHost(): ClusterHost {
  const folders = searchPath().split(':');
  const isThere = (name: string): boolean =>
    name === 'CNI plugins' ? cniFolder() !== undefined : folders.some((folder) => existsSync(path.join(folder, name)));
  const missing = Object.keys(PROGRAMS).filter((name) => !isThere(name));
  const host = { platform: process.platform, uid: process.getuid?.(), missing, refusal: '' };
  return clusterProblem(host) === undefined ? { ...host, refusal: tryNode() } : host;
}

// Rights say little: a container's profile may forbid mounts, or its file system may be no ground for overlays.
function tryNode(): string {
  const lines = [
    'mount -t tmpfs trial /run',
    'mkdir /run/upper /run/work',
    'mount -t overlay -o lowerdir=/var/lib,upperdir=/run/upper,workdir=/run/work overlay /var/lib',
    'ip link add trial0 type veth peer name trial1',
  ];
  const namespaces = ['--net', '--mount', '--uts', '--pid', '--fork', '--mount-proc'];
  const env = { ...process.env, PATH: searchPath() };
  const tried = spawnSync('unshare', [...namespaces, 'sh', '-ec', lines.join('\n')], { encoding: 'utf8', env });
  return tried.status === 0 ? '' : tried.stderr.trim() || String(tried.error ?? `exit code ${tried.status}`);
}
