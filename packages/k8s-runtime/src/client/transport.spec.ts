// Connections against a local server that writes bytes as the test says: reuse, limits, slow readers, and other sides that misbehave.
import net from 'node:net';
import type { AddressInfo, Socket } from 'node:net';
import { FakeClock, waitFor } from '@longshore/reconciler-core/testing';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { Transport } from './transport.ts';
import type { HttpAnswer, HttpCall } from './transport.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const material = {};

let server: net.Server;
let sockets: Socket[];
let requests: string[];
/** What the server does with a request. */
let onRequest: (socket: Socket, text: string) => void;
let transport: Transport;
let clock: FakeClock;

beforeEach(async () => {
  sockets = [];
  requests = [];
  onRequest = (socket) => socket.write(OK);
  clock = new FakeClock();
  server = net.createServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (bytes) => {
      requests.push(bytes.toString());
      onRequest(socket, bytes.toString());
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  transport = new Transport(new URL(`http://127.0.0.1:${(server.address() as AddressInfo).port}`), { clock });
});

afterEach(async () => {
  transport.destroy();
  for (const socket of sockets) socket.destroy();
  await new Promise((resolve) => server.close(resolve));
});

const call = (change: Partial<HttpCall> = {}): HttpCall => ({
  method: 'GET',
  path: '/',
  headers: {},
  tls: material,
  use: 'calls',
  owner: '',
  timeoutMs: 60_000,
  ...change,
});

const until = (isTrue: () => boolean, what: string): Promise<void> => waitFor(isTrue, { what, everyMs: 1 });
const textOf = ({ body }: HttpAnswer): string => body.toString();
const caught = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => 'answered',
    (error: unknown) => error,
  );

