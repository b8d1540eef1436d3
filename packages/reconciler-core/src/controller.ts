// The loop between sources and one reconcile function: changes become keys, workers take keys, failures come back later.
// A controller runs once; the process ends when it loses its lease, so there is no restart to get right.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { abortable } from './abortable.ts';
import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import { dispositionOf } from './errors.ts';
import type { Classify, Disposition } from './errors.ts';
import type { Logger } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { Outcome } from './outcome.ts';
import type { RateLimiter } from './rate-limiter.ts';
import type { Reconcile } from './reconcile.ts';
import { requeueAfterFailure, requeueAfterOutcome } from './requeue.ts';
import type { Change, Runnable, Source, Unsubscribe } from './source.ts';
import { WorkQueue } from './work-queue.ts';

/** One reconcile that failed, for events and metrics. */
export interface ReconcileFailure<K> {
  readonly key: K;
  readonly error: unknown;
  readonly disposition: Disposition;
  readonly attempt: number;
}

/** What a controller is made of. */
export interface ControllerOptions<K> {
  readonly name: string;
  readonly reconcile: Reconcile<K>;
  /** Reconciles that run at the same time, each on another key. */
  readonly workers: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly limiter?: RateLimiter<K> | undefined;
  /** `dispositionOf` by default. */
  readonly classify?: Classify | undefined;
  readonly onFailure?: ((failure: ReconcileFailure<K>) => void) | undefined;
  /** How long running reconciles may go on after the stop before their signal aborts; 8000 by default. */
  readonly drainMs?: number | undefined;
  /** Label of the queue's metrics; the controller's name by default. */
  readonly queueName?: string | undefined;
  /** Keys that go before all others that wait, for example deletions. */
  readonly isUrgent?: ((key: K) => boolean) | undefined;
}

interface Run<K> {
  readonly key: K;
  readonly startedMs: number;
  readonly aborter: AbortController;
}

// Time for a reconcile to notice that its signal has aborted; one that does not is left behind.
const REACTION_MS = 1000;
// Reconciles that need no I/O would otherwise keep timers and sockets (lease renewals!) waiting until the queue is empty.
const LONGEST_TURN_MS = 10;

/** Runs a reconcile for every key that needs it. */
export class Controller<K> implements Runnable {
  readonly name: string;
  readonly queue: WorkQueue<K>;
  readonly #options: ControllerOptions<K>;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #sources: { synced(signal: AbortSignal): Promise<void>; subscribe(): Unsubscribe }[] = [];
  readonly #running = new Set<Run<K>>();
  readonly #fatal = new AbortController();
  #phase: 'new' | 'running' | 'ended' = 'new';

  constructor(options: ControllerOptions<K>) {
    if (!(options.workers >= 1)) throw new RangeError(`controller ${options.name} needs at least one worker`);
    this.name = options.name;
    this.#options = options;
    this.#clock = options.clock;
    this.#log = options.log.child({ controller: options.name });
    const { clock, limiter, metrics, isUrgent } = options;
    this.queue = new WorkQueue({ name: options.queueName ?? options.name, clock, limiter, metrics, isUrgent });
  }

