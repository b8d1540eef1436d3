// The rights of a part of the manager beside what its account did, as the API server's audit log has it. Pure.
import type { AuditEvent } from '@longshore/embedded-control-plane';
import type { Part } from '../../generate/component-names.ts';
import { clusterRules, leaseRules } from '../../generate/rights.ts';

/** `verb resource` of all its rules, as `patch machines/status`. */
export function grantedTo(part: Part): readonly string[] {
  const rules = [...clusterRules(part), ...leaseRules(part)];
  const all = rules.flatMap(({ verbs, resources }) =>
    resources.flatMap((resource) => verbs.map((verb) => `${verb} ${resource}`)),
  );
  return [...new Set(all)].sort();
}

/** What its account did, in the same words, and the calls that were refused. */
export function doneBy(
  part: Part,
  events: readonly AuditEvent[],
): { readonly used: readonly string[]; readonly refused: readonly string[] } {
  const account = `system:serviceaccount:${part.namespace}:${part.account}`;
  const calls = events.filter(({ user, objectRef }) => user.username === account && objectRef !== undefined);
  const used = calls.map(({ verb, objectRef }) =>
    [`${verb} ${objectRef?.resource}`, objectRef?.subresource].filter(Boolean).join('/'),
  );
  const refused = calls.filter(({ responseStatus }) => responseStatus?.code === 403);
  return {
    used: [...new Set(used)].sort(),
    refused: refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`),
  };
}
