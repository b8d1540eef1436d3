// A manager for API servers on which no pods run, played by the rules that clusterctl relies on: it is at work as long as its pod exists,
// which it makes when its StatefulSet has replicas and removes, after the round that it is in, when it has none; and it never acts on what
// is frozen. Its devices are in the simulated Packet. What must happen once only (devices, the CA) is counted.
import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { pausedBy } from '../../api/conditions.ts';
import { clusterSecrets, PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import type { Cluster, Machine, MachineDeployment, MachineTemplate, ObjectMeta } from '../../api/objects.ts';
import { clusters, machineDeployments, machines } from '../../api/resources.ts';
import { serverTags } from '../../servers/tags.ts';
import { anyType, objectKeyOf, pods, secrets, statefulSets } from '../kube-kinds.ts';
import type { AnyObject, StatefulSet } from '../kube-kinds.ts';
import { listAll } from '../pivot/observe-content.ts';

const FINALIZER = 'cluster-api-provider-packet/played-manager';
// A dozen calls each: more rounds would take time from clusterctl and the API servers.
const ROUND_MS = 200;

/** What the managers of both sides share, and what they did. */
export interface PlayedWorld {
  readonly cloud: PacketSimulator;
  /** Text of the kubeconfig of the cluster to be. */
  readonly kubeconfig: () => string;
  /** Names of all devices that were ever made. */
  readonly made: string[];
  /** All CAs that were ever made. */
  readonly authorities: string[];
  /** Moments at which the managers of both sides were at work. */
  readonly collisions: string[];
  /** Sides that are at work now. */
  readonly atWork: Set<string>;
}

/** The manager of one side. */
export class PlayedManager {
  readonly #client: KubeClient;
  readonly #side: string;
  readonly #world: PlayedWorld;
  readonly #isProgramRunning: (() => boolean) | undefined;
  #stop = new AbortController();
  #playing: Promise<void> = Promise.resolve();

  /** With `isProgramRunning` it is at work as long as that program runs, and has no pod. */
  constructor(client: KubeClient, side: string, world: PlayedWorld, isProgramRunning?: () => boolean) {
    this.#client = client;
    this.#side = side;
    this.#world = world;
    this.#isProgramRunning = isProgramRunning;
  }

  /** Plays until `rest`; what fails is tried again. */
  play(): void {
    this.#stop = new AbortController();
    const { signal } = this.#stop;
    this.#playing = (async () => {
      while (!signal.aborted) {
        await this.#round(signal).catch(() => {});
        await pause(ROUND_MS);
      }
    })();
  }

  /** Resolves when it does nothing any more; its pod stays as it is. */
  async rest(): Promise<void> {
    this.#stop.abort();
    await this.#playing;
    this.#world.atWork.delete(this.#side);
  }

  /** Makes these devices again, which it made before. */
  restore(names: readonly string[]): void {
    for (const name of names) this.#ensureDevice(name);
  }

  async #round(signal: AbortSignal): Promise<void> {
    const [set] = await listAll(this.#client, statefulSets, { namespace: PACKET_NAMESPACE, signal });
    const isWanted = this.#isProgramRunning?.() ?? (set?.spec?.replicas ?? 1) > 0;
    if (set === undefined || !isWanted) return this.#leaveWork(signal);
    await this.#goToWork(set);
    const { items: all } = await this.#client.list(clusters);
    if (all.length > 0) await this.#keepSealingKey();
    for (const cluster of all.filter((found) => !pausedBy(found))) await this.#actOnAll(cluster);
  }

  async #goToWork(set: StatefulSet): Promise<void> {
    const { atWork, collisions } = this.#world;
    if (!atWork.has(this.#side)) collisions.push(...[...atWork].map((other) => `${other} and ${this.#side}`));
    atWork.add(this.#side);
    if (!this.#isProgramRunning) await createUnlessThere(this.#client, podOf(set));
  }

  async #leaveWork(signal: AbortSignal): Promise<void> {
    for (const pod of await listAll(this.#client, pods, { namespace: PACKET_NAMESPACE, signal }))
      await this.#client.remove(pods, objectKeyOf(pod));
    this.#world.atWork.delete(this.#side);
  }

  async #keepSealingKey(): Promise<void> {
    const metadata = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
    if (await this.#client.get(secrets, metadata)) return;
    await createUnlessThere(this.#client, secretOf(metadata, { key: randomUUID() }));
  }

  async #actOnAll(cluster: Cluster): Promise<void> {
    const namespace = cluster.metadata?.namespace ?? '';
    const { items: ofCluster } = await this.#client.list(machines, { namespace });
    for (const machine of ofCluster.filter(({ metadata = {} }) => !pausedBy({ metadata })))
      await this.#actOnMachine(machine);
    const { items: deployments } = await this.#client.list(machineDeployments, { namespace });
    for (const deployment of deployments) await this.#actOnDeployment(deployment);
    await this.#actOnCluster(cluster, ofCluster);
  }

  async #actOnCluster(cluster: Cluster, ofCluster: readonly Machine[]): Promise<void> {
    const { name = '', namespace = '', uid = '', deletionTimestamp } = cluster.metadata ?? {};
    if (deletionTimestamp !== undefined) {
      if (ofCluster.length === 0) await this.#setFinalizers(clusters, cluster, null);
      return;
    }
    await this.#setFinalizers(clusters, cluster, [FINALIZER]);
    const ownerReferences = [{ apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Cluster', name, uid }];
    const at = (secret: string): ObjectMeta => ({ name: secret, namespace, ownerReferences });
    if (!(await this.#client.get(secrets, { namespace, name: clusterSecrets.ca(name) }))) {
      const authority = randomUUID();
      this.#world.authorities.push(authority);
      await createUnlessThere(this.#client, secretOf(at(clusterSecrets.ca(name)), { 'tls.crt': authority }));
    }
    if (ofCluster.length === 0) return;
    const value = this.#world.kubeconfig();
    await createUnlessThere(this.#client, secretOf(at(clusterSecrets.kubeconfig(name)), { value }));
    await this.#setStatus(clusters, cluster, { apiEndpoints: [{ host: '147.75.1.1', port: 6443 }] });
  }

  async #actOnMachine(machine: Machine): Promise<void> {
    const { name = '', deletionTimestamp } = machine.metadata ?? {};
    if (deletionTimestamp !== undefined) {
      this.#removeDevice(name);
      await this.#setFinalizers(machines, machine, null);
      return;
    }
    await this.#setFinalizers(machines, machine, [FINALIZER]);
    this.#ensureDevice(name);
    await this.#setStatus(machines, machine, {
      phase: 'Running',
      nodeRef: { kind: 'Node', name, uid: `node-${name}` },
    });
  }

  #devicesNamed(name: string): readonly { readonly id: string }[] {
    return [...this.#world.cloud.state.devices.values()].filter(({ hostname }) => hostname === name);
  }

  #ensureDevice(name: string): void {
    if (this.#devicesNamed(name).length > 0) return;
    const owner = { cluster: { namespace: 'default', name: 'web' }, role: 'node' } as const;
    this.#world.cloud.addDevice({ hostname: name, tags: [...serverTags(owner, name, [])] });
    this.#world.made.push(name);
  }

  #removeDevice(name: string): void {
    for (const { id } of this.#devicesNamed(name)) this.#world.cloud.removeDevice(id);
  }

  async #actOnDeployment(deployment: MachineDeployment): Promise<void> {
    const { metadata: own = {}, spec: { template } = {} } = deployment;
    if (own.deletionTimestamp !== undefined || pausedBy({ metadata: own })) return;
    const machine = machineOf(own, template);
    if (!(await this.#client.get(machines, objectKeyOf(machine)))) await this.#client.create(machines, machine);
    const status = { observedGeneration: 1, availableReplicas: 1, replicas: 1 };
    await this.#setStatus(machineDeployments, deployment, status);
  }

  async #setFinalizers(
    type: ResourceType<KubeObject>,
    object: KubeObject & { readonly metadata?: ObjectMeta },
    finalizers: readonly string[] | null,
  ): Promise<void> {
    if (finalizers !== null && (object.metadata?.finalizers ?? []).includes(FINALIZER)) return;
    await this.#client.patch(type, objectKeyOf(object), { kind: 'merge', body: { metadata: { finalizers } } });
  }

  async #setStatus(
    type: ResourceType<KubeObject>,
    object: KubeObject & { readonly status?: object },
    status: object,
  ): Promise<void> {
    const have = { ...object.status, ...status };
    if (JSON.stringify(have) === JSON.stringify(object.status)) return;
    await this.#client.patch(type, objectKeyOf(object), { kind: 'merge', body: { status } }, { subresource: 'status' });
  }
}

function secretOf(metadata: ObjectMeta, texts: Readonly<Record<string, string>>): AnyObject {
  const data = Object.fromEntries(
    Object.entries(texts).map(([key, text]) => [key, Buffer.from(text).toString('base64')]),
  );
  return { apiVersion: 'v1', kind: 'Secret', metadata, data };
}

// As the set's template has it, because the namespace admits no less.
function podOf({ metadata: { name = '', namespace = '', uid = '' } = {}, spec }: StatefulSet): AnyObject {
  const { template } = spec as { readonly template: AnyObject };
  const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'StatefulSet', name, uid, controller: true }];
  const metadata = { ...template.metadata, name: `${name}-0`, namespace, ownerReferences };
  return { ...template, apiVersion: 'v1', kind: 'Pod', metadata };
}

async function createUnlessThere(client: KubeClient, object: AnyObject): Promise<void> {
  const type = object.kind === 'Pod' ? anyType(pods) : anyType(secrets);
  if (await client.get(type, objectKeyOf(object))) return;
  await client.create(type, object).catch((error: unknown) => {
    if (!(error instanceof KubeApiError && error.status === 409)) throw error;
  });
}

function machineOf(
  { name = '', namespace = '', uid = '' }: ObjectMeta,
  template: MachineTemplate | undefined,
): Machine {
  const ownerReferences = [{ apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'MachineDeployment', name, uid }];
  const metadata = { name: `${name}-0`, namespace, labels: template?.metadata?.labels ?? {}, ownerReferences };
  return { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Machine', metadata, spec: template?.spec ?? {} };
}
