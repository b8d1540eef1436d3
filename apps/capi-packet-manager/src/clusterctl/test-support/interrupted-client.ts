// A client that dies at its k-th write, before or after the work was done: what a killed clusterctl looks like from the API server.
import type { KubeClient } from '@longshore/k8s-runtime';

/** Counts the writes of all clients that share it. */
export class WriteBudget {
  writes = 0;
  readonly #fatal: number;
  readonly #isDone: boolean;

  constructor(fatal = Infinity, isDone = false) {
    this.#fatal = fatal;
    this.#isDone = isDone;
  }

  /** Runs the write, or dies before or after it. */
  async spend<R>(write: () => Promise<R>): Promise<R> {
    this.writes += 1;
    if (this.writes < this.#fatal) return write();
    if (this.#isDone && this.writes === this.#fatal) await write();
    throw new Interruption();
  }
}

/** Thrown instead of the death of the process. */
export class Interruption extends Error {
  constructor() {
    super('interrupted');
  }
}

/** The client, spending the budget. */
export function interruptible(client: KubeClient, budget: WriteBudget): KubeClient {
  return new Proxy(client, {
    get(target, property): unknown {
      const value: unknown = Reflect.get(target, property, target);
      if (typeof value !== 'function') return value;
      const call = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
      const isWrite = ['create', 'replace', 'patch', 'remove'].includes(String(property));
      return isWrite ? (...args: unknown[]) => budget.spend(() => call(...args)) : call;
    },
  });
}
