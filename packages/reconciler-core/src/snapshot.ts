// One shared copy of something that is costly to read (all machines of an account), refreshed by whoever needs it fresher than it is.
// The age counts from the start of the load: what happened before that moment is certainly in it. An error never looks like an old
// or an empty answer.
import { abortable } from './abortable.ts';
import type { Clock } from './clock.ts';

/** A value and the monotonic time at which its load started. */
export interface Taken<T> {
  readonly value: T;
  readonly takenAtMs: number;
}

/** How old the answer may be, counted when the question is asked; 0 asks for a load that starts now or later. */
export interface SnapshotQuestion {
  readonly maxAgeMs: number;
  readonly signal?: AbortSignal | undefined;
}

interface Refresh<T> {
  readonly startedAtMs: number;
  readonly generation: number;
  readonly answer: Promise<Taken<T>>;
  readonly aborter: AbortController;
  callers: number;
}

/** Shares loads among all who ask; at most one load runs at a time. */
export class Snapshot<T> {
  readonly #load: (signal: AbortSignal) => Promise<T>;
  readonly #clock: Clock;
  #latest: { readonly taken: Taken<T>; readonly generation: number } | undefined;
  #refresh: Refresh<T> | undefined;
  #generation = 0;

  constructor({ load, clock }: { load: (signal: AbortSignal) => Promise<T>; clock: Clock }) {
    this.#load = load;
    this.#clock = clock;
  }

  /** The present value if it is young enough, else that of a refresh. Rejects when the refresh fails; `peek` still has the old value. */
  async get({ maxAgeMs, signal }: SnapshotQuestion): Promise<Taken<T>> {
    signal?.throwIfAborted();
    const oldestMs = this.#clock.monotonicMs() - maxAgeMs;
    const generation = this.#generation;
    const isFresh = (startedAtMs: number, from: number): boolean => startedAtMs >= oldestMs && from >= generation;
    for (;;) {
      const latest = this.#latest;
      if (latest && isFresh(latest.taken.takenAtMs, latest.generation)) return latest.taken;
      const refresh = (this.#refresh ??= this.#start());
      const answer = this.#join(refresh, signal);
      if (isFresh(refresh.startedAtMs, refresh.generation)) return answer;
      // It started too early for this caller, who only waits for its end. How it ends is the others' concern.
      await answer.catch(() => signal?.throwIfAborted());
    }
  }

  /** The last value that was loaded, however old. */
  peek(): Taken<T> | undefined {
    return this.#latest?.taken;
  }

  /** What was loaded so far, or is being loaded now, is not fresh enough for anybody who asks from now on. */
  invalidate(): void {
    this.#generation += 1;
  }

  #start(): Refresh<T> {
    const aborter = new AbortController();
    const startedAtMs = this.#clock.monotonicMs();
    const generation = this.#generation;
    const answer = new Promise<T>((resolve) => resolve(this.#load(aborter.signal))).then(
      (value) => {
        const taken = { value, takenAtMs: startedAtMs };
        if (this.#refresh === refresh) this.#latest = { taken, generation };
        this.#end(refresh);
        return taken;
      },
      (error: unknown) => {
        this.#end(refresh);
        throw error;
      },
    );
    // When all callers have left, nobody else looks at a failure.
    answer.catch(() => {});
    const refresh: Refresh<T> = { startedAtMs, generation, answer, aborter, callers: 0 };
    return refresh;
  }

  async #join(refresh: Refresh<T>, signal: AbortSignal | undefined): Promise<Taken<T>> {
    refresh.callers += 1;
    try {
      return await abortable(refresh.answer, signal);
    } finally {
      refresh.callers -= 1;
      if (refresh.callers === 0 && this.#refresh === refresh) {
        this.#end(refresh);
        refresh.aborter.abort(new Error('all callers of this load have given up'));
      }
    }
  }

  #end(refresh: Refresh<T>): void {
    if (this.#refresh === refresh) this.#refresh = undefined;
  }
}
