// The servers of an account, as controllers see them: finds them in one sweep per project, orders each once, removes it without leaving
// anything behind. Decisions are in plan-server.ts, plan-removal.ts and server-doubt.ts; what is known is in sweep.ts.
import { messageOf, periodic, silentLogger } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics, Unsubscribe } from '@longshore/reconciler-core';
import type { Device, DeviceId, PacketApi, ProjectId } from '@longshore/packet-api';
import type {
  ServerCreation,
  ServerFinding,
  ServerMemory,
  ServerOwner,
  ServerRemoval,
  Servers,
  ServerSpec,
  StrayServer,
} from './contract.ts';
import { CredentialGate } from './credential-gate.ts';
import { choosePresent, pauseWithin, SERVER_PLAN_SETTINGS } from './plan-server.ts';
import { planDoubt, unknownAfter } from './server-doubt.ts';
import { serverMeter } from './server-metrics.ts';
import type { ServerMeter } from './server-metrics.ts';
import { ServerOrders } from './server-orders.ts';
import { removalAfter, removeServer } from './server-removals.ts';
import { isOfSomeCluster, StrayServers } from './stray-servers.ts';
import { ProjectSweep } from './sweep.ts';
import { isOfCluster, parseServerTags } from './tags.ts';

/** What the servers are made with. */
export interface PacketServersOptions {
  readonly api: Pick<PacketApi, 'devices' | 'sshKeys'>;
  readonly clock: Clock;
  readonly log?: Logger;
  readonly metrics?: Metrics;
  /** Shared with whatever else uses the key. */
  readonly gate?: CredentialGate;
  /** Period of the sweep (`--sweep-period`). Default 30 s. */
  readonly sweepMs?: number;
  /** Orders at the same time (`--concurrent-creates`). Default 5. */
  readonly concurrentCreates?: number;
  /** Must be what the plan of servers is made with. Default 60 s. */
  readonly settlingMs?: number;
  /** Whether a Machine owns the device; decides what is a stray. Default: whatever was asked for since the start. */
  readonly isOwned?: (device: Device) => boolean;
}

/** The servers of an account. */
export class PacketServers implements Servers {
  readonly name = 'packet-servers';
  readonly #options: Required<Omit<PacketServersOptions, 'metrics' | 'isOwned' | 'concurrentCreates'>>;
  readonly #orders: ServerOrders;
  readonly #meter: ServerMeter;
  readonly #strays: StrayServers;
  readonly #sweeps = new Map<ProjectId, ProjectSweep>();
  readonly #claims = new Set<string>();
  readonly #listeners = new Set<(attemptId: string) => void>();
  readonly #loops = new Set<Promise<void>>();
  #running: AbortSignal | undefined;

