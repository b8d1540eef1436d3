// Remembers what was said about which object, so that a message that repeats with every retry reaches people once.

// More different messages than this about one object are noise anyway: the memory starts over.
const MOST_MESSAGES = 20;

/** Messages by object. */
export class SaidBefore {
  readonly #said = new Map<string, Set<string>>();

  /** True for the first time that `message` is said about `key`. */
  isNew(key: string, message: string): boolean {
    let messages = this.#said.get(key);
    if (!messages || messages.size >= MOST_MESSAGES) this.#said.set(key, (messages = new Set()));
    if (messages.has(message)) return false;
    messages.add(message);
    return true;
  }

  /** The object is fine again, or gone. */
  forget(key: string): void {
    this.#said.delete(key);
  }
}
