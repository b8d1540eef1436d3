// A cluster and an account as the Go program (v0.1.68) left them: Nodes that it initialized, Services that it served, balancers that its
// requests made. Written with an administrator's calls and with the cloud's own API.
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { connect, nodes, services } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { CERTIFICATE, goRequest } from './recorded-world-services.ts';
import type { RecordedService } from './recorded-world-services.ts';

/** Cluster ID of the recorded world (`DO_CLUSTER_ID`), and the tag that it makes. */
export const CLUSTER_ID = '0f1e2d3c-cafe-4b0b-9d8e-7a6b5c4d3e2f';
export const CLUSTER_TAG = `k8s:${CLUSTER_ID}`;

const CLEANUP_FINALIZER = 'service.kubernetes.io/load-balancer-cleanup';
const ID_KEY = 'kubernetes.digitalocean.com/load-balancer-id';
const TYPE_KEY = 'service.beta.kubernetes.io/do-loadbalancer-type';

/** The parts of objects that are written and looked at. */
export interface WorldObject {
  readonly metadata: {
    readonly name: string;
    readonly uid: string;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly finalizers?: readonly string[];
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceVersion?: string;
  };
  readonly spec: {
    readonly ports?: readonly { readonly port: number; readonly nodePort?: number }[];
    readonly healthCheckNodePort?: number;
    readonly providerID?: string;
    readonly taints?: readonly { readonly key: string }[];
  };
  readonly status: {
    readonly addresses?: readonly { readonly type: string; readonly address: string }[];
    readonly loadBalancer?: { readonly ingress?: readonly Ingress[] };
  };
}

/** An entry of `status.loadBalancer.ingress`. */
export interface Ingress {
  readonly ip?: string;
  readonly hostname?: string;
  readonly ipMode?: string;
}

/** Calls as the administrator; anything but success is a failure of the test. */
export class Administrator {
  readonly #client: KubeClient;

  private constructor(client: KubeClient) {
    this.#client = client;
  }

  static async of(plane: ControlPlane): Promise<Administrator> {
    const { kubeconfigPath: kubeconfig } = plane;
    return new Administrator(await connect({ kubeconfig, userAgent: 'administrator', env: {} }));
  }

  async call<T = WorldObject>(method: string, path: string, body?: object): Promise<T> {
    const answer = await this.#client.raw({ method, path, ...(body ? { body } : {}) });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.body}`);
    return JSON.parse(answer.body) as T;
  }

  async list<T = WorldObject>(path: string): Promise<readonly T[]> {
    return (await this.call<{ items: readonly T[] }>('GET', path)).items;
  }

  /** A merge patch of a Service of the shop, or of a Node. */
  async change(kind: 'service' | 'node', name: string, body: object, subresource?: 'status'): Promise<void> {
    const patch = { kind: 'merge', body } as const;
    const options = subresource ? { subresource } : {};
    if (kind === 'node') await this.#client.patch(nodes, { name }, patch, options);
    else await this.#client.patch(services, { namespace: 'shop', name }, patch, options);
  }
}

/** The namespace of recorded Services. */
export const SHOP = '/api/v1/namespaces/shop/services';

/** Droplets and the Nodes that the Go program initialized for them; the second has IPv6. Who set the cluster up has tagged them. */
export async function recordNodes(
  admin: Administrator,
  cloud: DigitalOceanSimulator,
  count: number,
): Promise<readonly number[]> {
  const droplets = Array.from({ length: count }, (_, index) =>
    cloud.addDroplet({ tags: [CLUSTER_TAG], ...(index === 1 ? { publicIpv6: '2001:db8:2::1' } : {}) }),
  );
  for (const { id, name, size_slug: size, networks } of droplets) {
    const labels = {
      'kubernetes.io/hostname': name,
      'node.kubernetes.io/instance-type': size,
      'beta.kubernetes.io/instance-type': size,
      'topology.kubernetes.io/region': cloud.region,
      'failure-domain.beta.kubernetes.io/region': cloud.region,
    };
    await admin.call('POST', '/api/v1/nodes', {
      metadata: { name, labels },
      spec: { providerID: `digitalocean://${id}` },
    });
    const { v4 = [], v6 = [] } = networks ?? {};
    const addressOf = (wanted: string): string | undefined => v4.find(({ type }) => type === wanted)?.ip_address;
    const addresses = [
      { type: 'Hostname', address: name },
      { type: 'InternalIP', address: addressOf('private') },
      { type: 'ExternalIP', address: addressOf('public') },
      ...v6.slice(0, 1).map(({ ip_address: address }) => ({ type: 'ExternalIP', address })),
    ];
    const conditions = [{ type: 'Ready', status: 'True', reason: 'KubeletReady' }];
    await admin.change('node', name, { status: { addresses, conditions } }, 'status');
  }
  return droplets.map(({ id }) => id);
}

