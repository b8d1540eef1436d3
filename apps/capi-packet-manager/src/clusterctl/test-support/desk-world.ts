// A desk with clusterctl on it, a bootstrap cluster and the cluster to be, both API servers in memory, and managers played by the rules
// that clusterctl relies on: they act only where their StatefulSets have replicas, and never on what is frozen.
import { mkdtempSync, readFileSync, rmSync, writeFileSync, existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { join } from 'node:path';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import type { KubeClient } from '@longshore/k8s-runtime';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { annotations } from '../../api/names.ts';
import { pausedBy } from '../../api/conditions.ts';
import { clusters, machineDeployments, machines } from '../../api/resources.ts';
import type { Cluster, Machine, MachineDeployment } from '../../api/objects.ts';
import { planFiles, SHIPPED_MACHINE_CONFIGS } from '../../generate/plan-files.ts';
import { providerComponentsYaml } from '../../generate/provider-components.ts';
import type { AccountProblem } from '../../servers/contract.ts';
import type { Child, ChildWish, Execution, FoundDevice, Host } from '../host.ts';
import { secrets, statefulSets } from '../kube-kinds.ts';
import { PlainProgress } from '../progress/progress.ts';
import { interruptible, WriteBudget } from './interrupted-client.ts';

export const PROJECT = '93125c2a-8b78-4d4f-a3c4-7367d6b7cca8';
export const API_KEY = 'packet-key-that-nobody-sees';
const FINALIZER = 'played-manager';

const FILES: ReadonlyMap<string, string> = filesOfCluster();

function filesOfCluster(): ReadonlyMap<string, string> {
  const machineConfigs = SHIPPED_MACHINE_CONFIGS;
  const settings = {
    projectID: PROJECT,
    apiKey: API_KEY,
    clusterName: 'web',
    facilities: ['ewr1'],
    image: 'manager:1',
  };
  const files = planFiles({ ...settings, machineConfigs }).map(({ name, text }) => [name, text] as const);
  return new Map([
    ...files,
    ['provider-components.yaml', providerComponentsYaml({ image: 'manager:1', machineConfigs })],
  ]);
}

/** Everything, and what happened. */
export class DeskWorld {
  readonly clock = new FakeClock();
  readonly source = new FakeKubeClient();
  readonly target = new FakeKubeClient();
  readonly folder = mkdtempSync(join(tmpdir(), 'clusterctl-spec-'));
  readonly lines: string[] = [];
  readonly executed: string[] = [];
  readonly started: ChildWish[] = [];
  /** By Machine name; each was paid for. */
  readonly devices = new Map<string, FoundDevice>();
  readonly env: Record<string, string | undefined>;
  created = 0;
  /** Moments at which managers of both sides could act on the Cluster. */
  collisions = 0;
  accountProblems: readonly AccountProblem[] = [];
  isKeyRevoked = false;
  isPacketOut = false;
  kindAnswers: (args: readonly string[]) => Execution = () => ({ code: 0, stdout: '', stderr: '' });
  budget = new WriteBudget();
  stop = new AbortController();

  constructor() {
    this.env = { PACKET_API_KEY: API_KEY, PACKET_PROJECT_ID: PROJECT, HOME: this.folder };
    for (const [name, text] of FILES) this.write(name, text);
    this.write('bootstrap.kubeconfig', 'bootstrap');
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  write(name: string, text: string): void {
    writeFileSync(this.path(name), text);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** `create cluster` of the README, with an existing bootstrap cluster unless `bootstrap` says otherwise. */
  createArgs(...bootstrap: readonly string[]): readonly string[] {
    const file = (flag: string, name: string): readonly string[] => [flag, this.path(name)];
    return [
      ...['create', 'cluster', '--provider', 'packet'],
      ...(bootstrap.length > 0 ? bootstrap : file('-e', 'bootstrap.kubeconfig')),
      ...file('-c', 'cluster.yaml'),
      ...file('-m', 'machines.yaml'),
      ...file('-p', 'provider-components.yaml'),
      ...file('-a', 'addons.yaml'),
      ...file('--kubeconfig-out', 'kubeconfig'),
      ...file('--state-dir', 'state'),
    ];
  }

  deleteArgs(): readonly string[] {
    const file = (flag: string, name: string): readonly string[] => [flag, this.path(name)];
    return [
      ...['delete', 'cluster'],
      ...file('--kubeconfig', 'kubeconfig'),
      ...file('-p', 'provider-components.yaml'),
      ...file('-e', 'bootstrap.kubeconfig'),
      ...file('--state-dir', 'state-of-delete'),
    ];
  }

  get host(): Host {
    return {
      env: this.env,
      clock: this.clock,
      signal: this.stop.signal,
      progress: new PlainProgress((text) => void this.lines.push(text)),
      print: (text) => void this.lines.push(text),
      hide: () => {},
      newId: () => 'move-1',
      connect: (path) => Promise.resolve(this.#client(path)),
      execute: (command, args) => {
        this.executed.push([command, ...args].join(' '));
        return Promise.resolve(this.kindAnswers(args));
      },
      start: (wish) => Promise.resolve(this.#start(wish)),
      endProcess: () => Promise.resolve(),
      readText: async (path) => readFileSync(path, 'utf8'),
      readBytes: async (path) => readFileSync(path),
      exists: (path) => Promise.resolve(existsSync(path)),
      writeSecretFile: (path, text) => {
        writeFileSync(path, text, { mode: 0o600 });
        return Promise.resolve();
      },
      account: () => ({
        check: () => Promise.resolve(this.accountProblems),
        verify: () => (this.isKeyRevoked ? Promise.reject(new Error('the API refuses the key')) : Promise.resolve()),
        devicesOf: () => Promise.resolve([...this.devices.values()]),
        addressesOf: () => Promise.resolve([]),
      }),
      managerProgram: () => Promise.resolve({ command: 'manager', args: [] }),
      controlPlaneProgram: () => Promise.resolve({ command: 'control-plane', args: [] }),
    };
  }

  /** Runs the work while time passes and the managers act. */
  async drive<T>(work: Promise<T>): Promise<T> {
    let isOver = false;
    const over = (): void => void (isOver = true);
    work.then(over, over);
    while (!isOver) {
      // Files take real time; played time passes only while something waits for it.
      if (this.clock.pendingTimers > 0) await this.clock.advance(this.clock.nextTimerInMs ?? 0);
      else await nextTurn();
      this.act();
    }
    return work;
  }

  /** One round of the managers. */
  act(): void {
    const isActive = (client: FakeKubeClient): boolean =>
      client.objects(clusters).some((cluster) => !pausedBy(cluster));
    const running = [this.source, this.target].filter((client) => this.#runs(client));
    if (running.length === 2 && running.every(isActive)) this.collisions += 1;
    for (const client of running) this.#actOn(client);
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }

  #client(path: string): KubeClient {
    const isTarget = path === this.path('kubeconfig');
    return interruptible(isTarget ? this.target : this.source, this.budget);
  }

  #start(wish: ChildWish): Child {
    this.started.push(wish);
    const at = wish.args.indexOf('--kubeconfig');
    if (wish.command === 'control-plane') writeFileSync(wish.args[at + 1] ?? '', 'embedded');
    return { pid: 1, isRunning: () => true, stop: () => Promise.resolve() };
  }

  #runs(client: FakeKubeClient): boolean {
    return client.objects(statefulSets).some(({ spec }) => (spec?.replicas ?? 1) > 0);
  }

  #actOn(client: FakeKubeClient): void {
    if (this.isPacketOut) return;
    for (const cluster of client.objects(clusters)) if (!pausedBy(cluster)) this.#actOnCluster(client, cluster);
    const cluster = client.objects(clusters)[0];
    if (!cluster || pausedBy(cluster)) return;
    for (const machine of client.objects(machines)) if (!isFrozen(machine)) this.#actOnMachine(client, machine);
    for (const deployment of client.objects(machineDeployments)) {
      if (!isFrozen(deployment)) this.#actOnDeployment(client, deployment, cluster);
    }
  }

  #actOnCluster(client: FakeKubeClient, cluster: Cluster): void {
    const { deletionTimestamp, finalizers = [], uid = '' } = cluster.metadata ?? {};
    if (deletionTimestamp !== undefined) return void this.#letGo(client, clusters, cluster);
    const metadata = {
      name: 'web-ca',
      namespace: 'default',
      ownerReferences: [{ apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Cluster', name: 'web', uid }],
    };
    if (!client.object(secrets, 'default/web-ca')) {
      this.created += 1;
      client.put(secrets, {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata,
        data: { 'tls.crt': Buffer.from(`ca-${this.created}`).toString('base64') },
      });
    }
    const master = [...this.devices.keys()].some((name) => name.includes('master'));
    if (!master) return;
    client.put(secrets, {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { ...metadata, name: 'web-kubeconfig' },
      data: { value: Buffer.from('kubeconfig of web').toString('base64') },
    });
    client.put(clusters, {
      ...cluster,
      metadata: {
        ...cluster.metadata,
        finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER],
      },
      status: { apiEndpoints: [{ host: '147.75.1.1', port: 6443 }] },
    });
  }

  #actOnMachine(client: FakeKubeClient, machine: Machine): void {
    const { name = '', deletionTimestamp, finalizers = [], annotations: notes = {} } = machine.metadata ?? {};
    if (deletionTimestamp !== undefined) {
      this.devices.delete(name);
      return void this.#letGo(client, machines, machine);
    }
    if (!this.devices.has(name)) {
      this.created += 1;
      this.devices.set(name, { id: `device-${this.created}`, hostname: name, state: 'active' });
    }
    const deviceId = this.devices.get(name)?.id ?? '';
    client.put(machines, {
      ...machine,
      metadata: {
        ...machine.metadata,
        finalizers: finalizers.includes(FINALIZER) ? finalizers : [...finalizers, FINALIZER],
        annotations: { ...notes, [annotations.deviceId]: deviceId },
      },
      status: { phase: 'Running', nodeRef: { kind: 'Node', name, uid: `node-${name}` } },
    });
  }

  #actOnDeployment(client: FakeKubeClient, deployment: MachineDeployment, cluster: Cluster): void {
    const { name = '', deletionTimestamp } = deployment.metadata ?? {};
    if (deletionTimestamp !== undefined) return;
    const replicas = deployment.spec?.replicas ?? 1;
    const { namespace = '' } = cluster.metadata ?? {};
    const have = client.objects(machines).filter(({ metadata }) => metadata?.name?.startsWith(`${name}-`)).length;
    for (let at = have; at < replicas; at += 1) this.#addMachine(client, deployment, { at, namespace });
    client.put(machineDeployments, { ...deployment, status: { observedGeneration: 1, availableReplicas: have } });
  }

  #addMachine(
    client: FakeKubeClient,
    { metadata: own = {}, spec: { template } = {} }: MachineDeployment,
    { at, namespace }: { readonly at: number; readonly namespace: string },
  ): void {
    const { name = '', uid = '' } = own;
    const ownerReferences = [{ apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'MachineDeployment', name, uid }];
    const metadata = { name: `${name}-${at}`, namespace, labels: { ...template?.metadata?.labels }, ownerReferences };
    const spec = template?.spec ?? {};
    client.put(machines, { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'Machine', metadata, spec });
  }

  #letGo(client: FakeKubeClient, type: typeof clusters | typeof machines, object: Cluster | Machine): void {
    client.put(type as typeof clusters, { ...object, metadata: { ...object.metadata, finalizers: [] } } as Cluster);
    client.delete(type, { namespace: object.metadata?.namespace ?? '', name: object.metadata?.name ?? '' });
  }
}

function isFrozen({ metadata }: Machine | MachineDeployment): boolean {
  return metadata?.annotations?.[annotations.moving] !== undefined;
}
