// A cluster and a project as the Go programs left them: Nodes that they initialized, Services that they served, with reservations, BGP sessions
// and the annotations of Nodes. Written from the facts about those programs, with an administrator's calls and the cloud's own API, without
// our own code.
import { createHash } from 'node:crypto';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { Cluster } from './cluster.ts';

type Device = ReturnType<PacketSimulator['addDevice']>;

/** One generation of the Go program. */
export interface GoVersion {
  readonly tag: string;
  readonly providerId: (deviceId: string) => string;
  readonly region: 'facility-id' | 'facility' | 'metro';
  readonly hasZone: boolean;
  /** All addresses in the API's order, or one of each kind, private first. */
  readonly addresses: 'all' | 'one-each';
}

/** Generations that wrote Nodes differently. */
export const GO_VERSIONS: readonly GoVersion[] = [
  { tag: 'v0.0.4', providerId: (id) => `packet://${id}`, region: 'facility-id', hasZone: false, addresses: 'one-each' },
  { tag: 'v2.0.0', providerId: (id) => `packet://${id}`, region: 'facility', hasZone: false, addresses: 'one-each' },
  {
    tag: 'v3.0.0',
    providerId: (id) => `equinixmetal://${id}`,
    region: 'facility',
    hasZone: false,
    addresses: 'one-each',
  },
  { tag: 'v3.4.0', providerId: (id) => `equinixmetal://${id}`, region: 'metro', hasZone: true, addresses: 'all' },
  { tag: 'v3.8.1', providerId: (id) => `equinixmetal://${id}`, region: 'metro', hasZone: false, addresses: 'all' },
  // Somebody gave the kubelet a bare UUID, which is read from v1.0.1 on.
  { tag: 'v1.0.1', providerId: (id) => id, region: 'facility', hasZone: false, addresses: 'one-each' },
];

/** A Node that this version has initialized, ready. */
export async function recordNode(cluster: Cluster, device: Device, version: GoVersion): Promise<void> {
  const { hostname } = device;
  await cluster.addNode(hostname, {
    providerID: version.providerId(device.id),
    taints: [],
    labels: { 'kubernetes.io/hostname': hostname, ...goLabels(device, version) },
  });
  const addresses = goAddresses(device, version);
  const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
  const status = JSON.stringify({ status: { addresses, conditions } });
  await cluster.kubectl('patch', 'node', hostname, '--subresource=status', '--type=merge', '-p', status);
}

function goLabels({ plan, metro, facility }: Device, { region, hasZone }: GoVersion): Readonly<Record<string, string>> {
  const places = { 'facility-id': facility?.id, facility: facility?.code, metro: metro?.code };
  const both = (name: string, old: string, value: string | null | undefined): Record<string, string> =>
    value ? { [name]: value, [old]: value } : {};
  return {
    ...both('node.kubernetes.io/instance-type', 'beta.kubernetes.io/instance-type', plan?.slug),
    ...both('topology.kubernetes.io/region', 'failure-domain.beta.kubernetes.io/region', places[region]),
    ...(hasZone ? both('topology.kubernetes.io/zone', 'failure-domain.beta.kubernetes.io/zone', facility?.code) : {}),
  };
}

function goAddresses({ hostname, ip_addresses: all }: Device, version: GoVersion): readonly object[] {
  const ipv4 = all
    .filter(({ address_family: family }) => family === 4)
    .map(({ public: isPublic, address }) => ({ type: isPublic ? 'ExternalIP' : 'InternalIP', address }));
  const name = { type: 'Hostname', address: hostname };
  if (version.addresses === 'all') return [name, ...ipv4];
  const last = (type: string): readonly object[] => ipv4.filter((one) => one.type === type).slice(-1);
  return [name, ...last('InternalIP'), ...last('ExternalIP')];
}

/** BGP of the project as the Go program enabled it, a session for each device, and the annotations of their Nodes (v3.3 and later). */
export async function recordBgp(cluster: Cluster, cloud: PacketSimulator, devices: readonly Device[]): Promise<void> {
  await ask(cloud, 'POST', `/projects/${cloud.projectId}/bgp-configs`, {
    deployment_type: 'local',
    asn: 65000,
    md5: 'bgpSecret1',
    use_case: 'kubernetes-load-balancer',
  });
  for (const { id, hostname } of devices) {
    await ask(cloud, 'POST', `/devices/${id}/bgp/sessions`, { address_family: 'ipv4' });
    await cluster.kubectl('annotate', 'node', hostname, ...(await goAnnotations(cloud, id)));
  }
}

