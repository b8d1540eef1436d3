// Asks the API server at start which of the rights that the program needs are missing, so that a forgotten verb is one clear line instead
// of a controller that silently does nothing.
import { messageOf, parallelUntil } from '@longshore/reconciler-core';
import type { KubeClient } from './kube-client.ts';

/** One right that the program needs. */
export interface NeededRight {
  /** '' for the core group. */
  readonly group: string;
  readonly resource: string;
  readonly subresource?: string | undefined;
  readonly verb: string;
  /** Absent: in all namespaces, or cluster-scoped. */
  readonly namespace?: string | undefined;
  readonly name?: string | undefined;
  /** What does not work without it: `removing nodes whose server is gone`. */
  readonly neededFor: string;
}

/** A right that is not there, or could not be asked for. */
export interface MissingRight {
  readonly right: NeededRight;
  /** `missing`: the server said no. `unknown`: it could not be asked; nothing follows from that. */
  readonly finding: 'missing' | 'unknown';
  /** One line for the log. */
  readonly message: string;
}

const PATH = '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews';
const AT_ONCE = 8;

/** The rights that are missing or unknown, in the order given; empty when all is well. Rejects only when the signal aborts. */
export async function findMissingRights(
  client: KubeClient,
  needed: readonly NeededRight[],
  signal: AbortSignal,
): Promise<readonly MissingRight[]> {
  const findings: (MissingRight | undefined)[] = needed.map(() => undefined);
  await parallelUntil(
    needed,
    AT_ONCE,
    async (right, index) => {
      findings[index] = await review(client, right, signal);
    },
    signal,
  );
  return findings.filter((finding) => finding !== undefined);
}

async function review(client: KubeClient, right: NeededRight, signal: AbortSignal): Promise<MissingRight | undefined> {
  const { group, resource, subresource, verb, namespace, name } = right;
  const resourceAttributes = { group, resource, subresource, verb, namespace, name };
  const body = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec: { resourceAttributes } };
  try {
    const answer = await client.raw({ method: 'POST', path: PATH, body }, { signal });
    return toFinding(right, answer);
  } catch (error) {
    signal.throwIfAborted();
    return unknownRight(right, messageOf(error));
  }
}

/** Reads the answer to a SelfSubjectAccessReview. */
export function toFinding(
  right: NeededRight,
  answer: { readonly status: number; readonly body: string },
): MissingRight | undefined {
  if (answer.status !== 201 && answer.status !== 200)
    return unknownRight(right, `the API server answered ${answer.status}`);
  const { status } = JSON.parse(answer.body) as { status?: { allowed?: unknown; evaluationError?: unknown } };
  if (status?.allowed === true) return undefined;
  if (status?.allowed !== false) return unknownRight(right, 'the answer says neither yes nor no');
  return { right, finding: 'missing', message: missingMessage(right) };
}

function missingMessage(right: NeededRight): string {
  const kind = right.namespace === undefined ? 'ClusterRole' : `Role in ${right.namespace}`;
  const names = right.name === undefined ? '' : `, resourceNames ["${right.name}"]`;
  const rule = `apiGroups ["${right.group}"], resources ["${pathOf(right)}"]${names}, verbs ["${right.verb}"]`;
  return `may not ${describe(right)}: needed for ${right.neededFor}; add to the ${kind}: ${rule}`;
}

function unknownRight(right: NeededRight, why: string): MissingRight {
  return { right, finding: 'unknown', message: `cannot find out whether we may ${describe(right)}: ${why}` };
}

function describe(right: NeededRight): string {
  const place = right.namespace === undefined ? '' : ` in ${right.namespace}`;
  return `${right.verb} ${pathOf(right)}${right.name === undefined ? '' : ` ${right.name}`}${place}`;
}

function pathOf({ resource, subresource }: NeededRight): string {
  return subresource === undefined ? resource : `${resource}/${subresource}`;
}
