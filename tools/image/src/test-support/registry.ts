// A registry on this machine for tests: `crane registry serve`, which stores in a folder or in memory and speaks plain HTTP on 127.0.0.1.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { acquireBinary } from '@longshore/embedded-control-plane';

/** A running registry. */
export interface Registry {
  /** Host and port, as image references begin. */
  readonly host: string;
  stop(): Promise<void>;
}

/** Starts one and waits until it listens. */
export async function startRegistry(folder: string): Promise<Registry> {
  const program = await acquireBinary('crane');
  const child = spawn(program, ['registry', 'serve', '--address', '127.0.0.1:0'], {
    cwd: folder,
    env: { PATH: process.env['PATH'], HOME: folder },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(child, 'exit');
  const host = await Promise.race([portOf(child.stderr), ended.then(() => undefined)]);
  if (host === undefined) throw new Error('crane registry serve ended before it listened');
  return {
    host,
    stop: async () => {
      child.kill('SIGTERM');
      await ended;
    },
  };
}

// It says `serving on port 12345`; what it says later has to be read as well, or it stops when the pipe is full.
function portOf(output: NodeJS.ReadableStream): Promise<string> {
  return new Promise((resolve) => {
    createInterface({ input: output }).on('line', (line) => {
      const port = /port (\d+)/.exec(line)?.[1];
      if (port) resolve(`127.0.0.1:${port}`);
    });
  });
}
