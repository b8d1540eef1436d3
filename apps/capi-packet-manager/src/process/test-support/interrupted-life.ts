// One life of a master and a worker under the built manager, from their order to the end of their Cluster. The manager may be killed at one
// of its calls, and is then started anew.
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { stringify } from 'yaml';
import { clusters, machines } from '../../api/resources.ts';
import { CallLedger, isKubeWrite } from '../../test-support/interruption/call-ledger.ts';
import type { CallMark, SeenCall, Wound } from '../../test-support/interruption/call-ledger.ts';
import { startCallProxy } from '../../test-support/interruption/call-proxy.ts';
import type { CallProxy, CallWatcher } from '../../test-support/interruption/call-proxy.ts';
import { ManagerRun } from './manager-run.ts';
import { PlayedCluster } from './played-cluster.ts';

/** Quick, and in the same order as the usual times: lists lag for less than is waited for them. */
export const QUICK_FLAGS = ['--sync-period=1s', '--settling-time=4s', '--wait-period=1s'] as const;
/** The Machines of a life; each is the name of its device too. */
export const MASTER = 'm-0';
export const WORKER = 'w-0';

/** What was seen. */
export interface Life {
  readonly marks: readonly CallMark[];
  /** Absent: the manager was not to be killed. */
  readonly wasKilled?: boolean;
  readonly devicesEver: Readonly<Record<string, number>>;
  readonly mostOfOne: number;
  readonly left: number;
}

/** Lives it. */
export async function liveOnce(plane: ControlPlane, wound?: Wound): Promise<Life> {
  const life = await InterruptedLife.start(plane, wound);
  try {
    return await life.run();
  } finally {
    await life.stop();
  }
}

class InterruptedLife {
  readonly #world: PlayedCluster;
  readonly #ledger: CallLedger;
  readonly #wound: Wound | undefined;
  readonly #folder: string;
  #proxies: readonly CallProxy[] = [];
  #manager: ManagerRun | undefined;
  #output = '';

  private constructor(world: PlayedCluster, folder: string, wound: Wound | undefined) {
    this.#world = world;
    this.#folder = folder;
    this.#wound = wound;
    this.#ledger = new CallLedger(wound);
  }

  static async start(plane: ControlPlane, wound: Wound | undefined): Promise<InterruptedLife> {
    const folder = await mkdtemp(path.join(tmpdir(), 'longshore-life-'));
    const life = new InterruptedLife(await PlayedCluster.start(plane, 'blue'), folder, wound);
    await life.#openProxies();
    return life;
  }

  async #openProxies(): Promise<void> {
    const { plane, cloud } = this.#world;
    const [cert, key] = await Promise.all(
      ['apiserver.crt', 'apiserver.key'].map((file) => readFile(path.join(plane.folder, file), 'utf8')),
    );
    const tls = { ca: plane.caCertPem, serving: { cert: cert ?? '', key: key ?? '' } };
    const kube = { url: plane.server, ...tls, token: plane.adminToken };
    const packet = { url: new URL(cloud.url).origin };
    const everyCall = (): boolean => true;
    this.#proxies = [
      await startCallProxy(kube, this.#watcher(isKubeWrite)),
      await startCallProxy(packet, this.#watcher(everyCall)),
    ];
  }

  /** Kills at the call that the ledger names. */
  #watcher(isWatched: (call: SeenCall) => boolean): CallWatcher {
    const fatal = new WeakSet<SeenCall>();
    return {
      isWatched,
      onCall: async (call) => {
        if (!this.#ledger.note(call)) return true;
        fatal.add(call);
        if (!this.#ledger.isDone) await this.#killAndRestart();
        return this.#ledger.isDone;
      },
      onDone: async (call) => {
        if (!fatal.has(call)) return true;
        await this.#killAndRestart();
        return false;
      },
    };
  }

  async run(): Promise<Life> {
    const world = this.#world;
    const { client } = world;
    await world.begin(this.#proxies[0]?.port ?? 0);
    await world.objects.addMachine(world.name, MASTER, { isMaster: true });
    await world.objects.addMachine(world.name, WORKER);
    await this.#writeKubeconfig();
    this.#start();
    await this.#until('both run', () => this.#bothRun());
    await client.remove(machines, world.key(WORKER));
    await this.#until('the worker is gone', async () => (await world.machine(WORKER)) === undefined);
    await client.remove(clusters, world.key(world.name));
    await this.#until('the cluster is gone', async () => (await world.cluster()) === undefined);
    const { isHit, marks } = this.#ledger;
    const { devicesEver, mostOfOne, living } = world;
    return { marks, ...(this.#wound && { wasKilled: isHit }), devicesEver, mostOfOne, left: living.length };
  }

  async stop(): Promise<void> {
    await this.#manager?.end();
    await Promise.all(this.#proxies.map((proxy) => proxy.stop()));
    await this.#world.stop();
    await rm(this.#folder, { recursive: true });
  }

  async #until(what: string, isSo: () => Promise<boolean>): Promise<void> {
    await this.#world.until(what, isSo).catch((cause: unknown) => {
      const said = `${this.#output}${this.#manager?.output ?? ''}`.slice(-6_000);
      throw new Error(`never ${what}, after ${JSON.stringify(this.#wound)}:\n${said}`, { cause });
    });
  }

  async #bothRun(): Promise<boolean> {
    const both = await Promise.all([MASTER, WORKER].map((name) => this.#world.machine(name)));
    const areEmpty = this.#world.living.every(({ userdata }) => userdata === '');
    return areEmpty && both.every((machine) => machine?.status?.phase === 'Running');
  }

  async #killAndRestart(): Promise<void> {
    await this.#manager?.end('SIGKILL');
    this.#output += `${this.#manager?.output ?? ''}\n--- killed ---\n`;
    this.#start();
  }

  #start(): void {
    const { plane, cloud } = this.#world;
    const url = `http://127.0.0.1:${this.#proxies[1]?.port}`;
    const flags = [`--kubeconfig=${this.#kubeconfig}`, '--leader-elect=false', ...QUICK_FLAGS];
    this.#manager = new ManagerRun(plane, cloud, { flags, env: { PACKET_API_URL: url } });
  }

  get #kubeconfig(): string {
    return path.join(this.#folder, 'kubeconfig');
  }

  async #writeKubeconfig(): Promise<void> {
    const ca = Buffer.from(this.#world.plane.caCertPem).toString('base64');
    const server = `https://127.0.0.1:${this.#proxies[0]?.port}`;
    const config = {
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'it', cluster: { server, 'certificate-authority-data': ca } }],
      users: [{ name: 'it', user: { token: this.#world.plane.adminToken } }],
      contexts: [{ name: 'it', context: { cluster: 'it', user: 'it' } }],
      'current-context': 'it',
    };
    await writeFile(this.#kubeconfig, stringify(config), { mode: 0o600 });
  }
}
