// Which rights the running controllers need (spec §6.7), and the look at start whether they are there (I26): a missing verb is one clear
// error line instead of a controller that silently does nothing. Never fatal: an old ClusterRole must not stop what works.
import type { Logger } from '@longshore/reconciler-core';
import { findMissingRights } from '@longshore/k8s-runtime';
import type { KubeClient, NeededRight } from '@longshore/k8s-runtime';
import type { ControllerName } from './wiring-controllers.ts';

/** What decides about the rights. */
export interface RightsQuestion {
  readonly controllers: readonly ControllerName[];
  /** Where the Lease is; absent without election. */
  readonly lease?: { readonly namespace: string; readonly name: string } | undefined;
  /** `--use-service-account-credentials`: each controller writes under its own account. */
  readonly isSplit: boolean;
  /** What the provider itself reads and writes in the cluster, always as the program's own identity. */
  readonly ofProvider?: readonly NeededRight[] | undefined;
}

/** What one identity must be allowed to do; `client` is absent for the program's own. */
export interface NeededRights {
  readonly client?: ControllerName['client'];
  readonly rights: readonly NeededRight[];
}

type Row = readonly [group: string, resource: string, verbs: readonly string[], neededFor: string];

const reading = ['list', 'watch'];
const nodeRow: Row = ['', 'nodes', reading, 'following the nodes'];
const serviceRow: Row = ['', 'services', reading, 'following the services'];
const eventRow: Row = ['', 'events', ['create', 'patch'], 'events'];
const ownRows: Readonly<Record<ControllerName['name'], readonly Row[]>> = {
  'cloud-node-controller': [
    ['', 'nodes', ['patch'], 'labels, provider IDs and taints of nodes'],
    ['', 'nodes/status', ['patch'], 'addresses of nodes'],
  ],
  'cloud-node-lifecycle-controller': [
    ['', 'nodes', ['patch'], 'the shutdown taint of nodes'],
    ['', 'nodes', ['get', 'delete'], 'removing nodes whose machine is gone'],
  ],
  'service-lb-controller': [['', 'services/status', ['patch'], 'addresses and cleanup finalizers of services']],
  'node-route-controller': [['', 'nodes/status', ['patch'], 'the condition NetworkUnavailable of nodes']],
};

/** Caches, events and election are the program's own; with split accounts the controllers' writes are not. Each right once. */
export function neededRights({
  controllers,
  lease,
  isSplit,
  ofProvider = [],
}: RightsQuestion): readonly NeededRights[] {
  const hasServices = controllers.some(({ name }) => name === 'service-lb-controller');
  const followed = controllers.length > 0 ? [nodeRow, ...(hasServices ? [serviceRow] : []), eventRow] : [];
  const shared = [...followed.flatMap(toRights), ...ofProvider, ...(lease ? leaseRights(lease) : [])];
  const own = (client?: ControllerName['client']): readonly NeededRight[] =>
    controllers
      .filter((controller) => client === undefined || controller.client === client)
      .flatMap(({ name }) => ownRows[name].flatMap(toRights));
  if (!isSplit) return [{ rights: unique([...shared, ...own()]) }];
  const clients = [...new Set(controllers.map(({ client }) => client))];
  return [{ rights: unique(shared) }, ...clients.map((client) => ({ client, rights: unique(own(client)) }))];
}

/** Asks for all of them and writes one line for each that is missing. */
export async function reportMissingRights(
  question: RightsQuestion,
  { client, log }: { readonly client: KubeClient; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  for (const { client: account, rights } of neededRights(question)) {
    const missing = await findMissingRights(account === undefined ? client : client.named(account), rights, signal);
    for (const { right, finding, message } of missing) {
      const { verb, resource, subresource, group } = right;
      const facts = {
        verb,
        resource,
        subresource,
        group,
        ...(account === undefined ? {} : { serviceAccount: account }),
      };
      if (finding === 'missing') log.error(`a permission is missing: ${message}`, facts);
      else log.verbose(2, message, facts);
    }
  }
}

function unique(rights: readonly NeededRight[]): readonly NeededRight[] {
  const found = new Map<string, NeededRight>();
  for (const right of rights) {
    const id = [right.group, right.resource, right.subresource, right.verb, right.namespace].join('/');
    if (!found.has(id)) found.set(id, right);
  }
  return [...found.values()];
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
