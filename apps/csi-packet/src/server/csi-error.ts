// A refusal with the code that the caller is to see. Thrown by the services; everything else that is thrown goes through status-of-error.ts.
import type { CodeName } from './codes.ts';

/** An answer that is no success. The message is for people: what failed, on which object, what to do. */
export class CsiError extends Error {
  readonly code: CodeName;

  constructor(code: CodeName, message: string, options?: { cause?: unknown }) {
    super(message, options);
    this.name = 'CsiError';
    this.code = code;
  }
}

/** 3: the request itself is wrong. */
export function invalidArgument(message: string): CsiError {
  return new CsiError('INVALID_ARGUMENT', message);
}

/** 5: what the request names is not there. */
export function notFound(message: string): CsiError {
  return new CsiError('NOT_FOUND', message);
}

/** 9: cannot be done as things are; the message says what has to change first. */
export function failedPrecondition(message: string): CsiError {
  return new CsiError('FAILED_PRECONDITION', message);
}

/** 10: not done yet. The caller repeats the call and joins what runs. */
export function aborted(message: string, cause?: unknown): CsiError {
  return new CsiError('ABORTED', message, cause === undefined ? undefined : { cause });
}
