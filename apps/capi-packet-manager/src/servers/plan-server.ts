// Create once: decides the one next step towards a server that exists exactly once, and towards its removal. Pure. The protocol is
// written down durably before each call: attempt id, then the time of the POST, then the POST, then the device's id. While nobody knows
// how a POST ended the same attempt id is looked for, and only when it has not turned up for the settling time it is sent again.
import type { Device } from '@longshore/packet-api';
import type { ServerCreation, ServerFinding, ServerMemory, ServerSpec, ServerStep } from './contract.ts';
import { serverTags } from './tags.ts';

/** Times of the protocol. */
export interface ServerPlanSettings {
  /** A device that was asked for and is in no list for so long was not made. Default 60 s. */
  readonly settlingMs: number;
  /** While a POST is in doubt, the API is asked this often. Default 10 s. */
  readonly lookUpEveryMs: number;
  /** Pause when the API does not say anything. Default 15 s; with credentials that are refused, 30 s. */
  readonly unknownMs: number;
  readonly credentialsMs: number;
  /** Draws an attempt id. */
  readonly newAttemptId: () => string;
}

/** The usual times; ids are random. */
export const SERVER_PLAN_SETTINGS: ServerPlanSettings = {
  settlingMs: 60_000,
  lookUpEveryMs: 10_000,
  unknownMs: 15_000,
  credentialsMs: 30_000,
  newAttemptId: () => crypto.randomUUID(),
};

/** The usual times for another settling time: while it lasts, the API is asked six times. */
export function serverPlanSettings({ settlingMs }: Pick<ServerPlanSettings, 'settlingMs'>): ServerPlanSettings {
  return { ...SERVER_PLAN_SETTINGS, settlingMs, lookUpEveryMs: pauseWithin(settlingMs) };
}

/** Pause between two looks while something settles. */
export function pauseWithin(settlingMs: number): number {
  return settlingMs / 6;
}

/** What the step depends on. */
export interface ServerFacts {
  readonly memory: ServerMemory;
  readonly finding: ServerFinding;
  readonly spec: Pick<ServerSpec, 'owner' | 'hostname' | 'userTags'>;
  /** Wall clock. */
  readonly nowMs: number;
  readonly settings?: ServerPlanSettings;
}

/** The next step. Steps that store or correct something, and look-ups, are followed by planning again; the others end the round. */
export function planServer(facts: ServerFacts): ServerStep {
  const { memory, finding, settings = SERVER_PLAN_SETTINGS } = facts;
  if (memory.attemptId === undefined && memory.deviceId === undefined) {
    return { do: 'remember', memory: { ...memory, attemptId: settings.newAttemptId() } };
  }
  switch (finding.state) {
    case 'unknown': {
      const forMs = finding.isCredentials ? settings.credentialsMs : settings.unknownMs;
      return { do: 'wait', forMs, reason: finding.message };
    }
    case 'gone':
      return { do: 'report-gone' };
    case 'present':
      return planPresent(facts, finding);
    case 'absent':
      // A device that is remembered is never asked for again because a list has no such tag.
      return memory.deviceId === undefined ? planAbsent(facts, finding.listedAtMs, settings) : { do: 'look-up' };
  }
}

/** What to store once a POST has ended. A refusal made nothing, so the next POST need not wait the settling time. */
export function memoryAfter(memory: ServerMemory, creation: ServerCreation): ServerMemory {
  if (creation.state === 'created') return { ...memory, deviceId: creation.device.id };
  if (creation.state === 'in-doubt') return memory;
  const { requestedAtMs: _forgotten, ...rest } = memory;
  return rest;
}

/** Whether a device is on its way out: it counts neither as a server nor as a duplicate. */
export function isLeaving({ state }: Pick<Device, 'state'>): boolean {
  return state === 'deprovisioning' || state === 'deleted';
}

/**
 * The devices of one attempt as a finding: the one that is remembered stays, else the oldest. Those on their way out only count when they
 * are remembered. `undefined` when none counts.
 */
export function choosePresent(
  memory: ServerMemory,
  devices: readonly Device[],
): Extract<ServerFinding, { state: 'present' }> | undefined {
  const living = devices.filter((device) => !isLeaving(device)).toSorted(byAge);
  const device = devices.find(({ id }) => id === memory.deviceId) ?? living[0];
  if (device === undefined) return undefined;
  return { state: 'present', device, duplicates: living.filter(({ id }) => id !== device.id) };
}

function byAge(a: Device, b: Device): number {
  const [first, second] = [a, b].map(({ createdAt = '' }) => createdAt);
  if (first === second) return a.id < b.id ? -1 : 1;
  return (first ?? '') < (second ?? '') ? -1 : 1;
}

function planPresent(
  { memory, spec }: ServerFacts,
  { device, duplicates }: Extract<ServerFinding, { state: 'present' }>,
): ServerStep {
  // Whoever has not stored which device is the one must not remove another: two processes could remove each other's.
  if (memory.deviceId !== device.id) return { do: 'remember', memory: { ...memory, deviceId: device.id } };
  if (duplicates.length > 0) return { do: 'remove-duplicates', devices: duplicates };
  if (isLeaving(device) || device.state === 'failed') return { do: 'nothing', device };
  const change = correctionOf(device, spec, memory.attemptId);
  return change === undefined ? { do: 'nothing', device } : { do: 'correct', device, change };
}

function correctionOf(
  device: Device,
  { hostname, owner, userTags }: ServerFacts['spec'],
  attemptId: string | undefined,
): { hostname?: string; tags?: readonly string[] } | undefined {
  const wanted = attemptId === undefined ? [] : serverTags(owner, attemptId, userTags);
  const missing = wanted.filter((tag) => !device.tags.includes(tag));
  const change = {
    ...(device.hostname.toLowerCase() === hostname.toLowerCase() ? {} : { hostname }),
    // Tags that others have put on stay.
    ...(missing.length === 0 ? {} : { tags: [...device.tags, ...missing] }),
  };
  return Object.keys(change).length === 0 ? undefined : change;
}

function planAbsent({ memory, nowMs }: ServerFacts, listedAtMs: number, settings: ServerPlanSettings): ServerStep {
  const { requestedAtMs } = memory;
  const { settlingMs, lookUpEveryMs } = settings;
  // No POST was ever sent for this attempt, so there is nothing to be looked for.
  if (requestedAtMs === undefined) return { do: 'create', memory: { ...memory, requestedAtMs: nowMs } };
  // Written by a clock that was ahead: waiting for that time could take for ever.
  if (requestedAtMs > nowMs + settlingMs) return { do: 'remember', memory: { ...memory, requestedAtMs: nowMs } };
  const settledAtMs = requestedAtMs + settlingMs;
  if (listedAtMs >= settledAtMs) return { do: 'create', memory: { ...memory, requestedAtMs: nowMs } };
  const isListOld = listedAtMs < requestedAtMs || nowMs - listedAtMs >= lookUpEveryMs;
  if (nowMs >= settledAtMs || isListOld) return { do: 'look-up' };
  const forMs = Math.min(lookUpEveryMs, settledAtMs - nowMs);
  const seconds = Math.ceil((settledAtMs - nowMs) / 1000);
  const reason = `the answer to the request for the server was lost; if it does not appear, it is asked for again in ${seconds} s`;
  return { do: 'wait', forMs, reason };
}
