// A manager on a real API server, played by the rules that clusterctl relies on: it acts only where its StatefulSet has replicas, and never
// on what is frozen. It makes real devices in the simulated Packet.
import { setTimeout as pause } from 'node:timers/promises';
import type { KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { pausedBy } from '../../api/conditions.ts';
import { PACKET_NAMESPACE } from '../../api/names.ts';
import type { Cluster, Machine, MachineDeployment, MachineTemplate, ObjectMeta } from '../../api/objects.ts';
import { clusters, machineDeployments, machines } from '../../api/resources.ts';
import { objectKeyOf, secrets, statefulSets } from '../kube-kinds.ts';

const FINALIZER = 'cluster-api-provider-packet/played-manager';
const ROUND_MS = 200;

/** Devices of the machines. */
export interface PlayedDevices {
  ensure(machine: string): Promise<void>;
  remove(machine: string): Promise<void>;
}

/** What it works with. */
export interface PlayedManagerParts {
  readonly client: KubeClient;
  readonly devices: PlayedDevices;
  /** Text of the kubeconfig that it hands out. */
  readonly kubeconfig: string;
}

/** Works until the signal aborts; what fails is tried again. */
export async function playManager(parts: PlayedManagerParts, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await actOnce(parts).catch(() => {});
    await pause(ROUND_MS);
  }
}

async function actOnce(parts: PlayedManagerParts): Promise<void> {
  const { client } = parts;
  const { items: sets } = await client.list(statefulSets, { namespace: PACKET_NAMESPACE });
  if (!sets.some(({ spec }) => (spec?.replicas ?? 1) > 0)) return;
  const { items: all } = await client.list(clusters);
  for (const cluster of all.filter((found) => !pausedBy(found))) {
    const { items: ofCluster } = await client.list(machines, { namespace: cluster.metadata?.namespace ?? '' });
    for (const machine of ofCluster.filter(({ metadata }) => !pausedBy(metadata ? { metadata } : {})))
      await actOnMachine(parts, machine);
    const { items: deployments } = await client.list(machineDeployments);
    for (const deployment of deployments) await actOnDeployment(parts, deployment);
    await actOnCluster(parts, cluster, ofCluster);
  }
}

async function actOnCluster(
  { client, kubeconfig }: PlayedManagerParts,
  cluster: Cluster,
  ofCluster: readonly Machine[],
): Promise<void> {
  const { name = '', namespace = '', uid = '', deletionTimestamp } = cluster.metadata ?? {};
  if (deletionTimestamp !== undefined) {
    if (ofCluster.length === 0) await setFinalizers(client, clusters, cluster, null);
    return;
  }
  if (ofCluster.length === 0) return;
  await setFinalizers(client, clusters, cluster, [FINALIZER]);
  const owner = { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Cluster', name, uid };
  const metadata = { name: `${name}-kubeconfig`, namespace, ownerReferences: [owner] };
  const data = { value: Buffer.from(kubeconfig).toString('base64') };
  if (!(await client.get(secrets, metadata)))
    await client.create(secrets, { apiVersion: 'v1', kind: 'Secret', metadata, data });
  await setStatus(client, clusters, cluster, { apiEndpoints: [{ host: '147.75.1.1', port: 6443 }] });
}

async function actOnMachine({ client, devices }: PlayedManagerParts, machine: Machine): Promise<void> {
  const { name = '', deletionTimestamp } = machine.metadata ?? {};
  if (deletionTimestamp !== undefined) {
    await devices.remove(name);
    await setFinalizers(client, machines, machine, null);
    return;
  }
  await setFinalizers(client, machines, machine, [FINALIZER]);
  await devices.ensure(name);
  await setStatus(client, machines, machine, {
    phase: 'Running',
    nodeRef: { kind: 'Node', name, uid: `node-${name}` },
  });
}

async function actOnDeployment({ client }: PlayedManagerParts, deployment: MachineDeployment): Promise<void> {
  const { metadata: own = {}, spec: { template } = {} } = deployment;
  if (own.deletionTimestamp !== undefined || pausedBy({ metadata: own })) return;
  const machine = machineOf(own, template);
  if (!(await client.get(machines, objectKeyOf(machine)))) await client.create(machines, machine);
  await setStatus(client, machineDeployments, deployment, { observedGeneration: 1, availableReplicas: 1, replicas: 1 });
}

function machineOf(
  { name = '', namespace = '', uid = '' }: ObjectMeta,
  template: MachineTemplate | undefined,
): Machine {
  const ownerReferences = [{ apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'MachineDeployment', name, uid }];
  const metadata = { name: `${name}-0`, namespace, labels: template?.metadata?.labels ?? {}, ownerReferences };
  return { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Machine', metadata, spec: template?.spec ?? {} };
}

async function setFinalizers(
  client: KubeClient,
  type: ResourceType<KubeObject>,
  object: { readonly metadata?: ObjectMeta },
  finalizers: readonly string[] | null,
): Promise<void> {
  await client.patch(type, objectKeyOf(object as KubeObject), { kind: 'merge', body: { metadata: { finalizers } } });
}

async function setStatus(
  client: KubeClient,
  type: ResourceType<KubeObject>,
  object: object,
  status: object,
): Promise<void> {
  const patch = { kind: 'merge', body: { status } } as const;
  await client.patch(type, objectKeyOf(object as KubeObject), patch, { subresource: 'status' });
}
