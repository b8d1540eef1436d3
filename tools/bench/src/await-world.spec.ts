// Following a watch: it ends quietly when nobody watches any more, wherever it is then, and loudly otherwise.
import { Readable } from 'node:stream';
import { expect, test } from '@jest/globals';
import type { BareApi } from './api-loop.ts';
import { followWatch } from './await-world.ts';

function apiThat(open: () => Promise<unknown>): BareApi {
  return { open } as unknown as BareApi;
}

test('lines come whole, however they are cut', async () => {
  const lines: string[] = [];
  const api = apiThat(() => Promise.resolve(Readable.from(['a\nb', 'c\n', 'd\n'])));
  await followWatch(api, '/', (line) => lines.push(line), new AbortController().signal);
  expect(lines).toEqual(['a', 'bc', 'd']);
});

test.each(['while it is opened', 'while it is read'])(
  'a watch that nobody wants any more %s is no failure',
  async (when) => {
    const watching = new AbortController();
    const cut = (): never => {
      watching.abort();
      throw new Error('aborted');
    };
    const open = when === 'while it is opened' ? async () => cut() : async () => Readable.from([0]).map(cut);
    await followWatch(apiThat(open), '/', () => {}, watching.signal);
    expect(watching.signal.aborted).toBe(true);
  },
);

test('a watch that cannot be opened is a failure', async () => {
  const api = apiThat(() => Promise.reject(new Error('refused')));
  await expect(followWatch(api, '/', () => {}, new AbortController().signal)).rejects.toThrow('refused');
});