/** The cloud a Service is recorded in. */
export interface RecordedAccount {
  readonly cloud: DigitalOceanSimulator;
  readonly dropletIds: readonly number[];
  readonly certificateId: string;
}

/** A Service with finalizer, annotations and status, and its balancer; returns the balancer's ID. */
export async function recordService(
  admin: Administrator,
  recorded: RecordedService,
  { cloud, dropletIds, certificateId }: RecordedAccount,
): Promise<string> {
  const { name, annotations = {}, spec } = recorded;
  const own = Object.entries(annotations).map(([key, value]): [string, string] => [
    key,
    value === CERTIFICATE ? certificateId : value,
  ]);
  const made = await admin.call('POST', SHOP, {
    metadata: { name, annotations: Object.fromEntries(own), finalizers: [CLEANUP_FINALIZER] },
    spec: { type: 'LoadBalancer', selector: { app: name }, ...spec },
  });
  const facts = {
    uid: made.metadata.uid,
    nodePort: (port: number): number => made.spec.ports?.find((each) => each.port === port)?.nodePort ?? 0,
    healthCheckNodePort: made.spec.healthCheckNodePort ?? 0,
    certificateId,
  };
  const request = goRequest(recorded, facts, { region: cloud.region, tag: CLUSTER_TAG, dropletIds });
  const { id, ip, ipv6 } = await createBalancer(cloud, request);
  await admin.change('service', name, { metadata: { annotations: { [ID_KEY]: id, [TYPE_KEY]: recorded.type } } });
  const ips = [ip, ipv6].filter((address) => address !== '').map((address) => ({ ip: address }));
  const ingress = recorded.hostname === undefined ? ips : [{ hostname: recorded.hostname }];
  await admin.change('service', name, { status: { loadBalancer: { ingress } } }, 'status');
  return id;
}

interface MadeBalancer {
  readonly id: string;
  readonly ip: string;
  readonly ipv6: string;
}

async function createBalancer(cloud: DigitalOceanSimulator, request: object): Promise<MadeBalancer> {
  const body = await post<{ readonly load_balancer: MadeBalancer }>(cloud, '/v2/load_balancers', request);
  const found = cloud.state.loadBalancers.get(body.load_balancer.id);
  if (found?.status !== 'active') throw new Error('record with timeToActiveMs: 0');
  return found;
}

const ANYBODY = { addresses: ['0.0.0.0/0', '::/0'] };

/** The firewall as the Go program keeps it: a rule for each health check, then ports in the order of their text. */
export async function recordFirewall(
  cloud: DigitalOceanSimulator,
  {
    name,
    balancerIds,
    ports,
  }: { readonly name: string; readonly balancerIds: readonly string[]; readonly ports: readonly string[] },
): Promise<void> {
  const inbound = ports.map((entry) => {
    const [protocol, port] = entry.split(' ');
    return { protocol, ports: port, sources: ANYBODY };
  });
  const checks = balancerIds.map((id) => ({ protocol: 'tcp', ports: '10256', sources: { load_balancer_uids: [id] } }));
  const everything = [{ protocol: 'icmp' }, { protocol: 'tcp', ports: 'all' }, { protocol: 'udp', ports: 'all' }];
  await post(cloud, '/v2/firewalls', {
    name,
    inbound_rules: [...checks, ...inbound],
    outbound_rules: everything.map((rule) => ({ ...rule, destinations: ANYBODY })),
    droplet_ids: null,
    tags: [CLUSTER_TAG],
  });
}

async function post<T>(cloud: DigitalOceanSimulator, path: string, request: object): Promise<T> {
  const answer = await fetch(new URL(path, cloud.url), {
    method: 'POST',
    headers: { authorization: `Bearer ${cloud.token}`, 'content-type': 'application/json' },
    body: JSON.stringify(request),
  });
  const body = (await answer.json()) as T;
  if (answer.status !== 202) throw new Error(`the cloud refuses the recorded request: ${JSON.stringify(body)}`);
  return body;
}
