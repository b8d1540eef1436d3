// Merges look-ups that arrive close together into one call of `load`: 100 nodes that start at once cost one list of the cloud.
// The window opens with the first key, so no look-up waits longer than one window. A key that is being loaded is not asked again.
import { abortable } from './abortable.ts';
import type { Cancel, Clock } from './clock.ts';

/** `load` answers many keys at once; keys that it leaves out are answered with undefined. */
export interface BatcherOptions<K, V> {
  readonly load: (keys: readonly K[], signal: AbortSignal) => Promise<ReadonlyMap<K, V>>;
  readonly clock: Clock;
  /** How long the first look-up waits for others; 50 by default. */
  readonly windowMs?: number | undefined;
  /** A batch of this many keys is loaded at once, without waiting for the end of the window. */
  readonly maxKeys?: number | undefined;
}

interface Batch<K, V> {
  phase: 'gathering' | 'loading' | 'ended';
  /** Callers that still wait, per key. */
  readonly callers: Map<K, number>;
  readonly answer: PromiseWithResolvers<ReadonlyMap<K, V>>;
  readonly aborter: AbortController;
  readonly cancelTimer: Cancel;
}

/** Answers single look-ups from shared loads. */
export class Batcher<K, V> {
  readonly #options: BatcherOptions<K, V>;
  #gathering: Batch<K, V> | undefined;
  readonly #loading = new Map<K, Batch<K, V>>();

  constructor(options: BatcherOptions<K, V>) {
    this.#options = options;
  }

  /** The value of `key`. A load that fails rejects all its callers; an abort of `signal` concerns this caller only. */
  async get(key: K, signal: AbortSignal): Promise<V | undefined> {
    signal.throwIfAborted();
    const batch = this.#loading.get(key) ?? (this.#gathering ??= this.#open());
    batch.callers.set(key, (batch.callers.get(key) ?? 0) + 1);
    if (batch.phase === 'gathering' && batch.callers.size >= (this.#options.maxKeys ?? Infinity)) this.#start(batch);
    try {
      return (await abortable(batch.answer.promise, signal)).get(key);
    } finally {
      this.#leave(batch, key);
    }
  }

  #open(): Batch<K, V> {
    const batch: Batch<K, V> = {
      phase: 'gathering',
      callers: new Map(),
      answer: Promise.withResolvers(),
      aborter: new AbortController(),
      cancelTimer: this.#options.clock.after(this.#options.windowMs ?? 50, () => this.#start(batch)),
    };
    // When all callers have left, nobody else looks at a failure.
    batch.answer.promise.catch(() => {});
    return batch;
  }

  #start(batch: Batch<K, V>): void {
    batch.cancelTimer();
    this.#gathering = undefined;
    batch.phase = 'loading';
    const keys = [...batch.callers.keys()];
    for (const key of keys) this.#loading.set(key, batch);
    const { load } = this.#options;
    new Promise<ReadonlyMap<K, V>>((resolve) => resolve(load(keys, batch.aborter.signal)))
      .finally(() => this.#end(batch))
      .then(batch.answer.resolve, batch.answer.reject);
  }

  // From here on a look-up of the same keys is a new question.
  #end(batch: Batch<K, V>): void {
    batch.phase = 'ended';
    for (const [key, loading] of this.#loading) if (loading === batch) this.#loading.delete(key);
  }

  #leave(batch: Batch<K, V>, key: K): void {
    const others = (batch.callers.get(key) ?? 1) - 1;
    if (others > 0) batch.callers.set(key, others);
    else batch.callers.delete(key);
    if (batch.callers.size === 0) this.#abandon(batch);
  }

  #abandon(batch: Batch<K, V>): void {
    if (batch.phase === 'gathering') {
      batch.cancelTimer();
      this.#gathering = undefined;
    }
    if (batch.phase === 'loading') batch.aborter.abort(new Error('all callers of this load have given up'));
    this.#end(batch);
  }
}
