// What an account may do by its manifests beside what it did by the audit log, in the same words. Pure; called by the specs that prove that
// a program has the rights that it uses and no others. What is surprising: a wildcard is no right that anybody uses, so it stays idle.
import type { AuditEvent } from './audit.ts';

/** A service account. */
export interface Account {
  readonly namespace: string;
  readonly name: string;
}

/** `idle`: granted and not used; `refused`: calls that were answered 403. Both are empty when the rights are exactly what is used. */
export interface RightsReport {
  readonly granted: readonly string[];
  readonly idle: readonly string[];
  readonly refused: readonly string[];
}

interface Rule {
  readonly apiGroups?: readonly string[];
  readonly resources?: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly nonResourceURLs?: readonly string[];
  readonly verbs: readonly string[];
}

interface RbacObject {
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly namespace?: string };
  readonly rules?: readonly Rule[];
  readonly roleRef?: { readonly kind: string; readonly name: string };
  readonly subjects?: readonly { readonly kind: string; readonly name: string; readonly namespace?: string }[];
}

/** One verb on one thing; without a name any, without a namespace everywhere. */
interface Grant {
  readonly verb: string;
  /** `nodes/status`, `coordination.k8s.io/leases`, or the path of a page. */
  readonly on: string;
  readonly name?: string | undefined;
  readonly namespace?: string | undefined;
}

/** The user name of an account in audit events. */
export function userOf({ namespace, name }: Account): string {
  return `system:serviceaccount:${namespace}:${name}`;
}

/** What the roles of `manifests` (parsed documents, of any kinds) grant to the account, as `get coordination.k8s.io/leases[a] in kube-system`. */
export function grantedRights(manifests: readonly object[], account: Account): readonly string[] {
  return inOrder(grantsTo(manifests, account).map(inWords));
}

/** Compares the grants with the calls of the account. Leave events out to look at a part, such as one program of several. */
export function compareRights(
  manifests: readonly object[],
  account: Account,
  events: readonly AuditEvent[],
): RightsReport {
  const own = events.filter(({ user }) => user.username === userOf(account));
  const refused = own.filter(({ responseStatus }) => responseStatus?.code === 403);
  const grants = grantsTo(manifests, account);
  const idle = grants.filter((grant) => !own.some((event) => isUseOf(grant, event)));
  return {
    granted: inOrder(grants.map(inWords)),
    idle: inOrder(idle.map(inWords)),
    refused: inOrder(refused.map(({ verb, requestURI }) => `${verb} ${requestURI}`)),
  };
}

function grantsTo(manifests: readonly object[], account: Account): readonly Grant[] {
  const objects = manifests as readonly RbacObject[];
  return objects
    .filter(({ subjects = [] }) => subjects.some((subject) => isSubject(subject, account)))
    .flatMap((binding) => {
      const namespace = binding.kind === 'RoleBinding' ? binding.metadata.namespace : undefined;
      return (roleOf(binding, objects).rules ?? []).flatMap((rule) => grantsOf(rule, namespace));
    });
}

function isSubject(subject: NonNullable<RbacObject['subjects']>[number], account: Account): boolean {
  return subject.kind === 'ServiceAccount' && subject.name === account.name && subject.namespace === account.namespace;
}

function roleOf({ roleRef, metadata }: RbacObject, objects: readonly RbacObject[]): RbacObject {
  const isIt = (one: RbacObject): boolean =>
    one.kind === roleRef?.kind &&
    one.metadata.name === roleRef.name &&
    (one.kind === 'ClusterRole' || one.metadata.namespace === metadata.namespace);
  const found = objects.find(isIt);
  if (!found)
    throw new Error(`${roleRef?.kind} ${roleRef?.name}, which ${metadata.name} binds, is not in the manifests`);
  return found;
}

function grantsOf(rule: Rule, namespace: string | undefined): readonly Grant[] {
  const { apiGroups = [], resources = [], resourceNames, nonResourceURLs = [], verbs } = rule;
  const paths = apiGroups.flatMap((group) => resources.map((resource) => pathOf(group, resource)));
  const names = resourceNames ?? [undefined];
  const onObjects = paths.flatMap((on) => names.map((name) => ({ on, name, namespace })));
  return verbs.flatMap((verb) =>
    [...onObjects, ...nonResourceURLs.map((on) => ({ on }))].map((to) => ({ verb, ...to })),
  );
}

function isUseOf(grant: Grant, event: AuditEvent): boolean {
  const { objectRef } = event;
  return (
    event.responseStatus?.code !== 403 &&
    neededVerbs(event).includes(grant.verb) &&
    calledPath(event) === grant.on &&
    (grant.name === undefined || grant.name === objectRef?.name) &&
    (grant.namespace === undefined || grant.namespace === objectRef?.namespace)
  );
}

// What is applied, or put, and was not there is made: the API server asks for the right to create as well.
function neededVerbs({ verb, responseStatus }: AuditEvent): readonly string[] {
  return responseStatus?.code === 201 && ['patch', 'update'].includes(verb) ? [verb, 'create'] : [verb];
}

function calledPath({ objectRef, requestURI }: AuditEvent): string {
  if (!objectRef) return requestURI.replace(/\?.*$/, '');
  const { apiGroup = '', resource = '', subresource } = objectRef;
  return pathOf(apiGroup, subresource === undefined ? resource : `${resource}/${subresource}`);
}

function pathOf(group: string, resource: string): string {
  return group === '' ? resource : `${group}/${resource}`;
}

function inWords({ verb, on, name, namespace }: Grant): string {
  return `${verb} ${on}${name === undefined ? '' : `[${name}]`}${namespace === undefined ? '' : ` in ${namespace}`}`;
}

function inOrder(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)].toSorted();
}
