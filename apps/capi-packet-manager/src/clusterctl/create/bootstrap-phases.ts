// Phases on the bootstrap cluster: components, Cluster, the first control plane machine, until its kubeconfig is written.
import { conditionTypes, conditionOf } from '../../api/conditions.ts';
import { clusterSecrets } from '../../api/names.ts';
import { clusters, machineClasses, machines } from '../../api/resources.ts';
import type { Cluster } from '../../api/objects.ts';
import type { KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { applyObject, applyObjects } from '../apply/apply-objects.ts';
import { withoutReplicas } from '../input/components.ts';
import { anyObject, namespaces, objectKeyOf, secrets, titleOf } from '../kube-kinds.ts';
import { ensureNamespace } from '../pivot/apply-step.ts';
import { differencesOf } from '../pivot/object-difference.ts';
import { PROVIDER_NAMESPACES } from '../pivot/provider-managers.ts';
import { failure, listed } from '../problem.ts';
import { done, notYet, waitUntil } from '../wait/wait-until.ts';
import type { Look } from '../wait/wait-until.ts';
import type { CreateContext, Say } from './create-context.ts';
import { lookAtMaster } from './machine-state.ts';

/** What must be there before the provider, for bootstrap clusters that lack it. */
export async function applyBootstrapOnly(context: CreateContext, say: Say): Promise<void> {
  await applyObjects(context.files.bootstrapOnly, context.apply(await context.source(), say));
}

/** CRDs, roles, credentials and managers on the bootstrap cluster. */
export async function applyProvider(context: CreateContext, say: Say): Promise<void> {
  const client = await context.source();
  await noteWhatWasThere(context, client);
  const { components } = context.files;
  const objects = context.isEmbedded ? withoutReplicas(components, new Map()) : components;
  await applyObjects(objects, context.apply(client, say));
  if (context.isEmbedded) await context.localManagers(say).start();
}

// Components that were there before us stay when we are done.
async function noteWhatWasThere({ journal, host }: CreateContext, client: KubeClient): Promise<void> {
  const { bootstrap } = journal.content;
  if (!bootstrap || bootstrap.hadComponents !== undefined) return;
  const found = await Promise.all(
    PROVIDER_NAMESPACES.map((name) => client.get(namespaces, { name }, { signal: host.signal })),
  );
  await journal.setBootstrap({ ...bootstrap, hadComponents: found.some((namespace) => namespace !== undefined) });
}

/** The Cluster object; one of its name that asks for something else is not touched. */
export async function applyCluster(context: CreateContext, say: Say): Promise<void> {
  await ensureNamespace(await context.source(), context.id.namespace, context.host.signal);
  await createUnlessThere(context, clusters, context.files.input.cluster, say);
}

/** The first control plane machine, and the classes that machines refer to; until it is up. */
export async function createMaster(context: CreateContext, say: Say): Promise<void> {
  const { machineClasses: classes, controlPlane } = context.files.input;
  for (const object of classes) await createUnlessThere(context, machineClasses, object, say);
  const [master] = controlPlane;
  if (!master) throw failure('CTL_INPUT_INVALID', 'there is no control plane machine');
  await createUnlessThere(context, machines, master, say);
  const client = await context.source();
  const { signal } = context.host;
  const look = async (): Promise<Look<true>> =>
    lookAtMaster(
      await client.get(machines, objectKeyOf(master), { signal }),
      await client.get(clusters, context.id, { signal }),
      (await kubeconfigIn(context, client)) !== undefined,
    );
  await waitUntil({ what: titleOf('Machine', master), look, ...context.limits.machineReady }, context.wait(say));
}

/** The manager writes the endpoint; clusterctl never does, so it cannot be there twice. */
export async function awaitEndpoint(context: CreateContext, client: KubeClient, say: Say): Promise<void> {
  const look = async (): Promise<Look<true>> => {
    const cluster = await client.get(clusters, context.id, { signal: context.host.signal });
    const [endpoint] = cluster?.status?.apiEndpoints ?? [];
    return endpoint ? done(true as const) : notYet(whyNoEndpoint(cluster));
  };
  await waitUntil(
    { what: `the endpoint of Cluster ${context.id.name}`, look, ...context.limits.machineReady },
    context.wait(say),
  );
}

function whyNoEndpoint(cluster: Cluster | undefined): string {
  if (!cluster) return 'the Cluster is not there';
  const ready = conditionOf(cluster.status, conditionTypes.ready);
  return ready ? `${ready.reason}: ${ready.message}` : 'nobody has looked at the Cluster yet: do the managers run?';
}

/** Writes the kubeconfig (0600) and waits until its API server answers. */
export async function writeKubeconfig(context: CreateContext, say: Say): Promise<void> {
  const client = await context.source();
  const look = async (): Promise<Look<string>> => {
    const text = await kubeconfigIn(context, client);
    return text === undefined
      ? notYet(`Secret ${clusterSecrets.kubeconfig(context.id.name)} is not there`)
      : done(text);
  };
  const text = await waitUntil({ what: 'the kubeconfig', look, ...context.limits.kubeconfigReady }, context.wait(say));
  await context.host.writeSecretFile(context.options.kubeconfigOut, text);
  say(`written to ${context.options.kubeconfigOut}`);
}

async function kubeconfigIn({ id, host }: CreateContext, client: KubeClient): Promise<string | undefined> {
  const key = { namespace: id.namespace, name: clusterSecrets.kubeconfig(id.name) };
  const value = (await client.get(secrets, key, { signal: host.signal }))?.data?.['value'];
  return value === undefined || value === '' ? undefined : Buffer.from(value, 'base64').toString('utf8');
}

async function createUnlessThere<T extends KubeObject>(
  context: CreateContext,
  type: ResourceType<T>,
  object: T,
  say: Say,
): Promise<void> {
  const client = await context.source();
  const title = titleOf(type.kind, object);
  const present = await client.get(type, objectKeyOf(object), { signal: context.host.signal });
  if (!present) {
    say(`creating ${title}`);
    await applyObject(anyObject(object), context.apply(client, say));
    return;
  }
  const differences = differencesOf(anyObject(object), anyObject(present));
  if (differences.length === 0) return;
  const head = `${title} exists on ${client.server} and is another one: choose another name, or delete it first`;
  throw failure('CTL_CLUSTER_EXISTS', listed(head, differences));
}
