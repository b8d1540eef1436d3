// Where the API server of a cluster is reached, out of what is known of its devices. Pure.
import type { Device } from '@longshore/packet-api';
import type { Cluster, PacketClusterProviderSpec } from '../api/objects.ts';

/** Host and port, and who said so. */
export interface Endpoint {
  readonly host: string;
  readonly port: number;
  readonly source: EndpointSource;
}

/** `operator`: written into the status by somebody else, and left alone. */
export type EndpointSource = 'device' | 'elastic-ip' | 'host' | 'operator';

/** An elastic IP of the cluster. */
export interface ElasticAddress {
  readonly address: string;
  readonly assignedTo?: string | undefined;
}

/** What the endpoint is decided from. */
export interface EndpointFacts {
  readonly cluster: Cluster;
  readonly spec: PacketClusterProviderSpec;
  /** Devices of the cluster's control plane, in any state. */
  readonly masters: readonly Device[];
  readonly elastic?: ElasticAddress | undefined;
}

/** The API server's port unless the spec names another. */
export const API_PORT = 6443;

const LEAVING: ReadonlySet<string> = new Set(['deprovisioning', 'deleted', 'failed']);
const OUR_SOURCES: ReadonlySet<string | undefined> = new Set(['device', 'elastic-ip', 'host']);

/** The endpoint; `undefined` while it is not known. */
export function planEndpoint(facts: EndpointFacts): Endpoint | undefined {
  const { cluster, spec, masters, elastic } = facts;
  const present = presentEndpoint(cluster);
  if (present?.source === 'operator') return present;
  const wish = spec.controlPlaneEndpoint;
  const port = wish?.port ?? API_PORT;
  if (wish?.type === 'host') return { host: wish.host, port, source: 'host' };
  if (wish?.type === 'elasticIP') return elastic && { host: elastic.address, port, source: 'elastic-ip' };
  return ofDevice(masters, present);
}

/** What the status says now. */
export function presentEndpoint({ status }: Pick<Cluster, 'status'>): Endpoint | undefined {
  const [first] = status?.apiEndpoints ?? [];
  if (first === undefined) return undefined;
  const source = status?.providerStatus?.endpointSource;
  return { ...first, source: OUR_SOURCES.has(source) ? (source as EndpointSource) : 'operator' };
}

/** The device that the elastic IP should be moved to; `undefined` when it is well where it is, or nobody can take it. */
export function planAssignment(masters: readonly Device[], elastic: ElasticAddress): Device | undefined {
  const active = liveMasters(masters).filter(({ state }) => state === 'active');
  // From the first assignment on the cloud controller manager moves it by the health of the API servers, which we do not see.
  if (liveMasters(masters).some(({ id }) => id === elastic.assignedTo)) return undefined;
  return active[0];
}

/** Devices that stay, active ones first, then the oldest. */
export function liveMasters(masters: readonly Device[]): readonly Device[] {
  const rank = ({ state, createdAt = '', id }: Device): string => [state === 'active' ? 0 : 1, createdAt, id].join(' ');
  return masters.filter(({ state }) => !LEAVING.has(state)).toSorted((a, b) => (rank(a) < rank(b) ? -1 : 1));
}

/** An endpoint that is still on a live device stays, so that it does not jump between two. */
function ofDevice(masters: readonly Device[], present: Endpoint | undefined): Endpoint | undefined {
  const hosts = liveMasters(masters).flatMap((device) => publicIpv4Of(device) ?? []);
  const isStill = present?.source === 'device' && hosts.includes(present.host);
  const host = isStill ? present.host : hosts[0];
  if (host !== undefined) return { host, port: API_PORT, source: 'device' };
  // No master at the moment: the certificates and kubeconfigs name the old address, and a sweep that failed is no reason to forget it.
  return present?.source === 'device' ? present : undefined;
}

/** Nodes and people come from outside: neither the private nor an IPv6 address will do. The device's own before one that was put on it. */
function publicIpv4Of({ addresses }: Device): string | undefined {
  const usable = addresses.filter(({ family, isPublic }) => family === 4 && isPublic);
  return (usable.find(({ isManagement }) => isManagement) ?? usable[0])?.address;
}
