// A simulated Packet over HTTP, the servers on it, and an owner who does what planServer says, all on one clock that the test moves. The
// owner's memory is what survives a restart.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import { createPacketApi } from '@longshore/packet-api';
import type { Device, PacketApi, ProjectId } from '@longshore/packet-api';
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import type { ServerCreation, ServerMemory, ServerRemoval, ServerSpec, ServerStep } from '../contract.ts';
import { PacketEndpointAddresses } from '../endpoint-addresses.ts';
import { PacketServers } from '../packet-servers.ts';
import type { PacketServersOptions } from '../packet-servers.ts';
import { memoryAfter, planServer, SERVER_PLAN_SETTINGS } from '../plan-server.ts';

/** Never aborted. */
export const never = new AbortController().signal;

/** What can be different about a world. */
export interface WorldOptions extends PacketOptions {
  readonly servers?: Partial<PacketServersOptions>;
  /** Attempts of one call. Default 1, because nobody moves the clock during a call. */
  readonly maxAttempts?: number;
}

/** Simulator, clock and what a process has. */
export class ServerWorld {
  readonly clock: FakeClock;
  readonly cloud: PacketSimulator;
  readonly metrics = fakeMetrics();
  readonly log = recordingLogger();
  token: string;
  api!: PacketApi;
  servers!: PacketServers;
  addresses!: PacketEndpointAddresses;
  readonly #options: WorldOptions;
  readonly #apis: PacketApi[] = [];

  private constructor(clock: FakeClock, cloud: PacketSimulator, options: WorldOptions) {
    this.clock = clock;
    this.cloud = cloud;
    this.token = cloud.token;
    this.#options = options;
    this.restart();
  }

  static async start({ servers = {}, ...options }: WorldOptions = {}): Promise<ServerWorld> {
    const clock = new FakeClock();
    const cloud = await simulatePacket({ quota: 'off', clock, ...options });
    return new ServerWorld(clock, cloud, { ...options, servers });
  }

  /** Another process: whatever was not stored is lost. */
  restart(): PacketServers {
    const { clock, metrics, log } = this;
    const { maxAttempts = 1, servers } = this.#options;
    const token = (): string => this.token;
    this.api = createPacketApi({ baseUrl: this.cloud.url, token, clock, userAgent: 'test', maxAttempts });
    this.#apis.push(this.api);
    this.servers = new PacketServers({ api: this.api, clock, metrics, log, ...servers });
    this.addresses = new PacketEndpointAddresses({ api: this.api, clock });
    return this.servers;
  }

  get projectId(): ProjectId {
    return this.cloud.projectId as ProjectId;
  }

  /** Devices that are not on their way out. */
  get living(): readonly { readonly id: string; readonly hostname: string; readonly tags: readonly string[] }[] {
    return [...this.cloud.state.devices.values()].filter(({ state }) => state !== 'deprovisioning');
  }

  calls(route: string): number {
    return this.cloud.callsByRoute()[route] ?? 0;
  }

  get totalCalls(): number {
    return Object.values(this.cloud.callsByRoute()).reduce((sum, count) => sum + count, 0);
  }

  async close(): Promise<void> {
    for (const api of this.#apis) api.http.close();
    await this.cloud.close();
  }
}

/** A worker of cluster `default/blue`. */
export function aSpec(world: { readonly projectId: ProjectId }, wish: Partial<ServerSpec> = {}): ServerSpec {
  return {
    owner: { cluster: { namespace: 'default', name: 'blue' }, role: 'node' },
    projectId: world.projectId,
    hostname: 'node-0',
    plan: 'c3.small.x86',
    operatingSystem: 'ubuntu_22_04',
    facilities: ['ewr1'],
    billingCycle: 'hourly',
    userTags: [],
    sshKeys: [],
    userdata: '#!/bin/bash\n',
    ...wish,
  };
}

/** Wants one server, and remembers what has to be remembered. */
export class ServerKeeper {
  readonly #world: ServerWorld;
  readonly spec: ServerSpec;
  memory: ServerMemory = {};
  /** How the last POST ended. */
  creation: ServerCreation | undefined;
  removal: ServerRemoval | undefined;
  /** Every step, by its kind. */
  readonly steps: string[] = [];
  /** Runs before each step; an error in it is a process that died there. */
  before: (step: ServerStep) => void | Promise<void> = () => {};

  constructor(world: ServerWorld, wish: Partial<ServerSpec> = {}) {
    this.#world = world;
    this.spec = aSpec(world, wish);
  }

  /** One round, as a controller does it: until there is nothing to do but to wait. */
  async reconcile(signal = never): Promise<ServerStep> {
    const { servers, clock } = this.#world;
    let finding = await servers.find(this.memory, this.spec.projectId, signal);
    for (let turns = 0; turns < 20; turns += 1) {
      const step = planServer({
        memory: this.memory,
        finding,
        spec: this.spec,
        nowMs: clock.nowMs(),
        settings: SETTINGS,
      });
      this.steps.push(step.do);
      await this.before(step);
      if (step.do === 'wait' || step.do === 'nothing' || step.do === 'report-gone') return step;
      const isDone = await this.#apply(step, signal);
      if (isDone) return step;
      finding =
        step.do === 'look-up'
          ? await servers.lookUp(this.memory, this.spec.projectId, signal)
          : await servers.find(this.memory, this.spec.projectId, signal);
    }
    throw new Error(`no end after ${this.steps.join(' ')}`);
  }

  /** Rounds of `everyMs` until the server is there, or `forMs` are over. */
  async settle(forMs: number, everyMs = 5000): Promise<Device | undefined> {
    for (let passedMs = 0; ; passedMs += everyMs) {
      const step = await this.reconcile();
      if (step.do === 'nothing') return step.device;
      if (passedMs >= forMs) return undefined;
      await this.#world.clock.advance(everyMs);
    }
  }

  /** One round of the removal. */
  async remove(signal = never): Promise<ServerRemoval> {
    this.removal = await this.#world.servers.remove(this.memory, this.spec.projectId, signal);
    return this.removal;
  }

  /** Rounds of the removal until it is gone. */
  async removeAll(forMs = 600_000): Promise<ServerRemoval> {
    for (let passedMs = 0; ;) {
      const removal = await this.remove();
      if (removal.state !== 'waiting' || passedMs >= forMs) return removal;
      await this.#world.clock.advance(removal.forMs);
      passedMs += removal.forMs;
    }
  }

  /** True when the round ends. */
  async #apply(step: ServerStep, signal: AbortSignal): Promise<boolean> {
    const { servers } = this.#world;
    switch (step.do) {
      case 'remember':
        this.memory = step.memory;
        return false;
      case 'create':
        this.memory = step.memory;
        this.creation = await servers.create(this.memory, this.spec, signal);
        this.memory = memoryAfter(this.memory, this.creation);
        return this.creation.state === 'refused';
      case 'remove-duplicates':
        for (const { id } of step.devices) await servers.remove({ deviceId: id }, this.spec.projectId, signal);
        return false;
      case 'correct':
        await servers.correct(step.device.id, step.change, signal);
        return false;
      default:
        return false;
    }
  }
}

let drawn = 0;
const SETTINGS = {
  ...SERVER_PLAN_SETTINGS,
  newAttemptId: () => `00000000-0000-4000-8000-${String((drawn += 1)).padStart(12, '0')}`,
};
