// A cloud's route table as a test sees it: state, latency, failures, and a log of the calls.
import { sleep } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Route, Routes } from '../provider.ts';

/** One call: `list`, `create node-1 10.0.1.0/24`, `remove node-1 10.0.1.0/24`. */
export type RouteCall = string;

/** Routes with state. */
export class FakeRoutes implements Routes {
  readonly calls: RouteCall[] = [];
  readonly nameHints: string[] = [];
  routes: Route[] = [];
  latencyMs = 0;
  /** Creations and removals that ran at the same time, at most. */
  mostInFlight = 0;
  readonly #clock: Clock;
  readonly #failures: { readonly pattern: RegExp; left: number }[] = [];
  #inFlight = 0;

  constructor(options: { readonly clock: Clock; readonly routes?: readonly Route[] }) {
    this.#clock = options.clock;
    this.routes = [...(options.routes ?? [])];
  }

  /** The next `times` calls that match fail. */
  fail(pattern: RegExp, times = 1): void {
    this.#failures.push({ pattern, left: times });
  }

  /** Calls that change something. */
  get changes(): readonly RouteCall[] {
    return this.calls.filter((call) => call !== 'list');
  }

  async list(_clusterName: string, signal: AbortSignal): Promise<readonly Route[]> {
    await this.#call('list', signal);
    return [...this.routes];
  }

  async create(_clusterName: string, nameHint: string, route: Route, signal: AbortSignal): Promise<void> {
    await this.#change(`create ${route.targetNode} ${route.destinationCidr}`, signal);
    this.nameHints.push(nameHint);
    this.routes.push({ ...route, name: `route-${this.calls.length}` });
  }

  async remove(_clusterName: string, route: Route, signal: AbortSignal): Promise<void> {
    await this.#change(`remove ${route.targetNode} ${route.destinationCidr}`, signal);
    this.routes = this.routes.filter(({ name }) => name !== route.name);
  }

  async #change(call: RouteCall, signal: AbortSignal): Promise<void> {
    this.#inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    try {
      await this.#call(call, signal);
    } finally {
      this.#inFlight -= 1;
    }
  }

  async #call(call: RouteCall, signal: AbortSignal): Promise<void> {
    this.calls.push(call);
    if (this.latencyMs > 0) await sleep(this.#clock, this.latencyMs, signal);
    signal.throwIfAborted();
    const fault = this.#failures.find(({ pattern, left }) => left > 0 && pattern.test(call));
    if (!fault) return;
    fault.left -= 1;
    throw new Error(`no quota for: ${call}`);
  }
}
