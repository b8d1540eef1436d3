// How clusterctl fails: one sentence with what failed, on which object, and what to do; nothing is retried by others.
import { KubeApiError, KubeTransportError } from '@longshore/k8s-runtime';
import { never, OperatorError } from '@longshore/reconciler-core';

/** A failure that ends the command. */
export function failure(code: string, message: string, cause?: unknown): OperatorError {
  return new OperatorError(code, message, never, cause === undefined ? undefined : { cause });
}

/** Several problems in one message, one per line. */
export function listed(head: string, problems: readonly string[]): string {
  return [head, ...problems.map((problem) => `  - ${problem}`)].join('\n');
}

/** What an error of the API server asks for: the same call again later, or to give up. */
export function isPassing(error: unknown): boolean {
  if (error instanceof KubeTransportError) return true;
  if (!(error instanceof KubeApiError)) return false;
  // 404: the kind or the namespace is not there yet. 429: "storage is (re)initializing" just after CRDs were made. 403: while the
  // namespace's first service account or a role is missing, or the namespace is being removed.
  if (error.status === 403) return /not found|being terminated/i.test(error.message);
  return error.status === 404 || error.status === 409 || error.status === 429 || error.status >= 500;
}
