// The API client as everybody sees it: one generic path for each verb. `connect` (connect.ts) makes one;
// `dryRunClient` (dry-run-client.ts) wraps one. "Not found" is a value (`undefined`), other refusals are KubeApiError.
import type { KubeObject, ObjectKey, ResourceType } from './resource-type.ts';

/** What to read in a list or watch. */
export interface Selection {
  readonly namespace?: string;
  readonly labelSelector?: string;
  readonly fieldSelector?: string;
}

/** Parameters of one list call. */
export interface ListOptions extends Selection {
  readonly limit?: number;
  readonly continue?: string;
  readonly resourceVersion?: string;
  readonly resourceVersionMatch?: 'Exact' | 'NotOlderThan';
}

/** One page of a list; items carry apiVersion and kind. */
export interface KubeList<T> {
  readonly items: readonly T[];
  readonly resourceVersion: string;
  /** Token of the next page; absent on the last. */
  readonly continue?: string;
}

/** Parameters of one watch. */
export interface WatchOptions extends Selection {
  readonly resourceVersion?: string;
  readonly timeoutSeconds?: number;
  /** WatchList: stream the present state first, ended by a bookmark with `k8s.io/initial-events-end`. */
  readonly sendInitialEvents?: boolean;
  /** Ends the stream with a transport error when nothing (not even a bookmark) arrived for so long. */
  readonly inactivityMs?: number;
}

/** One line of a watch; `ERROR` carries a Status object. */
export interface WatchEvent<T> {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK' | 'ERROR';
  readonly object: T;
}

/** A change to an object. `merge` replaces lists, `strategic` merges by the built-in types' keys, `apply` owns fields. */
export type Patch =
  | { readonly kind: 'merge'; readonly body: object }
  | { readonly kind: 'strategic'; readonly body: object }
  | { readonly kind: 'json'; readonly body: readonly object[] }
  | { readonly kind: 'apply'; readonly body: object; readonly fieldManager: string; readonly force?: boolean };

/** Common to all calls. */
export interface CallOptions {
  readonly signal?: AbortSignal | undefined;
  /** For the whole call, 60 s if absent; watches have `inactivityMs` instead. */
  readonly timeoutMs?: number | undefined;
}

/** Options of writes. */
export interface WriteOptions extends CallOptions {
  readonly subresource?: 'status' | 'token';
  readonly fieldManager?: string;
  readonly dryRun?: boolean;
  /**
   * Nobody reads the answer: it is made small by the server and not parsed. `create` and `replace` then resolve with what was sent,
   * `patch` with an object that has name and namespace only (still `undefined` when the object does not exist).
   */
  readonly discardAnswer?: true;
}

/** A refused delete keeps the object: `uid` and `resourceVersion` must match what is stored. */
export interface RemoveOptions extends WriteOptions {
  readonly preconditions?: { readonly uid?: string; readonly resourceVersion?: string };
}

/** Typed access to the API server. All calls reject with KubeApiError (an answer) or a transport error with a `code`. */
export interface KubeClient {
  list<T extends KubeObject>(type: ResourceType<T>, options?: ListOptions & CallOptions): Promise<KubeList<T>>;
  /** Resolves when the answer's header is there; the iteration ends when the server ends the stream, throws when it breaks. */
  watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions & CallOptions,
  ): Promise<AsyncIterable<WatchEvent<T>>>;
  /** `resourceVersion: '0'` allows an answer from the server's cache. */
  get<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options?: CallOptions & { readonly resourceVersion?: string },
  ): Promise<T | undefined>;
  create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  replace<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T>;
  /** `undefined` when the object does not exist. */
  patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options?: WriteOptions,
  ): Promise<T | undefined>;
  /** `'gone'` when it did not exist, `'accepted'` otherwise (finalizers may keep it for a while). */
  remove<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options?: RemoveOptions,
  ): Promise<'accepted' | 'gone'>;
  /** Any other path, for example `/healthz`, `/version`, SelfSubjectAccessReview, TokenRequest. */
  raw(
    request: { readonly method: string; readonly path: string; readonly body?: unknown },
    options?: CallOptions,
  ): Promise<RawAnswer>;
  /** `https://host:port` of the API server, for messages. */
  readonly server: string;
  /** A client with its own user agent suffix (and, with `useServiceAccount`, its own identity); shares the transport. */
  named(suffix: string): KubeClient;
}

/** Answer of `raw`: never rejects for a status code. */
export interface RawAnswer {
  readonly status: number;
  readonly body: string;
}
