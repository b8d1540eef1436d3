// Errors of the client, as the outcomes that reflector-plan.ts knows. Pure.
import { KubeApiError } from '../client/kube-api-error.ts';
import { KubeTransportError } from '../client/kube-transport-error.ts';
import type { ReflectorOutcome } from './reflector-plan.ts';

/** `isOpen`: the header of a stream had come already. Anything unknown counts as a stream that makes no sense. */
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
  if (error instanceof KubeTransportError && error.code !== 'KUBE_API_GARBLED') {
    return { kind: isOpen ? 'broken' : 'unreachable' };
  }
  return { kind: 'garbled' };
}
