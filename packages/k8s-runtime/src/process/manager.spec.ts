// Starting and stopping in order.
import { describe, expect, test } from '@jest/globals';
import type { Runnable } from '@longshore/reconciler-core';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { Manager } from './manager.ts';
import type { Elector } from './manager.ts';

/** A part that notes what happens to it; `windDownMs` of work remain after the stop. */
function part(name: string, notes: string[], clock: FakeClock, windDownMs = 0): Runnable {
  return {
    name,
    run: (signal) =>
      new Promise((resolve) => {
        notes.push(`${name} starts`);
        signal.addEventListener('abort', () => {
          notes.push(`${name} stops`);
          clock.after(windDownMs, () => {
            notes.push(`${name} ended`);
            resolve();
          });
        });
      }),
  };
}

/** An elector that leads after a second, and notes the release. */
function elector(notes: string[], clock: FakeClock, lose?: AbortSignal): Elector {
  return {
    async run(lead, signal) {
      await new Promise<void>((resolve) => void clock.after(1_000, resolve));
      const leading = new AbortController();
      signal.addEventListener('abort', () => leading.abort());
      const work = lead(leading.signal);
      const lost = new Promise<'lost'>((resolve) => lose?.addEventListener('abort', () => resolve('lost')));
      const end = await Promise.race([lost, work.then(() => 'stopped' as const)]);
      if (end === 'lost') leading.abort();
      else notes.push('lease released');
      return end;
    },
  };
}

function setUp() {
  const clock = new FakeClock();
  const log = recordingLogger();
  const notes: string[] = [];
  const manager = new Manager({ clock, log, random: () => 0.5 });
  return { clock, log, notes, manager, stop: new AbortController() };
}

describe('Manager', () => {
  test('always parts run on standbys, leading ones only while leading', async () => {
    const { clock, notes, manager, stop } = setUp();
    manager.add(part('server', notes, clock), 'always').add(part('controller', notes, clock), 'leading');
    void manager.run(stop.signal, elector(notes, clock));
    await clock.advance(900);
    expect(notes).toEqual(['server starts']);
    await clock.advance(200);
    expect(notes).toEqual(['server starts', 'controller starts']);
  });

  test('leading parts drain, the lease is released, events are flushed, servers end', async () => {
    const { clock, notes, manager, stop } = setUp();
    manager
      .add(part('server', notes, clock), 'always')
      .add(part('events', notes, clock, 100), 'flushing')
      .add(part('controller', notes, clock, 5_000), 'leading');
    const ended = manager.run(stop.signal, elector(notes, clock));
    await clock.advance(2_000);
    notes.length = 0;
    stop.abort();
    await clock.advance(10_000);
    expect(await ended).toBe('stopped');
    expect(notes).toEqual([
      'controller stops',
      'controller ended',
      'lease released',
      'events stops',
      'events ended',
      'server stops',
      'server ended',
    ]);
  });

  test('without an elector all parts run at once', async () => {
    const { clock, notes, manager, stop } = setUp();
    manager.add(part('server', notes, clock), 'always').add(part('controller', notes, clock), 'leading');
    const ended = manager.run(stop.signal);
    await clock.settle();
    expect(notes).toEqual(['server starts', 'controller starts']);
    stop.abort();
    await clock.advance(10_000);
    expect(await ended).toBe('stopped');
  });

  test('a program without leading parts runs until it is stopped', async () => {
    const { clock, notes, manager, stop } = setUp();
    const ended = manager.add(part('server', notes, clock), 'always').run(stop.signal);
    await clock.advance(60_000);
    expect(notes).toEqual(['server starts']);
    stop.abort();
    await clock.advance(1_000);
    expect(await ended).toBe('stopped');
  });

  test('a lost lease stops everything without waiting for the leading parts', async () => {
    const { clock, log, notes, manager, stop } = setUp();
    const lose = new AbortController();
    manager.add(part('server', notes, clock), 'always').add(part('controller', notes, clock, 60_000), 'leading');
    const ended = manager.run(stop.signal, elector(notes, clock, lose.signal));
    await clock.advance(2_000);
    lose.abort();
    await clock.advance(100);
    expect(await ended).toBe('lost');
    expect(notes).toContain('controller stops');
    expect(log.lines.map(({ message }) => message)).toContain('leaderelection lost');
  });

  test('after a loss nothing is waited for longer than a second', async () => {
    const { clock, notes, manager, stop } = setUp();
    const lose = new AbortController();
    manager
      .add(part('server', notes, clock, 60_000), 'always')
      .add(part('events', notes, clock, 60_000), 'flushing')
      .add(part('controller', notes, clock, 60_000), 'leading');
    const ended = manager.run(stop.signal, elector(notes, clock, lose.signal));
    await clock.advance(2_000);
    lose.abort();
    let end: string | undefined;
    void ended.then((how) => (end = how));
    await clock.advance(1_000);
    expect(end).toBe('lost');
  });

  test('a leading part that does not end in time keeps the lease from being released', async () => {
    const { clock, notes, manager, stop } = setUp();
    manager.add(part('server', notes, clock), 'always').add(part('controller', notes, clock, 60_000), 'leading');
    const ended = manager.run(stop.signal, elector(notes, clock)).catch((error: Error) => error.message);
    await clock.advance(2_000);
    stop.abort();
    await clock.advance(9_900);
    expect(notes).not.toContain('server stops');
    await clock.advance(4_000);
    expect(await ended).toBe('controller still had work in progress 10 s after the stop; the lease is left to run out');
    expect(notes).not.toContain('lease released');
    expect(notes).toContain('server ended');
  });

  test.each(['always', 'leading', 'flushing'] as const)(
    'a failing %s part ends the program with its error',
    async (when) => {
      const { clock, notes, manager, stop } = setUp();
      const broken: Runnable = { name: 'broken', run: async () => Promise.reject(new Error('no disk')) };
      manager
        .add(part('server', notes, clock), 'always')
        .add(part('controller', notes, clock), 'leading')
        .add(broken, when);
      const ended = manager.run(stop.signal).catch((error: Error) => error.message);
      await clock.advance(20_000);
      expect(await ended).toBe('no disk');
      expect(notes).toContain('server ended');
    },
  );

  test('leading parts start one after another, with a pause of 1 to 2 intervals', async () => {
    const { clock, notes, manager, stop } = setUp();
    const spaced = { startIntervalMs: 1_000 };
    manager.add(part('a', notes, clock), 'leading', spaced).add(part('b', notes, clock), 'leading', spaced);
    void manager.run(stop.signal);
    await clock.advance(1_400);
    expect(notes).toEqual(['a starts']);
    await clock.advance(200);
    expect(notes).toEqual(['a starts', 'b starts']);
  });

  test('a stop between two starts starts nothing more', async () => {
    const { clock, notes, manager, stop } = setUp();
    manager.add(part('a', notes, clock), 'leading', { startIntervalMs: 1_000 }).add(part('b', notes, clock), 'leading');
    const ended = manager.run(stop.signal);
    await clock.advance(500);
    stop.abort();
    await clock.advance(10_000);
    expect(await ended).toBe('stopped');
    expect(notes).not.toContain('b starts');
  });

  test('a failing election ends the program with its error', async () => {
    const { clock, manager, stop } = setUp();
    const broken: Elector = { run: async () => Promise.reject(new Error('no API')) };
    const ended = manager.run(stop.signal, broken).catch((error: Error) => error.message);
    await clock.advance(10_000);
    expect(await ended).toBe('no API');
  });
});
