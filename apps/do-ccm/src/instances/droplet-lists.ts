// The lists of droplets that everybody in this program shares: all of them, those with GPUs (which the API leaves out of the first), and
// those with the cluster's tag. The last one answers questions by ID only, and only where the account has so many other droplets that it
// is shorter. Surprising: it never answers a question by name, because a droplet of the same name may well be without the tag.
import { Snapshot } from '@longshore/reconciler-core';
import type { Clock, Taken } from '@longshore/reconciler-core';
import type { Droplet, DropletFilter, Droplets } from '@longshore/digitalocean-api';
import { indexDroplets } from './droplet-index.ts';
import type { DropletIndex } from './droplet-index.ts';

// As digitalocean-api reads lists; only decides which list is the shorter one.
const PAGE_SIZE = 200;

/** Options of DropletLists. */
export interface DropletListsOptions {
  readonly droplets: Pick<Droplets, 'list'>;
  readonly clock: Clock;
  /** `k8s:<cluster id>`; absent without a cluster ID. */
  readonly clusterTag?: string | undefined;
}

interface AllDroplets {
  readonly index: DropletIndex;
  /** Calls that this list costs more than the tagged one. */
  readonly savedPages: number;
}

/** Shared lists; each is read when somebody needs it younger than it is. */
export class DropletLists {
  readonly #clock: Clock;
  readonly #all: Snapshot<AllDroplets>;
  readonly #gpus: Snapshot<DropletIndex>;
  readonly #tagged: Snapshot<DropletIndex> | undefined;

  constructor({ droplets, clock, clusterTag }: DropletListsOptions) {
    const load =
      (filter?: DropletFilter) =>
      async (signal: AbortSignal): Promise<readonly Droplet[]> =>
        droplets.list(signal, filter);
    const index = (filter: DropletFilter) => async (signal: AbortSignal) => indexDroplets(await load(filter)(signal));
    this.#clock = clock;
    this.#all = new Snapshot({ clock, load: async (signal) => summarize(await load()(signal), clusterTag) });
    this.#gpus = new Snapshot({ clock, load: index({ type: 'gpus' }) });
    this.#tagged = clusterTag === undefined ? undefined : new Snapshot({ clock, load: index({ tag: clusterTag }) });
  }

  /** All droplets but those with GPUs. */
  async all(maxAgeMs: number, signal: AbortSignal): Promise<Taken<DropletIndex>> {
    const { value, takenAtMs } = await this.#all.get({ maxAgeMs, signal });
    return { value: value.index, takenAtMs };
  }

  /** Those with GPUs. */
  async gpus(maxAgeMs: number, signal: AbortSignal): Promise<DropletIndex> {
    return (await this.#gpus.get({ maxAgeMs, signal })).value;
  }

  /** Those with the cluster's tag; undefined where the list of all is at hand or no longer. What is not in it may exist all the same. */
  async tagged(maxAgeMs: number, signal: AbortSignal): Promise<DropletIndex | undefined> {
    const all = this.#all.peek();
    if (!this.#tagged || !all || all.value.savedPages === 0) return undefined;
    if (this.#clock.monotonicMs() - all.takenAtMs <= maxAgeMs) return undefined;
    try {
      return (await this.#tagged.get({ maxAgeMs, signal })).value;
    } catch {
      // The list of all will tell what is wrong, or answer.
      signal.throwIfAborted();
      return undefined;
    }
  }

  /** Questions by ID that are cheaper to ask one by one than by the list of all. */
  get fewQuestions(): number {
    return pagesOf(this.#all.peek()?.value.index.size ?? 0);
  }
}

function summarize(droplets: readonly Droplet[], clusterTag: string | undefined): AllDroplets {
  const tagged = clusterTag === undefined ? 0 : droplets.filter(({ tags }) => tags.includes(clusterTag)).length;
  const savedPages = tagged === 0 ? 0 : pagesOf(droplets.length) - pagesOf(tagged);
  return { index: indexDroplets(droplets), savedPages };
}

function pagesOf(droplets: number): number {
  return Math.max(1, Math.ceil(droplets / PAGE_SIZE));
}
