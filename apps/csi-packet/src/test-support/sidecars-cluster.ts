// A cluster with the driver and its sidecars as controller.yaml starts them, under the account and the rights of setup.yaml; a simulated cloud
// and a host with loop devices behind the driver. There is no kubelet: sidecars-kubelet.ts does its part.
import { mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { V1PersistentVolume, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { acquireBinary, kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { BinaryName, ControlPlane, Kubectl } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import { credentialsOf } from './cloud-driver.ts';
import type { CsiClient } from './csi-client.ts';
import { startDriverProcess } from './driver-process.ts';
import type { DriverProcess } from './driver-process.ts';
import { HostWorld } from './host-world.ts';
import { startCommand } from './program.ts';
import type { Program } from './program.ts';
import { readControllerPod } from './sidecars-manifest.ts';
import { snapshotManifests } from './sidecars-snapshot-files.ts';

const APP = join(import.meta.dirname, '../..');
const NAMESPACE = 'kube-system';
const SNAPSHOT_CONTROLLER = 'snapshot-controller';
const onProgress = (message: string): void => void process.stderr.write(`${message}\n`);

/** The cluster. */
export class SidecarCluster {
  readonly driverName = 'net.packet.csi';
  readonly nodeName = 'node-1';
  readonly #programs: (Program & { readonly name: string })[] = [];
  readonly #drivers: DriverProcess[] = [];
  readonly plane: ControlPlane;
  readonly kubectl: Kubectl;
  readonly cloud: PacketSimulator;
  readonly world: HostWorld;

  private constructor(parts: Pick<SidecarCluster, 'plane' | 'kubectl' | 'cloud' | 'world'>) {
    this.plane = parts.plane;
    this.kubectl = parts.kubectl;
    this.cloud = parts.cloud;
    this.world = parts.world;
  }

  /** Starts everything. */
  static async start(): Promise<SidecarCluster> {
    // An older API server: caches have to list before they watch.
    const apiServerArgs = ['--feature-gates=WatchList=false'];
    const plane = await startControlPlane({ controllers: true, audit: true, apiServerArgs, onProgress });
    const kubectl = await kubectlFor(plane, { cwd: APP, onProgress });
    const world = await HostWorld.start();
    const cloud = await simulatePacket({ devices: 1, volumeQueuedMs: 0 });
    const cluster = new SidecarCluster({ plane, kubectl, cloud, world });
    try {
      world.follow(cloud, cluster.nodeName);
      await cluster.#applyManifests();
      await cluster.#startNode();
      await cluster.#startPod();
      return cluster;
    } catch (error) {
      await cluster.stop();
      throw error;
    }
  }

  /** The node side of the driver. */
  get node(): CsiClient['node'] {
    const [driver] = this.#drivers;
    if (driver === undefined) throw new Error('the node side was not started');
    return driver.client.node;
  }

  /** The object; `undefined` when there is none. */
  async get<T extends object>(path: string): Promise<T | undefined> {
    const { status, body } = await this.plane.request({ path });
    if (status !== 200 && status !== 404) throw new Error(`GET ${path}: ${status}`);
    return status === 200 ? (body as T) : undefined;
  }

  /** Creates an object. */
  async create(path: string, body: object): Promise<void> {
    const answer = await this.plane.request({ method: 'POST', path, body });
    if (answer.status !== 201) throw new Error(`POST ${path}: ${JSON.stringify(answer.body)}`);
  }

  /** Changes a part of an object. */
  async patch(path: string, body: object): Promise<void> {
    const contentType = 'application/merge-patch+json';
    const answer = await this.plane.request({ method: 'PATCH', path, body, contentType });
    if (answer.status !== 200) throw new Error(`PATCH ${path}: ${JSON.stringify(answer.body)}`);
  }

  /** Asks for the removal of an object. */
  async remove(path: string): Promise<void> {
    const { status } = await this.plane.request({ method: 'DELETE', path });
    if (status >= 300) throw new Error(`DELETE ${path}: ${status}`);
  }

  /** The PersistentVolume of a claim, once it is bound. */
  async volumeOf(claim: string): Promise<V1PersistentVolume> {
    const bound = await until(`${claim} is bound`, async () => {
      const found = await this.get<V1PersistentVolumeClaim>(claimPath(claim));
      return found?.status?.phase === 'Bound' ? found : undefined;
    });
    const name = bound.spec?.volumeName ?? '';
    return until(`volume of ${claim}`, () => this.get<V1PersistentVolume>(`/api/v1/persistentvolumes/${name}`));
  }

  /** Sidecars that ended, with the end of what they wrote: nothing as long as all is well. */
  get ended(): readonly string[] {
    const ended = this.#programs.filter(({ child }) => child.exitCode !== null || child.signalCode !== null);
    return ended.map((one) => `${one.name}: ${one.output().slice(-2_000)}`);
  }

  /** What a program has written so far. */
  logOf(name: string): string {
    return this.#programs.find((one) => one.name === name)?.output() ?? '';
  }

  /** Ends everything; nothing is left. */
  async stop(): Promise<void> {
    await Promise.all(this.#programs.map((program) => program.kill()));
    await Promise.all(this.#drivers.map((driver) => driver.stop()));
    await this.plane.stop();
    await this.world.stop();
    await this.cloud.close();
  }

  async #applyManifests(): Promise<void> {
    const { types, rights } = await snapshotManifests();
    await this.kubectl('apply', ...types.flatMap((file) => ['-f', file]));
    await this.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s');
    const ours = ['setup', 'snapshot-classes', 'attributes-classes'].map((name) => `deploy/kubernetes/${name}.yaml`);
    await this.kubectl('apply', ...[...ours, rights].flatMap((file) => ['-f', file]));
  }

  // What kubelet writes when the node side has registered itself.
  async #startNode(): Promise<void> {
    const { world, cloud } = this;
    const env = { ...world.env, PACKET_METADATA_URL: cloud.metadata.urlOf(this.nodeName) };
    const flags = ['--mode=node', '--v=warning', ...world.flags];
    this.#drivers.push(await startDriverProcess(join(world.folder, 'node.sock'), flags, env));
    const { nodeId, accessibleTopology } = await this.node.nodeGetInfo({});
    const labels = accessibleTopology?.segments ?? {};
    const metadata = { name: this.nodeName };
    await this.create('/api/v1/nodes', { apiVersion: 'v1', kind: 'Node', metadata: { ...metadata, labels } });
    const driver = { name: this.driverName, nodeID: nodeId, topologyKeys: Object.keys(labels) };
    const spec = { drivers: [driver] };
    const csiNode = { apiVersion: 'storage.k8s.io/v1', kind: 'CSINode', metadata, spec };
    await this.create('/apis/storage.k8s.io/v1/csinodes', csiNode);
  }

  async #startPod(): Promise<void> {
    const { cloud, world } = this;
    const [socket, secret] = [join(world.folder, 'controller.sock'), join(world.folder, 'cloud-sa')];
    const places = { '/csi/csi.sock': socket, '/etc/cloud-sa': secret, '=:9808': '=127.0.0.1:0' };
    const pod = await readControllerPod(places);
    mkdirSync(secret);
    const text = JSON.stringify({ apiKey: cloud.token, projectID: cloud.projectId });
    await writeFile(join(secret, 'cloud-sa.json'), text);
    const { PACKET_API_URL = '', PACKET_METADATA_URL = '' } = credentialsOf(cloud);
    const env = { PACKET_API_URL, PACKET_METADATA_URL };
    this.#drivers.push(await startDriverProcess(socket, pod.driver.args, env));
    const kubeconfig = await this.#kubeconfigOf(pod.serviceAccount);
    const common = [`--kubeconfig=${kubeconfig}`, `--leader-election-namespace=${pod.namespace}`];
    for (const { program, args } of pod.sidecars) await this.#startSidecar(program, [...args, ...common]);
    await this.#startSidecar(SNAPSHOT_CONTROLLER, [`--kubeconfig=${await this.#kubeconfigOf(SNAPSHOT_CONTROLLER)}`]);
  }

  async #startSidecar(name: string, args: readonly string[]): Promise<void> {
    const program = await acquireBinary(name as BinaryName, undefined, { onProgress });
    this.#programs.push({ name, ...startCommand(program, args) });
  }

  async #kubeconfigOf(account: string): Promise<string> {
    const path = join(this.world.folder, `${account}.kubeconfig`);
    const token = await this.plane.createToken({ namespace: NAMESPACE, name: account });
    await this.plane.writeKubeconfig(path, { token });
    return path;
  }
}

/** Path of a claim in the API. */
export function claimPath(name: string): string {
  return `/api/v1/namespaces/default/persistentvolumeclaims/${name}`;
}
