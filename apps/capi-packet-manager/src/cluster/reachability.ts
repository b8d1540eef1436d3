// Whether the API servers of clusters answer. Looked at beside the reconciles: one that is silent must not hold up a worker. A new finding
// brings the cluster back to the queue.
import type { Clock } from '@longshore/reconciler-core';
import { messageOf } from '@longshore/reconciler-core';
import type { KubeClient } from '@longshore/k8s-runtime';

/** What was found last. */
export type Reach = { readonly answers: true } | { readonly answers: false; readonly problem: string };

interface Entry {
  readonly client: KubeClient;
  reach: Reach | undefined;
  atMs: number;
  isAsking: boolean;
}

const TIMEOUT_MS = 5_000;
const LASTS_MS = 14_000;

/** Findings by `namespace/name`. */
export class Reachability {
  readonly #clock: Clock;
  readonly #onChange: (cluster: string) => void;
  readonly #entries = new Map<string, Entry>();

  constructor(clock: Clock, onChange: (cluster: string) => void) {
    this.#clock = clock;
    this.#onChange = onChange;
  }

  /** The last finding; asks again in the background when it is old or of another client. */
  of(cluster: string, client: KubeClient): Reach | undefined {
    const known = this.#entries.get(cluster);
    const entry = known?.client === client ? known : { client, reach: known?.reach, atMs: -Infinity, isAsking: false };
    this.#entries.set(cluster, entry);
    if (!entry.isAsking && this.#clock.monotonicMs() - entry.atMs >= LASTS_MS) void this.#ask(cluster, entry);
    return entry.reach;
  }

  /** The cluster is gone. */
  forget(cluster: string): void {
    this.#entries.delete(cluster);
  }

  async #ask(cluster: string, entry: Entry): Promise<void> {
    entry.isAsking = true;
    const before = entry.reach;
    entry.reach = await reachOf(entry.client);
    entry.atMs = this.#clock.monotonicMs();
    entry.isAsking = false;
    if (this.#entries.get(cluster) === entry && before?.answers !== entry.reach.answers) this.#onChange(cluster);
  }
}

async function reachOf(client: KubeClient): Promise<Reach> {
  try {
    const { status } = await client.raw({ method: 'GET', path: '/readyz' }, { timeoutMs: TIMEOUT_MS });
    return status === 200 ? { answers: true } : { answers: false, problem: `/readyz answers ${status}` };
  } catch (error) {
    return { answers: false, problem: messageOf(error) };
  }
}
