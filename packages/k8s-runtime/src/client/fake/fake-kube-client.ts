// An API server in memory, behind the KubeClient interface: for unit tests of controllers and of informers. Keeps state, records calls,
// fails on demand. What it leaves out: validation, admission, defaults, server-side apply (a merge here).
import { applyPatch } from '../apply-patch.ts';
import type {
  CallOptions,
  KubeClient,
  KubeList,
  ListOptions,
  Patch,
  RawAnswer,
  RemoveOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from '../kube-client.ts';
import { KubeTransportError } from '../kube-transport-error.ts';
import type { KubeObject, ObjectKey, ResourceType } from '../resource-type.ts';
import { keyOf } from '../resource-type.ts';
import { FakeStore, refuse } from './fake-store.ts';
import type { Stored } from './fake-store.ts';

/** The verbs of FakeKubeClient's calls. */
export type FakeVerb = 'list' | 'watch' | 'get' | 'create' | 'replace' | 'patch' | 'remove' | 'raw';

/** One call that was made. */
export interface FakeCall {
  readonly verb: FakeVerb;
  /** `nodes`; the path for raw calls. */
  readonly resource: string;
  /** `namespace/name` or `name`. */
  readonly key?: string;
  readonly subresource?: string;
  readonly body?: unknown;
  /** Of lists and watches. */
  readonly options?: ListOptions & WatchOptions;
}

/** A failure to come. */
export interface FakeFault {
  readonly verb?: FakeVerb;
  readonly resource?: string;
  readonly key?: string;
  readonly subresource?: string;
  /** 1 if absent. */
  readonly times?: number;
  /** A lost connection if absent. */
  readonly error?: Error;
  /** The work is done all the same; only the answer is lost. */
  readonly isDone?: boolean;
}

interface ArmedFault extends FakeFault {
  left: number;
}

/** The connection broke: nobody knows whether the call was done. */
export function lostAnswer(): KubeTransportError {
  const cause = Object.assign(new Error('socket hang up'), { code: 'ECONNRESET' });
  return new KubeTransportError('KUBE_API_UNREACHABLE', 'the connection to the fake API server broke', cause);
}

/** KubeClient with state. */
export class FakeKubeClient implements KubeClient {
  readonly server = 'https://fake.invalid:6443';
  /** All calls so far, also those that failed. */
  readonly calls: FakeCall[] = [];
  /** The suffixes given to `named`; all named clients are this one. */
  readonly names: string[] = [];
  /** Set to true: sendInitialEvents is answered with 422, as by older servers. */
  isStreamRefused = false;
  /** Answers to `raw`, by `METHOD /path`; `/healthz` is `ok`, access reviews allow, everything else is 404. */
  readonly answers = new Map<string, RawAnswer>();
  /** Decides access reviews. */
  isAllowed: (attributes: Readonly<Record<string, string>>) => boolean = () => true;
  readonly #store: FakeStore;
  readonly #faults: ArmedFault[] = [];

  constructor(options: { readonly now?: () => number } = {}) {
    this.#store = new FakeStore(options.now ?? Date.now);
  }

  /** Puts an object there without a call: as it is, or replacing all of the stored one. */
  put<T extends KubeObject>(type: ResourceType<T>, object: T): T {
    const { name = '', namespace } = object.metadata ?? {};
    const key = namespace === undefined ? { name } : { name, namespace };
    if (!this.#store.get(type, keyOf(object))) return this.#store.create(type, object) as unknown as T;
    const wanted = withoutVersion(object);
    return this.#store.update(type, key, () => wanted, { isWhole: true }) as unknown as T;
  }

  /** The stored object, without a call. */
  object<T extends KubeObject>(type: ResourceType<T>, key: string): T | undefined {
    return this.#store.get(type, key) as unknown as T | undefined;
  }

  /** All stored objects of a kind, by key, without a call. */
  objects<T extends KubeObject>(type: ResourceType<T>): readonly T[] {
    return this.#store.list(type, {}) as unknown as readonly T[];
  }

  /** Somebody else deletes the object; finalizers hold it. */
  delete(type: ResourceType<KubeObject>, key: ObjectKey): void {
    this.#store.remove(type, key, {});
  }

  /** Fails the next calls that match. */
  fail(fault: FakeFault): void {
    this.#faults.push({ ...fault, left: fault.times ?? 1 });
  }

  /** The calls of these verbs; of all writes if none is named. */
  callsOf(...verbs: readonly FakeVerb[]): readonly FakeCall[] {
    const wanted: readonly FakeVerb[] = verbs.length > 0 ? verbs : ['create', 'replace', 'patch', 'remove'];
    return this.calls.filter((call) => wanted.includes(call.verb));
  }

  /** Watches that are open now. */
  get openWatches(): number {
    return this.#store.watches;
  }

  endWatches(how: 'end' | 'break'): void {
    this.#store.endWatches(how);
  }

  sendBookmark(type: ResourceType<KubeObject>): void {
    this.#store.bookmark(type);
  }

  /** Versions seen so far are too old (410) from now on. */
  compact(): void {
    this.#store.compact();
  }

  named(suffix: string): KubeClient {
    this.names.push(suffix);
    return this;
  }

  async list<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions & CallOptions = {},
  ): Promise<KubeList<T>> {
    return this.#call({ verb: 'list', resource: type.plural, options: withoutSignal(options) }, options, () => {
      const all = this.#store.list(type, options) as unknown as readonly T[];
      const [version = this.#store.version, offset = '0'] = options.continue?.split(':') ?? [];
      const end = Number(offset) + (options.limit ?? all.length);
      const page = { items: all.slice(Number(offset), end), resourceVersion: version };
      return end < all.length ? { ...page, continue: `${version}:${end}` } : page;
    });
  }

  async watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions & CallOptions,
  ): Promise<AsyncIterable<WatchEvent<T>>> {
    return this.#call({ verb: 'watch', resource: type.plural, options: withoutSignal(options) }, options, () => {
      const isInitial = options.sendInitialEvents === true;
      if (isInitial && this.isStreamRefused) throw refuse(422, 'Invalid', 'sendInitialEvents: Forbidden');
      const watch = this.#store.watch(type, options, { version: options.resourceVersion ?? '', isInitial });
      return watch.read(options.signal, () => this.#store.forget(watch));
    });
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: CallOptions = {},
  ): Promise<T | undefined> {
    const call = { verb: 'get', resource: type.plural, key: keyOf({ metadata: key }) } as const;
    return this.#call(call, options, () => this.#store.get(type, call.key) as unknown as T | undefined);
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const call = { verb: 'create', ...target(type, object, options), body: object } as const;
    return this.#call(call, options, () => this.#store.create(type, object, options) as unknown as T);
  }

  async replace<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const call = { verb: 'replace', ...target(type, object, options), body: object } as const;
    return this.#call(call, options, () => {
      const key = object.metadata as ObjectKey;
      const updated = this.#store.update(type, key, () => object as unknown as Stored, options);
      if (!updated) throw refuse(404, 'NotFound', `${type.plural} "${key.name}" not found`);
      return updated as unknown as T;
    });
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T | undefined> {
    const call = { verb: 'patch', ...target(type, { metadata: key }, options), body: patch.body } as const;
    return this.#call(call, options, () => {
      // A version in the body is a condition; without one the patch applies to whatever is there.
      const changed = this.#store.update(type, key, (stored) => applyPatch(stored, patch), {
        ...options,
        isPatch: true,
      });
      return changed as unknown as T | undefined;
    });
  }

  async remove<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: RemoveOptions = {},
  ): Promise<'accepted' | 'gone'> {
    const body = options.preconditions && { preconditions: options.preconditions };
    const call = { verb: 'remove', ...target(type, { metadata: key }, options), body } as const;
    return this.#call(call, options, () => this.#store.remove(type, key, options));
  }

  async raw(
    request: { readonly method: string; readonly path: string; readonly body?: unknown },
    options: CallOptions = {},
  ): Promise<RawAnswer> {
    return this.#call({ verb: 'raw', resource: request.path, body: request.body }, options, () => {
      const prepared = this.answers.get(`${request.method} ${request.path}`);
      if (prepared) return prepared;
      if (request.path.endsWith('/selfsubjectaccessreviews')) return this.#review(request.body);
      return request.path === '/healthz' ? { status: 200, body: 'ok' } : { status: 404, body: '404 page not found' };
    });
  }

  #review(body: unknown): RawAnswer {
    const { spec } = body as { spec: { resourceAttributes?: Readonly<Record<string, string>> } };
    const status = { allowed: this.isAllowed(spec.resourceAttributes ?? {}) };
    return { status: 201, body: JSON.stringify({ kind: 'SelfSubjectAccessReview', spec, status }) };
  }

  async #call<R>(call: FakeCall, options: CallOptions, work: () => R): Promise<R> {
    options.signal?.throwIfAborted();
    this.calls.push(call);
    const fault = this.#faults.find((armed) => armed.left > 0 && isAbout(armed, call));
    // Answers come later than the call, as over a network.
    await Promise.resolve();
    if (fault) {
      fault.left -= 1;
      if (fault.isDone) work();
      throw fault.error ?? lostAnswer();
    }
    options.signal?.throwIfAborted();
    return work();
  }
}

function isAbout(fault: FakeFault, call: FakeCall): boolean {
  return (['verb', 'resource', 'key', 'subresource'] as const).every(
    (field) => fault[field] === undefined || fault[field] === call[field],
  );
}

function target(type: ResourceType<KubeObject>, object: KubeObject, options: WriteOptions): Omit<FakeCall, 'verb'> {
  const { subresource } = options;
  return { resource: type.plural, key: keyOf(object), ...(subresource ? { subresource } : {}) };
}

function withoutVersion(object: KubeObject): Stored {
  const { resourceVersion: _version, uid: _uid, ...metadata } = object.metadata ?? {};
  return { ...object, metadata } as unknown as Stored;
}

function withoutSignal<O extends CallOptions>(options: O): Omit<O, 'signal'> {
  const { signal: _signal, ...rest } = options;
  return rest;
}
