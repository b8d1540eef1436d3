// What a test cluster in an account consists of: requests and shell commands. Pure.
import { KUBERNETES_VERSIONS } from '@longshore/embedded-control-plane';
import type { AccountServer } from './account-api.ts';
import type { TestCluster } from './options.ts';

/** Two control planes and two workers, as the Go project's helper makes them. */
export const ROLES = ['control-1', 'control-2', 'worker-1', 'worker-2'] as const;

const POD_NETWORK = '10.244.0.0/16';

/** How everything of a cluster is found again. */
export function tagsOf({ prefix }: Pick<TestCluster, 'prefix'>): Readonly<Record<string, string>> {
  return { source: 'k8test', cluster_prefix: prefix };
}

/** The request that makes a server. */
export function serverRequest(cluster: TestCluster, role: string, place: ServerPlace): object {
  return {
    name: `${cluster.prefix}-${role}`,
    zone: place.zone,
    flavor: 'flex-8-4',
    image: 'ubuntu-22.04',
    volume_size_gb: 25,
    ssh_keys: [place.publicKey.trim()],
    interfaces: [{ network: 'public' }, { addresses: [{ subnet: place.subnet }] }],
    user_data: cloudInit(cluster),
    tags: tagsOf(cluster),
  };
}

/** Where a server is made. */
export interface ServerPlace {
  readonly zone: string;
  readonly subnet: string;
  readonly publicKey: string;
}

/** The address under which this machine reaches a server, or by which servers reach each other. */
export function addressOf({ interfaces }: AccountServer, type: 'public' | 'private'): string | undefined {
  const found = interfaces.find((one) => (one.type === 'public') === (type === 'public'));
  return found?.addresses.find(({ version }) => version === 4)?.address;
}

/** What a new server does by itself: containerd, kubelet, kubeadm of the wanted minor, and the kubelet's flag for a cloud controller. */
export function cloudInit({ minor }: Pick<TestCluster, 'minor'>): string {
  const source = `https://pkgs.k8s.io/core:/stable:/v${minor}/deb/`;
  const keyring = '/etc/apt/keyrings/kubernetes.gpg';
  return `#cloud-config
runcmd:
  - mkdir -p /etc/apt/keyrings /etc/containerd
  - curl -fsSL ${source}Release.key | gpg --dearmor -o ${keyring}
  - echo 'deb [signed-by=${keyring}] ${source} /' > /etc/apt/sources.list.d/kubernetes.list
  - modprobe br_netfilter && printf 'net.ipv4.ip_forward=1\\nnet.bridge.bridge-nf-call-iptables=1\\n' > /etc/sysctl.d/k8s.conf && sysctl --system
  - apt-get update && DEBIAN_FRONTEND=noninteractive apt-get install -y containerd kubelet kubeadm
  - containerd config default | sed 's/SystemdCgroup = false/SystemdCgroup = true/' > /etc/containerd/config.toml
  - systemctl restart containerd
  - echo 'KUBELET_EXTRA_ARGS=--cloud-provider=external' > /etc/default/kubelet
`;
}

/** The command that makes the first control plane. */
export function initCommand(
  { minor }: Pick<TestCluster, 'minor'>,
  publicAddress: string,
  privateAddress: string,
): string {
  const flags = [
    `--kubernetes-version=${KUBERNETES_VERSIONS[minor]}`,
    `--control-plane-endpoint=${privateAddress}:6443`,
    `--apiserver-cert-extra-sans=${publicAddress}`,
    `--pod-network-cidr=${POD_NETWORK}`,
    '--upload-certs',
  ];
  return `sudo kubeadm init ${flags.join(' ')}`;
}

/** What prints how another server joins; the second line is the key that a control plane needs beside it. */
export const JOIN_COMMAND =
  'sudo kubeadm token create --print-join-command && sudo kubeadm init phase upload-certs --upload-certs | tail -n 1';

/** How a server joins, from what JOIN_COMMAND printed. */
export function joinCommand(printed: string, role: string): string {
  const [join = '', key = ''] = printed
    .trim()
    .split('\n')
    .map((line) => line.trim());
  return role.startsWith('control') ? `sudo ${join} --control-plane --certificate-key ${key}` : `sudo ${join}`;
}

/** The kubeconfig for use from outside: the address that this machine reaches. */
export function outsideKubeconfig(text: string, publicAddress: string): string {
  return text.replace(/^(\s*server: https:\/\/)[^:\s]+(:\d+)$/m, `$1${publicAddress}$2`);
}
