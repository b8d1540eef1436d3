// Runs a command to its end and keeps what it says.
import { spawn } from 'node:child_process';
import { once } from 'node:events';

/** How it ended. */
export interface CommandResult {
  readonly code: number | null;
  /** Both streams, in the order in which they came. */
  readonly output: string;
}

/** Where it runs. */
export interface CommandPlace {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Told what it prints, as it comes. */
  readonly onOutput?: (text: string) => void;
  /** Ends it. */
  readonly signal?: AbortSignal;
  /** By this; SIGTERM when absent. */
  readonly endBy?: NodeJS.Signals;
}

/** Runs it; `env` is added to PATH and HOME, nothing else comes from this process. */
export async function runCommand(command: readonly string[], place: CommandPlace = {}): Promise<CommandResult> {
  const [program = '', ...args] = command;
  const { PATH = '', HOME = '', LONGSHORE_CACHE } = process.env;
  const child = spawn(program, args, {
    ...(place.cwd === undefined ? {} : { cwd: place.cwd }),
    env: { PATH, HOME, ...(LONGSHORE_CACHE === undefined ? {} : { LONGSHORE_CACHE }), ...place.env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      output += String(chunk);
      place.onOutput?.(String(chunk));
    });
  }
  const end = (): boolean => child.kill(place.endBy ?? 'SIGTERM');
  place.signal?.addEventListener('abort', end, { once: true });
  await once(child, 'close');
  place.signal?.removeEventListener('abort', end);
  return { code: child.exitCode, output };
}
