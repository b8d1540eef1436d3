// The built manager (npm run build) as a child process against a real API server and a simulated Packet.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { waitFor } from '@longshore/reconciler-core/testing';
import { clusterCrds, packetCrds } from '../../api/crds.ts';
import { CLUSTER_LABEL } from '../../api/names.ts';
import type { Cluster, Machine } from '../../api/objects.ts';
import type { KubeSecret } from '../../cluster/kube-secret.ts';

const app = path.join(import.meta.dirname, '../../..');
const CLUSTER_API = '/apis/cluster.k8s.io/v1alpha1';

/** What can be different about a run. */
export interface ManagerRunOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Absent: the administrator's. */
  readonly kubeconfig?: string;
}

/** A running manager. */
export class ManagerRun {
  readonly child: ChildProcess;
  /** Everything that it wrote. */
  output = '';

  constructor(
    plane: ControlPlane,
    cloud: PacketSimulator,
    { flags = [], env = {}, kubeconfig = plane.kubeconfigPath }: ManagerRunOptions = {},
  ) {
    const usual = [
      '-config',
      path.join(app, 'config/default/machine_configs.yaml'),
      `-kubeconfig=${kubeconfig}`,
      '--metrics-addr=127.0.0.1:0',
      '--health-addr=127.0.0.1:0',
      '--sync-period=2s',
      // The simulator's lists do not lag: a minute would show no more.
      '--settling-time=5s',
      '--wait-period=1s',
    ];
    const surroundings = {
      PATH: process.env['PATH'],
      PACKET_API_KEY: cloud.token,
      PACKET_API_URL: cloud.url.replace('/metal/v1', ''),
      ...env,
    };
    this.child = spawn(process.execPath, [path.join(app, 'dist/manager.js'), ...usual, ...flags], {
      env: surroundings,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    for (const stream of [this.child.stdout, this.child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
  }

  /** A page of one of its two ports. */
  async page(
    port: 'metrics-addr' | 'health-addr',
    page: string,
  ): Promise<{ readonly status: number; readonly body: string }> {
    const line = (): RegExpExecArray | null => new RegExp(`${port}\\] "serving".* port=(\\d+)`).exec(this.output);
    await waitFor(() => line() !== null, { what: `${port} is served` });
    const answer = await fetch(`http://127.0.0.1:${line()?.[1] ?? ''}${page}`);
    return { status: answer.status, body: await answer.text() };
  }

  /** Ends it, and waits. */
  async end(signal: NodeJS.Signals = 'SIGKILL'): Promise<number | null> {
    if (this.child.exitCode === null && this.child.signalCode === null) {
      const ended = once(this.child, 'exit');
      this.child.kill(signal);
      await ended;
    }
    return this.child.exitCode;
  }
}

/** What can be different about a Machine. `value` is laid over the provider spec. */
export interface MachineChange {
  readonly annotations?: Readonly<Record<string, string>>;
  readonly isMaster?: boolean;
  readonly value?: object;
}

/** The objects of the management cluster, by plain calls. */
export class Objects {
  readonly #plane: ControlPlane;
  readonly #projectId: () => string;

  constructor(plane: ControlPlane, projectId: () => string) {
    this.#plane = plane;
    this.#projectId = projectId;
  }

  /** Installs the CRDs and waits until they are served. */
  async install(): Promise<void> {
    for (const crd of [...clusterCrds, ...packetCrds]) {
      await this.#send('POST', '/apis/apiextensions.k8s.io/v1/customresourcedefinitions', crd);
    }
    await waitFor(
      async () => (await this.#plane.request({ path: `${CLUSTER_API}/machinedeployments` })).status === 200,
      {
        what: 'the CRDs are served',
      },
    );
  }

  addCluster(name: string, spec: object = {}): Promise<void> {
    return this.#send('POST', `${CLUSTER_API}/namespaces/default/clusters`, {
      apiVersion: 'cluster.k8s.io/v1alpha1',
      kind: 'Cluster',
      metadata: { name },
      spec: {
        clusterNetwork: {
          services: { cidrBlocks: ['172.25.0.0/16'] },
          pods: { cidrBlocks: ['172.26.0.0/16'] },
          serviceDomain: 'cluster.local',
        },
        providerSpec: { value: { projectID: this.#projectId() } },
        ...spec,
      },
    });
  }

  addMachine(cluster: string, name: string, change: MachineChange = {}): Promise<void> {
    return this.#send('POST', `${CLUSTER_API}/namespaces/default/machines`, this.machineOf(cluster, name, change));
  }

  /** The object that `addMachine` creates. */
  machineOf(cluster: string, name: string, change: MachineChange = {}): Machine {
    const { annotations = {}, isMaster = false, value: more } = change;
    const versions = { kubelet: '1.36.3', ...(isMaster && { controlPlane: '1.36.3' }) };
    const value = {
      projectID: this.#projectId(),
      OS: 'ubuntu_24_04',
      facility: ['ewr1'],
      machineType: 'c3.small.x86',
      billingCycle: 'hourly',
      ...more,
    };
    return {
      apiVersion: 'cluster.k8s.io/v1alpha1',
      kind: 'Machine',
      metadata: { name, namespace: 'default', labels: { [CLUSTER_LABEL]: cluster }, annotations },
      spec: { versions, providerSpec: { value } },
    };
  }

  cluster(name: string): Promise<Cluster | undefined> {
    return this.#get<Cluster>(`${CLUSTER_API}/namespaces/default/clusters/${name}`);
  }

  machine(name: string): Promise<Machine | undefined> {
    return this.#get<Machine>(`${CLUSTER_API}/namespaces/default/machines/${name}`);
  }

  async machines(): Promise<readonly Machine[]> {
    return (await this.#get<{ items: readonly Machine[] }>(`${CLUSTER_API}/machines`))?.items ?? [];
  }

  secret(name: string, namespace = 'default'): Promise<KubeSecret | undefined> {
    return this.#get<KubeSecret>(`/api/v1/namespaces/${namespace}/secrets/${name}`);
  }

  async put(pathOf: string, body: object): Promise<void> {
    await this.#send('POST', pathOf, body);
  }

  async removeCluster(name: string): Promise<void> {
    await this.#plane.request({ method: 'DELETE', path: `${CLUSTER_API}/namespaces/default/clusters/${name}` });
  }

  async #send(method: string, pathOf: string, body: object): Promise<void> {
    let last: unknown;
    await waitFor(
      async () => {
        const answer = await this.#plane.request({ method, path: pathOf, body });
        last = answer.body;
        // Just after CRDs were made the API server answers 429 for a moment.
        if (answer.status === 429 || answer.status === 404) return false;
        if (answer.status >= 300) throw new Error(JSON.stringify(last));
        return true;
      },
      { what: `${method} ${pathOf}` },
    );
  }

  async #get<T>(pathOf: string): Promise<T | undefined> {
    const { status, body } = await this.#plane.request({ path: pathOf });
    return status === 200 ? (body as T) : undefined;
  }
}
