import { describe, expect, test } from '@jest/globals';
import { newToken, tokenFileText, tokenUsers } from './users.ts';

describe('tokenUsers', () => {
  test("the control plane's own users come first, then the caller's, each with a token", () => {
    let count = 0;
    const users = tokenUsers(
      [
        { name: 'ann', groups: ['g'] },
        { name: 'bob', token: 'b' },
      ],
      () => `t${count++}`,
    );
    expect(users).toEqual([
      { name: 'longshore-admin', groups: ['system:masters'], token: 't0' },
      { name: 'system:kube-controller-manager', groups: [], token: 't1' },
      { name: 'system:kube-scheduler', groups: [], token: 't2' },
      { name: 'ann', groups: ['g'], token: 't3' },
      { name: 'bob', groups: [], token: 'b' },
    ]);
  });

  test.each([
    { users: [{ name: '' }], says: 'name and token must not be empty' },
    { users: [{ name: 'a', token: '' }], says: 'name and token must not be empty' },
    { users: [{ name: 'a', token: 'x y' }], says: 'white space' },
    { users: [{ name: 'a', groups: ['x,y'] }], says: 'comma' },
    { users: [{ name: 'a' }, { name: 'a' }], says: 'the name is already used' },
    {
      users: [
        { name: 'a', token: 't' },
        { name: 'b', token: 't' },
      ],
      says: 'the token is already used',
    },
    { users: [{ name: 'longshore-admin' }], says: 'the name is already used' },
  ])('$users is refused: $says', ({ users, says }) => {
    expect(() => tokenUsers(users)).toThrow(says);
  });

  test('tokens differ', () => {
    expect(newToken()).not.toBe(newToken());
  });
});

test('tokenFileText quotes every field', () => {
  const text = tokenFileText([{ name: 'a "b", c', groups: ['x', 'y'], token: 't' }]);
  expect(text).toBe('"t","a ""b"", c","a ""b"", c","x,y"\n');
});
