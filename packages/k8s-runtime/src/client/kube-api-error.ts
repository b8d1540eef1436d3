// An answer of the API server that is not success, as an error with a disposition.
import { OperatorError } from '@longshore/reconciler-core';
import type { Disposition } from '@longshore/reconciler-core';

/** The API server's refusal: its HTTP status, machine-readable reason (`Conflict`, `Forbidden`, `Expired` …) and message. */
export class KubeApiError extends OperatorError {
  readonly status: number;
  readonly reason: string;

  constructor(answer: { status: number; reason: string; message: string }, disposition: Disposition) {
    super('KUBE_API_REFUSED', answer.message, disposition);
    this.name = 'KubeApiError';
    this.status = answer.status;
    this.reason = answer.reason;
  }
}

/** True for an optimistic-lock failure: read again, then repeat. */
export function isConflict(error: unknown): error is KubeApiError {
  return error instanceof KubeApiError && error.status === 409 && error.reason === 'Conflict';
}
