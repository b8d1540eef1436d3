// Where changes come from: an informer, or a test's list. Consumers see objects, never watch events.

/** One change of one object, in order per key. Objects are shared and read-only. */
export type Change<T> =
  | { readonly kind: 'added'; readonly object: T }
  | { readonly kind: 'updated'; readonly before: T; readonly object: T }
  | { readonly kind: 'deleted'; readonly object: T };

/** Stops a subscription. */
export type Unsubscribe = () => void;

/** A stream of changes. A late subscriber first gets `added` for everything that is there. Listeners are isolated from each other. */
export interface Source<T> {
  subscribe(listener: (change: Change<T>) => void): Unsubscribe;
  /** Resolves when the first complete list was handed to the listeners; rejects with `signal.reason`. */
  synced(signal: AbortSignal): Promise<void>;
}

/** Something with a life: runs until the signal aborts, then winds down and resolves. A rejection ends the process. */
export interface Runnable {
  readonly name: string;
  run(signal: AbortSignal): Promise<void>;
}
