// A desk with the built clusterctl, the simulated Packet and two real API servers that are started once: the bootstrap cluster, which a
// stand-in `kind` hands out, and the cluster to be. No pods run there; the managers are played. clusterctl reaches both through proxies,
// so that it can be killed at any of its writes, and everything can go back to an earlier moment: etcd, devices and the files of the desk.
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { startControlPlane, startEtcd } from '@longshore/embedded-control-plane';
import type { Checkpoint, ControlPlane, SharedEtcd } from '@longshore/embedded-control-plane';
import { connect } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { until } from '@longshore/reconciler-core/testing';
import { planFiles, SHIPPED_MACHINE_CONFIGS } from '../../generate/plan-files.ts';
import { runCommand } from '../../test-support/site/command.ts';
import type { CommandResult } from '../../test-support/site/command.ts';
import { startCallProxy } from '../../test-support/interruption/call-proxy.ts';
import type { CallProxy, CallWatcher, ProxiedCall } from '../../test-support/interruption/call-proxy.ts';
import { builtProgram } from '../../test-support/site/programs.ts';
import { PlayedManager } from './played-manager.ts';
import type { PlayedWorld } from './played-manager.ts';

const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPoQVHBCmkjTYLkKCyPs6ZQ7jQ4E9b3FvMUhRZJPZ0bm desk';
/** What says where clusterctl is to be killed: it goes no further, however long the kill takes. */
const STANDS_STILL_AT = 'STANDS_STILL_AT';
const STAND_STILL = `const at = process.env.${STANDS_STILL_AT};
const { write } = process.stdout;
if (at !== undefined) process.stdout.write = function (text, ...rest) {
  const isWritten = write.call(this, text, ...rest);
  if (new RegExp(at).test(String(text))) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  return isWritten;
};
`;
/** What clusterctl leaves on the desk. */
const DESK_FILES = ['kubeconfig', 'state', 'kind.made', 'kind.log', 'kind.deleted'];

/** A write, and where it goes. */
export interface SeenWrite extends ProxiedCall {
  readonly side: 'bootstrap' | 'target';
}

/** When a run is killed: at a write, before or after it was done, or when it says something (by SIGKILL: right after that). */
export interface Death {
  readonly atWrite?: (write: SeenWrite, index: number) => boolean;
  readonly isDone?: boolean;
  readonly atOutput?: RegExp;
  /** SIGKILL when absent. */
  readonly by?: NodeJS.Signals;
}

/** A run, and the writes that it made. */
export interface SiteRun extends CommandResult {
  readonly writes: readonly SeenWrite[];
}

/** A moment of the whole site. */
export interface SiteCheckpoint {
  readonly etcd: readonly Checkpoint[];
  readonly devices: readonly string[];
  readonly hasTypes: readonly boolean[];
  readonly folder: string;
}

interface Side {
  readonly name: SeenWrite['side'];
  readonly plane: ControlPlane;
  readonly client: KubeClient;
  readonly proxy: CallProxy;
  readonly manager: PlayedManager;
}