describe('calls', () => {
  test('follow each other on one connection', async () => {
    for (let count = 0; count < 5; count += 1) expect(textOf(await transport.send(call()))).toBe('ok');
    expect([sockets.length, requests.length]).toEqual([1, 5]);
  });

  test('go on a new connection when the server closed the idle one', async () => {
    await transport.send(call());
    const closed = new Promise((resolve) => sockets[0]?.once('close', resolve));
    sockets[0]?.end();
    await closed;
    expect(textOf(await transport.send(call()))).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  test('do not use a connection that the server wants closed', async () => {
    onRequest = (socket) => socket.write(OK.replace('\r\n', '\r\nconnection: close\r\n'));
    await transport.send(call());
    await transport.send(call());
    expect(sockets).toHaveLength(2);
  });

  test('are never answered by what followed the answer before', async () => {
    onRequest = (socket) => socket.write(`${OK}HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nwrong`);
    expect(textOf(await transport.send(call()))).toBe('ok');
    expect(textOf(await transport.send(call()))).toBe('ok');
    expect(sockets).toHaveLength(2);
  });

  test('beyond 64 wait for a free connection, and an aborted one leaves the queue', async () => {
    const held: Socket[] = [];
    onRequest = (socket) => void held.push(socket);
    const running = Array.from({ length: 64 }, (_, index) => transport.send(call({ path: `/${index}` })));
    await until(() => held.length === 64, '64 requests');
    const stop = new AbortController();
    const given = caught(transport.send(call({ path: '/given-up', signal: stop.signal })));
    const last = transport.send(call({ path: '/last' }));
    const reason = new Error('enough');
    stop.abort(reason);
    expect(await given).toBe(reason);
    onRequest = (socket) => socket.write(OK);
    for (const socket of held) socket.write(OK);
    await Promise.all(running);
    expect(textOf(await last)).toBe('ok');
    expect(sockets).toHaveLength(64);
    expect(requests.filter((text) => text.includes('given-up'))).toEqual([]);
  });

  test('that wait get a connection of their own when one breaks', async () => {
    onRequest = () => {};
    const running = Array.from({ length: 64 }, () => caught(transport.send(call())));
    const last = transport.send(call({ path: '/last' }));
    await until(() => requests.length === 64, '64 requests');
    onRequest = (socket) => socket.write(OK);
    sockets[0]?.destroy();
    expect(textOf(await last)).toBe('ok');
    transport.destroy();
    await Promise.all(running);
  });

  test('to something that is no HTTP fail with a code that names the protocol', async () => {
    onRequest = (socket) => socket.write('SSH-2.0-OpenSSH\r\n');
    expect(await caught(transport.send(call()))).toMatchObject({ causeCode: 'HPE_INVALID_CONSTANT', isTimeout: false });
  });

  test('tell whether the broken connection had carried another call', async () => {
    await transport.send(call());
    onRequest = (socket) => socket.destroy();
    expect(await caught(transport.send(call()))).toMatchObject({ causeCode: 'ECONNRESET', isReusedSocket: true });
    expect(await caught(transport.send(call()))).toMatchObject({ causeCode: 'ECONNRESET', isReusedSocket: false });
  });

  test('end when nothing listens', async () => {
    await new Promise((resolve) => server.close(resolve));
    expect(await caught(transport.send(call()))).toMatchObject({ causeCode: 'ECONNREFUSED', isReusedSocket: false });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  });

  test('that a proxy refuses end with its answer, and leave no connection to it', async () => {
    onRequest = (socket) => socket.write('HTTP/1.1 407 Proxy Authentication Required\r\n\r\n');
    const proxyUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const behind = new Transport(new URL('https://kube.invalid:6443'), { clock, proxyUrl });
    const closed = new Promise<void>((resolve) => server.once('connection', (socket) => socket.once('close', resolve)));
    expect(await caught(behind.send(call()))).toMatchObject({
      causeCode: 'ERR_PROXY_TUNNEL',
      message: expect.stringContaining('407') as unknown,
    });
    expect(requests).toEqual([expect.stringMatching(/^CONNECT kube\.invalid:6443 /)]);
    await closed;
  });

  test('whose connection is not there within 30 s end', async () => {
    // TLS to a server that says nothing: the connection never stands.
    onRequest = () => {};
    const { port } = server.address() as AddressInfo;
    const silent = new Transport(new URL(`https://127.0.0.1:${port}`), { clock });
    const failed = caught(silent.send(call({ timeoutMs: 60_000 })));
    await until(() => requests.length === 1, 'the greeting');
    await clock.advance(30_000);
    expect(await failed).toMatchObject({ isTimeout: true, message: 'no connection within 30 s' });
    expect(clock.pendingTimers).toBe(0);
  });
});

describe('streams', () => {
  const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n';
  const chunk = (text: string): string => `${text.length.toString(16)}\r\n${text}\r\n`;
  const stream = () => transport.open(call({ use: 'streams' }));

  test('a slow reader stops the server, and gets everything in the end', async () => {
    const piece = 'x'.repeat(64 * 1024);
    const total = 400;
    let written = 0;
    onRequest = (socket) => {
      socket.write(CHUNKED);
      const more = (): void => {
        while (written < total) {
          written += 1;
          if (!socket.write(chunk(piece))) return void socket.once('drain', more);
        }
        socket.write('0\r\n\r\n');
      };
      more();
    };
    const body = await stream();
    let before = -1;
    // Until the buffers in between are full.
    await waitFor(
      () => {
        const isStuck = written === before;
        before = written;
        return isStuck;
      },
      { what: 'a server that waits', everyMs: 300 },
    );
    expect(written).toBeLessThan(total);
    let bytes = 0;
    for await (const part of body) bytes += (part as Buffer).length;
    expect(bytes).toBe(piece.length * total);
  });

  test('closing one that ended, unread, does not harm the call that has its connection now', async () => {
    onRequest = (socket) => socket.write(`${CHUNKED}${chunk('unread')}0\r\n\r\n`);
    const first = await stream();
    await until(() => first.readableLength === 6, 'the body');
    onRequest = (socket) => socket.write(CHUNKED + chunk('hello'));
    const second = await stream();
    first.destroy();
    const { value } = (await second[Symbol.asyncIterator]().next()) as { value: Buffer };
    expect(value.toString()).toBe('hello');
  });

  test('one that breaks before anybody reads it is an error for who reads it then, and for nobody else', async () => {
    onRequest = (socket) => socket.write(CHUNKED + chunk('half'), () => socket.destroy());
    const body = await stream();
    await until(() => body.destroyed, 'the break');
    const read = async (): Promise<void> => {
      for await (const part of body) void part;
    };
    expect(await caught(read())).toMatchObject({ code: 'ECONNRESET' });
  });

  test('one that breaks is an error for its reader', async () => {
    onRequest = (socket) => socket.write(CHUNKED + chunk('half'), () => socket.destroy());
    const body = await stream();
    const read = async (): Promise<void> => {
      for await (const part of body) void part;
    };
    expect(await caught(read())).toMatchObject({ code: 'ECONNRESET' });
  });
});
