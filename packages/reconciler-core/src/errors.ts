// Errors that say what a controller should do next. Boundaries (Kubernetes, each cloud) classify once; nobody else looks at status codes.

/** What the controller does with the key after a failure. */
export type Disposition =
  | { readonly retry: 'backoff' }
  | { readonly retry: 'after'; readonly ms: number }
  | { readonly retry: 'on-change' }
  | { readonly retry: 'never' };

/** Unknown errors are retried with growing pauses. */
export const backoff: Disposition = { retry: 'backoff' };
/** The user must edit the object: an event tells, then the key waits for the change. */
export const onChange: Disposition = { retry: 'on-change' };
/** This process cannot work: it ends with an exit code and is restarted from outside. */
export const never: Disposition = { retry: 'never' };
/** The other side said when: retried after exactly `ms`, the failure count stays as it is. */
export function retryAfter(ms: number): Disposition {
  return { retry: 'after', ms };
}

/** An error with a stable code (listed in docs/errors.md) and what to do about it. */
export class OperatorError extends Error {
  readonly code: string;
  readonly disposition: Disposition;

  constructor(code: string, message: string, disposition: Disposition, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'OperatorError';
    this.code = code;
    this.disposition = disposition;
  }
}

/** Error to disposition; each boundary has its own, `dispositionOf` is the one for errors that were classified already. */
export type Classify = (error: unknown) => Disposition;

/**
 * The disposition of the nearest OperatorError in the chain of causes; `backoff` when there is none. Of an AggregateError it is that
 * of the most demanding part: `never`, then `backoff`, then the longest `after`, and `on-change` only if nothing else is worth a retry.
 */
export function dispositionOf(error: unknown): Disposition {
  const found = findInCauses(error, isClassified);
  if (found instanceof AggregateError) return found.errors.map(dispositionOf).reduce(moreDemanding, onChange);
  return found?.disposition ?? backoff;
}

/** The first error in the chain of causes (the error itself included) that `matches`. Cycles end the search. */
export function findInCauses<T>(error: unknown, matches: (candidate: unknown) => candidate is T): T | undefined {
  const seen = new Set<unknown>();
  for (let current = error; current !== undefined && !seen.has(current); current = causeOf(current)) {
    if (matches(current)) return current;
    seen.add(current);
  }
  return undefined;
}

/** The message of anything thrown, with the messages of its causes and parts that it does not repeat already. */
export function messageOf(error: unknown): string {
  return describe(error, new Set());
}

function describe(error: unknown, seen: Set<unknown>): string {
  if (!(error instanceof Error)) return String(error);
  seen.add(error);
  // Node's own AggregateErrors (a host with several addresses, none of which answers) have an empty message.
  const inner = [causeOf(error), ...(error instanceof AggregateError ? (error.errors as unknown[]) : [])]
    .filter((part) => part !== undefined && !seen.has(part))
    .map((part) => describe(part, seen));
  const parts = [...new Set(inner)].filter((part) => part !== '' && !error.message.includes(part));
  if (parts.length === 0) return error.message || error.name;
  return error.message === '' ? parts.join('; ') : `${error.message}: ${parts.join('; ')}`;
}

function isClassified(candidate: unknown): candidate is OperatorError | AggregateError {
  return candidate instanceof OperatorError || (candidate instanceof AggregateError && candidate.errors.length > 0);
}

const DEMANDS: Readonly<Record<Disposition['retry'], number>> = { never: 3, backoff: 2, after: 1, 'on-change': 0 };

function moreDemanding(a: Disposition, b: Disposition): Disposition {
  if (a.retry === 'after' && b.retry === 'after') return a.ms >= b.ms ? a : b;
  return DEMANDS[b.retry] > DEMANDS[a.retry] ? b : a;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/** For the `default` of a switch over a closed union: a new member fails to compile here. Throws if reached at run time. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