/** See the head of the file. */
export class PlayedSite {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'clusterctl-site-'));
  readonly cloud: PacketSimulator;
  readonly world: PlayedWorld;
  readonly #etcd: SharedEtcd;
  readonly #sides: Side[] = [];
  #onWrite: (write: SeenWrite, isDone: boolean) => boolean = () => true;
  #checkpoints = 0;

  private constructor(cloud: PacketSimulator, etcd: SharedEtcd) {
    this.cloud = cloud;
    this.#etcd = etcd;
    const kubeconfig = (): string => this.read('target.kubeconfig');
    this.world = { cloud, kubeconfig, made: [], authorities: [], collisions: [], atWork: new Set() };
  }

  /** Starts everything but the managers. */
  static async start(): Promise<PlayedSite> {
    const site = new PlayedSite(await simulatePacket({ facility: 'ewr1', quota: 'off' }), await startEtcd());
    await site.#startSide('bootstrap');
    await site.#startSide('target');
    site.#writeDesk();
    return site;
  }

  get bootstrap(): KubeClient {
    return this.#side('bootstrap').client;
  }

  get target(): KubeClient {
    return this.#side('target').client;
  }

  /** The API server of the cluster to be. */
  get targetPlane(): ControlPlane {
    return this.#side('target').plane;
  }

  path(name: string): string {
    return path.join(this.folder, name);
  }

  read(name: string): string {
    return readFileSync(this.path(name), 'utf8');
  }

  /** What `kind` was asked for. */
  get kindCalls(): readonly string[] {
    return existsSync(this.path('kind.log')) ? this.read('kind.log').trim().split('\n') : [];
  }

  /** Names of the devices that exist. */
  get devices(): readonly string[] {
    return [...this.cloud.state.devices.values()].map(({ hostname }) => hostname).sort();
  }

  /** The managers of both sides go on. */
  play(): void {
    for (const { manager } of this.#sides) manager.play();
  }

  /** The managers of both sides do nothing. */
  async rest(): Promise<void> {
    for (const { manager } of this.#sides) await manager.rest();
  }

  /** Runs a command line on the desk, to its end or its death. */
  async run(
    command: string,
    { atWrite, isDone = false, atOutput, by = 'SIGKILL' }: Death = {},
    env = {},
  ): Promise<SiteRun> {
    const writes: SeenWrite[] = [];
    const death = new AbortController();
    let fatal: SeenWrite | undefined;
    this.#onWrite = (write, wasDone) => {
      const index = wasDone ? 0 : writes.push(write);
      if (index > 0 && atWrite?.(write, index)) fatal ??= write;
      if (fatal === undefined) return true;
      if (write === fatal && wasDone !== isDone) return true;
      death.abort();
      return false;
    };
    let output = '';
    const onOutput = (text: string): void => {
      output += text;
      if (atOutput?.test(output)) death.abort();
    };
    const still = atOutput !== undefined && by === 'SIGKILL' ? { [STANDS_STILL_AT]: atOutput.source } : {};
    const place = { cwd: this.folder, env: { ...this.#env, ...env, ...still }, onOutput };
    const result = await runCommand(['/bin/sh', '-c', `exec ${command}`], {
      ...place,
      signal: death.signal,
      endBy: by,
    });
    this.#onWrite = () => true;
    return { ...result, writes };
  }

  /** Notes this moment; nothing may be under way. */
  async checkpoint(): Promise<SiteCheckpoint> {
    this.#checkpoints += 1;
    const folder = this.path(`checkpoint-${this.#checkpoints}`);
    mkdirSync(folder);
    copyDesk(this.folder, folder);
    return {
      etcd: await Promise.all(this.#sides.map(({ plane }) => plane.checkpoint())),
      hasTypes: await Promise.all(this.#sides.map(({ client }) => servesTypes(client))),
      devices: this.devices,
      folder,
    };
  }

  /** Goes back to that moment, and forgets what was counted. The managers rest while it does. */
  async rewind(moment: SiteCheckpoint): Promise<void> {
    await this.rest();
    await Promise.all(moment.etcd.map((checkpoint) => checkpoint.restore()));
    for (const [at, { name, client }] of this.#sides.entries()) {
      const isAsThen = async (): Promise<boolean> => (await servesTypes(client)) === moment.hasTypes[at];
      await until(`the ${name} cluster serves what it did then`, isAsThen);
    }
    for (const name of DESK_FILES) rmSync(this.path(name), { recursive: true, force: true });
    copyDesk(moment.folder, this.folder);
    for (const { id } of [...this.cloud.state.devices.values()]) this.cloud.removeDevice(id);
    for (const { manager } of this.#sides) manager.restore(moment.devices);
    const { made, authorities, collisions } = this.world;
    made.splice(0, made.length, ...moment.devices);
    authorities.length = 0;
    collisions.length = 0;
    this.play();
  }

  async stop(): Promise<void> {
    await this.rest();
    for (const { proxy, plane } of this.#sides) {
      await proxy.stop();
      await plane.stop();
    }
    await this.#etcd.stop();
    await this.cloud.close();
    rmSync(this.folder, { recursive: true, force: true });
  }

  async #startSide(name: Side['name']): Promise<void> {
    const plane = await startControlPlane({ etcd: this.#etcd });
    const known = new WeakMap<ProxiedCall, SeenWrite>();
    const seen = (call: ProxiedCall): SeenWrite => known.get(call) ?? { ...call, side: name };
    const isServing = (): boolean => name === 'target' || !existsSync(this.path('kind.deleted'));
    const watcher: CallWatcher = {
      isWatched: ({ method, path }) => method !== 'GET' && !path.includes('dryRun='),
      onCall: (call) => {
        const own = seen(call);
        known.set(call, own);
        return this.#onWrite(own, false);
      },
      onDone: (call) => this.#onWrite(seen(call), true),
    };
    const proxy = await startCallProxy({ url: plane.server, ca: plane.caCertPem, isServing }, watcher);
    const text = readFileSync(plane.kubeconfigPath, 'utf8');
    writeFileSync(this.path(`${name}.kubeconfig`), text.replace(plane.server, `http://127.0.0.1:${proxy.port}`), {
      mode: 0o600,
    });
    const client = await connect({ kubeconfig: plane.kubeconfigPath, userAgent: 'played' });
    this.#sides.push({ name, plane, client, proxy, manager: new PlayedManager(client, name, this.world) });
  }

  #side(name: Side['name']): Side {
    const side = this.#sides.find((one) => one.name === name);
    if (side === undefined) throw new Error(`${name} was not started`);
    return side;
  }

  get #env(): Readonly<Record<string, string>> {
    return {
      PATH: `${this.path('bin')}:${process.env['PATH'] ?? ''}`,
      HOME: this.folder,
      XDG_STATE_HOME: this.path('state'),
      PACKET_API_KEY: this.cloud.token,
      PACKET_PROJECT_ID: this.cloud.projectId,
      PACKET_API_URL: this.cloud.url,
    };
  }

  #writeDesk(): void {
    const { cloud } = this;
    for (const name of ['bin', 'out/packet']) mkdirSync(this.path(name), { recursive: true });
    const settings = { projectID: cloud.projectId, apiKey: cloud.token, clusterName: 'web', facilities: ['ewr1'] };
    const sources = { image: 'manager:1', machineConfigs: SHIPPED_MACHINE_CONFIGS, sshKeyFile: Buffer.from(KEY) };
    for (const { name, text } of planFiles({ ...settings, ...sources, apiUrl: cloud.url }))
      writeFileSync(this.path(`out/packet/${name}`), text);
    const [node = '', program = ''] = builtProgram('capi-packet-manager', 'clusterctl.js');
    // A copy: the build may be repeated while this runs.
    cpSync(path.dirname(program), this.path('dist'), { recursive: true });
    writeFileSync(this.path('stand-still.mjs'), STAND_STILL);
    const stillness = `--import=file://${this.path('stand-still.mjs')}`;
    this.#writeProgram('clusterctl', `exec ${node} ${stillness} ${this.path('dist/clusterctl.js')} "$@"`);
    const at = this.folder;
    this.#writeProgram(
      'kind',
      `echo "$*" >> ${at}/kind.log
case "$1 $2" in
  'get clusters') [ -e ${at}/kind.made ] && echo clusterapi; exit 0 ;;
  'create cluster') touch ${at}/kind.made; cp ${at}/bootstrap.kubeconfig "$5" ;;
  'delete cluster') rm ${at}/kind.made; touch ${at}/kind.deleted ;;
esac`,
    );
  }

  #writeProgram(name: string, text: string): void {
    const file = this.path(`bin/${name}`);
    writeFileSync(file, `#!/bin/sh\n${text}\n`);
    chmodSync(file, 0o755);
  }
}

function copyDesk(from: string, to: string): void {
  for (const name of DESK_FILES) {
    if (existsSync(path.join(from, name))) cpSync(path.join(from, name), path.join(to, name), { recursive: true });
  }
}

async function servesTypes(client: KubeClient): Promise<boolean> {
  const { status } = await client.raw({ method: 'GET', path: '/apis/cluster.k8s.io/v1alpha1/machines' });
  return status === 200;
}
