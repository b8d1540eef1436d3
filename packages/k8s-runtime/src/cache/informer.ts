// A cache of all objects of a kind (or of a selection) and the stream of their changes. Each key has one final state: deletions missed while
// cut off are found by comparing, an object that was deleted and made anew shows up as deleted, then added.
import { noMetrics, abortable } from '@longshore/reconciler-core';
import type { Change, Clock, Logger, Metrics, Runnable, Source, Unsubscribe } from '@longshore/reconciler-core';
import type { KubeClient, Selection } from '../client/kube-client.ts';
import { keyOf } from '../client/resource-type.ts';
import type { KubeObject, ResourceType } from '../client/resource-type.ts';
import type { Breather } from './breather.ts';
import { ChangeFeed } from './change-feed.ts';
import { InformerMetrics } from './informer-metrics.ts';
import type { Lister } from './lister.ts';
import { ObjectStore } from './object-store.ts';
import type { IndexFunction } from './object-store.ts';
import { Reflector } from './reflector.ts';

/** What an informer watches, and what it keeps. */
export interface InformerOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly type: ResourceType<T>;
  readonly selection?: Selection | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics?: Metrics | undefined;
  /** Makes objects smaller before they are kept; must keep metadata.name, namespace, uid and resourceVersion. */
  readonly select?: ((object: T) => T) | undefined;
  readonly indexes?: Readonly<Record<string, IndexFunction<T>>> | undefined;
  readonly random?: (() => number) | undefined;
}

/** How an informer is doing. */
export interface InformerHealth {
  readonly isSynced: boolean;
  /** A stream is open at this moment. */
  readonly isConnected: boolean;
  /** Since the server last sent an event, a bookmark or a page. Bookmarks come about each minute. */
  readonly lastEventAgeMs: number;
  /** Pauses because of failures since the last two healthy minutes. */
  readonly failures: number;
  readonly resourceVersion: string;
}

/** Cache and change stream of one kind. Objects are shared: read-only. */
export class Informer<T extends KubeObject> implements Source<T>, Lister<T>, Runnable {
  readonly name: string;
  readonly #clock: Clock;
  readonly #store: ObjectStore<T>;
  readonly #feed: ChangeFeed<T>;
  readonly #reflector: Reflector<T>;
  readonly #metrics: InformerMetrics;
  #isSynced = false;
  #isRunning = false;
  #queued = 0;
  readonly #synced = Promise.withResolvers<void>();

  constructor(options: InformerOptions<T>) {
    const { client, type, selection = {}, clock, log, metrics = noMetrics, random = Math.random } = options;
    this.name = `informer ${nameOf(type, selection)}`;
    this.#clock = clock;
    this.#store = new ObjectStore(options.indexes);
    this.#metrics = new InformerMetrics(metrics, { name: nameOf(type, selection), type });
    this.#feed = new ChangeFeed((error) => {
      this.#metrics.listenerFailed();
      log.error('a listener of an informer failed', { informer: this.name, error });
    });
    this.#reflector = new Reflector({
      client,
      type,
      selection,
      clock,
      log,
      random,
      target: this.#target(options.select),
    });
    this.#metrics.expose(metrics, () => ({
      queued: this.#queued,
      version: this.#reflector.version,
      lastSignAgeMs: this.#reflector.lastSignAgeMs,
    }));
  }

  /** Lists and watches until the signal aborts. Never gives up; may run once at a time. */
  async run(signal: AbortSignal): Promise<void> {
    if (this.#isRunning) throw new Error(`${this.name} is running already`);
    this.#isRunning = true;
    try {
      await this.#reflector.run(signal);
    } finally {
      this.#isRunning = false;
    }
  }

  subscribe(listener: (change: Change<T>) => void): Unsubscribe {
    return this.#feed.subscribe(listener, this.#store.list());
  }

  synced(signal: AbortSignal): Promise<void> {
    return abortable(this.#synced.promise, signal);
  }

  get(key: string): T | undefined {
    return this.#store.get(key);
  }

  list(where?: (object: T) => boolean): readonly T[] {
    return this.#store.list(where);
  }

  byIndex(index: string, value: string): readonly T[] {
    return this.#store.byIndex(index, value);
  }

  get size(): number {
    return this.#store.size;
  }

  /** Declares an index; may be called at any time. */
  addIndex(name: string, valuesOf: IndexFunction<T>): void {
    this.#store.addIndex(name, valuesOf);
  }

  /** How it is doing now. */
  health(): InformerHealth {
    return {
      isSynced: this.#isSynced,
      isConnected: this.#reflector.isConnected,
      lastEventAgeMs: this.#reflector.lastSignAgeMs,
      failures: this.#reflector.failures,
      resourceVersion: this.#reflector.version,
    };
  }

  #target(select: ((object: T) => T) | undefined): ConstructorParameters<typeof Reflector<T>>[0]['target'] {
    return {
      select: select ?? ((object) => object),
      replace: (objects, breather) => this.#replace(objects, breather),
      apply: (type, object) =>
        type === 'DELETED' ? this.#remove(keyOf(object), object) : this.#put(keyOf(object), object),
      interrupted: (outcome) => this.#metrics.interrupted(outcome.kind),
    };
  }

  async #replace(objects: ReadonlyMap<string, T>, breather: Breather): Promise<void> {
    this.#queued = objects.size;
    for (const key of [...this.#store.keys()]) {
      const last = this.#store.get(key);
      if (last && !objects.has(key)) this.#remove(key, last);
      if (breather.isDue) await breather.breathe();
    }
    for (const [key, object] of objects) {
      this.#put(key, object);
      this.#queued -= 1;
      if (breather.isDue) await breather.breathe();
    }
    this.#queued = 0;
    this.#isSynced = true;
    this.#synced.resolve();
  }

  #put(key: string, object: T): void {
    const before = this.#store.get(key);
    if (before && before.metadata?.uid !== object.metadata?.uid) {
      this.#remove(key, before);
      return this.#put(key, object);
    }
    // The same state again: after a list, or an event that the list had already seen.
    if (before && before.metadata?.resourceVersion === object.metadata?.resourceVersion) return;
    this.#store.set(key, object);
    this.#emit(before ? { kind: 'updated', before, object } : { kind: 'added', object });
  }

  #remove(key: string, object: T): void {
    if (!this.#store.get(key)) return;
    this.#store.remove(key);
    this.#emit({ kind: 'deleted', object });
  }

  #emit(change: Change<T>): void {
    const startMs = this.#clock.monotonicMs();
    this.#feed.emit(change);
    this.#metrics.handed(this.#clock.monotonicMs() - startMs);
  }
}

function nameOf(type: ResourceType<KubeObject>, selection: Selection): string {
  const { namespace, labelSelector, fieldSelector } = selection;
  return [type.plural, namespace, labelSelector, fieldSelector].filter((part) => part).join(' ');
}
