// The configuration file of `kubeadm init` and `kubeadm join` for one machine. What only the machine knows (its addresses, the id of its
// device) stands in the file as a placeholder, which the script on the machine replaces. Called by user-data.ts. Pure.
import { OperatorError, onChange } from '@longshore/reconciler-core';
import { stringify } from 'yaml';
import type { ClusterFacts, Entrance, MachineFacts } from './contract.ts';
import { hostPort } from './kubeconfig.ts';
import type { KubeadmConfigVersion } from './machine-configs.ts';
import { nodeLabelsOfKubelet } from './node-labels.ts';
import { JOINERS_GROUP } from './token.ts';
import { minorOf } from './versions.ts';

/** What the script on the machine replaces. */
export const placeholders = {
  publicIpv4: '__PUBLIC_IPV4__',
  privateIpv4: '__PRIVATE_IPV4__',
  deviceId: '__DEVICE_ID__',
  tokenTtl: '__TOKEN_TTL__',
} as const;

/** Port of the API server on every control plane machine. */
export const API_PORT = 6443;

/** Whose file. */
export interface KubeadmWish {
  readonly cluster: ClusterFacts;
  readonly machine: MachineFacts;
  readonly entrance: Entrance;
  readonly version: KubeadmConfigVersion;
}

type Json = Readonly<Record<string, unknown>>;

// Bare metal takes minutes to boot, and the first master may come up after its workers.
const DISCOVERY_TIMEOUT = '10m0s';
const CRI_SOCKET = 'unix:///run/containerd/containerd.sock';

/** The version of the configuration that a kubeadm reads without complaint. */
export function kubeadmConfigVersionFor(version: string): KubeadmConfigVersion {
  const minor = minorOf(version);
  if (minor !== undefined && minor >= 31) return 'v1beta4';
  if (minor !== undefined && minor >= 22) return 'v1beta3';
  throw new OperatorError(
    'KUBEADM_VERSION_UNSUPPORTED',
    `no configuration can be written for kubeadm ${version}: use a Kubernetes version from 1.22 on, as x.y.z`,
    onChange,
  );
}

/** The file as YAML documents. */
export function kubeadmConfig(wish: KubeadmWish): string {
  const documents =
    wish.entrance.kind === 'init' ? [initConfiguration(wish), clusterConfiguration(wish)] : [joinConfiguration(wish)];
  return documents.map((document) => stringify(document, { lineWidth: 0 })).join('---\n');
}

function initConfiguration(wish: KubeadmWish): Json {
  const { entrance } = wish;
  const tokens = entrance.kind === 'init' ? [bootstrapToken(entrance)] : [];
  return {
    ...head('InitConfiguration', wish),
    bootstrapTokens: tokens,
    localAPIEndpoint: localEndpoint,
    nodeRegistration: nodeRegistration(wish),
  };
}

function bootstrapToken({ token }: Extract<Entrance, { kind: 'init' }>): Json {
  return {
    token,
    description: 'made with the cluster, renewed by its manager',
    // Reckoned on the machine, of the time that TOKEN_EXPIRES names: kubeadm refuses `expires`, because it sets a ttl by itself.
    ttl: placeholders.tokenTtl,
    usages: ['signing', 'authentication'],
    groups: [JOINERS_GROUP],
  };
}

function clusterConfiguration(wish: KubeadmWish): Json {
  const { cluster, machine, version } = wish;
  const { podCidrs, serviceCidrs, serviceDomain } = cluster;
  return {
    ...head('ClusterConfiguration', wish),
    clusterName: cluster.name,
    kubernetesVersion: `v${machine.versions.controlPlane ?? machine.versions.kubelet}`,
    // Also with a single master: without it no further one could join.
    controlPlaneEndpoint: endpointOf(cluster),
    networking: {
      dnsDomain: serviceDomain,
      podSubnet: podCidrs.join(','),
      serviceSubnet: serviceCidrs.join(','),
    },
    apiServer: { certSANs: certificateNames(cluster) },
    // At the public addresses too, for clients with a certificate of etcd's own CA: the manager takes lost masters out of etcd, and it may
    // run anywhere. Members among themselves use the private addresses.
    etcd: { local: { extraArgs: extraArgs({ 'listen-client-urls': 'https://0.0.0.0:2379' }, version) } },
  };
}

