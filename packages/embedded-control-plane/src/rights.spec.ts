import { expect, test } from '@jest/globals';
import type { AuditEvent } from './audit.ts';
import { compareRights, grantedRights } from './rights.ts';

const account = { namespace: 'kube-system', name: 'ccm' };
const subjects = [{ kind: 'ServiceAccount', ...account }];
const group = 'coordination.k8s.io';
const manifests = [
  { kind: 'Deployment', metadata: { name: 'ccm' } },
  {
    kind: 'ClusterRole',
    metadata: { name: 'all' },
    rules: [
      { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'delete'] },
      { apiGroups: [''], resources: ['nodes/status'], verbs: ['patch'] },
      { apiGroups: [''], resources: ['services'], verbs: ['create', 'patch'] },
      { nonResourceURLs: ['/metrics'], verbs: ['get'] },
    ],
  },
  {
    kind: 'Role',
    metadata: { name: 'own', namespace: 'kube-system' },
    rules: [{ apiGroups: [group], resources: ['leases'], resourceNames: ['a', 'b'], verbs: ['update'] }],
  },
  { kind: 'Role', metadata: { name: 'own', namespace: 'default' }, rules: [] },
  {
    kind: 'ClusterRole',
    metadata: { name: 'nobody' },
    rules: [{ apiGroups: [''], resources: ['secrets'], verbs: ['get'] }],
  },
  { kind: 'ClusterRoleBinding', metadata: { name: 'x' }, subjects, roleRef: { kind: 'ClusterRole', name: 'all' } },
  {
    kind: 'RoleBinding',
    metadata: { name: 'y', namespace: 'kube-system' },
    subjects,
    roleRef: { kind: 'Role', name: 'own' },
  },
];
const all = [
  'create services',
  'delete nodes',
  'get /metrics',
  'get nodes',
  'patch nodes/status',
  'patch services',
  `update ${group}/leases[a] in kube-system`,
  `update ${group}/leases[b] in kube-system`,
];

function call(verb: string, objectRef: AuditEvent['objectRef'], code = 200): AuditEvent {
  const user = { username: 'system:serviceaccount:kube-system:ccm' };
  return {
    stage: 'ResponseComplete',
    verb,
    requestURI: '/somewhere',
    user,
    ...(objectRef ? { objectRef } : {}),
    responseStatus: { code },
  };
}
const lease = (namespace: string): NonNullable<AuditEvent['objectRef']> => ({
  apiGroup: group,
  resource: 'leases',
  namespace,
  name: 'a',
});

test('grantedRights has the rules of the roles that are bound to the account, each verb for itself', () => {
  expect(grantedRights(manifests, account)).toEqual(all);
  expect(grantedRights(manifests, { ...account, namespace: 'default' })).toEqual([]);
});

test('a binding to a role that is not there is an error', () => {
  const alone = manifests.filter(({ metadata }) => metadata.name !== 'all');
  expect(() => grantedRights(alone, account)).toThrow('ClusterRole all, which x binds, is not in the manifests');
});

test.each([
  { what: 'nothing', event: undefined, uses: [] },
  { what: 'a verb', event: call('get', { resource: 'nodes', name: 'a' }), uses: ['get nodes'] },
  { what: 'another verb', event: call('list', { resource: 'nodes' }), uses: [] },
  { what: 'another group', event: call('get', { apiGroup: 'metrics.k8s.io', resource: 'nodes' }), uses: [] },
  {
    what: 'a subresource',
    event: call('patch', { resource: 'nodes', subresource: 'status' }),
    uses: ['patch nodes/status'],
  },
  { what: 'a patch', event: call('patch', { resource: 'services' }), uses: ['patch services'] },
  {
    what: 'what is applied and was not there',
    event: call('patch', { resource: 'services' }, 201),
    uses: ['create services', 'patch services'],
  },
  { what: 'another subresource', event: call('get', { resource: 'nodes', subresource: 'proxy' }), uses: [] },
  { what: 'a name', event: call('update', lease('kube-system')), uses: [`update ${group}/leases[a] in kube-system`] },
  { what: 'another namespace', event: call('update', lease('default')), uses: [] },
  {
    what: 'a page',
    event: { ...call('get', undefined), requestURI: '/metrics?debug=1' },
    uses: ['get /metrics'],
  },
  {
    what: 'another account',
    event: { ...call('get', { resource: 'nodes' }), user: { username: 'system:serviceaccount:default:ccm' } },
    uses: [],
  },
])('compareRights: $what uses $uses', ({ event, uses }) => {
  const { granted, idle, refused } = compareRights(manifests, account, event ? [event] : []);
  expect(granted).toEqual(all);
  expect(all.filter((right) => !idle.includes(right))).toEqual(uses);
  expect(refused).toEqual([]);
});

test('what was refused is told, and no use of a right', () => {
  const { idle, refused } = compareRights(manifests, account, [call('get', { resource: 'nodes' }, 403)]);
  expect(idle).toEqual(all);
  expect(refused).toEqual(['get /somewhere']);
});
