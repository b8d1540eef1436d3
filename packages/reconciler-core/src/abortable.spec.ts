import { describe, expect, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { abortable } from './abortable.ts';

describe('abortable', () => {
  test.each([{ signal: undefined }, { signal: new AbortController().signal }])(
    'settles like the promise',
    async ({ signal }) => {
      await expect(abortable(Promise.resolve(1), signal)).resolves.toBe(1);
      await expect(abortable(Promise.reject(new Error('x')), signal)).rejects.toThrow('x');
    },
  );

  test('leaves no listener on the signal', async () => {
    const { signal } = new AbortController();
    await abortable(Promise.resolve(), signal);
    await abortable(Promise.reject(new Error('x')), signal).catch(() => {});
    await Promise.resolve();
    await Promise.resolve();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('leaves at the abort; a later failure of the promise is nobody’s concern', async () => {
    const work = Promise.withResolvers<void>();
    const aborter = new AbortController();
    const waiting = abortable(work.promise, aborter.signal);
    aborter.abort(new Error('enough'));
    await expect(waiting).rejects.toThrow('enough');
    work.reject(new Error('late'));
    await expect(abortable(work.promise, aborter.signal)).rejects.toThrow('enough');
  });
});
