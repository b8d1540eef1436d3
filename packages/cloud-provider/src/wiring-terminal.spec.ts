// Questions on a terminal; the streams are ours.
import { PassThrough } from 'node:stream';
import { describe, expect, test } from '@jest/globals';
import { terminalOf } from './wiring-terminal.ts';
import type { TerminalStreams } from './wiring-terminal.ts';

function streams(isTTY: boolean): TerminalStreams & { readonly input: PassThrough; readonly asked: () => string } {
  const input = Object.assign(new PassThrough(), { isTTY });
  const output = Object.assign(new PassThrough(), { isTTY });
  let text = '';
  output.on('data', (chunk: Buffer) => (text += chunk.toString()));
  return { input, stdin: input as never, stderr: output as never, asked: () => text };
}
const { signal } = new AbortController();

describe('terminalOf', () => {
  test('a pipe is no terminal', () => expect(terminalOf(streams(false))).toBeUndefined());

  test('the answer without blanks; the question is on standard error', async () => {
    const made = streams(true);
    const answer = terminalOf(made)?.ask('Sure? ', signal);
    made.input.write(' yes \n');
    expect(await answer).toBe('yes');
    expect(made.asked()).toBe('Sure? ');
  });

  test('the end of the input is an empty answer', async () => {
    const made = streams(true);
    const answer = terminalOf(made)?.ask('Sure? ', signal);
    made.input.end();
    expect(await answer).toBe('');
  });

  test('an abort ends the question', async () => {
    const aborter = new AbortController();
    const answer = terminalOf(streams(true))?.ask('Sure? ', aborter.signal);
    aborter.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
  });
});
