// Answers cut into pieces at any place, framed in any of the ways of RFC 9112, and what must not be taken for one.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { AnswerParser } from './answer-parser.ts';

interface Seen {
  status: number;
  headers: Record<string, string>;
  body: string;
  isOver: boolean;
}

/** Feeds the pieces; `closes`: the other side closes afterwards. */
function parse(pieces: readonly Buffer[], { method = 'GET', closes = false } = {}): Seen & { isKept: boolean } {
  const parser = new AnswerParser();
  const seen: Seen = { status: 0, headers: {}, body: '', isOver: false };
  const parts: Buffer[] = [];
  parser.expect(method, {
    onHead: ({ status, headers }) => Object.assign(seen, { status, headers: Object.fromEntries(headers) }),
    onBody: (chunk) => parts.push(chunk),
    onEnd: () => (seen.isOver = true),
  });
  for (const piece of pieces) parser.push(piece);
  if (closes) parser.close();
  return { ...seen, body: Buffer.concat(parts).toString(), isKept: parser.isKept };
}

const whole = (text: string): Buffer[] => [Buffer.from(text)];

function cut(text: Buffer, places: readonly number[]): Buffer[] {
  const at = [...new Set(places.map((place) => place % text.length))].sort((left, right) => left - right);
  return [...at, text.length]
    .map((end, index) => text.subarray(at[index - 1] ?? 0, end))
    .filter(({ length }) => length);
}

