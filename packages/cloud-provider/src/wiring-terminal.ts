// Asks the person who runs a command. There is nobody to ask when input or error output is no terminal (a script, a pipe, a pod).
// Surprising: questions go to standard error, so that standard output can be read by a program.
import { createInterface } from 'node:readline/promises';

/** Somebody who can answer. */
export interface Terminal {
  /** The answer without blanks around it; empty when the person ends the input. */
  ask(question: string, signal: AbortSignal): Promise<string>;
}

/** The streams of a process, as far as they matter. */
export interface TerminalStreams {
  readonly stdin: NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
}

/** The terminal of the process; undefined when there is none. */
export function terminalOf({ stdin, stderr }: TerminalStreams): Terminal | undefined {
  if (!stdin.isTTY || !stderr.isTTY) return undefined;
  return {
    async ask(question, signal) {
      // Not in terminal mode: Ctrl-C has to stay the signal that stops the process.
      const lines = createInterface({ input: stdin, output: stderr, terminal: false });
      try {
        const ended = new Promise<string>((resolve) => void lines.once('close', () => resolve('')));
        return (await Promise.race([lines.question(question, { signal }), ended])).trim();
      } finally {
        lines.close();
      }
    },
  };
}
