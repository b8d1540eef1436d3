// What becomes of a device that is remembered and that no list has: asked for by its id. It is gone only when two sources say so, the list
// and an answer about the device itself; a key that sees nothing proves nothing.
import type { Device, DeviceId, DeviceLook } from '@longshore/packet-api';
import type { ServerFinding, ServerMemory } from './contract.ts';
import { isCredentialsTrouble } from './failures.ts';
import { messageOf } from '@longshore/reconciler-core';

/** What an answer about a device means. */
export type DoubtEnd =
  | { readonly state: 'there'; readonly device: Device }
  | { readonly state: 'gone' }
  | { readonly state: 'unknown'; readonly message: string };

/** What is known beside the answer. */
export interface DoubtFacts {
  readonly deviceId: DeviceId;
  readonly memory: ServerMemory;
  /** Wall clock at the start of the list that does not have it. */
  readonly listedAtMs: number;
  readonly settlingMs: number;
}

/** Answer to meaning. */
export function planDoubt(look: DeviceLook, { deviceId, memory, listedAtMs, settlingMs }: DoubtFacts): DoubtEnd {
  switch (look.state) {
    case 'found':
      return { state: 'there', device: look.device };
    case 'absent':
      return { state: 'gone' };
    case 'foreign':
      return {
        state: 'unknown',
        message: `device ${deviceId} is in another project, ${look.projectId}: nothing is done to it`,
      };
    case 'failed':
    case 'refused': {
      if (look.state === 'failed' && look.device !== undefined) return { state: 'there', device: look.device };
      // 403 for the device while the project's list is readable and lacks it: it failed so early that it was taken back. A device that was
      // only just made may be missing from lists for another reason.
      const isListYoung = listedAtMs < (memory.requestedAtMs ?? 0) + settlingMs;
      return isListYoung
        ? { state: 'unknown', message: `device ${deviceId} may not be read and is in no list yet` }
        : { state: 'gone' };
    }
  }
}

/** A failed call as a finding: nothing may be concluded. */
export function unknownAfter(error: unknown): Extract<ServerFinding, { state: 'unknown' }> {
  return { state: 'unknown', message: messageOf(error), isCredentials: isCredentialsTrouble(error) };
}
