// Which rights the running controllers need (spec §6.7), and the look at start whether they are there (I26): a missing verb is one clear
// error line instead of a controller that silently does nothing. Never fatal: an old ClusterRole must not stop what works.
import type { Logger } from '@longshore/reconciler-core';
import { findMissingRights } from '@longshore/k8s-runtime';
import type { KubeClient, NeededRight } from '@longshore/k8s-runtime';
import type { ControllerName } from './wiring-controllers.ts';

/** What decides about the rights. */
export interface RightsQuestion {
  readonly controllers: ReadonlySet<ControllerName['name']>;
  /** Where the Lease is; absent without election. */
  readonly lease?: { readonly namespace: string; readonly name: string } | undefined;
}

type Row = readonly [group: string, resource: string, verbs: readonly string[], neededFor: string];

const reads = ['get', 'list', 'watch'];
const nodeRows: readonly Row[] = [['', 'nodes', reads, 'following the nodes']];
const rowsOf: Readonly<Record<ControllerName['name'], readonly Row[]>> = {
  'cloud-node-controller': [
    ['', 'nodes', ['patch'], 'labels, provider IDs and taints of nodes'],
    ['', 'nodes/status', ['patch'], 'addresses of nodes'],
    ['', 'events', ['create', 'patch'], 'events'],
  ],
  'cloud-node-lifecycle-controller': [
    ['', 'nodes', ['patch'], 'the shutdown taint of nodes'],
    ['', 'nodes', ['delete'], 'removing nodes whose machine is gone'],
    ['', 'events', ['create', 'patch'], 'events'],
  ],
  'service-lb-controller': [
    ['', 'services', ['list', 'watch'], 'following the services'],
    ['', 'services/status', ['patch'], 'addresses and cleanup finalizers of services'],
    ['', 'events', ['create', 'patch'], 'events'],
  ],
  'node-route-controller': [
    ['', 'nodes/status', ['patch'], 'the condition NetworkUnavailable of nodes'],
    ['', 'events', ['create', 'patch'], 'events'],
  ],
};

/** Each right once, with the first reason for it. */
export function neededRights({ controllers, lease }: RightsQuestion): readonly NeededRight[] {
  const rows = [...(controllers.size > 0 ? nodeRows : []), ...[...controllers].flatMap((name) => rowsOf[name])];
  const rights = [...rows.flatMap(toRights), ...(lease ? leaseRights(lease) : [])];
  const unique = new Map<string, NeededRight>();
  for (const right of rights) {
    const id = [right.group, right.resource, right.subresource, right.verb, right.namespace].join('/');
    if (!unique.has(id)) unique.set(id, right);
  }
  return [...unique.values()];
}

/** Asks for all of them and writes one line for each that is missing. */
export async function reportMissingRights(
  question: RightsQuestion,
  { client, log }: { readonly client: KubeClient; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  const missing = await findMissingRights(client, neededRights(question), signal);
  for (const { right, finding, message } of missing) {
    const facts = { verb: right.verb, resource: right.resource, subresource: right.subresource, group: right.group };
    if (finding === 'missing') log.error(`a permission is missing: ${message}`, facts);
    else log.verbose(2, message, facts);
  }
}

function toRights([group, path, verbs, neededFor]: Row): readonly NeededRight[] {
  const [resource = '', subresource] = path.split('/');
  return verbs.map((verb) => ({ group, resource, ...(subresource ? { subresource } : {}), verb, neededFor }));
}

function leaseRights({
  namespace,
  name,
}: {
  readonly namespace: string;
  readonly name: string;
}): readonly NeededRight[] {
  const base = { group: 'coordination.k8s.io', resource: 'leases', namespace, neededFor: 'leader election' };
  return [
    { ...base, verb: 'create' },
    { ...base, verb: 'get', name },
    { ...base, verb: 'update', name },
  ];
}
