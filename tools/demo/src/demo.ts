// The demo's parts and the steps that bring them up, one after another; `stop` takes them down in the reverse order.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { acquireBinary, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { CcmProcess } from './ccm-process.ts';
import { createWebService, initializedNodes, registerNode, serviceAddress } from './cluster.ts';
import type { DemoOptions } from './options.ts';

/** Says what is going on; the last message of a step stays on screen. */
export type Progress = (message: string) => void;

/** One step of the demo. */
export interface DemoStep {
  readonly title: string;
  readonly run: (progress: Progress) => Promise<void>;
}

const WAIT_MS = 120_000;
const LATENCY_MS = 20;
const TIME_TO_ACTIVE_MS = 3000;
const root = path.resolve(import.meta.dirname, '../../..');

/** Everything that the demo started. */
export class Demo {
  readonly #options: DemoOptions;
  readonly #signal: AbortSignal;
  readonly #folder = mkdtempSync(path.join(os.tmpdir(), 'longshore-demo-'));
  readonly #undo: (() => Promise<void> | void)[] = [];
  controlPlane: ControlPlane | undefined;
  cloud: DigitalOceanSimulator | undefined;
  client: KubeClient | undefined;
  ccm: CcmProcess | undefined;

  constructor(options: DemoOptions, signal: AbortSignal) {
    this.#options = options;
    this.#signal = signal;
    this.#undo.push(() => rmSync(this.#folder, { recursive: true, force: true }));
  }

  /** In order. */
  get steps(): readonly DemoStep[] {
    const count = this.#options.nodes;
    return [
      { title: 'Build do-ccm', run: () => this.#build() },
      { title: 'Find or build etcd and kube-apiserver', run: (progress) => this.#acquire(progress) },
      { title: 'Start the control plane', run: (progress) => this.#startControlPlane(progress) },
      { title: `Start a simulated DigitalOcean with ${count} droplets`, run: (progress) => this.#startCloud(progress) },
      { title: 'Start do-ccm', run: (progress) => this.#startCcm(progress) },
      {
        title: `Register ${count} nodes and wait until do-ccm has initialized them`,
        run: (progress) => this.#initializeNodes(progress),
      },
      {
        title: 'Create a Service of type LoadBalancer and wait for its address',
        run: (progress) => this.#exposeService(progress),
      },
    ];
  }

  /** Takes everything down that is up; can be called at any time, twice too. */
  async stop(): Promise<void> {
    for (let undo = this.#undo.pop(); undo; undo = this.#undo.pop()) await undo();
  }

  async #build(): Promise<void> {
    const args = ['nx', 'run', '@longshore/do-ccm:build', '--output-style=static'];
    const child = spawn('npx', ['--no-install', ...args], { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
    const output: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => output.push(chunk.toString()));
    const [code] = (await once(child, 'close')) as [number | null];
    if (code !== 0) throw new Error(`do-ccm could not be built:\n${output.join('')}`);
  }

  async #acquire(progress: Progress): Promise<void> {
    for (const name of ['etcd', 'kube-apiserver'] as const) {
      this.#signal.throwIfAborted();
      await acquireBinary(name, '1.36', { onProgress: progress });
    }
  }

  async #startControlPlane(progress: Progress): Promise<void> {
    this.#signal.throwIfAborted();
    const controlPlane = await startControlPlane({ minor: '1.36', onProgress: progress });
    this.#undo.push(() => controlPlane.stop());
    this.controlPlane = controlPlane;
    this.client = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'longshore-demo' });
    progress(`Kubernetes ${controlPlane.version} at ${controlPlane.server}`);
  }

  async #startCloud(progress: Progress): Promise<void> {
    const cloud = await simulateDigitalOcean({
      latencyMs: LATENCY_MS,
      timeToActiveMs: TIME_TO_ACTIVE_MS,
      droplets: this.#options.nodes,
    });
    this.#undo.push(() => cloud.close());
    this.cloud = cloud;
    progress(`at ${cloud.url}, ${LATENCY_MS} ms a call, a balancer takes ${TIME_TO_ACTIVE_MS / 1000} s`);
  }

  async #startCcm(progress: Progress): Promise<void> {
    const { controlPlane, cloud } = this.#parts();
    const ccm = new CcmProcess({ folder: this.#folder, kubeconfig: controlPlane.kubeconfigPath, cloud });
    this.#undo.push(() => ccm.stop());
    this.ccm = ccm;
    progress(`its log: ${ccm.logFile}`);
  }

  async #initializeNodes(progress: Progress): Promise<void> {
    const { client, cloud } = this.#parts();
    for (const { name } of cloud.state.droplets.values()) await registerNode(client, name);
    await this.#until(async () => {
      const count = await initializedNodes(client);
      progress(`${count} of ${this.#options.nodes} initialized`);
      return count === this.#options.nodes;
    }, 'initialized nodes');
  }

  async #exposeService(progress: Progress): Promise<void> {
    const { client } = this.#parts();
    await createWebService(client);
    await this.#until(async () => {
      const address = await serviceAddress(client);
      progress(address === undefined ? 'the balancer is being created' : `default/web is reachable at ${address}`);
      return address !== undefined;
    }, 'the address of default/web');
  }

  async #until(isSo: () => Promise<boolean>, what: string): Promise<void> {
    const deadline = performance.now() + WAIT_MS;
    while (!(await isSo())) {
      this.#signal.throwIfAborted();
      this.ccm?.mustRun();
      if (performance.now() > deadline)
        throw new Error(`waited ${WAIT_MS / 1000} s for ${what}; see ${this.ccm?.logFile}`);
      await pause(100, undefined, { signal: this.#signal });
    }
  }

  #parts(): { controlPlane: ControlPlane; cloud: DigitalOceanSimulator; client: KubeClient } {
    const { controlPlane, cloud, client } = this;
    if (!controlPlane || !cloud || !client) throw new Error('a step of the demo is missing');
    return { controlPlane, cloud, client };
  }
}
