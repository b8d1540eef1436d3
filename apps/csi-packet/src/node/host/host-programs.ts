// Runs the commands of command.ts. One that takes too long is killed with everything that it started: iscsiadm may hang for ever.
import { spawn } from 'node:child_process';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { CsiError } from '../../server/csi-error.ts';
import { describeCommand } from './command.ts';
import type { Command } from './command.ts';

/** What became of a command. */
export interface Ended {
  /** `undefined`: it was killed because its time was up. */
  readonly code: number | undefined;
  readonly stdout: string;
  /** Without line feeds, shortened: for messages. */
  readonly stderr: string;
}

/** Where the host's programs are. */
export interface HostProgramsOptions {
  /** The host's root folder as this process sees it, for programs that are run with it as their own; `undefined`: as they are found. */
  readonly chroot: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
}

const LONGEST_OUTPUT = 1024 * 1024;
const LONGEST_STDERR = 500;
const NOT_FOUND = 127;
const HOST_PATH = '/usr/sbin:/usr/bin:/sbin:/bin';
// Where scsi_id lives.
const UDEV_PATH = '/lib/udev:/usr/lib/udev';

/** Runs programs. */
export class HostPrograms {
  readonly #options: HostProgramsOptions;

  constructor(options: HostProgramsOptions) {
    this.#options = options;
  }

  /** Runs to its end. Rejects only when the program cannot be started. */
  async run(command: Command): Promise<Ended> {
    const { clock, log } = this.#options;
    const startedMs = clock.monotonicMs();
    const ended = await this.#spawn(command);
    const tookMs = Math.round(clock.monotonicMs() - startedMs);
    log.verbose(4, 'command', { command: describeCommand(command), code: ended.code ?? 'killed', tookMs });
    return ended;
  }

  /** The same for a command of which any end but 0 is a failure: INTERNAL, or ABORTED when it was killed. Returns what it printed. */
  async demand(command: Command): Promise<string> {
    const ended = await this.run(command);
    if (ended.code === 0) return ended.stdout;
    throw failureOf(command, ended);
  }

  #spawn(command: Command): Promise<Ended> {
    const { chroot, env } = this.#options;
    const isInside = chroot !== undefined && command.where === 'host';
    const [program, args] = isInside
      ? ['chroot', [chroot, command.program, ...command.args]]
      : [command.program, [...command.args]];
    const search = isInside ? HOST_PATH : (env['PATH'] ?? HOST_PATH);
    return new Promise((resolve, reject) => {
      const child = spawn(program, args, {
        env: { ...env, PATH: `${search}:${UDEV_PATH}`, LC_ALL: 'C' },
        stdio: ['ignore', 'pipe', 'pipe'],
        detached: true,
      });
      let isKilled = false;
      const cancel = this.#options.clock.after(command.timeoutMs, () => {
        isKilled = true;
        killGroup(child.pid);
      });
      const stdout = new Text();
      const stderr = new Text();
      child.stdout.on('data', (part: Buffer) => stdout.add(part));
      child.stderr.on('data', (part: Buffer) => stderr.add(part));
      child.on('error', (error: NodeJS.ErrnoException) => {
        cancel();
        reject(cannotStart(command, error));
      });
      // `close` would wait for a daemon that inherited the pipes.
      child.on('exit', (code) => {
        cancel();
        // What chroot says when the program is not there.
        if (isInside && code === NOT_FOUND) return reject(cannotStart(command, { code: 'ENOENT' }));
        const finish = (): void =>
          resolve({ code: isKilled ? undefined : (code ?? 128), stdout: stdout.text, stderr: oneLine(stderr.text) });
        setImmediate(finish);
      });
    });
  }
}

/** The failure of a command, for whoever called. */
export function failureOf(command: Command, { code, stderr }: Ended): CsiError {
  const text = `"${describeCommand(command)}"`;
  if (code === undefined)
    return new CsiError('ABORTED', `${text} took longer than ${command.timeoutMs / 1000} s and was ended`);
  return new CsiError('INTERNAL', `${text} ended with ${code}: ${stderr || 'it said nothing'}`);
}

class Text {
  text = '';

  add(part: Buffer): void {
    if (this.text.length < LONGEST_OUTPUT) this.text += part.toString();
  }
}

function oneLine(text: string): string {
  return text
    .trim()
    .replaceAll(/\s*\n\s*/g, '; ')
    .slice(0, LONGEST_STDERR)
    .trimEnd();
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended in this moment.
  }
}

function cannotStart(
  command: Command,
  error: { readonly code?: string | undefined; readonly message?: string },
): CsiError {
  const why = error.code === 'ENOENT' ? 'is not installed' : `cannot be started: ${error.message}`;
  return new CsiError('FAILED_PRECONDITION', `the program ${command.program} ${why}`, { cause: error });
}
