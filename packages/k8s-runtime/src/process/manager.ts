// Starts and stops the parts of a program in the right order. "Always" parts serve and keep caches warm on standbys as well;
// "leading" parts act, and only while this replica leads. Stopping: leading parts drain, the lease is released, events are
// flushed, servers and caches end.
import type { Clock, Logger, Runnable } from '@longshore/reconciler-core';
import { backoff, messageOf, OperatorError, sleep } from '@longshore/reconciler-core';

/** When a part runs: `flushing` is like `always`, but ends before the other always ones (it still writes what the leading parts left). */
export type RunsWhen = 'always' | 'leading' | 'flushing';

/** Decides who leads; LeaseElector is one. `lead` gets a signal that aborts when leading ends. */
export interface Elector {
  run(lead: (signal: AbortSignal) => Promise<void>, signal: AbortSignal): Promise<'lost' | 'stopped'>;
}

/** How one part starts. */
export interface AddOptions {
  /** Pause after the start of this part before the next leading one starts, × [1, 2) (`--controller-start-interval`). */
  readonly startIntervalMs?: number;
}

/** What a manager needs. */
export interface ManagerOptions {
  readonly clock: Clock;
  readonly log: Logger;
  /** How long leading parts may finish running work after a stop. */
  readonly drainMs?: number;
  readonly random?: () => number;
}

const DRAIN_MS = 10_000;
// Flushing and serving parts are quick or stuck.
const WIND_DOWN_MS = 3_000;
// The rest of a lease after its renew deadline is 3 s with the default times.
const LOST_LIMIT_MS = 1_000;

interface Part {
  readonly runnable: Runnable;
  readonly options: AddOptions;
}

/** The parts of one program. */
export class Manager {
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #drainMs: number;
  readonly #random: () => number;
  readonly #parts: Record<RunsWhen, Part[]> = { always: [], leading: [], flushing: [] };

  constructor({ clock, log, drainMs = DRAIN_MS, random = Math.random }: ManagerOptions) {
    this.#clock = clock;
    this.#log = log;
    this.#drainMs = drainMs;
    this.#random = random;
  }

  /** Adds a part; before run(). */
  add(runnable: Runnable, when: RunsWhen, options: AddOptions = {}): this {
    this.#parts[when].push({ runnable, options });
    return this;
  }

  /** Runs all parts until `signal` aborts ('stopped') or the lease is lost ('lost'). Rejects with the error of the first part that failed. */
  async run(signal: AbortSignal, elector: Elector = alone): Promise<'stopped' | 'lost'> {
    const failure = new FirstFailure();
    const stop = AbortSignal.any([signal, failure.signal]);
    const always = this.#start(this.#parts.always, failure);
    const flushing = this.#start(this.#parts.flushing, failure);
    const end = await this.#elect(elector, stop, failure);
    if (end === 'lost') {
      // Reconciles that still run must not act beside those of the next leader: only the last events and answers are waited for.
      this.#log.error('leaderelection lost');
      await Promise.all([this.#windDown(flushing, LOST_LIMIT_MS), this.#windDown(always, LOST_LIMIT_MS)]);
    } else {
      await this.#windDown(flushing, WIND_DOWN_MS);
      await this.#windDown(always, WIND_DOWN_MS);
    }
    failure.throwIfAny();
    return end;
  }

  async #elect(elector: Elector, stop: AbortSignal, failure: FirstFailure): Promise<'stopped' | 'lost'> {
    try {
      return await elector.run((leading) => this.#lead(leading, failure), stop);
    } catch (error) {
      failure.report('leader election', error);
      return 'stopped';
    }
  }

  /** Resolves when all leading parts have ended after the abort. Rejects when they did not in time: then the lease must run out by itself. */
  async #lead(signal: AbortSignal, failure: FirstFailure): Promise<void> {
    const group = new PartGroup(failure, this.#log);
    whenAborted(signal, () => group.stop());
    for (const { runnable, options } of this.#parts.leading) {
      if (signal.aborted) break;
      group.start(runnable);
      await this.#pause((options.startIntervalMs ?? 0) * (1 + this.#random()), signal);
    }
    await new Promise<void>((resolve) => whenAborted(signal, resolve));
    const busy = await group.ended(this.#clock, this.#drainMs);
    if (busy.length > 0) throw drainTimedOut(busy, this.#drainMs);
  }

  async #pause(pauseMs: number, signal: AbortSignal): Promise<void> {
    if (pauseMs > 0) await sleep(this.#clock, pauseMs, signal).catch(() => {});
  }

  #start(parts: readonly Part[], failure: FirstFailure): PartGroup {
    const group = new PartGroup(failure, this.#log);
    for (const { runnable } of parts) group.start(runnable);
    return group;
  }

  async #windDown(group: PartGroup, limitMs: number): Promise<void> {
    group.stop();
    const busy = await group.ended(this.#clock, limitMs);
    if (busy.length > 0) this.#log.warn('parts did not end in time', { parts: busy });
  }
}

/** Without election this replica leads from the start. */
const alone: Elector = {
  async run(lead, signal) {
    await lead(signal);
    return 'stopped';
  },
};

function drainTimedOut(busy: readonly string[], drainMs: number): OperatorError {
  const message = `${busy.join(', ')} still had work in progress ${drainMs / 1_000} s after the stop; the lease is left to run out`;
  return new OperatorError('DRAIN_TIMED_OUT', message, backoff);
}

function whenAborted(signal: AbortSignal, callback: () => void): void {
  if (signal.aborted) callback();
  else signal.addEventListener('abort', callback, { once: true });
}

class FirstFailure {
  readonly #controller = new AbortController();
  #error: { readonly value: unknown } | undefined;

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  report(part: string, error: unknown): void {
    if (this.#error) return;
    this.#error = { value: error };
    this.#controller.abort(new Error(`${part} failed: ${messageOf(error)}`));
  }

  throwIfAny(): void {
    if (this.#error) throw this.#error.value;
  }
}

/** Parts that start and stop together. */
class PartGroup {
  readonly #stop = new AbortController();
  readonly #running = new Map<Runnable, Promise<void>>();
  readonly #failure: FirstFailure;
  readonly #log: Logger;

  constructor(failure: FirstFailure, log: Logger) {
    this.#failure = failure;
    this.#log = log;
  }

  start(runnable: Runnable): void {
    this.#running.set(runnable, this.#run(runnable));
  }

  stop(): void {
    this.#stop.abort(new Error('stopped'));
  }

  /** Waits for all parts, at most `limitMs`; names those that still run. */
  async ended(clock: Clock, limitMs: number): Promise<readonly string[]> {
    const limit = new AbortController();
    const timeout = sleep(clock, limitMs, limit.signal).catch(() => {});
    await Promise.race([Promise.all(this.#running.values()), timeout]);
    limit.abort();
    return [...this.#running.keys()].map(({ name }) => name);
  }

  async #run(runnable: Runnable): Promise<void> {
    try {
      await runnable.run(this.#stop.signal);
    } catch (error) {
      this.#failed(runnable.name, error);
    } finally {
      this.#running.delete(runnable);
    }
  }

  /** What fails after the stop is told, but the program ends as asked. */
  #failed(part: string, error: unknown): void {
    if (!this.#stop.signal.aborted) return this.#failure.report(part, error);
    if (error !== this.#stop.signal.reason) this.#log.verbose(2, 'part failed while stopping', { part, error });
  }
}
