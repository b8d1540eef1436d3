// The same question asked twice at once is answered once.

/** Joins callers that ask for the same key while the work is running. Nothing is kept afterwards. */
export class SingleFlight<K, V> {
  readonly #running = new Map<K, Promise<V>>();

  /** The result of the running work of `key`, or of `work` if there is none. */
  run(key: K, work: () => Promise<V>): Promise<V> {
    const running = this.#running.get(key);
    if (running) return running;
    const started = new Promise<V>((resolve) => resolve(work())).finally(() => this.#running.delete(key));
    this.#running.set(key, started);
    return started;
  }
}