function joinConfiguration(wish: KubeadmWish): Json {
  const { cluster, entrance, version } = wish;
  if (entrance.kind === 'init') throw new Error('unreachable: init is not a join');
  return {
    ...head('JoinConfiguration', wish),
    discovery: {
      bootstrapToken: {
        apiServerEndpoint: endpointOf(cluster),
        token: entrance.token,
        caCertHashes: [entrance.caCertHash],
      },
      ...(version === 'v1beta3' ? { timeout: DISCOVERY_TIMEOUT } : {}),
    },
    nodeRegistration: nodeRegistration(wish),
    // No certificate key: the pairs of the cluster are on the disk before kubeadm starts.
    ...(entrance.kind === 'join-control-plane' ? { controlPlane: { localAPIEndpoint: localEndpoint } } : {}),
    ...(version === 'v1beta4' ? { timeouts: { discovery: DISCOVERY_TIMEOUT } } : {}),
  };
}

function head(kind: string, { version }: Pick<KubeadmWish, 'version'>): Json {
  return { apiVersion: `kubeadm.k8s.io/${version}`, kind };
}

// The private address: etcd listens there, too.
const localEndpoint: Json = { advertiseAddress: placeholders.privateIpv4, bindPort: API_PORT };

function endpointOf({ endpoint, elasticIp }: ClusterFacts): string {
  return endpoint ?? hostPort(elasticIp ?? placeholders.publicIpv4, API_PORT);
}

// Of all masters alike, because each that joins must have them in its certificate. What is one machine's own (name, addresses) is put into
// its certificate by the script, which makes it before kubeadm would.
function certificateNames(cluster: ClusterFacts): readonly string[] {
  const host = endpointOf(cluster)
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '');
  const elastic = cluster.elasticIp === undefined ? [] : [cluster.elasticIp];
  return [...new Set(['127.0.0.1', host, ...elastic])];
}

function nodeRegistration(wish: KubeadmWish): Json {
  const { machine } = wish;
  const taints = taintsOf(wish);
  return {
    name: machine.name,
    criSocket: CRI_SOCKET,
    kubeletExtraArgs: extraArgs(kubeletArgs(machine), wish.version),
    ...(taints === undefined ? {} : { taints }),
  };
}

function kubeletArgs({ labels }: MachineFacts): Readonly<Record<string, string>> {
  const own = Object.entries(nodeLabelsOfKubelet(labels)).map(([key, value]) => `${key}=${value}`);
  return {
    'cloud-provider': 'external',
    'node-ip': placeholders.privateIpv4,
    'provider-id': `packet://${placeholders.deviceId}`,
    ...(own.length === 0 ? {} : { 'node-labels': own.join(',') }),
  };
}

// v1beta4 has lists, so that an argument can be given twice.
function extraArgs(args: Readonly<Record<string, string>>, version: KubeadmConfigVersion): unknown {
  return version === 'v1beta4' ? Object.entries(args).map(([name, value]) => ({ name, value })) : args;
}

// Absent means kubeadm's own choice (control planes take no pods), an empty list means none at all.
function taintsOf({ machine, entrance }: KubeadmWish): readonly Json[] | undefined {
  const own = machine.taints.map(({ key, value, effect }) => ({ key, ...(value ? { value } : {}), effect }));
  if (entrance.kind === 'join') return own.length === 0 ? undefined : own;
  if (machine.isSchedulable) return own;
  return own.length === 0 ? undefined : [...controlPlaneTaints(machine.versions.kubelet), ...own];
}

function controlPlaneTaints(version: string): readonly Json[] {
  const minor = minorOf(version) ?? 0;
  const names = [...(minor < 25 ? ['master'] : []), ...(minor >= 24 ? ['control-plane'] : [])];
  return names.map((name) => ({ key: `node-role.kubernetes.io/${name}`, effect: 'NoSchedule' }));
}
