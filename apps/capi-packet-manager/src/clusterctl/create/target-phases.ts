// Phases on the cluster that is made: add-ons, the move, the other machines.
import type { KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { configMaps } from '@longshore/k8s-runtime';
import { PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import { machineDeployments, machines, machineSets } from '../../api/resources.ts';
import type { Machine, MachineDeployment, MachineSet } from '../../api/objects.ts';
import { applyObject, applyObjects } from '../apply/apply-objects.ts';
import { removeObjects } from '../apply/remove-objects.ts';
import { untilItAnswers } from '../bootstrap-cluster/existing-cluster.ts';
import { textWithoutSecrets, withoutReplicas } from '../input/components.ts';
import { objectKeyOf, secrets, statefulSets, titleOf } from '../kube-kinds.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { listAll, listClusters } from '../pivot/observe-content.ts';
import { moveCluster } from '../pivot/pivot.ts';
import { PROVIDER_NAMESPACES, REPLICAS_ANNOTATION, StatefulSetManagers } from '../pivot/provider-managers.ts';
import type { ApplyParts } from '../apply/apply-objects.ts';
import { waitUntil } from '../wait/wait-until.ts';
import type { Look } from '../wait/wait-until.ts';
import type { CreateContext, Say } from './create-context.ts';
import { lookAtMachine, lookAtReplicas } from './machine-state.ts';

/** The API server of the new cluster answers at its endpoint. */
export async function awaitTarget(context: CreateContext, say: Say): Promise<void> {
  const { host, limits, options } = context;
  await untilItAnswers(options.kubeconfigOut, { host, limit: limits.kubeconfigReady, say });
}

/** Network, cloud controller, storage. */
export async function applyAddons(context: CreateContext, say: Say): Promise<void> {
  await applyObjects(context.files.addons, context.apply(await context.target(), say, context.limits.kubeconfigReady));
}

/** Moves the Cluster and what belongs to it. */
export async function pivotToTarget(context: CreateContext, say: Say): Promise<void> {
  const [source, target] = [await context.source(), await context.target()];
  await moveCluster(context.id, {
    source: { client: source, managers: await context.sourceManagers(say) },
    target: {
      client: target,
      managers: new StatefulSetManagers({ client: target, wait: context.wait(say), limit: context.limits.cluster }),
    },
    prepareTarget: () => applyIdle(context.files.components, context.apply(target, say)),
    newId: () => context.host.newId(),
    wait: context.wait(say),
  });
}

/** Applies provider components so that no manager starts; those that run already go on. */
export async function applyIdle(components: readonly AnyObject[], parts: ApplyParts): Promise<void> {
  const running = new Map<string, number>();
  for (const namespace of PROVIDER_NAMESPACES) {
    for (const set of await listAll(parts.client, statefulSets, { namespace, signal: parts.wait.signal }))
      running.set(`${namespace}/${set.metadata?.name ?? ''}`, set.spec?.replicas ?? 1);
  }
  await applyObjects(withoutReplicas(components, running), parts);
}

/** For `delete cluster` without -p: the components, with no secret in them. */
export async function saveComponents(context: CreateContext, say: Say): Promise<void> {
  const text = textWithoutSecrets(context.files.components);
  await applyObject(componentsMap(text), context.apply(await context.target(), say));
}

/** Where the components are kept on the cluster. */
export const COMPONENTS_MAP = { namespace: 'default', name: 'clusterctl' } as const;
/** The key in it. */
export const COMPONENTS_KEY = 'provider-components';

function componentsMap(text: string): AnyObject {
  return { apiVersion: 'v1', kind: 'ConfigMap', metadata: COMPONENTS_MAP, data: { [COMPONENTS_KEY]: text } };
}

/** The components that a cluster was made with; their Secrets hold placeholders. */
export async function savedComponents(client: KubeClient, signal: AbortSignal): Promise<string | undefined> {
  return (await client.get(configMaps, COMPONENTS_MAP, { signal }))?.data?.[COMPONENTS_KEY];
}

/** Further control plane machines one after the other, because each changes etcd; then the workers together. */
export async function createMachines(context: CreateContext, say: Say): Promise<void> {
  const client = await context.target();
  const { controlPlane, workers, machineSets: sets, machineDeployments: deployments } = context.files.input;
  for (const machine of controlPlane.slice(1)) {
    await createOnTarget(context, client, { type: machines, object: machine }, say);
    await awaitMachine(context, client, machine, say);
  }
  const rest: readonly { readonly type: ResourceType<KubeObject>; readonly object: KubeObject }[] = [
    ...workers.map((object) => ({ type: machines, object })),
    ...sets.map((object) => ({ type: machineSets, object })),
    ...deployments.map((object) => ({ type: machineDeployments, object })),
  ];
  for (const wish of rest) await createOnTarget(context, client, wish, say);
  await Promise.all([
    ...workers.map((machine) => awaitMachine(context, client, machine, say)),
    ...sets.map((set) => awaitReplicas(context, client, { type: machineSets, object: set }, say)),
    ...deployments.map((set) => awaitReplicas(context, client, { type: machineDeployments, object: set }, say)),
  ]);
}

// What is there may have been scaled or changed by its owner since: it stays as it is.
async function createOnTarget(
  context: CreateContext,
  client: KubeClient,
  { type, object }: { readonly type: ResourceType<KubeObject>; readonly object: KubeObject },
  say: Say,
): Promise<void> {
  if (await client.get(type, objectKeyOf(object), { signal: context.host.signal })) return;
  say(`creating ${titleOf(type.kind, object)}`);
  await applyObject(object as AnyObject, context.apply(client, say));
}

async function awaitMachine(context: CreateContext, client: KubeClient, machine: Machine, say: Say): Promise<void> {
  const { signal } = context.host;
  const look = async (): Promise<Look<true>> =>
    lookAtMachine(await client.get(machines, objectKeyOf(machine), { signal }));
  await waitUntil({ what: titleOf('Machine', machine), look, ...context.limits.machineReady }, context.wait(say));
}

async function awaitReplicas(
  context: CreateContext,
  client: KubeClient,
  {
    type,
    object,
  }: {
    readonly type: ResourceType<MachineSet> | ResourceType<MachineDeployment>;
    readonly object: MachineSet | MachineDeployment;
  },
  say: Say,
): Promise<void> {
  const { signal } = context.host;
  const { namespace } = context.id;
  const look = async (): Promise<Look<true>> =>
    lookAtReplicas(
      await client.get(type, objectKeyOf(object), { signal }),
      await listAll(client, machines, { namespace, signal }),
    );
  await waitUntil({ what: titleOf(type.kind, object), look, ...context.limits.machineReady }, context.wait(say));
}

/** What is left on an existing cluster when it is no longer needed: nothing of ours, everything of others. */
export interface Retirement {
  readonly client: KubeClient;
  readonly components: readonly AnyObject[];
  readonly hadComponents: boolean;
}

/** Components that we brought go, unless other Clusters need them: then, or when they were there before, their managers run again. */
export async function retireComponents(
  { client, components, hadComponents }: Retirement,
  parts: ApplyParts,
): Promise<void> {
  if (!hadComponents && !(await isInUse(client, parts.wait.signal))) {
    // Made by the managers, so the components do not name it.
    const sealingKey = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
    await client.remove(secrets, sealingKey, { signal: parts.wait.signal });
    return removeObjects(components, parts);
  }
  const managers = new StatefulSetManagers(parts);
  if (await wasStopped(client, parts)) await managers.start();
}

// Machines may exist without a Cluster; with the CRDs they would go too.
async function isInUse(client: KubeClient, signal: AbortSignal): Promise<boolean> {
  if ((await listClusters(client, signal)).length > 0) return true;
  return (await listAll(client, machines, { signal })).length > 0;
}

async function wasStopped(client: KubeClient, { wait }: ApplyParts): Promise<boolean> {
  for (const namespace of PROVIDER_NAMESPACES) {
    const sets = await listAll(client, statefulSets, { namespace, signal: wait.signal });
    if (sets.some((set) => set.metadata?.annotations?.[REPLICAS_ANNOTATION] !== undefined)) return true;
  }
  return false;
}
