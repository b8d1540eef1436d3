// Decides what to do towards the removal of a server. Pure. The hard cases are devices that nobody has seen yet: one whose POST is still
// under way, or whose answer was lost. Nothing is called gone before a list that is younger than the settling time has shown nothing.
import type { Device, DeviceId } from '@longshore/packet-api';
import type { ServerMemory } from './contract.ts';
import { isLeaving, pauseWithin } from './plan-server.ts';

/** What a removal depends on. */
export interface RemovalFacts {
  readonly memory: ServerMemory;
  /** All that carry the attempt's tag or the id. */
  readonly devices: readonly Device[];
  /** Wall clock at the start of the list in which they were looked for. */
  readonly listedAtMs: number;
  readonly nowMs: number;
  readonly settlingMs: number;
  /** The API itself said that the remembered device is gone. */
  readonly isKnownGone: boolean;
}

/** The next step of a removal. */
export type RemovalStep =
  | { readonly do: 'delete'; readonly devices: readonly Device[] }
  | { readonly do: 'wait'; readonly forMs: number; readonly reason: string }
  /** No list has the remembered device: ask for it by its id. */
  | { readonly do: 'look'; readonly deviceId: DeviceId }
  | { readonly do: 'report-gone' };

/** Facts to step. */
export function planRemoval({ memory, devices, ...facts }: RemovalFacts): RemovalStep {
  const living = devices.filter((device) => !isLeaving(device));
  if (living.length > 0) return { do: 'delete', devices: living };
  const [leaving] = devices;
  if (leaving !== undefined) {
    return { do: 'wait', forMs: pauseWithin(facts.settlingMs), reason: `device ${leaving.id} is being deprovisioned` };
  }
  const { requestedAtMs, deviceId } = memory;
  const settledAtMs = requestedAtMs === undefined ? 0 : Math.min(requestedAtMs, facts.nowMs) + facts.settlingMs;
  if (facts.listedAtMs < settledAtMs) {
    const forMs = Math.max(1, Math.min(pauseWithin(facts.settlingMs), settledAtMs - facts.nowMs));
    return { do: 'wait', forMs, reason: 'a request for the server may still be under way' };
  }
  if (deviceId !== undefined && !facts.isKnownGone) return { do: 'look', deviceId };
  return { do: 'report-gone' };
}
