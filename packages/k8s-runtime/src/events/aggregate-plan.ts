// What becomes of one event: written as it is, folded into a similar one, counted, or filtered as spam. The pipeline and its numbers are
// client-go's (tools/record), so that a cluster's events look as they always did. No I/O; queued-event-recorder.ts writes.
import { LruMap } from './lru-map.ts';

/** One occurrence, as a controller reported it. */
export interface EventFacts {
  readonly component: string;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
  readonly involvedObject: {
    readonly apiVersion: string;
    readonly kind: string;
    readonly name: string;
    readonly namespace: string;
    readonly uid: string;
    readonly resourceVersion: string;
  };
}

/** What to write: occurrences with one `key` are one Event object whose count grows. */
export interface CorrelatedEvent extends EventFacts {
  readonly key: string;
  readonly count: number;
  /** True when the object (by its type of event) has had too many: counted, not written. */
  readonly isSpam: boolean;
}

const CACHE_ENTRIES = 4_096;
const SIMILAR_MESSAGES = 10;
const SIMILAR_WITHIN_MS = 600_000;
const SPAM_BURST = 25;
const SPAM_REFILL_MS = 300_000;

interface Similar {
  readonly messages: ReadonlySet<string>;
  readonly atMs: number;
}

interface Budget {
  readonly tokens: number;
  readonly atMs: number;
}

/** Remembers the events of this process and decides about the next one. */
export class EventCorrelation {
  readonly #similar = new LruMap<string, Similar>(CACHE_ENTRIES);
  readonly #counts = new LruMap<string, number>(CACHE_ENTRIES);
  readonly #budgets = new LruMap<string, Budget>(CACHE_ENTRIES);

  /** Folds one occurrence in; `nowMs` is monotonic. */
  correlate(facts: EventFacts, nowMs: number): CorrelatedEvent {
    const aggregated = this.#aggregate(facts, nowMs);
    const count = (this.#counts.get(aggregated.key) ?? 0) + 1;
    this.#counts.set(aggregated.key, count);
    return { ...aggregated, count, isSpam: !this.#spend(spamKey(facts), nowMs) };
  }

  #aggregate(facts: EventFacts, nowMs: number): EventFacts & { readonly key: string } {
    const group = similarKey(facts);
    const before = this.#similar.get(group);
    const isRecent = before !== undefined && nowMs - before.atMs <= SIMILAR_WITHIN_MS;
    const messages = new Set(isRecent ? before.messages : []).add(facts.message);
    if (messages.size < SIMILAR_MESSAGES) {
      this.#similar.set(group, { messages, atMs: nowMs });
      return { ...facts, key: `${group}|${facts.message}` };
    }
    // The set stays one short of full, as in client-go: the next different message is folded again.
    messages.delete(facts.message);
    this.#similar.set(group, { messages, atMs: nowMs });
    return { ...facts, message: `(combined from similar events): ${facts.message}`, key: group };
  }

  #spend(key: string, nowMs: number): boolean {
    const { tokens, atMs } = this.#budgets.get(key) ?? { tokens: SPAM_BURST, atMs: nowMs };
    const refilled = Math.min(SPAM_BURST, tokens + (nowMs - atMs) / SPAM_REFILL_MS);
    const hasToken = refilled >= 1;
    this.#budgets.set(key, { tokens: hasToken ? refilled - 1 : refilled, atMs: nowMs });
    return hasToken;
  }
}

function spamKey({ component, type, involvedObject: object }: EventFacts): string {
  return [component, object.apiVersion, object.kind, object.namespace, object.name, object.uid, type].join('|');
}

function similarKey(facts: EventFacts): string {
  return `${spamKey(facts)}|${facts.reason}`;
}
