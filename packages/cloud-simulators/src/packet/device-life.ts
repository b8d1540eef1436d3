// The life of a device as a list of moments that are known in advance: what it is at any time is read off that list. Pure; nothing has
// to happen at the moment when a device becomes active.
import type { WirePacketDeviceState } from './wire.ts';
import type { DeviceRecord, EventText, LifeStep, Moment } from './world.ts';

/** What makes moments and ids of events. */
export interface LifeMaker {
  readonly momentIn: (inMs: number) => Moment;
  readonly newId: () => string;
}

/** What a device is at one moment. */
export interface DeviceNow {
  readonly state: WirePacketDeviceState;
  readonly percentage: number | undefined;
  readonly hasAddresses: boolean;
  readonly isGone: boolean;
}

/** Number of moments of its life that a device has behind it. */
export function stepsBehind({ life }: Pick<DeviceRecord, 'life'>, nowMs: number): number {
  let count = life.length;
  while (count > 0 && (life[count - 1]?.at.monotonicMs ?? 0) > nowMs) count -= 1;
  return count;
}

/** What a device is now. */
export function deviceNow(record: Pick<DeviceRecord, 'life'>, nowMs: number): DeviceNow {
  const past = record.life.slice(0, stepsBehind(record, nowMs));
  const state = past.findLast((step) => step.state !== undefined)?.state ?? 'queued';
  return {
    state,
    percentage:
      state === 'provisioning' ? past.findLast((step) => step.percentage !== undefined)?.percentage : undefined,
    hasAddresses: past.some((step) => step.hasAddresses === true),
    isGone: past.some((step) => step.isGone === true),
  };
}

/** Whether a device still exists: 404 otherwise. */
export function isThere(record: Pick<DeviceRecord, 'life'>, nowMs: number): boolean {
  return record.life.at(-1)?.isGone !== true || !deviceNow(record, nowMs).isGone;
}

/** A life that goes on differently from now: what lies ahead is forgotten, `steps` come instead. */
export function turn(
  record: Pick<DeviceRecord, 'life'>,
  nowMs: number,
  steps: readonly LifeStep[],
): readonly LifeStep[] {
  return [...record.life.slice(0, stepsBehind(record, nowMs)), ...steps];
}

/** The life of a device that has always been active. */
export function settledLife(state: WirePacketDeviceState, make: LifeMaker): readonly LifeStep[] {
  return [{ at: make.momentIn(0), state, hasAddresses: true }];
}

const PROVISIONING: readonly (readonly [type: string, body: string])[] = [
  ['provisioning.101', 'Provisioning started'],
  ['provisioning.102', 'Network configured with addresses'],
  ['provisioning.103', 'Configuration written, restarting device'],
  ['provisioning.104', 'Connected to magic install system'],
  ['provisioning.107', 'Network interfaces configured'],
  ['provisioning.109', 'Installation finished, rebooting server'],
];

/** The life of a new device. One that fails does so while it is being installed. */
export function newLife(
  make: LifeMaker,
  {
    queuedMs,
    provisioningMs,
    isFailing,
  }: { readonly queuedMs: number; readonly provisioningMs: number; readonly isFailing: boolean },
): readonly LifeStep[] {
  const count = PROVISIONING.length;
  const steps = PROVISIONING.map(([type, body], index): LifeStep => {
    const at = make.momentIn(queuedMs + (provisioningMs * index) / (count - 1 + 0.5));
    const first = index === 0 ? { state: 'provisioning' as const } : {};
    const addresses = index === 1 ? { hasAddresses: true as const } : {};
    const percentage = Math.round((100 * (index + 1)) / (count + 1));
    return { at, ...first, ...addresses, percentage, event: eventText(make, type, body) };
  });
  const queued: LifeStep = { at: make.momentIn(0), state: 'queued' };
  if (isFailing) {
    const event = eventText(make, 'provisioning.failed', 'Provisioning failed');
    return [queued, ...steps.slice(0, 4), { at: make.momentIn(queuedMs + provisioningMs), state: 'failed', event }];
  }
  return [queued, ...steps, { at: make.momentIn(queuedMs + provisioningMs), state: 'active' }];
}

/** From now on to the end. */
export function lastSteps(make: LifeMaker, deprovisioningMs: number): readonly LifeStep[] {
  const event = eventText(make, 'deprovisioning.started', 'Deprovision started');
  const gone = eventText(make, 'deprovisioning.finished', 'Deprovision completed');
  return [
    { at: make.momentIn(0), state: 'deprovisioning', event },
    { at: make.momentIn(deprovisioningMs), state: 'deleted', isGone: true, event: gone },
  ];
}

/** A state that is left for another after a while. */
export function passingState(
  make: LifeMaker,
  {
    during,
    then,
    ms,
    event,
  }: {
    readonly during: WirePacketDeviceState;
    readonly then: WirePacketDeviceState;
    readonly ms: number;
    readonly event: EventText;
  },
): readonly LifeStep[] {
  return [
    { at: make.momentIn(0), state: during, event },
    { at: make.momentIn(ms), state: then },
  ];
}

/** Text of an event. */
export function eventText(make: Pick<LifeMaker, 'newId'>, type: string, body: string): EventText {
  return { id: make.newId(), type, body };
}
