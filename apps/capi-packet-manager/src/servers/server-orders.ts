// Orders devices: one POST per facility until one takes it. The next facility is tried only after the API has said that this one has
// nothing left; after a lost answer the server may exist, and another order would be a second one.
import { creationAfter } from './failures.ts';
import type { Clock } from '@longshore/reconciler-core';
import type { Device, DeviceSpec, Devices, ProjectId, SshKeyId, SshKeys } from '@longshore/packet-api';
import type { ServerCreation, ServerMemory, ServerSpec } from './contract.ts';
import type { CredentialGate } from './credential-gate.ts';
import { CreationSlots } from './creation-slots.ts';
import { ProjectSshKeys } from './project-ssh-keys.ts';
import { clusterNameProblem, serverTags, userTagProblem } from './tags.ts';

/** What ordering needs. */
export interface ServerOrdersOptions {
  readonly calls: Pick<Devices, 'create'>;
  readonly sshKeys: Pick<SshKeys, 'list' | 'create'>;
  readonly gate: CredentialGate;
  readonly clock: Clock;
  /** Orders at the same time. */
  readonly slots: number;
  /** An order that is older than this when its turn comes is not sent: another process may already think that it was lost. */
  readonly staleAfterMs: number;
}

/** Orders devices. */
export class ServerOrders {
  readonly #options: ServerOrdersOptions;
  readonly #slots: CreationSlots;
  readonly #keys: ProjectSshKeys;

  constructor(options: ServerOrdersOptions) {
    this.#options = options;
    this.#slots = new CreationSlots(options.slots);
    this.#keys = new ProjectSshKeys(options.sshKeys);
  }

  /** Orders the device of an attempt. */
  order(memory: ServerMemory, spec: ServerSpec, signal: AbortSignal): Promise<ServerCreation> {
    const { attemptId } = memory;
    const problem =
      problemOf(spec) ?? (attemptId === undefined ? 'no attempt id was stored before the order' : undefined);
    if (problem !== undefined || attemptId === undefined) return Promise.resolve(invalid(problem ?? ''));
    return this.#slots.run(() => this.#inSlot({ ...memory, attemptId }, spec, signal), signal);
  }

  async #inSlot(
    memory: ServerMemory & { readonly attemptId: string },
    spec: ServerSpec,
    signal: AbortSignal,
  ): Promise<ServerCreation> {
    const { clock, staleAfterMs } = this.#options;
    const waitedMs = clock.nowMs() - (memory.requestedAtMs ?? clock.nowMs());
    if (waitedMs > staleAfterMs) {
      const message = `${Math.round(waitedMs / 1000)} s passed before the order's turn came: it is planned anew`;
      return { state: 'refused', why: 'rate-limit', message, retryAfterMs: 1000 };
    }
    const keys = await this.#keyIds(spec, signal);
    if ('state' in keys) return keys;
    return this.#tryFacilities(toOrder(spec, memory.attemptId, keys.ids), spec, signal);
  }

  async #keyIds(
    { projectId, sshKeys }: ServerSpec,
    signal: AbortSignal,
  ): Promise<{ readonly ids: readonly SshKeyId[] } | ServerCreation> {
    if (sshKeys.length === 0) return { ids: [] };
    try {
      return { ids: await this.#options.gate.run(() => this.#keys.idsOf(projectId, sshKeys, signal)) };
    } catch (error) {
      signal.throwIfAborted();
      const failed = creationAfter(error, projectId);
      // No device was ordered yet, whatever became of the key.
      if (failed.state !== 'in-doubt') return { ...failed, message: `SSH keys of the project: ${failed.message}` };
      return { state: 'refused', why: 'rate-limit', message: `SSH keys of the project: ${failed.message}` };
    }
  }

  async #tryFacilities(
    order: Order,
    { projectId, facilities }: ServerSpec,
    signal: AbortSignal,
  ): Promise<ServerCreation> {
    const soldOut: string[] = [];
    for (const facility of facilities) {
      const creation = await this.#post({ ...order, ...placeOf(facility) }, projectId, signal);
      if (creation.state !== 'refused' || creation.why !== 'no-capacity') return creation;
      soldOut.push(creation.message);
    }
    return { state: 'refused', why: 'no-capacity', message: soldOut.join('; ') };
  }

  async #post(order: DeviceSpec, projectId: ProjectId, signal: AbortSignal): Promise<ServerCreation> {
    try {
      const device: Device = await this.#options.gate.run(() => this.#options.calls.create(projectId, order, signal));
      return { state: 'created', device };
    } catch (error) {
      signal.throwIfAborted();
      const creation = creationAfter(error, projectId);
      // One of the keys may have been removed.
      if (creation.state === 'refused' && creation.why === 'invalid') this.#keys.forget(projectId);
      return creation;
    }
  }
}

type Order = Omit<DeviceSpec, 'facility' | 'metro'>;

function toOrder(spec: ServerSpec, attemptId: string, keyIds: readonly SshKeyId[]): Order {
  return {
    hostname: spec.hostname,
    plan: spec.plan,
    operatingSystem: spec.operatingSystem,
    billingCycle: spec.billingCycle,
    userdata: spec.userdata,
    tags: serverTags(spec.owner, attemptId, spec.userTags),
    // Without the field the project's keys apply.
    ...(keyIds.length === 0 ? {} : { projectSshKeys: keyIds }),
  };
}

/** A place as an order names it: two letters are a metro, as the public service wanted it in its last years. */
export function placeOf(facility: string): Pick<DeviceSpec, 'facility' | 'metro'> {
  return isMetro(facility) ? { metro: facility } : { facility: [facility] };
}

/** Whether a code is that of a metro. */
export function isMetro(code: string): boolean {
  return /^[a-z]{2}$/.test(code);
}

function problemOf(spec: ServerSpec): string | undefined {
  const problem = clusterNameProblem(spec.owner.cluster) ?? userTagProblem(spec.userTags);
  if (problem !== undefined) return problem;
  return spec.facilities.length === 0 ? 'no facility is named: name at least one' : undefined;
}

function invalid(message: string): ServerCreation {
  return { state: 'refused', why: 'invalid', message };
}
