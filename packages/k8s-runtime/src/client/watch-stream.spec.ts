import { PassThrough } from 'node:stream';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { WatchEvent } from './kube-client.ts';
import { LineSplitter, readWatch } from './watch-stream.ts';

describe('LineSplitter', () => {
  test('gives the same lines however the bytes are cut', () => {
    const line = fc.string({ unit: 'grapheme' }).map((text) => text.replaceAll('\n', ' '));
    fc.assert(
      fc.property(fc.array(line), fc.array(fc.nat({ max: 30 })), (lines, cuts) => {
        const bytes = Buffer.from(lines.map((text) => `${text}\n`).join(''));
        const splitter = new LineSplitter();
        const found: string[] = [];
        let at = 0;
        for (const length of cuts) {
          found.push(...splitter.push(bytes.subarray(at, at + length)));
          at += length;
        }
        found.push(...splitter.push(bytes.subarray(Math.min(at, bytes.length))));
        expect(found).toEqual(lines.filter((text) => text !== ''));
        expect(splitter.hasPartialLine).toBe(false);
      }),
    );
  });

  test('knows of a line whose end has not come', () => {
    const splitter = new LineSplitter();
    expect([...splitter.push(Buffer.from('a\nb'))]).toEqual(['a']);
    expect(splitter.hasPartialLine).toBe(true);
  });
});

describe('readWatch', () => {
  const bookmark = '{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"7"}}}\n';

  interface Reading {
    readonly stream: PassThrough;
    readonly clock: FakeClock;
    readonly events: WatchEvent<object>[];
    readonly end: Promise<unknown>;
  }

  function read(options: { inactivityMs?: number; signal?: AbortSignal } = {}): Reading {
    const stream = new PassThrough();
    const clock = new FakeClock();
    const events: WatchEvent<object>[] = [];
    const consume = async (): Promise<unknown> => {
      const source = readWatch<object>(stream, { clock, subject: 'nodes', ...options });
      try {
        for await (const event of source) events.push(event);
        return 'ended';
      } catch (error) {
        return error;
      }
    };
    return { stream, clock, events, end: consume() };
  }

  test('ends when the server ends the stream', async () => {
    const { stream, events, end } = read();
    stream.end(bookmark + bookmark);
    expect(await end).toBe('ended');
    expect(events).toHaveLength(2);
  });

  test.each([
    { what: 'a line that is not JSON', text: 'nonsense\n', message: 'watch of nodes sent a line that is not JSON' },
    {
      what: 'a line without an object',
      text: '{"type":"ADDED"}\n',
      message: 'watch of nodes sent a line without type and object',
    },
    { what: 'null', text: 'null\n', message: 'watch of nodes sent a line without type and object' },
    {
      what: 'half a line at the end',
      text: bookmark.slice(0, 20),
      message: 'watch of nodes ended in the middle of a line',
    },
  ])('$what is garbled', async ({ text, message }) => {
    const { stream, end } = read();
    stream.end(text);
    expect(await end).toMatchObject({ code: 'KUBE_API_GARBLED', message });
  });

  test('a broken connection says what was watched', async () => {
    const { stream, events, end } = read();
    stream.write(bookmark);
    await new Promise((resolve) => setImmediate(resolve));
    stream.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
    expect(await end).toMatchObject({
      code: 'KUBE_API_UNREACHABLE',
      causeCode: 'ECONNRESET',
      message: 'watch of nodes broke: aborted',
    });
    expect(events).toHaveLength(1);
  });

  test('silence ends it, counted from the last byte', async () => {
    const { stream, clock, end } = read({ inactivityMs: 120_000 });
    await clock.advance(100_000);
    stream.write(bookmark);
    await clock.advance(119_999);
    expect(stream.destroyed).toBe(false);
    await clock.advance(1);
    expect(await end).toMatchObject({ code: 'KUBE_API_TIMEOUT', message: 'watch of nodes: nothing came for 120 s' });
    expect(clock.pendingTimers).toBe(0);
  });

  test('its signal ends it with the reason, whatever the stream says', async () => {
    const stop = new AbortController();
    const { stream, end } = read({ signal: stop.signal });
    const reason = new Error('enough');
    stop.abort(reason);
    stream.destroy(new Error('aborted'));
    expect(await end).toBe(reason);
  });
});
