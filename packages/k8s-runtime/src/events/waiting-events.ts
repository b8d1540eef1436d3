// The events that wait to be written, each key once, in the order of their first occurrence; warnings go before all others.

/** What may wait: anything that carries an event with its type. */
export interface WaitingItem {
  readonly event: { readonly key: string; readonly type: 'Normal' | 'Warning' };
}

/** A queue with two lanes. */
export class WaitingEvents<T extends WaitingItem> {
  readonly #lanes = { Normal: new Map<string, T>(), Warning: new Map<string, T>() };

  get size(): number {
    return this.#lanes.Normal.size + this.#lanes.Warning.size;
  }

  has({ key, type }: WaitingItem['event']): boolean {
    return this.#lanes[type].has(key);
  }

  /** A later occurrence takes the place of the one that waits. */
  put(item: T): void {
    this.#lanes[item.event.type].set(item.event.key, item);
  }

  /** Whether anything is there for `take`. */
  hasNext(isHeld: boolean): boolean {
    return this.#lanes.Warning.size > 0 || (!isHeld && this.#lanes.Normal.size > 0);
  }

  /** Removes and returns the next; `isHeld`: a warning or nothing. */
  take(isHeld: boolean): T | undefined {
    return first(this.#lanes.Warning) ?? (isHeld ? undefined : first(this.#lanes.Normal));
  }
}

function first<T>(lane: Map<string, T>): T | undefined {
  const [entry] = lane;
  if (!entry) return undefined;
  lane.delete(entry[0]);
  return entry[1];
}
