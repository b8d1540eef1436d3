// A test cluster on this machine: a real kube-apiserver and etcd, a simulated cloudscale.ch with four servers, their Nodes as kubelets
// register them, the Secret and the manifest as a user applies them, and the program from its image. There is no kubelet: the DaemonSet is
// only stored, and the program runs beside it.
import { execFile, spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import { acquireBinary, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { root } from '../config.ts';
import { withImage } from './manifest.ts';
import { buildProgramImage, importProgramImage } from './program-image.ts';
import { makeSshKey } from './ssh-key.ts';
import type { TestCluster } from './options.ts';
import { writeRootfs } from '../write-images.ts';

const TAINT = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
const CONTROL = 'node-role.kubernetes.io/control-plane';
const TOKEN = 'simulated-token';
const INITIALIZE_MS = 180_000;

interface NodeAnswer {
  readonly items: readonly {
    readonly spec?: { readonly providerID?: string; readonly taints?: readonly { key: string }[] };
  }[];
}

/** One cluster, from start to stop. */
export class LocalCluster {
  readonly #cluster: TestCluster;
  readonly #say: (line: string) => void;
  #controlPlane: ControlPlane | undefined;
  #cloud: CloudscaleSimulator | undefined;
  #program: ChildProcess | undefined;

  constructor(cluster: TestCluster, say: (line: string) => void) {
    this.#cluster = cluster;
    this.#say = say;
  }

  /** Brings everything up; resolves when all Nodes are initialized. */
  async start(): Promise<void> {
    const { folder, prefix, minor } = this.#cluster;
    await mkdir(folder, { recursive: true });
    const key = makeSshKey(prefix);
    await writeFile(path.join(folder, 'ssh'), key.privateKey, { mode: 0o600 });
    await writeFile(path.join(folder, 'ssh.pub'), key.publicKey);
    this.#say(`Kubernetes ${minor} and a simulated cloudscale.ch`);
    this.#controlPlane = await startControlPlane({ minor, onProgress: this.#say });
    this.#cloud = await simulateCloudscale({ token: TOKEN, timeToRunningMs: 2_000, dataPlaneMs: 1_000 });
    await this.#controlPlane.writeKubeconfig(this.#admin);
    await chmod(this.#admin, 0o600);
    for (const role of ['control-1', 'control-2', 'worker-1', 'worker-2'])
      await this.#addNode(`${prefix}-${role}`, role);
    await this.install();
  }

  /** Takes the image, applies Secret and manifest, (re)starts the program and waits until it has initialized all Nodes. */
  async install(): Promise<void> {
    const { image: reference, isBuilding, folder } = this.#cluster;
    this.#say(isBuilding ? `Building ${reference}` : 'Importing image.tar');
    const imported = path.resolve(folder, '../../image.tar');
    const image = isBuilding ? await buildProgramImage(reference) : await importProgramImage(imported);
    await this.#stopProgram();
    await writeRootfs(image.entries, this.#rootfs);
    const manifest = await readFile(path.join(root, 'apps/cloudscale-ccm/deploy/latest.yml'), 'utf8');
    const secret = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'cloudscale', namespace: 'kube-system' } };
    await this.#apply(JSON.stringify({ ...secret, stringData: { 'access-token': TOKEN } }));
    await this.#apply(
      withImage(manifest, { image: reference, apiUrl: this.#cloud?.url ?? '', clusterId: this.#cluster.prefix }),
    );
    this.#startProgram();
    this.#say('Waiting until the Nodes are initialized');
    await this.#initialized();
  }

  /** Ends everything. */
  async stop(): Promise<void> {
    await this.#stopProgram();
    await this.#cloud?.close();
    await this.#controlPlane?.stop();
  }

  get #admin(): string {
    return path.join(this.#cluster.folder, 'admin.conf');
  }

  get #rootfs(): string {
    return path.join(this.#cluster.folder, 'image');
  }

  async #addNode(name: string, role: string): Promise<void> {
    this.#cloud?.addServer({ name });
    const isControl = role.startsWith('control');
    const taints = isControl ? [TAINT, { key: CONTROL, effect: 'NoSchedule' }] : [TAINT];
    const labels = { 'kubernetes.io/hostname': name, ...(isControl ? { [CONTROL]: '' } : {}) };
    const node = { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { taints } };
    await this.#call('POST', '/api/v1/nodes', node);
    const now = new Date().toISOString();
    const ready = {
      type: 'Ready',
      status: 'True',
      reason: 'KubeletReady',
      lastHeartbeatTime: now,
      lastTransitionTime: now,
    };
    await this.#call('PATCH', `/api/v1/nodes/${name}/status`, { status: { conditions: [ready] } });
  }

  async #call(method: string, target: string, body?: object): Promise<unknown> {
    const contentType = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const answer = await this.#controlPlane?.request({ method, path: target, contentType, ...(body ? { body } : {}) });
    if (answer && answer.status < 300) return answer.body;
    throw new Error(`${method} ${target}: ${answer?.status} ${JSON.stringify(answer?.body)}`);
  }

  async #apply(document: string): Promise<void> {
    const kubectl = await acquireBinary('kubectl', this.#cluster.minor);
    const child = execFile(kubectl, ['--kubeconfig', this.#admin, 'apply', '-f', '-'], {
      // Its cache would be in the working folder without a home.
      env: { PATH: process.env['PATH'], HOME: this.#cluster.folder },
    });
    let problem = '';
    child.stderr?.on('data', (text: string) => (problem += text));
    // A kubectl that refuses to start reads nothing; its exit code says so.
    child.stdin?.on('error', () => {});
    child.stdin?.end(document);
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`kubectl apply failed: ${problem.trim()}`);
  }

  #startProgram(): void {
    const log = openSync(path.join(this.#cluster.folder, 'ccm.log'), 'a');
    const flags = ['--allow-untagged-cloud', '--leader-elect=false', '--secure-port=0', `--kubeconfig=${this.#admin}`];
    const app = path.join(this.#rootfs, 'app');
    this.#program = spawn(path.join(app, 'node'), [path.join(app, 'main.js'), ...flags], {
      env: {
        CLOUDSCALE_ACCESS_TOKEN: TOKEN,
        CLOUDSCALE_API_URL: this.#cloud?.url,
        CLOUDSCALE_CLUSTER_ID: this.#cluster.prefix,
      },
      stdio: ['ignore', log, log],
    });
  }

  async #stopProgram(): Promise<void> {
    const program = this.#program;
    this.#program = undefined;
    if (!program || program.exitCode !== null || program.signalCode !== null) return;
    const ended = once(program, 'exit');
    program.kill('SIGTERM');
    const timer = setTimeout(() => program.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
  }

  async #initialized(): Promise<void> {
    const endsAt = performance.now() + INITIALIZE_MS;
    while (performance.now() < endsAt) {
      if (this.#program?.exitCode !== null) break;
      const { items } = (await this.#call('GET', '/api/v1/nodes')) as NodeAnswer;
      const isDone = items.every(({ spec }) => spec?.providerID && !spec.taints?.some(({ key }) => key === TAINT.key));
      if (isDone) return;
      await pause(250);
    }
    throw new Error(`the program did not initialize the Nodes: see ${path.join(this.#cluster.folder, 'ccm.log')}`);
  }
}