  /** Adds the keys that `toKeys` finds concerned by each change of `source`. To be called before `run`. */
  watch<T>(source: Source<T>, toKeys: (change: Change<T>) => Iterable<K>): this {
    if (this.#phase !== 'new') throw new Error(`controller ${this.name} runs already: watch before run`);
    const enqueue = (change: Change<T>): void => {
      for (const key of toKeys(change)) this.queue.add(key);
    };
    this.#sources.push({ synced: (signal) => source.synced(signal), subscribe: () => source.subscribe(enqueue) });
    return this;
  }

  /** The key needs a reconcile; may be called before `run`. */
  enqueue(key: K): void {
    this.queue.add(key);
  }

  /** The key needs a reconcile in `ms` milliseconds. */
  enqueueAfter(key: K, ms: number): void {
    this.queue.addAfter(key, ms);
  }

  /** Reconciles that are running. */
  get busy(): number {
    return this.#running.size;
  }

  /** Age of the oldest key that waits for a worker or is with one; 0 while the controller does not run. For health checks. */
  oldestItemAgeMs(): number {
    if (this.#phase !== 'running') return 0;
    const nowMs = this.#clock.monotonicMs();
    let oldestMs = this.queue.oldestWaitMs();
    for (const run of this.#running) oldestMs = Math.max(oldestMs, nowMs - run.startedMs);
    return oldestMs;
  }

  /** Works until the signal aborts, then winds down and resolves. Rejects with an error whose disposition is `never`. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#phase !== 'new') throw new Error(`controller ${this.name} has been run already`);
    this.#phase = 'running';
    const ended = new AbortController();
    const stopping = AbortSignal.any([signal, this.#fatal.signal, ended.signal]);
    const subscriptions: Unsubscribe[] = [];
    try {
      for (const source of this.#sources) subscriptions.push(source.subscribe());
      if (await this.#synced(stopping)) await this.#work(stopping);
    } finally {
      for (const unsubscribe of subscriptions) unsubscribe();
      this.queue.close();
      ended.abort();
      this.#phase = 'ended';
    }
    this.#fatal.signal.throwIfAborted();
  }

  async #synced(stopping: AbortSignal): Promise<boolean> {
    try {
      await Promise.all(this.#sources.map((source) => source.synced(stopping)));
    } catch (error) {
      if (!stopping.aborted) throw error;
    }
    return !stopping.aborted;
  }

  async #work(stopping: AbortSignal): Promise<void> {
    this.#log.verbose(2, 'controller started', { workers: this.#options.workers });
    const workers = Promise.all(Array.from({ length: this.#options.workers }, () => this.#worker(stopping)));
    await abortable(workers, stopping).catch(() => {});
    this.queue.close();
    if (await this.#endsWithin(workers, this.#options.drainMs ?? 8000)) return;
    for (const run of this.#running) run.aborter.abort(stopping.reason);
    if (await this.#endsWithin(workers, REACTION_MS)) return;
    this.#log.error('reconciles ignore that they were told to stop', {
      keys: [...this.#running].map((run) => run.key),
    });
  }

  async #endsWithin(workers: Promise<unknown>, ms: number): Promise<boolean> {
    const enough = new AbortController();
    const tooLong = sleep(this.#clock, ms, enough.signal).then(
      () => false,
      () => true,
    );
    try {
      return await Promise.race([workers.then(() => true), tooLong]);
    } finally {
      enough.abort();
    }
  }

  async #worker(stopping: AbortSignal): Promise<void> {
    let turnMs = this.#clock.monotonicMs();
    for (let item = await this.queue.take(stopping); item; item = await this.queue.take(stopping)) {
      // An abort may come between the hand-out and this line.
      if (!stopping.aborted) await this.#reconcile(item.key);
      item.done();
      if (this.#clock.monotonicMs() - turnMs < LONGEST_TURN_MS) continue;
      await nextTurn();
      turnMs = this.#clock.monotonicMs();
    }
  }

  async #reconcile(key: K): Promise<void> {
    const run: Run<K> = { key, startedMs: this.#clock.monotonicMs(), aborter: new AbortController() };
    const attempt = this.queue.failures(key) + 1;
    const log = this.#log.child({ key });
    this.#running.add(run);
    try {
      const outcome = await this.#options.reconcile(key, { signal: run.aborter.signal, log, attempt });
      this.#succeeded(key, outcome, log);
    } catch (error) {
      if (run.aborter.signal.aborted) log.verbose(2, 'reconcile was interrupted by the stop', { error });
      else this.#failed({ key, error, disposition: this.#classify(error), attempt }, log);
    } finally {
      this.#running.delete(run);
    }
  }

  #succeeded(key: K, outcome: Outcome, log: Logger): void {
    requeueAfterOutcome(this.queue, key, outcome);
    if (outcome.kind === 'check-again') {
      log.verbose(4, 'will check again', { afterMs: outcome.afterMs, reason: outcome.reason });
    }
  }

  #failed(failure: ReconcileFailure<K>, log: Logger): void {
    const { key, error, disposition, attempt } = failure;
    requeueAfterFailure(this.queue, key, disposition);
    log.warn('reconcile failed', { attempt, retry: disposition.retry, error });
    if (disposition.retry === 'never') this.#fatal.abort(error);
    try {
      this.#options.onFailure?.(failure);
    } catch (cause) {
      log.error('reporting a failure failed', { error: cause });
    }
  }

  #classify(error: unknown): Disposition {
    return (this.#options.classify ?? dispositionOf)(error);
  }
}
