// Which programs of the host are replaced on a simulated machine, and by what. A machine sees the host's programs through an overlay; what
// would change the host (its kernel, its swap, its packages) or ask the internet is a stand-in instead, whatever path it is called by.
import { APT_CACHE, APT_GET } from './stand-in-apt.ts';
import {
  DPKG,
  FETCH,
  GPG,
  HOSTNAMECTL,
  JOURNALCTL,
  NOTHING,
  SERVICE,
  SILENT_NOTHING,
  SYSCTL,
  SYSTEMCTL,
} from './stand-in-system.ts';

/** Scripts by name: these replace what the host has. */
export const STAND_INS: Readonly<Record<string, string>> = {
  'apt-get': APT_GET,
  apt: APT_GET,
  'apt-cache': APT_CACHE,
  systemctl: SYSTEMCTL,
  service: SERVICE,
  sysctl: SYSCTL,
  curl: FETCH,
  wget: FETCH,
  gpg: GPG,
  hostnamectl: HOSTNAMECTL,
  journalctl: JOURNALCTL,
  ...allAs(NOTHING, [
    'add-apt-repository',
    'apt-key',
    'apt-mark',
    'halt',
    'insmod',
    'mkswap',
    'modprobe',
    'poweroff',
    'reboot',
    'rmmod',
    'shutdown',
    'snap',
    'swapoff',
    'swapon',
    'timedatectl',
    'ufw',
    'update-grub',
  ]),
};

/** Scripts for programs that a server of today has and that this host may lack. */
export const SUPPLEMENTS: Readonly<Record<string, string>> = {
  dpkg: DPKG,
  ...allAs(SILENT_NOTHING, ['conntrack', 'ebtables', 'ethtool', 'ip6tables', 'iptables', 'losetup', 'socat', 'tc']),
};

/** What a host may have of its own and a fresh server has not. */
export const NOT_ON_A_FRESH_SERVER: readonly string[] = [
  ...['containerd', 'crictl', 'ctr', 'docker', 'dockerd', 'kubeadm', 'kubectl', 'kubelet'].flatMap((name) => [
    `/usr/bin/${name}`,
    `/usr/local/bin/${name}`,
  ]),
  ...['cni', 'containerd', 'kubernetes', 'apt/sources.list.d'].map((name) => `/etc/${name}`),
  ...['cni', 'containerd', 'docker', 'etcd', 'kubelet', 'cloud'].map((name) => `/var/lib/${name}`),
  ...['containerd', 'docker', 'kubelet'].flatMap((name) =>
    ['/etc', '/usr/lib', '/lib'].map((folder) => `${folder}/systemd/system/${name}.service`),
  ),
  '/etc/default/kubelet',
  '/root/.kube',
];

function allAs(script: string, names: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(names.map((name) => [name, script]));
}
