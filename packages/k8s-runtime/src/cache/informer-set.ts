// One informer per kind and selection, shared by all controllers of a program. Informers asked for while it runs start at once.
import type { Clock, Logger, Metrics, Runnable } from '@longshore/reconciler-core';
import type { KubeClient, Selection } from '../client/kube-client.ts';
import { collectionPath } from '../client/resource-path.ts';
import type { KubeObject, ResourceType } from '../client/resource-type.ts';
import { Informer } from './informer.ts';
import type { InformerHealth } from './informer.ts';
import type { IndexFunction } from './object-store.ts';

/** What all informers of a set share. */
export interface InformerSetOptions {
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  readonly random?: (() => number) | undefined;
}

/** What one user of an informer wants of it. */
export interface SharedInformerOptions<T extends KubeObject> {
  readonly selection?: Selection | undefined;
  /** All users of one informer must pass the same function, or none. */
  readonly select?: ((object: T) => T) | undefined;
  /** Added to those of the other users. */
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>> | undefined;
}

interface Entry {
  readonly informer: unknown;
  readonly select: unknown;
  readonly run: (signal: AbortSignal) => Promise<void>;
  readonly name: string;
  readonly health: () => InformerHealth;
  readonly synced: (signal: AbortSignal) => Promise<void>;
}

/** The informers of one program. */
export class InformerSet implements Runnable {
  readonly name = 'informers';
  readonly #options: InformerSetOptions;
  readonly #entries = new Map<string, Entry>();
  #start: ((entry: Entry) => void) | undefined;

  constructor(options: InformerSetOptions) {
    this.#options = options;
  }

  /** The informer of this kind and selection; made when nobody asked for it before. */
  for<T extends KubeObject>(type: ResourceType<T>, options: SharedInformerOptions<T> = {}): Informer<T> {
    const id = idOf(type, options.selection ?? {});
    const known = this.#entries.get(id);
    if (!known) return this.#create(id, type, options);
    const informer = known.informer as Informer<T>;
    if (options.select && options.select !== known.select) {
      throw new Error(`${informer.name} is shared and keeps other parts of the objects already`);
    }
    for (const [name, valuesOf] of Object.entries(options.indexes ?? {})) informer.addIndex(name, valuesOf);
    return informer;
  }

  /** Resolves when every informer that exists now has its first complete list. */
  async synced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#entries.values()].map((entry) => entry.synced(signal)));
  }

  /** By name of the informer. */
  health(): ReadonlyMap<string, InformerHealth> {
    return new Map([...this.#entries.values()].map((entry) => [entry.name, entry.health()]));
  }

  /** Runs all informers, also those that are added later, until the signal aborts. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#start) throw new Error('this set of informers is running already');
    const running: Promise<void>[] = [];
    const aborted = Promise.withResolvers<void>();
    this.#start = (entry) => void running.push(entry.run(signal).catch(aborted.reject));
    for (const entry of this.#entries.values()) this.#start(entry);
    if (signal.aborted) aborted.resolve();
    signal.addEventListener('abort', () => aborted.resolve(), { once: true });
    try {
      await aborted.promise;
      await Promise.all(running);
    } finally {
      this.#start = undefined;
    }
  }

  #create<T extends KubeObject>(id: string, type: ResourceType<T>, options: SharedInformerOptions<T>): Informer<T> {
    const informer = new Informer<T>({ ...this.#options, type, ...options });
    const entry: Entry = {
      informer,
      select: options.select,
      name: informer.name,
      run: (signal) => informer.run(signal),
      health: () => informer.health(),
      synced: (signal) => informer.synced(signal),
    };
    this.#entries.set(id, entry);
    this.#start?.(entry);
    return informer;
  }
}

function idOf(type: ResourceType<KubeObject>, selection: Selection): string {
  const { namespace, labelSelector = '', fieldSelector = '' } = selection;
  return JSON.stringify([collectionPath(type, namespace), labelSelector, fieldSelector]);
}
