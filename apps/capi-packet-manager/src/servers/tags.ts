// The tags by which a device is known to be ours: which attempt made it, which cluster it is of, which role it has. The first three forms
// are those of the Go provider, so its devices are found; the namespace is ours and tells clusters of one name apart. A tag has at most
// 80 characters: what does not fit is refused, because a shortened tag would be somebody else's.
import type { Device } from '@longshore/packet-api';
import type { ServerOwner } from './contract.ts';

const PREFIX = 'cluster-api-provider-packet:';
const MACHINE_UID = `${PREFIX}machine-uid:`;
const CLUSTER_ID = `${PREFIX}cluster-id:`;
const NAMESPACE = `${PREFIX}namespace:`;
const ROLE = 'kubernetes.io/role:';

/** The API refuses longer tags. */
export const LONGEST_TAG = 80;

/** What the tags of a device say; absent where there is no such tag. */
export interface ServerTags {
  readonly attemptId: string | undefined;
  readonly cluster: string | undefined;
  /** Absent on devices of the Go provider. */
  readonly namespace: string | undefined;
  readonly role: ServerOwner['role'] | undefined;
}

/** The tag of an attempt: the API's lists can be filtered by it. */
export function attemptTag(attemptId: string): string {
  return `${MACHINE_UID}${attemptId}`;
}

/** The tags of everything that belongs to a cluster. */
export function clusterTags({ namespace, name }: ServerOwner['cluster']): readonly string[] {
  return [`${CLUSTER_ID}${name}`, `${NAMESPACE}${namespace}`];
}

/** All tags of a new device: ours, then those that the user wishes for. */
export function serverTags(owner: ServerOwner, attemptId: string, userTags: readonly string[]): readonly string[] {
  const own = [attemptTag(attemptId), ...clusterTags(owner.cluster), `${ROLE}${owner.role}`];
  return [...new Set([...own, ...userTags])];
}

/** Why a cluster cannot have servers, if its name or namespace is too long for a tag. */
export function clusterNameProblem({ namespace, name }: ServerOwner['cluster']): string | undefined {
  const problems = [
    ...tooLong('the name of the cluster', name, LONGEST_TAG - CLUSTER_ID.length),
    ...tooLong('the namespace of the cluster', namespace, LONGEST_TAG - NAMESPACE.length),
  ];
  return problems.length === 0 ? undefined : `${problems.join('; ')}: choose a shorter one, nothing is cut off`;
}

/** Why a device cannot have these tags. */
export function userTagProblem(userTags: readonly string[]): string | undefined {
  const long = userTags.find((tag) => tag.length > LONGEST_TAG);
  if (long === undefined) return undefined;
  return `the tag "${long}" has ${long.length} characters, and a tag of a device has at most ${LONGEST_TAG}: shorten it`;
}

/** Reads the tags of a device. */
export function parseServerTags(tags: readonly string[]): ServerTags {
  const after = (prefix: string): string | undefined =>
    tags.find((tag) => tag.startsWith(prefix) && tag.length > prefix.length)?.slice(prefix.length);
  const role = after(ROLE);
  return {
    attemptId: after(MACHINE_UID),
    cluster: after(CLUSTER_ID),
    namespace: after(NAMESPACE),
    role: role === 'master' || role === 'node' ? role : undefined,
  };
}

/** Whether a device is of the cluster. One of the Go provider, which wrote no namespace, is of every cluster of the name. */
export function isOfCluster({ tags }: Pick<Device, 'tags'>, { namespace, name }: ServerOwner['cluster']): boolean {
  const found = parseServerTags(tags);
  return found.cluster === name && (found.namespace === undefined || found.namespace === namespace);
}

function tooLong(what: string, text: string, most: number): readonly string[] {
  return text.length <= most
    ? []
    : [`${what} "${text}" has ${text.length} characters, of which at most ${most} fit into a tag of a device`];
}
