import { describe, expect, test } from '@jest/globals';
import { parseControllers } from './wiring-controllers.ts';

const all = [
  'cloud-node-controller',
  'cloud-node-lifecycle-controller',
  'service-lb-controller',
  'node-route-controller',
];
const chosenBy = (...list: readonly string[]): readonly string[] => {
  const parsed = parseControllers(list);
  return 'chosen' in parsed ? [...parsed.chosen] : [parsed.problem];
};

describe('parseControllers', () => {
  test.each([
    { list: ['*'], chosen: all },
    { list: ['*', '-route'], chosen: all.slice(0, 3) },
    { list: ['-node-route-controller', '*'], chosen: all.slice(0, 3) },
    { list: ['service'], chosen: ['service-lb-controller'] },
    { list: ['service-lb-controller', 'cloud-node'], chosen: ['cloud-node-controller', 'service-lb-controller'] },
    { list: ['service', '-service'], chosen: ['service-lb-controller'] },
    { list: ['-service', 'service', '*'], chosen: all.filter((name) => name !== 'service-lb-controller') },
    { list: [], chosen: [] },
  ])('$list', ({ list, chosen }) => {
    expect(chosenBy(...list)).toEqual(chosen);
  });

  test('row P6 -route,service runs the service controller only', () => {
    expect(chosenBy('-route', 'service')).toEqual(['service-lb-controller']);
  });

  test('row P6 unknown names are listed, with those that exist', () => {
    expect(chosenBy('*', 'servise', '-nodeipam')[0]).toBe(
      'names "servise", "-nodeipam", which are not known. All controllers: cloud-node-controller (cloud-node), ' +
        'cloud-node-lifecycle-controller (cloud-node-lifecycle), service-lb-controller (service), node-route-controller (route)',
    );
  });
});