  constructor({ metrics, isOwned, concurrentCreates = 5, ...options }: PacketServersOptions) {
    const { clock, api } = options;
    const usual = { log: silentLogger, sweepMs: 30_000, settlingMs: SERVER_PLAN_SETTINGS.settlingMs };
    this.#options = { gate: new CredentialGate({ clock }), ...usual, ...options };
    const { gate, settlingMs } = this.#options;
    const orders = { calls: api.devices, sshKeys: api.sshKeys, gate, clock };
    this.#orders = new ServerOrders({ ...orders, slots: concurrentCreates, staleAfterMs: settlingMs / 2 });
    this.#strays = new StrayServers(isOwned ?? ((device) => this.#isClaimed(device)));
    this.#meter = serverMeter(metrics, () => ({
      devices: this.#all().filter(isOfSomeCluster),
      strays: this.strays(),
      nowMs: clock.nowMs(),
    }));
  }

  /** Sweeps each project that was asked for, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    this.#running = signal;
    for (const sweep of this.#sweeps.values()) this.#startLoop(sweep, signal);
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      signal.addEventListener('abort', () => resolve(), { once: true });
    });
    this.#running = undefined;
    await Promise.all(this.#loops);
  }

  async find(memory: ServerMemory, projectId: ProjectId, signal: AbortSignal): Promise<ServerFinding> {
    if (isEmpty(memory)) return { state: 'absent', listedAtMs: this.#options.clock.nowMs() };
    const sweep = this.#sweepOf(projectId);
    this.#claim(memory);
    return this.#orUnknown(signal, async () => {
      const listedAtMs = await sweep.listedAt(2 * this.#options.sweepMs, signal);
      return this.#findingIn(sweep, memory, { listedAtMs, signal });
    });
  }

  async lookUp(memory: ServerMemory, projectId: ProjectId, signal: AbortSignal): Promise<ServerFinding> {
    const { attemptId } = memory;
    if (attemptId === undefined) return this.find(memory, projectId, signal);
    const sweep = this.#sweepOf(projectId);
    this.#claim(memory);
    return this.#orUnknown(signal, async () => {
      const listedAtMs = await sweep.lookUp(attemptId, signal);
      return this.#findingIn(sweep, memory, { listedAtMs, signal });
    });
  }

  async create(memory: ServerMemory, spec: ServerSpec, signal: AbortSignal): Promise<ServerCreation> {
    const sweep = this.#sweepOf(spec.projectId);
    this.#claim(memory);
    const creation = await this.#orders.order(memory, spec, signal);
    this.#meter.created(creation);
    if (creation.state === 'created') {
      this.#claims.add(creation.device.id);
      sweep.put(creation.device);
      const { id, hostname, facility } = creation.device;
      this.#options.log.info('device ordered', { device: id, hostname, facility: facility?.code });
    }
    return creation;
  }

  async remove(memory: ServerMemory, projectId: ProjectId, signal: AbortSignal): Promise<ServerRemoval> {
    if (isEmpty(memory)) return { state: 'gone' };
    const sweep = this.#sweepOf(projectId);
    const { api, gate, clock, settlingMs, log } = this.#options;
    const look = async (listedAtMs: number): Promise<ServerRemoval | undefined> => {
      const found = await this.#orUnknown(signal, () => this.#findingIn(sweep, memory, { listedAtMs, signal }));
      if (found.state !== 'unknown') return undefined;
      const { message, isCredentials } = found;
      return isCredentials
        ? { state: 'refused', message, isCredentials }
        : { state: 'waiting', forMs: pauseWithin(settlingMs), reason: message };
    };
    try {
      const parts = { calls: api.devices, gate, clock, settlingMs, look };
      const removal = await removeServer(memory, sweep, parts, signal);
      if (removal.state !== 'gone') return removal;
      for (const claim of [memory.attemptId, memory.deviceId]) if (claim !== undefined) this.#claims.delete(claim);
      log.info('device gone', { device: memory.deviceId, attempt: memory.attemptId });
      return removal;
    } catch (error) {
      signal.throwIfAborted();
      return removalAfterList(error, settlingMs);
    }
  }

  async correct(
    deviceId: DeviceId,
    change: { hostname?: string; tags?: readonly string[] },
    signal: AbortSignal,
  ): Promise<void> {
    await this.#change(deviceId, change, signal);
    this.#options.log.info('device corrected', { device: deviceId, fields: Object.keys(change) });
  }

  async clearUserData(deviceId: DeviceId, signal: AbortSignal): Promise<void> {
    await this.#change(deviceId, { userdata: '' }, signal);
  }

  ofCluster(owner: ServerOwner['cluster'], projectId: ProjectId): readonly Device[] {
    return this.#sweepOf(projectId).index.ofCluster(owner);
  }

  subscribe(listener: (attemptId: string) => void): Unsubscribe {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Devices with the tag of a cluster that nobody owns, as of the last sweeps. */
  strays(): readonly StrayServer[] {
    return this.#strays.all();
  }

  straysOf(owner: ServerOwner['cluster']): readonly Device[] {
    const lasting = this.#strays.lasting(this.#options.sweepMs / 2);
    return lasting.map(({ device }) => device).filter((device) => isOfCluster(device, owner));
  }

  async #findingIn(
    sweep: ProjectSweep,
    memory: ServerMemory,
    { listedAtMs, signal }: { readonly listedAtMs: number; readonly signal: AbortSignal },
  ): Promise<ServerFinding> {
    const { api, gate, settlingMs } = this.#options;
    const { deviceId } = memory;
    const present = choosePresent(memory, sweep.index.of(memory));
    if (deviceId === undefined) return present ?? { state: 'absent', listedAtMs };
    if (present?.device.id === deviceId) return present;
    if (sweep.index.isKnownGone(deviceId)) return present ?? { state: 'gone' };
    const look = await gate.run(() => api.devices.look(deviceId, sweep.projectId, signal));
    const end = planDoubt(look, { deviceId, memory, listedAtMs, settlingMs });
    if (end.state === 'unknown') return { ...end, isCredentials: false };
    if (end.state === 'there') sweep.put(end.device);
    else sweep.drop(deviceId);
    return choosePresent(memory, sweep.index.of(memory)) ?? { state: 'gone' };
  }

  async #orUnknown(signal: AbortSignal, work: () => Promise<ServerFinding>): Promise<ServerFinding> {
    try {
      return await work();
    } catch (error) {
      signal.throwIfAborted();
      return unknownAfter(error);
    }
  }

  async #change(
    deviceId: DeviceId,
    change: { hostname?: string; tags?: readonly string[]; userdata?: string },
    signal: AbortSignal,
  ): Promise<void> {
    const { api, gate } = this.#options;
    const device = await gate.run(() => api.devices.update(deviceId, change, signal));
    // That it is gone is for the next finding to say, from two sources.
    if (device?.projectId !== undefined) this.#sweepOf(device.projectId).put(device);
  }

  #sweepOf(projectId: ProjectId): ProjectSweep {
    const known = this.#sweeps.get(projectId);
    if (known !== undefined) return known;
    const { api, gate, clock, sweepMs, settlingMs } = this.#options;
    const sweep = new ProjectSweep({
      projectId,
      calls: api.devices,
      gate,
      clock,
      holdMs: settlingMs,
      failedForMs: Math.min(sweepMs, 10_000),
      onChange: (attempts) => this.#tell(attempts),
      onSwept: () => this.#strays.note(this.#all(), clock.nowMs()),
    });
    this.#sweeps.set(projectId, sweep);
    if (this.#running !== undefined) this.#startLoop(sweep, this.#running);
    return sweep;
  }

  #startLoop(sweep: ProjectSweep, signal: AbortSignal): void {
    const { clock, log, sweepMs } = this.#options;
    const name = `sweep of project ${sweep.projectId}`;
    const work = (inner: AbortSignal): Promise<void> => sweep.sweep(inner);
    const loop = periodic({ name, everyMs: sweepMs, clock, log, work, countFrom: 'start' }).run(signal);
    this.#loops.add(loop);
    void loop.finally(() => this.#loops.delete(loop));
  }

  #tell(attempts: ReadonlySet<string>): void {
    for (const attempt of attempts) {
      for (const listener of this.#listeners) {
        try {
          listener(attempt);
        } catch (error) {
          this.#options.log.error('a listener of servers failed', { attempt, error: messageOf(error) });
        }
      }
    }
  }

  #all(): readonly Device[] {
    return [...this.#sweeps.values()].flatMap(({ index }) => index.all());
  }

  #claim({ attemptId, deviceId }: ServerMemory): void {
    for (const claim of [attemptId, deviceId]) if (claim !== undefined) this.#claims.add(claim);
  }

  #isClaimed({ id, tags }: Device): boolean {
    const { attemptId } = parseServerTags(tags);
    return this.#claims.has(id) || (attemptId !== undefined && this.#claims.has(attemptId));
  }
}

function isEmpty({ attemptId, deviceId }: ServerMemory): boolean {
  return attemptId === undefined && deviceId === undefined;
}

// Here it is the list that failed: a 403 is about the whole project.
function removalAfterList(error: unknown, settlingMs: number): ServerRemoval {
  const { message, isCredentials } = unknownAfter(error);
  return isCredentials ? { state: 'refused', message, isCredentials } : removalAfter(error, settlingMs);
}
