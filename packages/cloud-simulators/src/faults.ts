// What goes wrong on purpose: a list of faults, each used a number of times on the calls that it matches. Pure but for the counters.
import type { SimAnswer, SimRequest } from './exchange.ts';

/**
 * What a fault does.
 * - `answer`: this answer instead of the real one; the work is not done
 * - `html`: an error page of something in between; the work is not done
 * - `empty-body`: an answer without a body; the work is done when the status is a success
 * - `truncated`: the real answer, but its body ends in the middle; the work is done
 * - `drop-before`: the connection breaks, the work is not done
 * - `drop-after`: the work is done, then the connection breaks
 * - `hang`: nothing ever comes back, the work is not done
 * - `stale`: the real answer of before the last change
 * - `delay`: the real answer, late
 */
export type FaultKind =
  'answer' | 'html' | 'empty-body' | 'truncated' | 'drop-before' | 'drop-after' | 'hang' | 'stale' | 'delay';

/** A fault. */
export interface Fault {
  /** Which calls; an absent field matches all. A text path is a whole path or a route template. */
  readonly match?: { readonly method?: string; readonly path?: RegExp | string };
  /** Default: `answer` when there is a status or a body, else `delay`. */
  readonly kind?: FaultKind;
  readonly status?: number;
  /** JSON of the answer. Default: the cloud's own error body for the status. */
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  /** How often; default once. `Infinity` until removed. */
  readonly times?: number;
  /** The answer comes this long after the request arrived, instead of the usual latency. */
  readonly delayMs?: number;
}

/** A fault in place. */
export interface FaultHandle {
  /** How often it was used. */
  readonly used: number;
  remove(): void;
}

/** What to do with one request. */
export interface FaultEffect {
  /** `undefined`: no fault at all. */
  readonly kind: FaultKind | undefined;
  readonly isWorkDone: boolean;
  /** Replaces the real answer. `undefined` inside: the cloud's own error body for this status. */
  readonly answer?: SimAnswer | { readonly ownError: number; readonly headers?: Readonly<Record<string, string>> };
  readonly end: 'reply' | 'drop' | 'hang';
  readonly isStale: boolean;
  /** Only the first half of the body is sent. */
  readonly isCut: boolean;
  readonly delayMs: number | undefined;
}

const ERROR_PAGE = (status: number): string =>
  `<html>\n<head><title>${status}</title></head>\n<body><center><h1>${status}</h1></center></body>\n</html>\n`;

/** The faults of one simulator. */
export class Faults {
  readonly #active = new Set<{ readonly fault: Fault; left: number; used: number }>();

  /** Puts a fault in place; earlier ones go first. */
  add(fault: Fault): FaultHandle {
    const entry = { fault, left: fault.times ?? 1, used: 0 };
    this.#active.add(entry);
    return {
      get used() {
        return entry.used;
      },
      remove: () => void this.#active.delete(entry),
    };
  }

  /** Removes all. */
  clear(): void {
    this.#active.clear();
  }

  /** The effect of the first fault that matches, which is thereby used once. */
  take(request: Pick<SimRequest, 'method' | 'path' | 'template'>): FaultEffect | undefined {
    for (const entry of this.#active) {
      if (!matches(entry.fault, request)) continue;
      entry.used += 1;
      entry.left -= 1;
      if (entry.left <= 0) this.#active.delete(entry);
      return effectOf(entry.fault);
    }
    return undefined;
  }
}

/** What a fault does, in single decisions. */
export function effectOf(fault: Fault): FaultEffect {
  const kind = fault.kind ?? (fault.status !== undefined || fault.body !== undefined ? 'answer' : 'delay');
  const { delayMs } = fault;
  return { kind, isWorkDone: false, end: 'reply', isStale: false, isCut: false, delayMs, ...EFFECTS[kind](fault) };
}

const EFFECTS: Readonly<Record<FaultKind, (fault: Fault) => Partial<FaultEffect>>> = {
  answer: ({ status = 500, body, headers = {} }) => ({
    answer: body === undefined ? { ownError: status, headers } : { status, body, headers },
  }),
  html: ({ status = 502, headers }) => ({
    answer: { status, text: ERROR_PAGE(status), headers: { 'content-type': 'text/html', ...headers } },
  }),
  'empty-body': ({ status = 502, headers = {} }) => ({
    isWorkDone: status < 300,
    answer: { status, text: '', headers },
  }),
  truncated: () => ({ isWorkDone: true, isCut: true }),
  'drop-before': () => ({ end: 'drop' }),
  'drop-after': () => ({ end: 'drop', isWorkDone: true }),
  hang: () => ({ end: 'hang' }),
  stale: () => ({ isWorkDone: true, isStale: true }),
  delay: () => ({ isWorkDone: true }),
};

function matches({ match = {} }: Fault, request: Pick<SimRequest, 'method' | 'path' | 'template'>): boolean {
  if (match.method !== undefined && match.method.toUpperCase() !== request.method) return false;
  if (match.path === undefined) return true;
  if (typeof match.path === 'string') return match.path === request.path || match.path === request.template;
  return match.path.test(request.path);
}
