// Strays are named once each, however often they are seen.
import { describe, expect, test } from '@jest/globals';
import type { DeviceId } from '@longshore/packet-api';
import type { Condition } from '../api/objects.ts';
import { ownedState, strayWarnings } from './stray-plan.ts';
import type { StrayDevice } from './stray-plan.ts';

const stray = (id: string, hostname = `host-${id}`): StrayDevice => ({ id: id as DeviceId, hostname });
const shown = (...strays: readonly StrayDevice[]): Condition => ({
  type: 'ServersOwned',
  lastTransitionTime: '2026-11-21T00:00:00Z',
  ...ownedState(strays),
});

describe('strays of a cluster', () => {
  test('are named in the condition, in an order that does not change', () => {
    expect(ownedState([stray('b'), stray('a', '')])).toEqual(ownedState([stray('a', ''), stray('b')]));
    expect(ownedState([stray('b'), stray('a', '')])).toMatchObject({
      status: 'False',
      message: expect.stringContaining('a, b (host-b)'),
    });
    expect(ownedState([])).toMatchObject({ status: 'True' });
  });

  test.each([
    { when: 'nothing was said', before: undefined, strays: ['dev-a', 'dev-b'], warned: ['dev-a', 'dev-b'] },
    { when: 'all was well', before: shown(), strays: ['dev-a'], warned: ['dev-a'] },
    { when: 'it was said', before: shown(stray('dev-a')), strays: ['dev-a'], warned: [] },
    { when: 'one is new', before: shown(stray('dev-a')), strays: ['dev-a', 'dev-b'], warned: ['dev-b'] },
    { when: 'one is gone', before: shown(stray('dev-a'), stray('dev-b')), strays: ['dev-b'], warned: [] },
  ])('$when: a warning for $warned', ({ before, strays, warned }) => {
    const list = strays.map((id) => stray(id));
    const warnings = strayWarnings(before, list);
    expect(warnings.map(({ message }) => /^Device ([\w-]+) /.exec(message)?.[1])).toEqual(warned);
  });

  test('many are counted: the condition stays readable', () => {
    const many = Array.from({ length: 60 }, (_, index) => stray(`d${String(index).padStart(2, '0')}`));
    expect(ownedState(many).message).toContain('and 10 more');
    expect(strayWarnings(undefined, many)).toHaveLength(50);
  });
});
