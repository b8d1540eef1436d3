// The phases of `delete cluster`: balancers of the cluster, the move back, the deletion in order, and a look at what is left in the project.
import type { KubeClient } from '@longshore/k8s-runtime';
import { PACKET_NAMESPACE, legacyCaSecret } from '../../api/names.ts';
import type { ClusterName, Host } from '../host.ts';
import { balancedServices, objectKeyOf, secrets, titleOf } from '../kube-kinds.ts';
import { listAll, observeScope } from '../pivot/observe-content.ts';
import { failure, listed } from '../problem.ts';
import type { Limit } from '../wait/limits.ts';
import { done, notYet, waitUntil } from '../wait/wait-until.ts';
import type { Look, WaitParts } from '../wait/wait-until.ts';
import { DELETE_ORDER, inGroup, leftText } from './delete-plan.ts';
import type { DeleteGroup } from './delete-plan.ts';

/** What deleting needs. */
export interface DeleteParts {
  readonly client: KubeClient;
  readonly id: ClusterName;
  readonly wait: WaitParts;
  readonly limit: Limit;
}

/** Services of type LoadBalancer hold elastic IPs, which only the cluster's own cloud controller gives back: they go while it runs. */
export async function removeBalancers({ client, wait, limit }: Omit<DeleteParts, 'id'>): Promise<void> {
  const { signal } = wait;
  const balancers = async (): Promise<readonly string[]> => {
    const all = await listAll(client, balancedServices, { signal });
    const found = all.filter(({ spec }) => spec?.type === 'LoadBalancer');
    for (const service of found.filter(({ metadata }) => metadata?.deletionTimestamp === undefined))
      await client.remove(balancedServices, objectKeyOf(service), { signal });
    return found.map((service) => titleOf('Service', service));
  };
  const look = async (): Promise<Look<true>> => {
    const left = await balancers();
    return left.length === 0 ? done(true as const) : notYet(`${left.join(', ')} still there`);
  };
  await waitUntil({ what: 'the load balancers to be given back', look, ...limit }, wait);
}

/** Deletes everything of the cluster, group after group; each is waited for as long as something goes on. */
export async function deleteObjects(parts: DeleteParts): Promise<void> {
  for (const group of DELETE_ORDER) await deleteGroup(group, parts);
  const legacy = { namespace: PACKET_NAMESPACE, name: legacyCaSecret(parts.id.name) };
  await parts.client.remove(secrets, legacy, { signal: parts.wait.signal });
}

async function deleteGroup(group: DeleteGroup, { client, id, wait, limit }: DeleteParts): Promise<void> {
  const look = async (signal: AbortSignal): Promise<Look<true>> => {
    const left = inGroup(await observeScope(client, id, signal), group);
    if (left.length === 0) return done(true as const);
    for (const { type, object } of left) {
      if (object.metadata?.deletionTimestamp === undefined) await client.remove(type, objectKeyOf(object), { signal });
    }
    return notYet(leftText(left));
  };
  await waitUntil({ what: `${group.title} to go`, look, ...limit, isLimitPerChange: true }, wait);
}

/** Rejects when the project still has something of the cluster: it would go on costing. */
export async function confirmNothingLeft(
  { host, id, projectId }: { readonly host: Host; readonly id: ClusterName; readonly projectId: string },
  wait: WaitParts,
  limit: Limit,
): Promise<void> {
  const account = host.account();
  if (!account || projectId === '') return;
  const look = async (signal: AbortSignal): Promise<Look<true>> => {
    const devices = await account.devicesOf(id, projectId, signal);
    const addresses = await account.addressesOf(id, projectId, signal);
    const left = [
      ...devices.map(({ hostname, state }) => `server ${hostname} (${state})`),
      ...addresses.map((address) => `address ${address}`),
    ];
    return left.length === 0 ? done(true as const) : notYet(left.join(', '));
  };
  await waitUntil(
    { what: 'the project to be free of the cluster', look, ...limit, isLimitPerChange: true },
    wait,
  ).catch((error: unknown) => {
    wait.signal.throwIfAborted();
    const remedy = 'look at the project in the portal and delete what is left';
    throw failure(
      'CTL_LEFT_OVERS',
      listed(`Cluster ${id.namespace}/${id.name} is deleted, but not all is gone; ${remedy}`, [String(error)]),
    );
  });
}
