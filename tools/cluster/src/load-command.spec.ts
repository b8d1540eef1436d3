import { expect, test } from '@jest/globals';
import { parseImageNames } from './images/parse-image-names.ts';
import { chooseCluster } from './load-command.ts';

test.each([
  { running: ['/a'], named: undefined, chosen: '/a' },
  { running: ['/a', '/b'], named: '/b', chosen: '/b' },
])('of $running, named $named: $chosen', ({ running, named, chosen }) => {
  expect(chooseCluster(running, named)).toBe(chosen);
});

test.each([
  { running: [], named: undefined, says: '0 clusters run: start one with npm run cluster -- up' },
  { running: ['/a', '/b'], named: undefined, says: '2 clusters run: add --cluster, one of /a, /b' },
  { running: ['/a'], named: '/c', says: 'no cluster runs in /c: add --cluster, one of /a' },
])('of $running, named $named: $says', ({ running, named, says }) => {
  expect(() => chooseCluster(running, named)).toThrow(says);
});

test('the names of imported images are read from what ctr prints', () => {
  const output =
    'unpacking docker.io/longshore/a:v1 (sha256:00)...done\nunpacking docker.io/longshore/b:v1 (sha256:01)...done\n';
  expect(parseImageNames(output)).toEqual(['docker.io/longshore/a:v1', 'docker.io/longshore/b:v1']);
  expect(parseImageNames('')).toEqual([]);
});
