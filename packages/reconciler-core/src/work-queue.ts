// The queue between changes and workers. A key is either clean, dirty (needs work), or being processed, and it can be the last
// two at once: so no change is lost and no key is ever with two workers. The controller is the caller; keys compare like Map keys.
import type { Clock } from './clock.ts';
import { DelayedKeys } from './delayed-keys.ts';
import { Fifo } from './fifo.ts';
import { noMetrics } from './metrics.ts';
import type { Metrics } from './metrics.ts';
import { queueMeter } from './queue-meter.ts';
import type { QueueMeter } from './queue-meter.ts';
import { exponentialBackoff, longestOf, tokenBucket } from './rate-limiter.ts';
import type { RateLimiter } from './rate-limiter.ts';

/** A key that was handed out. Until `done` is called nobody else gets it; a second `done` does nothing. */
export interface WorkItem<K> {
  readonly key: K;
  done(): void;
}

/** `name` is the label of the queue's metrics; `limiter` decides about `addRateLimited`. */
export interface WorkQueueOptions<K> {
  readonly name: string;
  readonly clock: Clock;
  readonly limiter?: RateLimiter<K> | undefined;
  readonly metrics?: Metrics | undefined;
  /** Keys that go before all others that wait, for example deletions. */
  readonly isUrgent?: ((key: K) => boolean) | undefined;
}

// After a time that was told to everybody at once, such as the end of a quota's window, this is the lead of urgent keys.
const LEAD_MS = 500;

/** Kubernetes' limits: 5 ms doubling up to 1000 s per key, and 10 retries a second over all keys after a burst of 100. */
export function defaultLimiter<K>(clock: Clock): RateLimiter<K> {
  return longestOf(
    exponentialBackoff({ baseMs: 5, capMs: 1_000_000 }),
    tokenBucket({ perSecond: 10, burst: 100, clock }),
  );
}

/** A de-duplicating FIFO of keys with delays and rate-limited retries. */
export class WorkQueue<K> {
  readonly name: string;
  readonly #clock: Clock;
  readonly #limiter: RateLimiter<K>;
  readonly #meter: QueueMeter;
  readonly #delayed: DelayedKeys<K>;
  // Time of the first add since the key was last handed out. Maps keep the order of insertion, so the first entry is the oldest.
  readonly #dirtySinceMs = new Map<K, number>();
  readonly #processingSinceMs = new Map<K, number>();
  readonly #ready = new Fifo<{ readonly key: K }>();
  readonly #readyFirst = new Fifo<{ readonly key: K }>();
  readonly #isUrgent: ((key: K) => boolean) | undefined;
  // Keys that were told a common time: urgent ones that wait for it, and others that may have to yield once.
  readonly #told = new Set<K>();
  readonly #yielding = new Set<K>();
  // Workers wait only while nothing is ready.
  readonly #takers = new Set<(item: WorkItem<K> | undefined) => void>();
  #isClosed = false;

  constructor(options: WorkQueueOptions<K>) {
    this.name = options.name;
    this.#clock = options.clock;
    this.#limiter = options.limiter ?? defaultLimiter(options.clock);
    this.#isUrgent = options.isUrgent;
    this.#delayed = new DelayedKeys(options.clock, (key) => this.#due(key));
    this.#meter = queueMeter(options.name, options.metrics ?? noMetrics, () => ({
      depth: this.depth,
      runningMs: [...this.#processingSinceMs.values()].map((sinceMs) => this.#clock.monotonicMs() - sinceMs),
    }));
  }

  /** The key needs work. Nothing happens if that is known already, or after `close`. */
  add(key: K): void {
    if (this.#isClosed || this.#dirtySinceMs.has(key)) return;
    this.#dirtySinceMs.set(key, this.#clock.monotonicMs());
    this.#meter.added();
    if (!this.#processingSinceMs.has(key)) this.#offer(key);
  }

  /** `add` after a delay. One entry per key: the earliest time wins. */
  addAfter(key: K, delayMs: number): void {
    if (this.#isClosed) return;
    this.#meter.delayed();
    if (delayMs > 0) this.#delayed.put(key, delayMs);
    else this.add(key);
  }

  /** `addAfter` for a time that many keys were told: while urgent ones wait for theirs, the others leave them a short lead. */
  addAtCommonTime(key: K, delayMs: number): void {
    if (this.#isUrgent) (this.#isUrgent(key) ? this.#told : this.#yielding).add(key);
    this.addAfter(key, delayMs);
  }

  /** `add` after the pause that the limiter gives for one more failure of the key. */
  addRateLimited(key: K): void {
    if (this.#isClosed) return;
    this.addAfter(key, this.#limiter.nextDelayMs(key));
  }

  /** The key's failures no longer count. It stays queued if it is. */
  forget(key: K): void {
    this.#limiter.forget(key);
  }

  /** Failures of the key since the last `forget`. */
  failures(key: K): number {
    return this.#limiter.failures(key);
  }

  /** The next key; undefined when the queue is closed and empty, or when the signal aborts. */
  take(signal: AbortSignal): Promise<WorkItem<K> | undefined> {
    if (signal.aborted) return Promise.resolve(undefined);
    const next = this.#readyFirst.shift() ?? this.#ready.shift();
    if (next) return Promise.resolve(this.#handOut(next.key));
    if (this.#isClosed) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const finish = (item: WorkItem<K> | undefined): void => {
        signal.removeEventListener('abort', onAbort);
        this.#takers.delete(finish);
        resolve(item);
      };
      const onAbort = (): void => finish(undefined);
      signal.addEventListener('abort', onAbort, { once: true });
      this.#takers.add(finish);
    });
  }

  /** From now on adds are ignored and delayed keys dropped; what is queued is still handed out. */
  close(): void {
    this.#isClosed = true;
    this.#delayed.clear();
    for (const finish of this.#takers) finish(undefined);
  }

  /** Keys that need work and are not handed out, those included that changed while a worker has them. */
  get depth(): number {
    return this.#dirtySinceMs.size;
  }

  /** Keys that come back later. */
  get waiting(): number {
    return this.#delayed.size;
  }

  /** Keys that workers have. */
  get processing(): number {
    return this.#processingSinceMs.size;
  }

  /** For how long the oldest key has needed work without being handed out; 0 when there is none. */
  oldestWaitMs(): number {
    for (const sinceMs of this.#dirtySinceMs.values()) return this.#clock.monotonicMs() - sinceMs;
    return 0;
  }

  #due(key: K): void {
    if (this.#yielding.delete(key) && this.#told.size > 0) this.#delayed.put(key, LEAD_MS);
    else this.add(key);
  }

  #offer(key: K): void {
    for (const finish of this.#takers) return finish(this.#handOut(key));
    (this.#isUrgent?.(key) ? this.#readyFirst : this.#ready).push({ key });
  }

  #handOut(key: K): WorkItem<K> {
    const nowMs = this.#clock.monotonicMs();
    this.#told.delete(key);
    this.#meter.handedOut(nowMs - (this.#dirtySinceMs.get(key) ?? nowMs));
    this.#dirtySinceMs.delete(key);
    this.#processingSinceMs.set(key, nowMs);
    let isDone = false;
    return {
      key,
      done: () => {
        if (isDone) return;
        isDone = true;
        this.#finish(key);
      },
    };
  }

  #finish(key: K): void {
    const nowMs = this.#clock.monotonicMs();
    this.#meter.finished(nowMs - (this.#processingSinceMs.get(key) ?? nowMs));
    this.#processingSinceMs.delete(key);
    if (this.#dirtySinceMs.has(key)) this.#offer(key);
  }
}
