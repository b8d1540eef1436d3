// The README's example is the file examples/machine-controller.ts, which is type-checked with the tests and run here.
import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import { machineController } from '../examples/machine-controller.ts';
import type { Machine } from '../examples/machine-controller.ts';
import * as surface from './index.ts';
import * as testing from './testing.ts';
import { FakeClock, FakeSource, recordingLogger } from './testing.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

describe('README', () => {
  test('shows the example as it is', () => {
    expect(readme).toContain('```ts\n' + read('../examples/machine-controller.ts') + '```');
  });

  test.each([...Object.keys(surface), ...Object.keys(testing)])('names %s', (name) => {
    expect(readme).toMatch(new RegExp(`\\b${name}\\b`));
  });
});

describe('the example', () => {
  test('creates what is missing, looks again while it starts, and waits for a change of what is wrong', async () => {
    const clock = new FakeClock();
    const log = recordingLogger();
    const wanted = new FakeSource<Machine>();
    const machines = new Map<string, 'starting' | 'running'>();
    const asked: (readonly string[])[] = [];
    const cloud = {
      states: async (names: readonly string[]) => {
        asked.push(names);
        return machines;
      },
      create: async ({ name }: Machine) => void machines.set(name, 'starting'),
    };
    const stop = new AbortController();
    const run = machineController({ cloud, wanted, clock, log }).run(stop.signal);
    for (const name of ['a', 'b']) wanted.set(name, { name, size: 'small' });
    wanted.set('c', { name: 'c', size: '' });
    await clock.advance(1000);
    expect(machines).toEqual(
      new Map([
        ['a', 'starting'],
        ['b', 'starting'],
      ]),
    );
    machines.set('a', 'running').set('b', 'running');
    await clock.advance(60_000);
    expect(asked).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
    wanted.set('c', { name: 'c', size: 'small' });
    await clock.advance(1000);
    expect(machines.get('c')).toBe('starting');
    stop.abort();
    await run;
  });
});
