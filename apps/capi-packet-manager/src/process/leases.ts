// Which Lease each set of controllers leads under. Two sets, so that a pod of the one and a pod of the other work side by side; fixed
// places, so that a manager on somebody's desk and one in a pod never work at the same time. clusterctl looks at them before a move.
import { GENERIC_NAMESPACE, PACKET_NAMESPACE } from '../api/names.ts';

/** Sets of controllers (`--controllers`). `packet`: clusters and machines. `generic`: sets, deployments, Node links. */
export const controllerSets = ['packet', 'generic'] as const;

/** One of them. */
export type ControllerSet = (typeof controllerSets)[number];

/** Default of `--leader-elect-resource-name`. */
export const LEASE_PREFIX = 'cluster-api';

/** The Lease of a set. Empty `namespace`: where the pods of the set run by default. */
export function leaseOf(
  set: ControllerSet,
  { prefix = LEASE_PREFIX, namespace = '' }: { readonly prefix?: string; readonly namespace?: string } = {},
): { readonly namespace: string; readonly name: string } {
  const home = set === 'packet' ? PACKET_NAMESPACE : GENERIC_NAMESPACE;
  return { namespace: namespace === '' ? home : namespace, name: `${prefix}-${set}` };
}
