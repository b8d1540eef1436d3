// A cloud's machines as a test scripts them: findings per Node, latency, failures, and a log of the calls.
import { sleep } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { InstanceFinding, InstanceMetadata, Instances } from '../provider.ts';
import { aMachine } from './a-node.ts';

/** One look-up: for which Nodes, and when by the monotonic clock. */
export interface LookupCall {
  readonly names: readonly string[];
  readonly atMs: number;
}

/** Instances with state. Nodes that nobody told it about have no entry in its answers: they are somebody else's. */
export class FakeInstances implements Instances {
  readonly calls: LookupCall[] = [];
  /** Look-ups that ran at the same time, at most. */
  mostInFlight = 0;
  /** How long a look-up takes. */
  latencyMs: number;
  readonly #clock: Clock;
  readonly #findings = new Map<string, InstanceFinding[]>();
  readonly #failures: Error[] = [];
  #inFlight = 0;

  constructor(options: { readonly clock: Clock; readonly latencyMs?: number }) {
    this.#clock = options.clock;
    this.latencyMs = options.latencyMs ?? 0;
  }

  /** What look-ups of this Node find, one after the other; the last one stays. */
  set(name: string, ...findings: readonly InstanceFinding[]): this {
    this.#findings.set(name, [...findings]);
    return this;
  }

  /** A running machine with provider ID `fake://<name>`, the rest as in aMachine. */
  setRunning(name: string, facts: Partial<InstanceMetadata> = {}): this {
    return this.set(name, { state: 'running', metadata: aMachine({ providerId: `fake://${name}`, ...facts }) });
  }

  /** The Node is not this cloud's any more. */
  forget(name: string): void {
    this.#findings.delete(name);
  }

  /** The next look-ups reject as a whole. */
  failNext(times: number, message = 'the cloud is on fire'): void {
    for (let index = 0; index < times; index += 1) this.#failures.push(new Error(message));
  }

  /** Times of the look-ups that asked about this Node. */
  timesOf(name: string): readonly number[] {
    return this.calls.filter(({ names }) => names.includes(name)).map(({ atMs }) => atMs);
  }

  async lookup(nodes: readonly KubeNode[], signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    const names = nodes.map((node) => node.metadata?.name ?? '');
    this.calls.push({ names, atMs: this.#clock.monotonicMs() });
    this.#inFlight += 1;
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight);
    try {
      if (this.latencyMs > 0) await sleep(this.#clock, this.latencyMs, signal);
      signal.throwIfAborted();
      const failure = this.#failures.shift();
      if (failure) throw failure;
      return new Map(names.flatMap((name) => this.#answer(name)));
    } finally {
      this.#inFlight -= 1;
    }
  }

  #answer(name: string): readonly (readonly [string, InstanceFinding])[] {
    const findings = this.#findings.get(name) ?? [];
    const finding = findings.length > 1 ? findings.shift() : findings[0];
    return finding ? [[name, finding]] : [];
  }
}
