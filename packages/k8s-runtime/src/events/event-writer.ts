// Writes single Events: create, or patch of the count; repeats what did not arrive. No pacing here; queued-event-recorder.ts decides when.
import type { Clock, Logger } from '@longshore/reconciler-core';
import { sleep } from '@longshore/reconciler-core';
import { KubeApiError } from '../client/kube-api-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { events } from '../client/resource-type.ts';
import type { CorrelatedEvent } from './aggregate-plan.ts';
import { eventNamespace, toEventObject, toEventPatch } from './event-object.ts';
import type { EventIdentity } from './event-object.ts';

/** One Event that waits to be written. */
export interface PendingEvent {
  readonly event: CorrelatedEvent;
  readonly identity: EventIdentity;
  /** The object exists already as far as we know: only its count is patched. */
  readonly isWritten: boolean;
}

/** What became of a write. */
export type WriteEnd = 'written' | 'refused' | 'unreachable';

const TRIES = 12;
const PAUSE_MS = 10_000;
const CALL_TIMEOUT_MS = 10_000;

/** What a writer needs. */
export interface EventWriterOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

/** Writes Events one at a time. */
export class EventWriter {
  readonly #options: EventWriterOptions;

  constructor(options: EventWriterOptions) {
    this.#options = options;
  }

  /** Up to 12 tries, 10 s apart, while the API server cannot be reached; its refusal is final. Stops trying when `signal` aborts. */
  async write(pending: PendingEvent, signal: AbortSignal): Promise<WriteEnd> {
    const { clock, random, log } = this.#options;
    for (let attempt = 1; attempt <= TRIES && !signal.aborted; attempt += 1) {
      try {
        await this.#send(pending, signal);
        return 'written';
      } catch (error) {
        if (isRefusal(error)) {
          log.verbose(2, 'event refused', { event: pending.identity.name, reason: pending.event.reason, error });
          return 'refused';
        }
      }
      // The first pause is random, so that the replicas of a restarted API server do not return together.
      const pauseMs = attempt === 1 ? PAUSE_MS * random() : PAUSE_MS;
      if (attempt < TRIES) await sleep(clock, pauseMs, signal).catch(() => {});
    }
    return 'unreachable';
  }

  async #send({ event, identity, isWritten }: PendingEvent, signal: AbortSignal): Promise<void> {
    const { client } = this.#options;
    const options = { signal, timeoutMs: CALL_TIMEOUT_MS, discardAnswer: true } as const;
    if (isWritten) {
      const key = { name: identity.name, namespace: eventNamespace(event) };
      const body = toEventPatch(event, identity.lastMs);
      if (await client.patch(events, key, { kind: 'strategic', body }, options)) return;
      // Events expire after an hour: the count goes on in a new object of the same name.
    }
    await client.create(events, toEventObject(event, identity), options);
  }
}

/** Overload passes; every other answer of the server is its last word on this event. */
function isRefusal(error: unknown): boolean {
  return error instanceof KubeApiError && error.status < 500 && error.status !== 429;
}
