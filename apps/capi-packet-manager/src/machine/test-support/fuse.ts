// Ends a process at its n-th call: before the call, or after it was done and before the answer came. From then on nothing it does has an effect.
import type { KubeClient } from '@longshore/k8s-runtime';

/** Where a process dies. */
export interface FuseOptions {
  /** Number of the call, from 1. Absent: it lives. */
  readonly at?: number;
  readonly isDone?: boolean;
}

const COUNTED: ReadonlySet<string> = new Set(['list', 'get', 'create', 'replace', 'patch', 'remove', 'raw']);

/** Counts the calls of one process. */
export class Fuse {
  readonly #options: FuseOptions;
  readonly calls: string[] = [];
  isBlown = false;

  constructor(options: FuseOptions = {}) {
    this.#options = options;
  }

  /** The call, unless the process is dead. */
  async pass<T>(name: string, call: () => Promise<T>): Promise<T> {
    if (this.isBlown) throw new Error('the process is dead');
    this.calls.push(name);
    const isLast = this.calls.length === this.#options.at;
    if (isLast) this.isBlown = true;
    if (isLast && this.#options.isDone !== true) throw new Error(`the process died before ${name}`);
    const answer = await call();
    // It died while this call was under way.
    if (this.isBlown) throw new Error(`the process died during ${name}`);
    return answer;
  }

  /** A client whose calls pass by. */
  on(client: KubeClient): KubeClient {
    return new Proxy(client, {
      get: (target, property) => {
        const value: unknown = Reflect.get(target, property, target);
        if (typeof value !== 'function') return value;
        const method = value.bind(target) as (...args: unknown[]) => Promise<unknown>;
        if (!COUNTED.has(String(property))) return method;
        return (...args: unknown[]) => this.pass(`kube ${String(property)}`, () => method(...args));
      },
    });
  }
}
