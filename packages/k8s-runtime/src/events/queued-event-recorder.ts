// The EventRecorder of production: events are correlated when they happen and written in the background, paced so that a thousand nodes
// that start together do not compete with the controllers for the API server: while very many happen, only warnings are written. Occurrences
// that wait for the same object become one write.
import { randomUUID } from 'node:crypto';
import type { Clock, Counter, Logger, Metrics, Runnable } from '@longshore/reconciler-core';
import { noMetrics, TokenBucket } from '@longshore/reconciler-core';
import type { KubeClient } from '../client/kube-client.ts';
import type { KubeObject } from '../client/resource-type.ts';
import { EventCorrelation } from './aggregate-plan.ts';
import type { CorrelatedEvent, EventFacts } from './aggregate-plan.ts';
import { EventFlood } from './event-flood.ts';
import { eventName, shortened, toReference } from './event-object.ts';
import type { EventIdentity } from './event-object.ts';
import type { EventRecorder } from './event-recorder.ts';
import { EventWriter } from './event-writer.ts';
import type { WriteEnd } from './event-writer.ts';
import { LruMap } from './lru-map.ts';
import { WaitingEvents } from './waiting-events.ts';

/** What a recorder needs. */
export interface EventRecorderOptions {
  readonly client: KubeClient;
  /** `source.component`: the name of the controller. */
  readonly component: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly random?: (() => number) | undefined;
  /** `source.host`; client-go's controllers leave it empty. */
  readonly host?: string | undefined;
  /** Takes secrets out of messages (SecretRedactor.redact). */
  readonly redact?: ((text: string) => string) | undefined;
  /** Events that may wait; 5,000. */
  readonly queueLimit?: number | undefined;
}

/** A recorder with a life: run it, and give `named` views of it to controllers. */
export interface RunnableEventRecorder extends EventRecorder, Runnable {
  /** A recorder for another component that shares queue, pace and memory with this one. */
  named(component: string): EventRecorder;
}

const QUEUE_LIMIT = 5_000;
const WRITES_PER_SECOND = 25;
const WRITE_BURST = 25;
const FLUSH_LIMIT_MS = 2_000;
const REMEMBERED = 4_096;

/** Makes the recorder; nothing is written until `run`. */
export function createEventRecorder(options: EventRecorderOptions): RunnableEventRecorder {
  return new QueuedEventRecorder(options);
}

interface KnownEvent {
  readonly name: string;
  readonly firstMs: number;
  readonly isWritten: boolean;
}

interface Waiting {
  readonly event: CorrelatedEvent;
  readonly identity: EventIdentity;
}

class QueuedEventRecorder implements RunnableEventRecorder {
  readonly name = 'event-recorder';
  readonly #options: EventRecorderOptions;
  readonly #correlation = new EventCorrelation();
  readonly #writer: EventWriter;
  readonly #pace: TokenBucket;
  readonly #flood = new EventFlood(WRITES_PER_SECOND);
  readonly #waiting = new WaitingEvents<Waiting>();
  readonly #known = new LruMap<string, KnownEvent>(REMEMBERED);
  readonly #dropped: Counter;
  readonly #writes: Counter;
  #lastNanos = 0n;
  #wake: () => void = () => {};

