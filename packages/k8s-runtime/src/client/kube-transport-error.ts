// No usable answer came from the API server. Separate from KubeApiError, which is an answer.
import { backoff, OperatorError } from '@longshore/reconciler-core';

/** Why there was no usable answer. */
export type KubeTransportFailure =
  /** No connection, or it broke before the answer was complete. */
  | 'KUBE_API_UNREACHABLE'
  /** No answer, or none for too long. */
  | 'KUBE_API_TIMEOUT'
  /** Something that is not JSON, or a stream that ends in the middle of a line. */
  | 'KUBE_API_GARBLED';

/** A call that got no usable answer; whether a write was done is unknown. `cause` is Node's error with its errno `code`. */
export class KubeTransportError extends OperatorError {
  /** The errno or OpenSSL code of the cause, for example ECONNREFUSED; '' when there is none. */
  readonly causeCode: string;

  constructor(code: KubeTransportFailure, message: string, cause?: unknown) {
    super(code, message, backoff, cause === undefined ? undefined : { cause });
    this.name = 'KubeTransportError';
    this.causeCode = codeOf(cause);
  }
}

/** The `code` of a Node error; '' for anything else. */
export function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : '';
}
