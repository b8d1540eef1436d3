// The stand-in of containerd: as much of the Container Runtime Interface (gRPC on a Unix socket) as kubeadm asks before it starts: the
// runtime is there, it is ready, images can be had. Without it kubeadm's own checks fail, as on a server without a container runtime.
import { mkdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http2';
import type { Http2Server, ServerHttp2Stream } from 'node:http2';
import { dirname } from 'node:path';

const UNIMPLEMENTED = '12';

const VERSION = message([1, text('0.1.0')], [2, text('containerd')], [3, text('2.1.0')], [4, text('v1')]);
const READY = message([1, text('RuntimeReady')], [2, 1]);
const NETWORK_READY = message([1, text('NetworkReady')], [2, 1]);
const EMPTY = Buffer.alloc(0);

/** The answers, by method; requests are not looked at. */
const ANSWERS: Readonly<Record<string, Buffer>> = {
  '/runtime.v1.RuntimeService/Version': VERSION,
  '/runtime.v1.RuntimeService/Status': message([1, message([1, READY], [1, NETWORK_READY])]),
  '/runtime.v1.RuntimeService/RuntimeConfig': message([1, message([1, 0])]),
  '/runtime.v1.RuntimeService/ListPodSandbox': EMPTY,
  '/runtime.v1.RuntimeService/ListContainers': EMPTY,
  '/runtime.v1.ImageService/ImageFsInfo': EMPTY,
  '/runtime.v1.ImageService/ImageStatus': EMPTY,
  '/runtime.v1.ImageService/ListImages': EMPTY,
  '/runtime.v1.ImageService/PullImage': message([1, text('sha256:simulated')]),
};

/** Serves on the socket until it is closed. */
export async function serveRuntime(socketPath: string): Promise<{ close(): Promise<void> }> {
  mkdirSync(dirname(socketPath), { recursive: true });
  rmSync(socketPath, { force: true });
  const server = createServer();
  server.on('stream', (stream, headers) => answer(stream, String(headers[':path'])));
  await listen(server, socketPath);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        rmSync(socketPath, { force: true });
        resolve();
      }),
  };
}

function listen(server: Http2Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}

function answer(stream: ServerHttp2Stream, method: string): void {
  const body = ANSWERS[method];
  stream.on('error', () => {});
  stream.resume();
  const status = body === undefined ? UNIMPLEMENTED : '0';
  const trailers = {
    'grpc-status': status,
    ...(body === undefined ? { 'grpc-message': `not simulated: ${method}` } : {}),
  };
  if (body === undefined) {
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true });
    return;
  }
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
  stream.on('wantTrailers', () => stream.sendTrailers(trailers));
  const head = Buffer.alloc(5);
  head.writeUInt32BE(body.length, 1);
  stream.end(Buffer.concat([head, body]));
}

// Protobuf: small numbers have wire type 0, bytes of less than 128 have 2.
function message(...fields: readonly (readonly [field: number, value: number | Buffer])[]): Buffer {
  return Buffer.concat(
    fields.map(([field, value]) =>
      typeof value === 'number'
        ? Buffer.from([field << 3, value])
        : Buffer.concat([Buffer.from([(field << 3) | 2, value.length]), value]),
    ),
  );
}

function text(value: string): Buffer {
  return Buffer.from(value, 'utf8');
}
