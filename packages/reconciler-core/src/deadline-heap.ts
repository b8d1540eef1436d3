// A binary heap of keys by time that also finds a key's own entry, so that a deadline can be moved forward in O(log n).
// Equal times come out in the order in which they went in.

/** A key and the (monotonic) time at which it is due. */
export interface Deadline<K> {
  readonly key: K;
  readonly atMs: number;
}

interface Entry<K> extends Deadline<K> {
  readonly order: number;
  position: number;
}

/** Keys ordered by their deadline, each key once. */
export class DeadlineHeap<K> {
  readonly #heap: Entry<K>[] = [];
  readonly #byKey = new Map<K, Entry<K>>();
  #inserted = 0;

  get size(): number {
    return this.#heap.length;
  }

  /** The entry that is due first. */
  first(): Deadline<K> | undefined {
    return this.#heap[0];
  }

  /** Adds the key, or moves it to an earlier time; a later time than the present one is ignored. */
  setEarliest(key: K, atMs: number): void {
    const present = this.#byKey.get(key);
    if (present && present.atMs <= atMs) return;
    const entry: Entry<K> = { key, atMs, order: this.#inserted++, position: present?.position ?? this.#heap.length };
    this.#byKey.set(key, entry);
    this.#heap[entry.position] = entry;
    this.#rise(entry);
  }

  /** Takes out the first entry. */
  shift(): Deadline<K> | undefined {
    const first = this.#heap[0];
    const last = this.#heap.pop();
    if (!first || !last) return undefined;
    this.#byKey.delete(first.key);
    if (last !== first) {
      this.#place(last, 0);
      this.#sink(last);
    }
    return first;
  }

  clear(): void {
    this.#heap.length = 0;
    this.#byKey.clear();
  }

  #rise(entry: Entry<K>): void {
    while (entry.position > 0) {
      const above = (entry.position - 1) >> 1;
      const parent = this.#heap[above];
      if (!parent || isBefore(parent, entry)) return;
      this.#place(parent, entry.position);
      this.#place(entry, above);
    }
  }

  #sink(entry: Entry<K>): void {
    for (;;) {
      const left = this.#heap[entry.position * 2 + 1];
      const right = this.#heap[entry.position * 2 + 2];
      const child = left && right && isBefore(right, left) ? right : left;
      if (!child || isBefore(entry, child)) return;
      const below = child.position;
      this.#place(child, entry.position);
      this.#place(entry, below);
    }
  }

  #place(entry: Entry<K>, position: number): void {
    entry.position = position;
    this.#heap[position] = entry;
  }
}

function isBefore<K>(a: Entry<K>, b: Entry<K>): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