describe('framing', () => {
  const chunked = 'transfer-encoding: chunked\r\n\r\n';
  test.each([
    { what: 'counted', text: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi', body: 'hi', isKept: true },
    { what: 'counted, empty', text: 'HTTP/1.1 201 Created\r\ncontent-length:0\r\n\r\n', body: '', isKept: true },
    {
      what: 'counted twice alike',
      text: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\nContent-Length: 1\r\n\r\nx',
      body: 'x',
      isKept: true,
    },
    { what: 'without a reason', text: 'HTTP/1.1 200\r\ncontent-length: 1\r\n\r\nx', body: 'x', isKept: true },
    {
      what: 'in chunks',
      text: `HTTP/1.1 200 OK\r\n${chunked}2\r\nhi\r\nA;ext=1\r\n0123456789\r\n0\r\n\r\n`,
      body: 'hi0123456789',
      isKept: true,
    },
    {
      what: 'in chunks with a trailer',
      text: `HTTP/1.1 200 OK\r\n${chunked}1\r\nx\r\n0\r\nsum: 1\r\n\r\n`,
      body: 'x',
      isKept: true,
    },
    {
      what: 'in chunks although counted',
      text: `HTTP/1.1 200 OK\r\ncontent-length: 9\r\n${chunked}1\r\nx\r\n0\r\n\r\n`,
      body: 'x',
      isKept: false,
    },
    {
      what: 'the last of its connection',
      text: 'HTTP/1.1 200 OK\r\nConnection: Close\r\ncontent-length: 1\r\n\r\nx',
      body: 'x',
      isKept: false,
    },
    { what: 'of HTTP/1.0', text: 'HTTP/1.0 200 OK\r\ncontent-length: 1\r\n\r\nx', body: 'x', isKept: false },
    {
      what: 'of HTTP/1.0, kept',
      text: 'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 1\r\n\r\nx',
      body: 'x',
      isKept: true,
    },
    {
      what: 'after 100 Continue',
      text: 'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nx',
      body: 'x',
      isKept: true,
    },
    {
      what: 'followed by bytes that answer nothing',
      text: 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\n\r\nxHTTP/1.1 200 OK\r\n',
      body: 'x',
      isKept: false,
    },
  ])('$what', ({ text, body, isKept }) => {
    expect(parse(whole(text))).toMatchObject({ body, isKept, isOver: true });
  });

  test.each(['HTTP/1.1 204 No Content\r\ncontent-length: 5\r\n\r\n', 'HTTP/1.1 304 Not Modified\r\n\r\n'])(
    'without a body: %j',
    (text) => {
      expect(parse(whole(text))).toMatchObject({ body: '', isOver: true, isKept: true });
    },
  );

  test('to HEAD: the length of what is not sent', () => {
    const text = 'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n';
    expect(parse(whole(text), { method: 'HEAD' })).toMatchObject({ body: '', isOver: true, isKept: true });
  });

  test('until the connection is closed, and not before', () => {
    const text = 'HTTP/1.1 200 OK\r\n\r\nall that comes';
    expect(parse(whole(text))).toMatchObject({ body: 'all that comes', isOver: false });
    expect(parse(whole(text), { closes: true })).toMatchObject({ isOver: true, isKept: false });
  });

  test('a close in the middle completes nothing', () => {
    for (const text of [
      'HTTP/1.1 200 O',
      'HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nfour',
      `HTTP/1.1 200 OK\r\n${chunked}5\r\nfour`,
    ])
      expect(parse(whole(text), { closes: true }).isOver).toBe(false);
  });

  test('lines of one name are joined, names are in lower case', () => {
    const { headers } = parse(
      whole('HTTP/1.1 429 Too Many\r\nRetry-After:  7 \r\nVia: a\r\nvia: b\r\ncontent-length: 0\r\n\r\n'),
    );
    expect(headers).toEqual({ 'retry-after': '7', via: 'a, b', 'content-length': '0' });
  });
});

describe('what is no answer', () => {
  test.each([
    { text: '220 mail ready', code: 'HPE_INVALID_CONSTANT' },
    { text: 'HTTP/2 200\r\n\r\n', code: 'HPE_INVALID_CONSTANT' },
    { text: 'HTTP/1.1 2000 OK\r\n\r\n', code: 'HPE_INVALID_CONSTANT' },
    { text: 'HTTP/1.1 101 Switching Protocols\r\n\r\n', code: 'HPE_INVALID_STATUS' },
    { text: 'HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n', code: 'HPE_INVALID_CONTENT_LENGTH' },
    { text: 'HTTP/1.1 200 OK\r\ncontent-length: 1, 2\r\n\r\n', code: 'HPE_INVALID_CONTENT_LENGTH' },
    { text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nxyz\r\n', code: 'HPE_INVALID_CHUNK' },
    { text: 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\nxyz\r\n', code: 'HPE_INVALID_CHUNK' },
    { text: `HTTP/1.1 200 OK\r\nlong: ${'x'.repeat(70_000)}`, code: 'HPE_HEADER_OVERFLOW' },
    { text: `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1;${'x'.repeat(9000)}`, code: 'HPE_INVALID_CHUNK' },
  ])('$code: $text', ({ text, code }) => {
    expect(() => parse(whole(text))).toThrow(expect.objectContaining({ code }));
  });

  test('bytes that nobody asked for', () => {
    expect(() => new AnswerParser().push(Buffer.from('HTTP/1.1 200 OK\r\n'))).toThrow(
      expect.objectContaining({ code: 'HPE_UNEXPECTED' }),
    );
  });
});

test('law: where the bytes are cut makes no difference', () => {
  const framings = ['counted', 'chunked', 'close'] as const;
  const bodies = fc.array(fc.string({ minLength: 1, maxLength: 40 }), { maxLength: 6 });
  fc.assert(
    fc.property(
      bodies,
      fc.constantFrom(...framings),
      fc.array(fc.nat(2000), { maxLength: 30 }),
      (parts, framing, places) => {
        const body = Buffer.from(parts.join(''));
        const text = Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nx: y\r\n'), framed(parts, framing)]);
        const result = parse(cut(text, places), { closes: framing === 'close' });
        expect(result).toEqual({
          status: 200,
          headers: expect.objectContaining({ x: 'y' }) as unknown,
          body: body.toString(),
          isOver: true,
          isKept: framing !== 'close',
        });
      },
    ),
    { numRuns: 500 },
  );
});

function framed(parts: readonly string[], framing: 'counted' | 'chunked' | 'close'): Buffer {
  const body = Buffer.from(parts.join(''));
  if (framing === 'close') return Buffer.concat([Buffer.from('\r\n'), body]);
  if (framing === 'counted') return Buffer.concat([Buffer.from(`content-length: ${body.length}\r\n\r\n`), body]);
  const chunks = parts.map((part) => `${Buffer.byteLength(part).toString(16)}\r\n${part}\r\n`);
  return Buffer.from(`transfer-encoding: chunked\r\n\r\n${chunks.join('')}0\r\n\r\n`);
}
