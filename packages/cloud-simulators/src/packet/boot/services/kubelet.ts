// The stand-in of a kubelet: it reads the files that kubeadm writes, runs the static pods, gets its certificate, registers its Node and
// keeps it alive. What it cannot do it says in its log, again and again, as the real one.
import { randomUUID } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import { cpus, hostname, networkInterfaces, release, totalmem } from 'node:os';
import { setTimeout as wait } from 'node:timers/promises';
import { ApiClient } from './api-client.ts';
import { readKubeconfig } from './kubeconfig-file.ts';
import { readKubeletSettings } from './kubelet-settings.ts';
import type { KubeletSettings } from './kubelet-settings.ts';
import type { MachineFacts } from './node-object.ts';
import { NodeLife } from './node-life.ts';
import { syncPods } from './pod-life.ts';
import type { ImagePrograms } from './static-pod-plan.ts';
import { StaticPods } from './static-pods.ts';
import { bootstrapNode } from './tls-bootstrap.ts';

/** What the kubelet is started with. */
export interface KubeletOptions {
  readonly images: ImagePrograms;
  readonly version: string;
  readonly pretendsPods: boolean;
  readonly log: (line: string) => void;
}

const CONFIG = '/var/lib/kubelet/config.yaml';
const KUBECONFIG = '/etc/kubernetes/kubelet.conf';
const BOOTSTRAP_KUBECONFIG = '/etc/kubernetes/bootstrap-kubelet.conf';
const ROUND_MS = 500;

/** A kubelet that runs until it is stopped. */
export class Kubelet {
  readonly #options: KubeletOptions;
  readonly #statics: StaticPods;
  readonly #stopping = new AbortController();
  #health: Server | undefined;
  #client: ApiClient | undefined;
  #node: NodeLife | undefined;
  #lastProblem = '';
  readonly #work: readonly Promise<void>[];

  constructor(options: KubeletOptions) {
    this.#options = options;
    this.#statics = new StaticPods({ ...options, logFolder: '/var/log/pods' });
    // Two loops: a slow API server must not keep the static pods, which it may itself be one of, from being started.
    this.#work = [this.#repeat(() => this.#syncStatics()), this.#repeat(() => this.#syncNode())];
  }

  /** Ends it, and the programs of its static pods. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await Promise.all(this.#work);
    this.#health?.close();
    this.#client?.close();
    await this.#statics.stopAll();
  }

  /** Reads its files anew, and registers its Node again if that is gone; the static pods go on. */
  restart(): void {
    this.#health?.close();
    this.#health = undefined;
    this.#forgetClient();
  }

  async #repeat(round: () => Promise<void>): Promise<void> {
    const { signal } = this.#stopping;
    while (!signal.aborted) {
      await round().catch((error: unknown) => this.#complain(error));
      await wait(ROUND_MS, undefined, { signal }).catch(() => undefined);
    }
  }

  async #syncStatics(): Promise<void> {
    const settings = readSettings();
    if (settings === undefined) return;
    this.#health ??= serveHealth(settings);
    if (settings.staticPodFolder !== undefined) await this.#statics.sync(settings.staticPodFolder);
  }

  async #syncNode(): Promise<void> {
    const settings = readSettings();
    if (settings === undefined) return;
    if (this.#client === undefined && !existsSync(KUBECONFIG)) {
      if (!existsSync(BOOTSTRAP_KUBECONFIG))
        throw new Error(`neither ${KUBECONFIG} nor ${BOOTSTRAP_KUBECONFIG} is there`);
      const access = readKubeconfig(readFileSync(BOOTSTRAP_KUBECONFIG, 'utf8'));
      const { nodeName } = settings;
      await bootstrapNode(access, { nodeName, kubeconfigPath: KUBECONFIG }, this.#stopping.signal);
      this.#options.log(`certificate of ${nodeName} received`);
    }
    const facts = machineFacts(this.#options.version);
    this.#client ??= new ApiClient(readKubeconfig(readFileSync(KUBECONFIG, 'utf8')));
    this.#node ??= new NodeLife(this.#client, settings, facts);
    const wasThere = this.#node.uid !== undefined;
    await this.#node.register();
    const uid = this.#node.uid;
    if (uid === undefined) return;
    if (!wasThere) this.#options.log(`node ${settings.nodeName} registered`);
    await this.#node.beat();
    const host = { name: settings.nodeName, uid, address: facts.address, isPretending: this.#options.pretendsPods };
    await syncPods(this.#client, host, this.#statics.running);
    this.#lastProblem = '';
  }

  #complain(error: unknown): void {
    const problem = error instanceof Error ? error.message : String(error);
    if (problem === this.#lastProblem || this.#stopping.signal.aborted) return;
    this.#lastProblem = problem;
    this.#options.log(problem);
  }

  #forgetClient(): void {
    this.#client?.close();
    this.#client = undefined;
    this.#node = undefined;
  }
}

function readSettings(): KubeletSettings | undefined {
  const config = textOf(CONFIG);
  // Until kubeadm has written it, the real one ends and is started again; here it waits.
  if (config === '') return undefined;
  return readKubeletSettings({
    config,
    kubeadmFlags: textOf('/var/lib/kubelet/kubeadm-flags.env'),
    extraArgs: textOf('/etc/default/kubelet'),
    hostname: hostname(),
  });
}

function textOf(path: string): string {
  return existsSync(path) ? readFileSync(path, 'utf8') : '';
}

function serveHealth({ healthAddress, healthPort }: KubeletSettings): Server {
  const server = createServer((_request, answer) => answer.end('ok'));
  server.on('error', () => {});
  return server.listen(healthPort, healthAddress);
}

const BOOT_ID = randomUUID();
const STARTED_AT = new Date().toISOString();

function machineFacts(version: string): MachineFacts {
  const interfaces = Object.entries(networkInterfaces()).filter(([name]) => name !== 'lo');
  const addresses = interfaces.flatMap(([, list = []]) => list);
  const osRelease = textOf('/etc/os-release');
  return {
    hostname: hostname(),
    kubeletVersion: version,
    address: addresses.find(({ family }) => family === 'IPv4')?.address,
    architecture: process.arch === 'x64' ? 'amd64' : process.arch,
    kernelVersion: release(),
    osImage: /^PRETTY_NAME="?([^"\n]*)/m.exec(osRelease)?.[1] ?? 'Linux',
    bootId: BOOT_ID,
    machineId: textOf('/etc/machine-id').trim(),
    cpus: cpus().length,
    memoryBytes: totalmem(),
    startedAt: STARTED_AT,
  };
}
