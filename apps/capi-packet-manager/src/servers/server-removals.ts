// Removes a server step by step as plan-removal.ts says. One round ends with "gone", with a pause, or with the API's refusal.
import { CloudApiError } from '@longshore/cloud-http/parts';
import { isForbidden, refusalOf } from '@longshore/packet-api';
import type { Device, Devices } from '@longshore/packet-api';
import { assertNever, messageOf } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { ServerMemory, ServerRemoval } from './contract.ts';
import type { CredentialGate } from './credential-gate.ts';
import { isCredentialsTrouble } from './failures.ts';
import { planRemoval } from './plan-removal.ts';
import { pauseWithin } from './plan-server.ts';
import type { ProjectSweep } from './sweep.ts';

/** What removing needs. */
export interface RemovalParts {
  readonly calls: Pick<Devices, 'remove'>;
  readonly gate: CredentialGate;
  readonly clock: Clock;
  readonly settlingMs: number;
  /** Asks for the remembered device; what it finds goes into the sweep. A removal when it does not find out. */
  readonly look: (listedAtMs: number) => Promise<ServerRemoval | undefined>;
}

/** One round. */
export async function removeServer(
  memory: ServerMemory,
  sweep: ProjectSweep,
  parts: RemovalParts,
  signal: AbortSignal,
): Promise<ServerRemoval> {
  for (;;) {
    const listedAtMs = await sweep.listedAt(maxAgeMs(memory, parts), signal);
    const step = planRemoval({
      memory,
      devices: sweep.index.of(memory),
      listedAtMs,
      nowMs: parts.clock.nowMs(),
      settlingMs: parts.settlingMs,
      isKnownGone: memory.deviceId !== undefined && sweep.index.isKnownGone(memory.deviceId),
    });
    switch (step.do) {
      case 'report-gone':
        return { state: 'gone' };
      case 'wait':
        return { state: 'waiting', forMs: step.forMs, reason: step.reason };
      case 'look': {
        const end = await parts.look(listedAtMs);
        if (end !== undefined) return end;
        break;
      }
      case 'delete': {
        const refusal = await deleteAll(step.devices, sweep, { parts, signal });
        if (refusal !== undefined) return refusal;
        break;
      }
      default:
        assertNever(step);
    }
  }
}

/** A call that failed, as the end of a round. */
export function removalAfter(error: unknown, settlingMs: number): ServerRemoval {
  const message = messageOf(error);
  if (isForbidden(error)) {
    const remedy = 'the API key may not delete the device: use one with read and write access';
    return { state: 'refused', message: `${remedy}: ${message}`, isCredentials: false };
  }
  if (isCredentialsTrouble(error)) return { state: 'refused', message, isCredentials: true };
  if (error instanceof CloudApiError && error.code === 'CLOUD_REJECTED') {
    return { state: 'refused', message, isCredentials: false };
  }
  const forMs = error instanceof CloudApiError ? error.retryAfterMs : undefined;
  return { state: 'waiting', forMs: forMs ?? pauseWithin(settlingMs), reason: message };
}

// A list that was begun after the settling time is needed as soon as there can be one.
function maxAgeMs({ requestedAtMs }: ServerMemory, { clock, settlingMs }: RemovalParts): number {
  const nowMs = clock.nowMs();
  const sinceMs = nowMs - Math.min(requestedAtMs ?? 0, nowMs) - settlingMs;
  const pauseMs = pauseWithin(settlingMs);
  return sinceMs < 0 ? pauseMs : Math.min(pauseMs, sinceMs);
}

async function deleteAll(
  devices: readonly Device[],
  sweep: ProjectSweep,
  { parts, signal }: { readonly parts: RemovalParts; readonly signal: AbortSignal },
): Promise<ServerRemoval | undefined> {
  for (const device of devices) {
    try {
      const removal = await deleteOne(device, parts, signal);
      if (removal === 'absent') sweep.drop(device.id);
      else sweep.put({ ...device, state: 'deprovisioning' });
    } catch (error) {
      signal.throwIfAborted();
      return removalAfter(error, parts.settlingMs);
    }
  }
  return undefined;
}

// Volumes that are still attached are no reason to keep a server that has to go; a lock is.
async function deleteOne(
  { id }: Device,
  { calls, gate }: RemovalParts,
  signal: AbortSignal,
): Promise<'removed' | 'absent'> {
  try {
    return await gate.run(() => calls.remove(id, {}, signal));
  } catch (error) {
    const isRejected = error instanceof CloudApiError && error.status === 422 && refusalOf(error) !== 'locked';
    if (!isRejected) throw error;
    return gate.run(() => calls.remove(id, { force: true }, signal));
  }
}
