// Errors of the client, as the outcomes that reflector-plan.ts knows. Pure.
import { KubeApiError } from '../client/kube-api-error.ts';
import { KubeTransportError } from '../client/kube-transport-error.ts';
import type { ReflectorOutcome } from './reflector-plan.ts';

/**
 * `isOpen`: the header of a stream had come already. Unknown errors of an open stream mean that it makes no sense; before that (a token
 * that cannot be had, for example) that the server was not reached.
 */
export function outcomeOf(error: unknown, { isOpen }: { readonly isOpen: boolean }): ReflectorOutcome {
  if (error instanceof KubeApiError) {
    const { status, reason, disposition } = error;
    return {
      kind: 'refused',
      status,
      reason,
      retryAfterMs: disposition.retry === 'after' ? disposition.ms : undefined,
    };
  }
  if (error instanceof KubeTransportError) {
    if (error.code === 'KUBE_API_GARBLED') return { kind: 'garbled' };
    return { kind: isOpen ? 'broken' : 'unreachable' };
  }
  return { kind: isOpen ? 'garbled' : 'unreachable' };
}
