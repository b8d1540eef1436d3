// A cluster and a project as the Go program left them: Nodes that it initialized, Services that it served, balancers that its requests made.
// Written with an administrator's calls and with the cloud's own API.
import type { CloudscaleSimulator, WireCloudscaleServer } from '@longshore/cloud-simulators';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { GO_PREFIX, goBalancer, goIngress } from './go-rules.ts';
import type { GoPool } from './go-rules.ts';

/** The namespace of recorded Services. */
export const SHOP = '/api/v1/namespaces/shop/services';

const CLEANUP_FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';

/** A Service of the recorded world. */
export interface RecordedService {
  readonly name: string;
  /** By suffix. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>>;
}

const http = [{ name: 'http', port: 80 }];
const CIDRS = JSON.stringify(['192.0.2.0/24', '10.0.0.0/8']);

/** Every kind of balancer that the Go program makes. `SUBNET` and `FLOATING` stand for those of the project. */
export const recordedServices: readonly RecordedService[] = [
  { name: 'plain', spec: { ports: [{ port: 80 }] } },
  { name: 'two-ports', spec: { ports: [...http, { name: 'https', port: 443 }] } },
  {
    name: 'udp',
    annotations: {
      'health-monitor-type': 'udp-connect',
      'health-monitor-delay-s': '3',
      'health-monitor-timeout-s': '2',
    },
    spec: { ports: [{ name: 'udp', port: 5000, protocol: 'UDP' }] },
  },
  {
    name: 'dns',
    spec: {
      ports: [
        { name: 'dns-udp', port: 53, protocol: 'UDP' },
        { name: 'dns-tcp', port: 53, protocol: 'TCP' },
      ],
    },
  },
  { name: 'local', spec: { ports: http, externalTrafficPolicy: 'Local' } },
  {
    name: 'asked-by-http',
    annotations: { 'health-monitor-type': 'http', 'health-monitor-http': '{"host":"shop.example","url_path":"/up"}' },
    spec: { ports: http },
  },
  {
    name: 'proxied',
    annotations: { 'pool-protocol': 'proxyv2', 'force-hostname': 'lb.example.com' },
    spec: { ports: http },
  },
  {
    name: 'named',
    annotations: {
      name: 'front-door',
      'pool-algorithm': 'source_ip',
      'listener-allowed-cidrs': CIDRS,
      'timeout-client-data-ms': '1000',
      'health-monitor-up-threshold': '4',
    },
    spec: { ports: http },
  },
  {
    name: 'private',
    annotations: { 'vip-addresses': '[{"subnet":"SUBNET"}]', 'ip-mode': 'VIP' },
    spec: { ports: http },
  },
  { name: 'floating', annotations: { 'floating-ips': '["FLOATING"]' }, spec: { ports: http } },
  { name: 'one-subnet', annotations: { 'listener-allowed-subnets': '["SUBNET"]' }, spec: { ports: http } },
];

/** The cluster and the project that are written. */
export interface RecordedWorld {
  readonly plane: ControlPlane;
  readonly cloud: CloudscaleSimulator;
}

/** A call as the administrator; anything but success is a failure of the test. A PATCH is a merge patch. */
export async function call<T>(plane: ControlPlane, method: string, at: string, body?: object): Promise<T> {
  const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
  const answer = await plane.request({ method, path: at, contentType, ...(body ? { body } : {}) });
  if (answer.status >= 300) throw new Error(`${method} ${at}: ${answer.status} ${JSON.stringify(answer.body)}`);
  return answer.body as T;
}

/** All objects of a list. */
export async function listOf<T>(plane: ControlPlane, at: string): Promise<readonly T[]> {
  return (await call<{ readonly items: readonly T[] }>(plane, 'GET', at)).items;
}

const change = (plane: ControlPlane, at: string, body: object): Promise<KubeService & KubeNode> =>
  call(plane, 'PATCH', at, body);

/** Nodes that the Go program has initialized, one for each server. */
export async function recordNodes({ plane, cloud }: RecordedWorld): Promise<void> {
  for (const server of cloud.state.servers.values()) {
    const { uuid, name, interfaces } = server;
    await call(plane, 'POST', '/api/v1/nodes', {
      metadata: { name, labels: labelsOf(server) },
      spec: { providerID: `cloudscale://${uuid}` },
    });
    const addresses = interfaces.flatMap(({ type, addresses: all }) =>
      all.map(({ address }) => ({ type: type === 'public' ? 'ExternalIP' : 'InternalIP', address })),
    );
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
    const status = { addresses: [{ type: 'Hostname', address: name }, ...addresses], conditions };
    await change(plane, `/api/v1/nodes/${name}/status`, { status });
  }
}

function labelsOf({ name, flavor, zone }: WireCloudscaleServer): Readonly<Record<string, string>> {
  const region = zone.slug.replace(/\d+$/, '');
  return {
    'kubernetes.io/hostname': name,
    'node.kubernetes.io/instance-type': flavor.slug,
    'beta.kubernetes.io/instance-type': flavor.slug,
    'topology.kubernetes.io/zone': zone.slug,
    'failure-domain.beta.kubernetes.io/zone': zone.slug,
    'topology.kubernetes.io/region': region,
    'failure-domain.beta.kubernetes.io/region': region,
  };
}

/** Creates the Service as its owner does. `subnet` and `floating` replace the words in its annotations. */
export function createService(
  plane: ControlPlane,
  { name, annotations = {}, spec }: RecordedService,
  project: { readonly subnet: string; readonly floating: string },
  finalizers: readonly string[] = [],
): Promise<KubeService> {
  const own = Object.entries(annotations).map(([key, value]) => {
    return [GO_PREFIX + key, value.replace('SUBNET', project.subnet).replace('FLOATING', project.floating)] as const;
  });
  return call(plane, 'POST', SHOP, {
    metadata: { name, annotations: Object.fromEntries(own), finalizers },
    spec: { type: 'LoadBalancer', selector: { app: name }, ...spec },
  });
}

/** A Service with finalizer, annotations and status, and its balancer. */
export async function recordService(
  { plane, cloud }: RecordedWorld,
  recorded: RecordedService,
  project: { readonly subnet: string; readonly floating: string },
): Promise<void> {
  const service = await createService(plane, recorded, project, [CLEANUP_FINALIZER]);
  const { balancer, pools, floatingIps } = goBalancer(service, [...cloud.state.servers.values()]);
  const uuid = await post(cloud, '/v1/load-balancers', balancer);
  for (const pool of pools) await recordPool(cloud, uuid, pool);
  for (const ip of floatingIps)
    await send(cloud, 'PATCH', `/v1/floating-ips/${ip.split('/')[0]}`, { load_balancer: uuid });
  const annotations = { uuid, 'config-version': '1', zone: String(balancer['zone']) };
  const noted = Object.entries(annotations).map(([key, value]) => [GO_PREFIX + key, value] as const);
  await change(plane, `${SHOP}/${recorded.name}`, { metadata: { annotations: Object.fromEntries(noted) } });
  const vips = cloud.state.loadBalancers.get(uuid)?.vip_addresses.map(({ address }) => address) ?? [];
  const status = { loadBalancer: { ingress: goIngress(service, vips) } };
  await change(plane, `${SHOP}/${recorded.name}/status`, { status });
}

async function recordPool(
  cloud: CloudscaleSimulator,
  balancer: string,
  { pool, members, listener, monitor }: GoPool,
): Promise<void> {
  const at = '/v1/load-balancers';
  const uuid = await post(cloud, `${at}/pools`, { ...pool, load_balancer: balancer });
  for (const member of members) await post(cloud, `${at}/pools/${uuid}/members`, member);
  await post(cloud, `${at}/listeners`, { ...listener, pool: uuid });
  await post(cloud, `${at}/health-monitors`, { ...monitor, pool: uuid });
}

async function post(cloud: CloudscaleSimulator, at: string, body: object): Promise<string> {
  return ((await send(cloud, 'POST', at, body)) as { readonly uuid: string }).uuid;
}

async function send(cloud: CloudscaleSimulator, method: string, at: string, body: object): Promise<unknown> {
  const headers = { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/json' };
  const answer = await fetch(new URL(at, cloud.url), { method, headers, body: JSON.stringify(body) });
  const text = await answer.text();
  if (answer.status >= 300) throw new Error(`the cloud refuses the recorded request ${method} ${at}: ${text}`);
  return text === '' ? undefined : JSON.parse(text);
}
