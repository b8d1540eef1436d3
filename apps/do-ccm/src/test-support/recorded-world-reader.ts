// How the Go program (v0.1.68) reads a world: by which rules it finds its balancers, Nodes and Lease again. For the way back: what this
// program leaves has to be found right by these rules. Written from the facts about that program, without our own code.
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { CLUSTER_TAG } from './recorded-world.ts';
import type { WorldObject } from './recorded-world.ts';
import { goName } from './recorded-world-services.ts';

type ValueOf<M> = M extends ReadonlyMap<unknown, infer Value> ? Value : never;
/** A balancer as the cloud shows it. */
export type Balancer = ValueOf<DigitalOceanSimulator['state']['loadBalancers']>;
type Droplet = ValueOf<DigitalOceanSimulator['state']['droplets']>;

const TYPES = ['REGIONAL', 'REGIONAL_NETWORK'];

/** The balancer that the Go program would take for the Service's: by ID and nothing else when the annotation is there, else by name. */
export function balancerAsGoFindsIt(service: WorldObject, balancers: readonly Balancer[]): Balancer | undefined {
  const annotations = service.metadata.annotations ?? {};
  const id = annotations['kubernetes.digitalocean.com/load-balancer-id'];
  if (id) return balancers.find((balancer) => balancer.id === id);
  const custom = annotations['service.beta.kubernetes.io/do-loadbalancer-name'];
  return balancers.find(({ name }) => name === custom || name === goName(service.metadata.uid));
}

/** What the Go program would stumble over; empty when it finds the Service right. */
export function complaintsAboutService(service: WorldObject, balancer: Balancer | undefined): readonly string[] {
  const { name, annotations = {}, finalizers = [] } = service.metadata;
  if (!balancer) return [`${name}: no balancer, it would create a second one`];
  const type = annotations['service.beta.kubernetes.io/do-loadbalancer-type'] ?? '';
  const shown = (service.status.loadBalancer?.ingress ?? []).map((entry) => entry.hostname ?? entry.ip);
  return unless(name, [
    ['the type annotation is one that it takes', TYPES.includes(type)],
    ['the type annotation is the balancer’s', type === balancer.type],
    ['the cleanup finalizer is there', finalizers.includes('service.kubernetes.io/load-balancer-cleanup')],
    ['the cluster’s tag is on the balancer', balancer.tags.includes(CLUSTER_TAG)],
    ['the balancer is active', balancer.status === 'active'],
    [
      `the status shows the addresses, not ${String(shown)}`,
      String(shown) === String(goIngress(annotations, balancer)),
    ],
  ]);
}

function goIngress(annotations: Readonly<Record<string, string>>, { ip, ipv6 }: Balancer): readonly string[] {
  const hostname = annotations['service.beta.kubernetes.io/do-loadbalancer-hostname'];
  return hostname === undefined ? [ip, ipv6].filter((address) => address !== '') : [hostname.toLowerCase()];
}

/** The same for a Node. */
export function complaintsAboutNode(node: WorldObject, cloud: DigitalOceanSimulator): readonly string[] {
  const { name, labels = {} } = node.metadata;
  const id = Number(/^digitalocean:\/\/(\d+)$/.exec(node.spec.providerID ?? '')?.[1]);
  const droplet = cloud.state.droplets.get(id);
  if (!droplet) return [`${name}: provider ID ${node.spec.providerID}`];
  const { size_slug: size, region } = droplet;
  const shown = (node.status.addresses ?? []).map(({ type, address }) => `${type} ${address}`);
  return unless(name, [
    ['it is initialized', !node.spec.taints?.some(({ key }) => key.endsWith('/uninitialized'))],
    [`the addresses are in order, not ${String(shown)}`, String(shown) === String(goAddresses(droplet))],
    ['label node.kubernetes.io/instance-type', labels['node.kubernetes.io/instance-type'] === size],
    ['label beta.kubernetes.io/instance-type', labels['beta.kubernetes.io/instance-type'] === size],
    ['label topology.kubernetes.io/region', labels['topology.kubernetes.io/region'] === region.slug],
    ['the old region label', labels['failure-domain.beta.kubernetes.io/region'] === region.slug],
  ]);
}

function goAddresses({ name, networks }: Droplet): readonly string[] {
  const { v4 = [], v6 = [] } = networks ?? {};
  const first = (wanted: string): string => v4.find(({ type }) => type === wanted)?.ip_address ?? '';
  return [
    `Hostname ${name}`,
    `InternalIP ${first('private')}`,
    `ExternalIP ${first('public')}`,
    ...v6.slice(0, 1).map(({ ip_address: address }) => `ExternalIP ${address}`),
  ];
}

function unless(name: string, rules: readonly (readonly [rule: string, isSo: boolean])[]): readonly string[] {
  return rules.filter(([, isSo]) => !isSo).map(([rule]) => `${name}: it is not so that ${rule}`);
}

/** A Lease as client-go reads it. */
export interface LeaseSpec {
  readonly holderIdentity?: string;
  readonly leaseDurationSeconds?: number;
  readonly renewTime?: string;
}

/** client-go's rule: a Lease without a holder may be taken, any other one only when it was not renewed for its duration. */
export function mayGoTakeLease(
  { holderIdentity, leaseDurationSeconds = 0, renewTime }: LeaseSpec,
  nowMs: number,
): boolean {
  return !holderIdentity || Date.parse(renewTime ?? '') + leaseDurationSeconds * 1_000 < nowMs;
}
