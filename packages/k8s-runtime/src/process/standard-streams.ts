// Writes to stdout and stderr that have happened when the call returns: the last line before an exit is the one that matters.
import { writeSync } from 'node:fs';

const BUSY_PAUSE_MS = 2;
const LONGEST_BUSY_MS = 2_000;
const pauseCell = new Int32Array(new SharedArrayBuffer(4));

/** Writes all of `text` to standard error. A closed or stuck reader loses the text, never the process. */
export function writeStderr(text: string): void {
  writeAll(2, text);
}

/** Writes all of `text` to standard output; a reader that went away (`| head -1`) is no error. */
export function writeStdout(text: string): void {
  writeAll(1, text);
}

function writeAll(fd: number, text: string): void {
  let rest = Buffer.from(text);
  for (let busyMs = 0; rest.length > 0 && busyMs < LONGEST_BUSY_MS;) {
    const written = tryWrite(fd, rest);
    if (written === 'gone') return;
    rest = rest.subarray(written);
    if (written === 0) {
      // A non-blocking pipe is full (EAGAIN): give its reader a moment.
      Atomics.wait(pauseCell, 0, 0, BUSY_PAUSE_MS);
      busyMs += BUSY_PAUSE_MS;
    }
  }
}

function tryWrite(fd: number, bytes: Buffer): number | 'gone' {
  try {
    return writeSync(fd, bytes);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EAGAIN' ? 0 : 'gone';
  }
}
