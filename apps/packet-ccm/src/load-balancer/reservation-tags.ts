// Whose is a reservation? Tags tell: that a program made it, for which Service, in which cluster. Pure. The three tags are a contract with
// the Go program. Before v3.0.0 there was no tag for the cluster; without it nothing tells which of two clusters with a Service of the same
// name a reservation belongs to, so such a one is used where the Service itself names its address, and never released.
import { createHash } from 'node:crypto';
import type { IpReservation } from '@longshore/packet-api';
import type { ServiceName } from './announcer.ts';

/** Said of each reservation that is made. */
export const DETAILS = 'Equinix Metal Kubernetes CCM auto-generated for Load Balancer';

const USAGE = 'usage=cloud-provider-equinix-metal-auto';
/** As versions before v3.0.0 wrote it. */
const OLD_USAGE = 'usage=packet-ccm-auto';
const CLUSTER = 'cluster=';

/** What has an address of its own: a Service, or the Services of a namespace that share one. */
export type Owner = ServiceName & { readonly shared?: string | undefined };

/** The tag of the owner. */
export function ownerTag({ namespace, name, shared }: Owner): string {
  return shared === undefined
    ? `service=${digest(`${namespace}/${name}`)}`
    : `shared=${digest(`${namespace}/${shared}`)}`;
}

/** The tag of a cluster. */
export function clusterTag(clusterId: string): string {
  return `${CLUSTER}${clusterId}`;
}

/** The tags of a reservation to be made. */
export function tagsFor(owner: Owner, clusterId: string): readonly string[] {
  return [USAGE, ownerTag(owner), clusterTag(clusterId)];
}

/** A program like this one made it. */
export function isAutomatic({ tags }: Pick<IpReservation, 'tags'>): boolean {
  return tags.includes(USAGE) || tags.includes(OLD_USAGE);
}

/** It has the tag of this cluster, and of no other. */
export function isOfCluster({ tags }: Pick<IpReservation, 'tags'>, clusterId: string): boolean {
  return tags.includes(clusterTag(clusterId)) && !isForeign({ tags }, clusterId);
}

/** It has the tag of another cluster. */
export function isForeign({ tags }: Pick<IpReservation, 'tags'>, clusterId: string): boolean {
  return tags.some((tag) => tag.startsWith(CLUSTER) && tag !== clusterTag(clusterId));
}

/** The owner's reservations, oldest first. Only all three tags make one. */
export function ownReservations(
  reservations: readonly IpReservation[],
  owner: Owner,
  clusterId: string,
): readonly IpReservation[] {
  const tag = ownerTag(owner);
  return reservations
    .filter((one) => isAutomatic(one) && isOfCluster(one, clusterId) && one.tags.includes(tag) && !one.isManagement)
    .toSorted((a, b) => (sortKey(a) < sortKey(b) ? -1 : 1));
}

function sortKey({ createdAt = '', id }: IpReservation): string {
  return `${createdAt} ${id}`;
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('base64');
}