  constructor(options: EventRecorderOptions) {
    const { client, clock, log, metrics = noMetrics, random = Math.random } = options;
    this.#options = options;
    this.#writer = new EventWriter({ client, clock, log, random });
    this.#pace = new TokenBucket({ perSecond: WRITES_PER_SECOND, burst: WRITE_BURST, clock });
    const labels = ['reason'];
    this.#dropped = metrics.counter({
      name: 'longshore_events_dropped_total',
      help: 'Events that were not written.',
      labels,
    });
    this.#writes = metrics.counter({ name: 'longshore_events_written_total', help: 'Writes of Event objects.' });
    const waiting = metrics.gauge({ name: 'longshore_events_waiting', help: 'Events that wait to be written.' });
    metrics.onScrape(() => waiting.set(this.#waiting.size));
  }

  normal(about: KubeObject, reason: string, message: string): void {
    this.#add(this.#options.component, about, { type: 'Normal', reason, message });
  }

  warning(about: KubeObject, reason: string, message: string): void {
    this.#add(this.#options.component, about, { type: 'Warning', reason, message });
  }

  named(component: string): EventRecorder {
    return {
      normal: (about, reason, message) => this.#add(component, about, { type: 'Normal', reason, message }),
      warning: (about, reason, message) => this.#add(component, about, { type: 'Warning', reason, message }),
    };
  }

  /** Writes until `signal` aborts, then what still waits, without pacing, for at most 2 s. */
  async run(signal: AbortSignal): Promise<void> {
    signal.addEventListener('abort', () => this.#wake(), { once: true });
    while (!signal.aborted) {
      // Looked at once: between two looks the flood may end, and then nothing would wake us.
      const holdMs = this.#holdMs();
      if (!this.#waiting.hasNext(holdMs > 0)) await this.#somethingNew(holdMs);
      else if (await this.#mayWrite(signal)) await this.#write(this.#waiting.take(this.#holdMs() > 0), signal);
    }
    const limit = new AbortController();
    const cancel = this.#options.clock.after(FLUSH_LIMIT_MS, () => limit.abort(new Error('flush limit')));
    while (this.#waiting.size > 0 && !limit.signal.aborted) await this.#write(this.#waiting.take(false), limit.signal);
    cancel();
    if (this.#waiting.size > 0) this.#drop('stopped', this.#waiting.size);
  }

  #add(component: string, about: KubeObject, said: Pick<EventFacts, 'type' | 'reason' | 'message'>): void {
    const { clock, redact = (text: string) => text, queueLimit = QUEUE_LIMIT } = this.#options;
    const facts = { ...said, component, message: shortened(redact(said.message)), involvedObject: toReference(about) };
    const event = this.#correlation.correlate(facts, clock.monotonicMs());
    if (event.isSpam) return this.#drop('spam');
    this.#flood.note(clock.monotonicMs());
    if (!this.#waiting.has(event) && this.#waiting.size >= queueLimit) return this.#drop('queue-full');
    this.#waiting.put({ event, identity: this.#identify(event, clock.nowMs()) });
    this.#wake();
  }

  #identify(event: CorrelatedEvent, nowMs: number): EventIdentity {
    const known = this.#known.get(event.key) ?? {
      name: eventName(event.involvedObject.name, this.#nextNanos(nowMs), randomUUID),
      firstMs: nowMs,
      isWritten: false,
    };
    this.#known.set(event.key, known);
    return { name: known.name, firstMs: known.firstMs, lastMs: nowMs, host: this.#options.host ?? '' };
  }

  /** Unique and growing, although the clock has milliseconds only. */
  #nextNanos(nowMs: number): bigint {
    const nanos = BigInt(Math.floor(nowMs)) * 1_000_000n;
    this.#lastNanos = nanos > this.#lastNanos ? nanos : this.#lastNanos + 1n;
    return this.#lastNanos;
  }

  #holdMs(): number {
    return this.#flood.holdMs(this.#options.clock.monotonicMs());
  }

  /** Another event, the end of a flood, or the stop. */
  async #somethingNew(holdMs: number): Promise<void> {
    const cancel = holdMs > 0 ? this.#options.clock.after(holdMs, () => this.#wake()) : () => {};
    await new Promise<void>((resolve) => (this.#wake = resolve));
    cancel();
  }

  async #write(item: Waiting | undefined, signal: AbortSignal): Promise<void> {
    if (!item) return;
    const { event, identity } = item;
    const { key } = event;
    const isWritten = this.#known.get(key)?.isWritten ?? false;
    const end = await this.#writer.write({ event, identity, isWritten }, signal);
    this.#conclude(item, end, signal);
  }

  #conclude(item: Waiting, end: WriteEnd, signal: AbortSignal): void {
    const { key } = item.event;
    if (end === 'written') {
      this.#known.set(key, { name: item.identity.name, firstMs: item.identity.firstMs, isWritten: true });
      this.#writes.inc();
    } else if (end === 'unreachable' && signal.aborted) {
      // Interrupted by the stop: one more chance while flushing, unless a later occurrence waits already.
      if (!this.#waiting.has(item.event)) this.#waiting.put(item);
    } else {
      this.#drop(end);
    }
  }

  #drop(reason: string, count = 1): void {
    this.#dropped.inc({ reason }, count);
  }

  async #mayWrite(signal: AbortSignal): Promise<boolean> {
    return this.#pace.take(signal).then(
      () => true,
      () => false,
    );
  }
}
