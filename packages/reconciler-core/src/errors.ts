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

/** The disposition of the nearest OperatorError in the chain of causes; `backoff` when there is none. */
export function dispositionOf(error: unknown): Disposition {
  return findInCauses(error, isOperatorError)?.disposition ?? backoff;
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

/** The message of anything thrown, with the messages of its causes that it does not repeat already. */
export function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = causeOf(error);
  if (cause === undefined) return error.message;
  const inner = messageOf(cause);
  return error.message.includes(inner) ? error.message : `${error.message}: ${inner}`;
}

function isOperatorError(candidate: unknown): candidate is OperatorError {
  return candidate instanceof OperatorError;
}

function causeOf(error: unknown): unknown {
  return error instanceof Error ? error.cause : undefined;
}

/** For the `default` of a switch over a closed union: a new member fails to compile here. Throws if reached at run time. */
export function assertNever(value: never): never {
  throw new Error(`unexpected value: ${JSON.stringify(value)}`);
}
