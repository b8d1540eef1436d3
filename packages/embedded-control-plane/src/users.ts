// Users that authenticate with a fixed bearer token: the administrator, the control plane's own parts, and those that a test
// adds. The API server reads them from one CSV file at its start.
import { randomBytes } from 'node:crypto';
import { OperatorError, never } from '@longshore/reconciler-core';

/** A user that a caller wants; the token is made up when it is not given. */
export interface StaticUser {
  readonly name: string;
  readonly groups?: readonly string[];
  readonly token?: string;
}

/** A user as the token file names it. */
export interface TokenUser {
  readonly name: string;
  readonly groups: readonly string[];
  readonly token: string;
}

/** Member of system:masters: allowed everything. */
export const ADMIN_USER = 'longshore-admin';
/** Identities that the RBAC bootstrap roles of Kubernetes expect. */
export const CONTROLLER_MANAGER_USER = 'system:kube-controller-manager';
export const SCHEDULER_USER = 'system:kube-scheduler';

/** A token that nobody can guess. */
export function newToken(): string {
  return randomBytes(24).toString('hex');
}

/** All users of a control plane, each once. Throws when a caller's user is unusable. */
export function tokenUsers(extra: readonly StaticUser[], makeToken: () => string = newToken): readonly TokenUser[] {
  const own: StaticUser[] = [
    { name: ADMIN_USER, groups: ['system:masters'] },
    { name: CONTROLLER_MANAGER_USER },
    { name: SCHEDULER_USER },
  ];
  const users = [...own, ...extra].map(({ name, groups = [], token = makeToken() }) => ({ name, groups, token }));
  for (const [index, user] of users.entries()) {
    const problem = problemOf(user, users.slice(0, index));
    if (problem) throw new OperatorError('CONTROL_PLANE_INVALID_USER', `user "${user.name}": ${problem}`, never);
  }
  return users;
}

/** The token file: `token,user,uid,"group,group"`. */
export function tokenFileText(users: readonly TokenUser[]): string {
  return users
    .map(({ token, name, groups }) => `${[token, name, name, groups.join(',')].map(csvField).join(',')}\n`)
    .join('');
}

function problemOf(user: TokenUser, earlier: readonly TokenUser[]): string | undefined {
  if (user.name === '' || user.token === '') return 'name and token must not be empty';
  if (/\s/.test(user.token)) return 'a token must not contain white space';
  if (user.groups.some((group) => group === '' || group.includes(',')))
    return 'a group must not be empty or contain a comma';
  if (earlier.some(({ name }) => name === user.name)) return 'the name is already used';
  if (earlier.some(({ token }) => token === user.token)) return 'the token is already used';
  return undefined;
}

function csvField(text: string): string {
  return `"${text.replaceAll('"', '""')}"`;
}