interface Neighbor {
  readonly address_family: number;
  readonly customer_as: number;
  readonly customer_ip: string;
  readonly md5_password: string;
  readonly peer_as: number;
  readonly peer_ips: readonly string[];
}
interface WithBlocks {
  readonly ip_addresses: readonly {
    readonly public: boolean;
    readonly management: boolean;
    readonly address_family: number;
    readonly parent_block: { readonly network: string; readonly cidr: number };
  }[];
}

async function goAnnotations(cloud: PacketSimulator, id: string): Promise<readonly string[]> {
  const { bgp_neighbors: neighbors } = await ask<{ bgp_neighbors: readonly Neighbor[] }>(
    cloud,
    'GET',
    `/devices/${id}/bgp/neighbors`,
  );
  const neighbor = neighbors.find(({ address_family: family }) => family === 4);
  if (!neighbor) throw new Error(`device ${id} has no neighbour`);
  const query = 'include=ip_addresses.parent_block,parent_block';
  const { ip_addresses: addresses } = await ask<WithBlocks>(cloud, 'GET', `/devices/${id}?${query}`);
  const own = addresses.find((one) => !one.public && one.management && one.address_family === 4);
  const peers = [...neighbor.peer_ips].sort().flatMap((peer, index) => {
    const at = (name: string, value: string | number): string =>
      `metal.equinix.com/bgp-peers-${index}-${name}=${value}`;
    const password = Buffer.from(neighbor.md5_password).toString('base64');
    const { customer_as: asn, customer_ip: source, peer_as: peerAsn } = neighbor;
    return [
      at('node-asn', asn),
      at('peer-asn', peerAsn),
      at('peer-ip', peer),
      at('src-ip', source),
      at('bgp-pass', password),
    ];
  });
  const network = `metal.equinix.com/network-4-private=${own?.parent_block.network}/${own?.parent_block.cidr}`;
  return [network, ...peers];
}

/** A Service that v3.4 or later has served: reservation with three tags, `spec.loadBalancerIP`, status, finalizer. Returns the address. */
export async function recordService(cluster: Cluster, cloud: PacketSimulator, name: string): Promise<string> {
  const { metadata } = await cluster.call<{ metadata: { uid: string } }>('GET', '/api/v1/namespaces/kube-system');
  const service = createHash('sha256').update(`shop/${name}`).digest('base64');
  const reservation = await ask<{ address: string }>(cloud, 'POST', `/projects/${cloud.projectId}/ips`, {
    type: 'public_ipv4',
    quantity: 1,
    details: 'Equinix Metal Kubernetes CCM auto-generated for Load Balancer',
    tags: ['usage=cloud-provider-equinix-metal-auto', `service=${service}`, `cluster=${metadata.uid}`],
    fail_on_approval_required: true,
    metro: 'da',
  });
  await cluster.call('POST', '/api/v1/namespaces/shop/services', {
    metadata: { name, finalizers: ['service.kubernetes.io/load-balancer-cleanup'] },
    spec: { type: 'LoadBalancer', selector: { app: name }, ports: [{ port: 80 }], loadBalancerIP: reservation.address },
  });
  const status = JSON.stringify({ status: { loadBalancer: { ingress: [{ ip: reservation.address }] } } });
  await cluster.kubectl('-n', 'shop', 'patch', 'service', name, '--subresource=status', '--type=merge', '-p', status);
  return reservation.address;
}

async function ask<T>(cloud: PacketSimulator, method: string, at: string, body?: object): Promise<T> {
  const headers = { 'x-auth-token': cloud.token, 'content-type': 'application/json' };
  const answer = await fetch(`${cloud.url}${at}`, { method, headers, ...(body ? { body: JSON.stringify(body) } : {}) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${method} ${at}: ${answer.status} ${text}`);
  return (text === '' ? undefined : JSON.parse(text)) as T;
}
