import { describe, expect, test } from '@jest/globals';
import { collectionPath, describeTarget, listQuery, objectPath, queryOf, watchQuery } from './resource-path.ts';
import { leases, nodes, services } from './resource-type.ts';

describe('paths', () => {
  test.each([
    { path: collectionPath(nodes), is: '/api/v1/nodes' },
    { path: collectionPath(nodes, 'ignored'), is: '/api/v1/nodes' },
    { path: collectionPath(services), is: '/api/v1/services' },
    { path: collectionPath(services, 'shop'), is: '/api/v1/namespaces/shop/services' },
    {
      path: objectPath(services, { namespace: 'shop', name: 'web' }, 'status'),
      is: '/api/v1/namespaces/shop/services/web/status',
    },
    {
      path: objectPath(leases, { namespace: 'kube-system', name: 'ccm' }),
      is: '/apis/coordination.k8s.io/v1/namespaces/kube-system/leases/ccm',
    },
    { path: objectPath(nodes, { name: '../pods/x' }), is: '/api/v1/nodes/..%2Fpods%2Fx' },
  ])('$is', ({ path, is }) => {
    expect(path).toBe(is);
  });
});

describe('queries', () => {
  test('leave out what is not there and escape the rest', () => {
    expect(queryOf({})).toBe('');
    expect(queryOf({ a: 'x=y,z', b: undefined, c: 5, d: false })).toBe('?a=x%3Dy%2Cz&c=5&d=false');
    expect(listQuery({ limit: 500, namespace: 'shop' })).toBe('?limit=500');
  });

  test('initial events come with resourceVersionMatch, or the server answers 422', () => {
    expect(watchQuery({ sendInitialEvents: true, resourceVersion: '' })).toBe(
      '?watch=true&allowWatchBookmarks=true&resourceVersion=&sendInitialEvents=true&resourceVersionMatch=NotOlderThan',
    );
    expect(watchQuery({ resourceVersion: '7', timeoutSeconds: 300 })).not.toContain('Match');
  });
});

test.each([
  { said: describeTarget(nodes, { name: 'n' }), is: 'nodes n' },
  { said: describeTarget(services, { namespace: 'shop', name: 'web' }, 'status'), is: 'services/status shop/web' },
  { said: describeTarget(services, { namespace: 'shop' }), is: 'services in shop' },
  { said: describeTarget(nodes), is: 'nodes' },
])('messages say "$is"', ({ said, is }) => {
  expect(said).toBe(is);
});
