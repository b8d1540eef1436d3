import { describe, expect, test } from '@jest/globals';
import {
  attemptTag,
  clusterNameProblem,
  clusterTags,
  isOfCluster,
  parseServerTags,
  serverTags,
  userTagProblem,
} from './tags.ts';

const ATTEMPT = '0d6f7b52-6a0e-4a0a-9f0e-0123456789ab';
const owner = { cluster: { namespace: 'default', name: 'blue' }, role: 'master' } as const;

describe('tags of a device', () => {
  test('are those of the Go provider and the namespace, then those of the user, each once', () => {
    expect(serverTags(owner, ATTEMPT, ['team:a', 'kubernetes.io/role:master'])).toEqual([
      `cluster-api-provider-packet:machine-uid:${ATTEMPT}`,
      'cluster-api-provider-packet:cluster-id:blue',
      'cluster-api-provider-packet:namespace:default',
      'kubernetes.io/role:master',
      'team:a',
    ]);
  });

  test('are read back', () => {
    expect(parseServerTags(serverTags(owner, ATTEMPT, ['team:a']))).toEqual({
      attemptId: ATTEMPT,
      cluster: 'blue',
      namespace: 'default',
      role: 'master',
    });
  });

  test.each([
    { tags: [], says: {} },
    { tags: ['kubernetes.io/role:king', 'cluster-api-provider-packet:cluster-id:'], says: {} },
    { tags: ['capp:cluster-id:blue'], says: {} },
    { tags: ['cluster-api-provider-packet:cluster-id:blue'], says: { cluster: 'blue' } },
  ])('$tags say $says', ({ tags, says }) => {
    const nothing = { attemptId: undefined, cluster: undefined, namespace: undefined, role: undefined };
    expect(parseServerTags(tags)).toEqual({ ...nothing, ...says });
  });

  test('CA row C4 clusters of one name in two namespaces have different tags, and no device of the other', () => {
    const [one, other] = ['one', 'other'].map((namespace) => ({ namespace, name: 'blue' }));
    if (one === undefined || other === undefined) throw new Error('two clusters');
    expect(clusterTags(one)).not.toEqual(clusterTags(other));
    const device = { tags: serverTags({ cluster: one, role: 'node' }, ATTEMPT, []) };
    expect([isOfCluster(device, one), isOfCluster(device, other)]).toEqual([true, false]);
  });

  test('a device of the Go provider, without a namespace, is of the cluster of its name', () => {
    const device = { tags: [attemptTag(ATTEMPT), 'cluster-api-provider-packet:cluster-id:blue'] };
    expect(isOfCluster(device, owner.cluster)).toBe(true);
    expect(isOfCluster(device, { ...owner.cluster, name: 'red' })).toBe(false);
  });

  test.each([
    { length: 41, isFine: true },
    { length: 42, isFine: false },
  ])('CA row C12 a cluster name of $length characters: fine is $isFine, never cut off', ({ length, isFine }) => {
    const name = 'c'.repeat(length);
    const problem = clusterNameProblem({ namespace: 'default', name });
    expect(problem === undefined).toBe(isFine);
    if (!isFine) expect(problem).toContain(`has ${length} characters, of which at most 41 fit`);
    expect(Math.max(...clusterTags({ namespace: 'default', name }).map((tag) => tag.length)) <= 80).toBe(isFine);
  });

  test('a namespace that is too long is refused as well', () => {
    expect(clusterNameProblem({ namespace: 'n'.repeat(42), name: 'blue' })).toBeUndefined();
    expect(clusterNameProblem({ namespace: 'n'.repeat(43), name: 'blue' })).toContain('at most 42');
  });

  test('a tag of the user that is too long is named', () => {
    expect(userTagProblem(['a', 'b'.repeat(80)])).toBeUndefined();
    expect(userTagProblem(['b'.repeat(81)])).toContain('81 characters');
  });
});
