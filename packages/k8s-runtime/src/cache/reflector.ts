// Keeps a cache in step with the API server: performs the steps of reflector-plan.ts, for ever, until the signal aborts. It decides nothing
// about errors, and knows nothing about listeners: objects and events go to a ReflectorTarget (informer.ts).
import { messageOf, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { statusOfObject } from '../client/classify-kube-error.ts';
import type { KubeClient, Selection, WatchEvent } from '../client/kube-client.ts';
import { describeTarget } from '../client/resource-path.ts';
import { keyOf } from '../client/resource-type.ts';
import type { KubeObject, ResourceType } from '../client/resource-type.ts';
import { Breather } from './breather.ts';
import { ReconnectBackoff } from './reconnect-backoff.ts';
import { outcomeOf } from './reflector-outcome.ts';
import { firstPlan, planAfter } from './reflector-plan.ts';
import type { Pause, ReflectorOutcome, ReflectorPlan } from './reflector-plan.ts';

/** Who gets the objects. */
export interface ReflectorTarget<T> {
  /** What is kept of an object. */
  select(object: T): T;
  /** The complete present state. */
  replace(objects: ReadonlyMap<string, T>, breather: Breather): Promise<void>;
  /** One change; `object` went through `select`. */
  apply(type: 'ADDED' | 'MODIFIED' | 'DELETED', object: T): void;
  /** A step ended in another way than the regular one. */
  interrupted(outcome: ReflectorOutcome): void;
}

/** What to reflect. */
export interface ReflectorOptions<T extends KubeObject> {
  readonly client: KubeClient;
  readonly type: ResourceType<T>;
  readonly selection: Selection;
  readonly target: ReflectorTarget<T>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random: () => number;
}

// Half of client-go's: a page is parsed in one go, and 500 nodes of 10 KB block the event loop for a quarter of a second and cost 25 MiB.
const PAGE_SIZE = 250;
const INITIAL_EVENTS_END = 'k8s.io/initial-events-end';
// The server sends a bookmark about each minute; a stream that is silent for two of them is dead.
const INACTIVITY_MS = 120_000;
const SLOW_START_MS = 10_000;

/** One list-and-watch loop. */
export class Reflector<T extends KubeObject> {
  readonly #options: ReflectorOptions<T>;
  readonly #backoff: ReconnectBackoff;
  readonly #subject: string;
  #plan: ReflectorPlan = firstPlan;
  #version = '';
  #isComplete = false;
  #isConnected = false;
  #lastSignMs: number;
  #events = 0;

  constructor(options: ReflectorOptions<T>) {
    this.#options = options;
    this.#backoff = new ReconnectBackoff(options.random);
    this.#subject = describeTarget(options.type, { namespace: options.selection.namespace });
    this.#lastSignMs = options.clock.monotonicMs();
  }

  /** The last version seen; opaque. */
  get version(): string {
    return this.#version;
  }

  /** A stream is open. */
  get isConnected(): boolean {
    return this.#isConnected;
  }

  /** Pauses because of failures since the last two healthy minutes. */
  get failures(): number {
    return this.#backoff.pauses;
  }

  /** Since the server last sent anything: an event, a bookmark or a page. */
  get lastSignAgeMs(): number {
    return this.#options.clock.monotonicMs() - this.#lastSignMs;
  }

  /** Runs until the signal aborts; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const outcome = await this.#perform(signal);
      if (signal.aborted) return;
      const situation = { done: this.#plan, version: this.#version, isComplete: this.#isComplete };
      this.#plan = planAfter(situation, outcome);
      await this.#pause(this.#plan.pause, signal);
    }
  }

  async #perform(signal: AbortSignal): Promise<ReflectorOutcome> {
    const { step } = this.#plan;
    this.#options.log.verbose(4, 'reflector step', { resource: this.#subject, ...this.#plan });
    let outcome: ReflectorOutcome;
    let error: unknown;
    try {
      outcome = step === 'list' ? await this.#list(signal) : await this.#watch(step, signal);
    } catch (thrown) {
      error = thrown;
      outcome = outcomeOf(thrown, { isOpen: this.#isConnected });
    }
    this.#isConnected = false;
    if (!signal.aborted) this.#report(outcome, error);
    return outcome;
  }

  #report(outcome: ReflectorOutcome, error: unknown): void {
    if (outcome.kind === 'listed' || outcome.kind === 'ended') return;
    const facts = {
      resource: this.#subject,
      outcome: outcome.kind,
      error: error === undefined ? undefined : messageOf(error),
    };
    this.#options.log.warn('watching is interrupted and will be resumed', facts);
    this.#options.target.interrupted(outcome);
  }

  async #pause(pause: Pause, signal: AbortSignal): Promise<void> {
    if (pause === 'none') return;
    const { clock } = this.#options;
    const delayMs = pause === 'backoff' ? this.#backoff.nextMs(clock.monotonicMs()) : pause.ms;
    await sleep(clock, delayMs, signal).catch(() => {});
  }

  async #list(signal: AbortSignal): Promise<ReflectorOutcome> {
    const { fromVersion } = this.#plan;
    this.#isComplete = false;
    const objects = new Map<string, T>();
    const breather = new Breather(this.#options.clock);
    let page: string | undefined;
    let version = '';
    do {
      const list = await this.#page(page, fromVersion, objects, signal);
      breather.restart();
      this.#sign();
      for (const item of list.items) {
        objects.set(keyOf(item), this.#options.target.select(item));
        if (breather.isDue) await breather.breathe();
      }
      page = list.continue;
      version = list.resourceVersion;
    } while (page !== undefined && !signal.aborted);
    signal.throwIfAborted();
    await this.#takeOver(objects, version, breather);
    return { kind: 'listed' };
  }

  // The token of a further page ends with the version it belongs to; then everything is read at once, as client-go does.
  async #page(
    page: string | undefined,
    fromVersion: string,
    objects: Map<string, T>,
    signal: AbortSignal,
  ): Promise<ListPage<T>> {
    const { client, type, selection } = this.#options;
    if (page === undefined) {
      const version =
        fromVersion === '' ? {} : { resourceVersion: fromVersion, resourceVersionMatch: 'NotOlderThan' as const };
      return client.list(type, { ...selection, ...version, limit: PAGE_SIZE, signal });
    }
    try {
      return await client.list(type, { ...selection, limit: PAGE_SIZE, continue: page, signal });
    } catch (error) {
      const outcome = outcomeOf(error, { isOpen: false });
      if (outcome.kind !== 'refused' || outcome.status !== 410) throw error;
      objects.clear();
      return client.list(type, { ...selection, signal });
    }
  }

  async #watch(step: 'stream' | 'watch', signal: AbortSignal): Promise<ReflectorOutcome> {
    const { client, type, selection, clock, random } = this.#options;
    const isInitial = step === 'stream';
    if (isInitial) this.#isComplete = false;
    const startMs = clock.monotonicMs();
    this.#events = 0;
    const events = await client.watch(type, {
      ...selection,
      resourceVersion: this.#plan.fromVersion,
      timeoutSeconds: Math.floor(300 + 300 * random()),
      inactivityMs: INACTIVITY_MS,
      ...(isInitial ? { sendInitialEvents: true } : {}),
      signal,
    });
    this.#isConnected = true;
    this.#sign();
    const failure = await this.#consume(events, isInitial);
    return failure ?? { kind: 'ended', lastedMs: clock.monotonicMs() - startMs, events: this.#events };
  }

  /** Until the end of the stream, or the first ERROR event. */
  async #consume(events: AsyncIterable<WatchEvent<T>>, isInitial: boolean): Promise<ReflectorOutcome | undefined> {
    const breather = new Breather(this.#options.clock);
    const cancelWarning = isInitial ? this.#warnWhenSlow() : undefined;
    // Collects the initial state; let go of afterwards, because the stream lives on for minutes.
    let initial = isInitial ? new Map<string, T>() : undefined;
    try {
      for await (const event of events) {
        this.#events += 1;
        this.#sign();
        if (event.type === 'ERROR') return errorOutcome(event.object);
        if (initial && isInitialEnd(event)) {
          cancelWarning?.();
          await this.#takeOver(initial, versionOf(event.object), breather);
          initial = undefined;
        } else this.#accept(event, initial);
        if (breather.isDue) await breather.breathe();
      }
    } finally {
      cancelWarning?.();
    }
    return undefined;
  }

  #accept(event: WatchEvent<T>, initial: Map<string, T> | undefined): void {
    const { target } = this.#options;
    if (event.type === 'BOOKMARK') {
      if (!initial) this.#version = versionOf(event.object);
      return;
    }
    if (event.type === 'ERROR') return;
    const object = target.select(event.object);
    if (!initial) {
      target.apply(event.type, object);
      this.#version = versionOf(event.object);
    } else if (event.type === 'DELETED') initial.delete(keyOf(object));
    else initial.set(keyOf(object), object);
  }

  async #takeOver(objects: ReadonlyMap<string, T>, version: string, breather: Breather): Promise<void> {
    await this.#options.target.replace(objects, breather);
    this.#version = version;
    this.#isComplete = true;
  }

  #warnWhenSlow(): () => void {
    const { clock, log } = this.#options;
    const again = (): (() => void) =>
      clock.after(SLOW_START_MS, () => {
        log.warn('still waiting for the initial state', { resource: this.#subject, events: this.#events });
        cancel = again();
      });
    let cancel = again();
    return () => cancel();
  }

  #sign(): void {
    this.#lastSignMs = this.#options.clock.monotonicMs();
  }
}

type ListPage<T> = { readonly items: readonly T[]; readonly resourceVersion: string; readonly continue?: string };

function isInitialEnd<T extends KubeObject>(event: WatchEvent<T>): boolean {
  if (event.type !== 'BOOKMARK') return false;
  const { annotations } = (event.object.metadata ?? {}) as { annotations?: Readonly<Record<string, string>> };
  return annotations?.[INITIAL_EVENTS_END] === 'true';
}

function errorOutcome(status: object): ReflectorOutcome {
  const { status: code, reason } = statusOfObject(500, status);
  return { kind: 'error-event', status: code, reason };
}

function versionOf(object: KubeObject): string {
  return object.metadata?.resourceVersion ?? '';
}
