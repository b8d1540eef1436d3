// Running commands: what becomes of exit codes, hangs and programs that are not there.
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import { expect, test } from '@jest/globals';
import type { Command } from './command.ts';
import { HostPrograms } from './host-programs.ts';

const programs = new HostPrograms({ chroot: undefined, env: process.env, clock: systemClock, log: silentLogger });
const sh = (script: string, timeoutMs = 60_000): Command => ({
  program: 'sh',
  args: ['-c', script],
  where: 'here',
  timeoutMs,
});

test('output and exit code', async () => {
  expect(await programs.run(sh('echo out; echo "err 1" >&2; echo "err 2" >&2; exit 21'))).toEqual({
    code: 21,
    stdout: 'out\n',
    stderr: 'err 1; err 2',
  });
});

test('messages of the programs are in English, whatever the machine speaks', async () => {
  expect(await programs.demand(sh('printf %s "$LC_ALL"'))).toBe('C');
});

test('CP row 106 a command that hangs is killed with everything that it started', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'host-programs-'));
  const mark = join(folder, 'mark');
  const ended = await programs.run(sh(`(sleep 600; touch ${mark}) & sleep 600`, 200));
  expect(ended.code).toBeUndefined();
  await expect(programs.demand(sh('sleep 600', 50))).rejects.toMatchObject({ code: 'ABORTED' });
  expect(existsSync(mark)).toBe(false);
  rmSync(folder, { recursive: true });
});

test('a failure names the command and what it said', async () => {
  await expect(programs.demand(sh('echo no such disk >&2; exit 4'))).rejects.toMatchObject({
    code: 'INTERNAL',
    message: '"sh -c echo no such disk >&2; exit 4" ended with 4: no such disk',
  });
});

test('CP row 7 a program that is not installed is named', async () => {
  const command: Command = { program: 'no-such-program', args: [], where: 'here', timeoutMs: 1_000 };
  await expect(programs.run(command)).rejects.toMatchObject({
    code: 'FAILED_PRECONDITION',
    message: 'the program no-such-program is not installed',
  });
});
