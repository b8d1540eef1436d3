// One piece of work per key at a time. A caller that asks for what is being done already joins it; one that asks for something else with
// the same key waits its turn. Work outlives the callers that give up on it, but is told when nobody waits any more, so that no loop
// goes on for nobody.
import { abortable } from '@longshore/reconciler-core';
import { CsiError } from '../server/csi-error.ts';

/** What a piece of work may listen to. */
export interface WorkSignals {
  /** The program ends: stop wherever it is safe. */
  readonly signal: AbortSignal;
  /** Nobody waits for the result: stop waiting for slow states, but finish what was begun. */
  readonly wanted: AbortSignal;
}

/** Which work is meant: the same fingerprint means the same result. */
export interface WorkName {
  readonly key: string;
  readonly fingerprint: string;
}

interface Running {
  readonly fingerprint: string;
  readonly result: Promise<unknown>;
  readonly unwanted: AbortController;
  waiters: number;
}

/** Work by key. */
export class JoinedWork {
  readonly #running = new Map<string, Running>();
  readonly #stop = new AbortController();

  /** Pieces of work that go on. */
  get size(): number {
    return this.#running.size;
  }

  /** The result of the running work of this name, or of `work`. Rejects with the caller's reason when `caller` aborts. */
  async run<T>(
    { key, fingerprint }: WorkName,
    caller: AbortSignal,
    work: (signals: WorkSignals) => Promise<T>,
  ): Promise<T> {
    for (;;) {
      caller.throwIfAborted();
      const running = this.#running.get(key);
      if (running === undefined) return this.#wait(this.#start({ key, fingerprint }, work), caller);
      // Work that was told that nobody wants it may end as unfinished: it is begun anew afterwards.
      const isSame = running.fingerprint === fingerprint && !running.unwanted.signal.aborted;
      if (isSame) return this.#wait(running, caller);
      await abortable(ended(running.result), caller);
    }
  }

  /** Tells all work that the program ends, and waits for it. */
  async stop(): Promise<void> {
    this.#stop.abort(new CsiError('UNAVAILABLE', 'the driver is stopping: repeat the call'));
    await Promise.all([...this.#running.values()].map(({ result }) => ended(result)));
  }

  #start<T>({ key, fingerprint }: WorkName, work: (signals: WorkSignals) => Promise<T>): Running {
    const unwanted = new AbortController();
    const wanted = AbortSignal.any([unwanted.signal, this.#stop.signal]);
    const begun = new Promise<T>((resolve) => resolve(work({ signal: this.#stop.signal, wanted })));
    const result = begun.finally(() => this.#running.delete(key));
    // Its callers may all be gone by then.
    result.catch(() => {});
    const running: Running = { fingerprint, result, unwanted, waiters: 0 };
    this.#running.set(key, running);
    return running;
  }

  async #wait<T>(running: Running, caller: AbortSignal): Promise<T> {
    running.waiters += 1;
    try {
      return (await abortable(running.result, caller)) as T;
    } finally {
      running.waiters -= 1;
      if (running.waiters === 0) {
        running.unwanted.abort(new CsiError('ABORTED', 'not done before the deadline: repeat the call'));
      }
    }
  }
}

function ended(result: Promise<unknown>): Promise<void> {
  return result.then(
    () => {},
    () => {},
  );
}
