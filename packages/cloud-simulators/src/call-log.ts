// Remembers what was asked, for assertions. Counters are complete; of the records only the last ones are kept, so that a simulator
// can run for days.
import { routeName } from './exchange.ts';

/** One request that arrived. */
export interface CallRecord {
  readonly method: string;
  readonly path: string;
  readonly template: string;
  readonly query: Readonly<Record<string, string>>;
  readonly body: unknown;
  /** Monotonic time of the arrival. */
  readonly atMs: number;
  /** What was answered; `undefined` while under way, and when the connection was dropped or hangs. */
  readonly status: number | undefined;
  /** Kind of the fault that was used on it. */
  readonly fault: string | undefined;
}

const KEPT_RECORDS = 10_000;

/** Log of all calls, in order of arrival. */
export class CallLog implements Iterable<CallRecord> {
  #records: CallRecord[] = [];
  readonly #counts = new Map<string, number>();
  #total = 0;

  /** Calls so far. */
  get total(): number {
    return this.#total;
  }

  /** The last 10,000 calls. */
  get records(): readonly CallRecord[] {
    return this.#records;
  }

  [Symbol.iterator](): Iterator<CallRecord> {
    return this.#records[Symbol.iterator]();
  }

  /** Notes an arrival; the status is filled in with the returned function. */
  open(call: Omit<CallRecord, 'status'>): (status: number) => void {
    const record = { ...call, status: undefined as number | undefined };
    this.#records.push(record);
    if (this.#records.length > 2 * KEPT_RECORDS) this.#records = this.#records.slice(-KEPT_RECORDS);
    this.#total += 1;
    const route = routeName(call);
    this.#counts.set(route, (this.#counts.get(route) ?? 0) + 1);
    return (status) => {
      record.status = status;
    };
  }

  /** Number of calls by route: `{ 'GET /v2/droplets/{id}': 2 }`. */
  byRoute(): Readonly<Record<string, number>> {
    return Object.fromEntries([...this.#counts].sort(([a], [b]) => a.localeCompare(b)));
  }

  /** Calls of one route (`GET /v2/droplets/{id}`). */
  of(route: string): readonly CallRecord[] {
    return this.#records.filter((record) => routeName(record) === route);
  }

  /** Calls that are no GET. */
  writes(): readonly CallRecord[] {
    return this.#records.filter(({ method }) => method !== 'GET');
  }

  /** Forgets everything so far. */
  clear(): void {
    this.#records = [];
    this.#counts.clear();
    this.#total = 0;
  }
}
