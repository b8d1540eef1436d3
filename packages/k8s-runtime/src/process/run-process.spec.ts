// The life of a process, with a fake operating system; real processes are in run-process.int.spec.ts.
import { describe, expect, test } from '@jest/globals';
import { never, OperatorError } from '@longshore/reconciler-core';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import { runProcess } from './run-process.ts';
import type { Main } from './run-process.ts';
import { UsageError } from './usage-error.ts';

class FakeHost {
  readonly argv = ['--a'];
  readonly env = { HOME: '/home' };
  readonly clock = new FakeClock();
  readonly errors: string[] = [];
  readonly out: string[] = [];
  readonly exits: number[] = [];
  readonly #listeners = new Map<string, (value: unknown) => void>();

  on = (event: string, listener: (value: unknown) => void): void => void this.#listeners.set(event, listener);
  exit = (code: number): void => void this.exits.push(code);
  writeStdout = (text: string): void => void this.out.push(text);
  writeStderr = (text: string): void => void this.errors.push(text);
  after = (delayMs: number, callback: () => void): void => void this.clock.after(delayMs, callback);
  emit(event: string, value?: unknown): void {
    this.#listeners.get(event)?.(value);
  }
}

async function start(main: Main): Promise<FakeHost> {
  const host = new FakeHost();
  void runProcess(main, { program: 'do-ccm', host });
  await host.clock.settle();
  return host;
}

const forever: Main = () => new Promise(() => {});

describe('runProcess', () => {
  test('main gets the command line and the environment, its number is the exit code', async () => {
    const host = await start(async ({ argv, env, print }) => {
      print(`${argv.join()} ${env['HOME'] ?? ''}`);
      return 3;
    });
    expect([host.out, host.exits]).toEqual([['--a /home'], [3]]);
  });

  test('no number is success', async () => {
    expect((await start(async () => {})).exits).toEqual([0]);
  });

  test.each(['SIGTERM', 'SIGINT'])('%s asks main to stop', async (name) => {
    const host = await start(
      ({ signal }) => new Promise((resolve) => signal.addEventListener('abort', () => resolve(0), { once: true })),
    );
    expect(host.exits).toEqual([]);
    host.emit(name);
    await host.clock.settle();
    expect(host.exits).toEqual([0]);
  });

  test('a rejection because of the stop is no failure', async () => {
    const host = await start(
      ({ signal }) =>
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error))),
    );
    host.emit('SIGTERM');
    await host.clock.settle();
    expect([host.errors, host.exits]).toEqual([[], [0]]);
  });

  test('a second signal ends at once', async () => {
    const host = await start(forever);
    host.emit('SIGTERM');
    expect(host.exits).toEqual([]);
    host.emit('SIGTERM');
    expect(host.exits).toEqual([1]);
  });

  test('what does not stop in time is ended', async () => {
    const host = await start(forever);
    host.emit('SIGTERM');
    await host.clock.advance(15_000);
    expect(host.errors).toEqual(['do-ccm: did not stop within 15 s of SIGTERM\n']);
    expect(host.exits).toEqual([1]);
  });

  test.each([
    {
      what: 'an operator error',
      error: new OperatorError('PORT_IN_USE', 'port 1 is in use', never),
      lines: ['port 1 is in use'],
    },
    { what: 'an error with a cause', error: new Error('no', { cause: new Error('why') }), lines: ['no: why'] },
    { what: 'an error of several lines', error: new Error('a\n  b'), lines: ['a b'] },
    { what: 'usage problems', error: new UsageError(['--a: x', '--b: y']), lines: ['--a: x', '--b: y'] },
    { what: 'something that is no error', error: 'text', lines: ['text'] },
  ])('$what: one line each, exit 1', async ({ error, lines }) => {
    // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- anything can be thrown
    const host = await start(async () => Promise.reject(error));
    expect(host.errors).toEqual(lines.map((line) => `do-ccm: ${line}\n`));
    expect(host.exits).toEqual([1]);
  });

  test.each([
    { event: 'unhandledRejection', line: 'unhandled rejection: lost' },
    { event: 'uncaughtException', line: 'uncaught exception: lost' },
  ])('$event ends the process with one line', async ({ event, line }) => {
    const host = await start(forever);
    host.emit(event, new Error('lost'));
    expect(host.errors).toEqual([`do-ccm: ${line}\n`]);
    expect(host.exits).toEqual([1]);
  });

  test.each([
    { verbosity: 3, hasStack: false },
    { verbosity: 4, hasStack: true },
  ])(
    'the last words go through the logger; at -v=$verbosity with a stack: $hasStack',
    async ({ verbosity, hasStack }) => {
      const log = recordingLogger(verbosity);
      const host = await start(async ({ useLogger }) => {
        useLogger(log);
        throw new Error('broken');
      });
      expect(host.errors).toEqual([]);
      expect(log.lines).toHaveLength(1);
      expect(log.lines[0]?.message).toBe('broken');
      expect('stack' in (log.lines[0]?.fields ?? {})).toBe(hasStack);
    },
  );

  test('secrets are not in the last words', async () => {
    const host = await start(async ({ secrets }) => {
      secrets.add('s3cr3t-token');
      throw new Error('401 for s3cr3t-token');
    });
    expect(host.errors).toEqual(['do-ccm: 401 for <redacted>\n']);
  });

  test('only the first end counts', async () => {
    const host = await start(async () => 0);
    host.emit('unhandledRejection', new Error('late'));
    expect([host.errors, host.exits]).toEqual([[], [0]]);
  });
});
