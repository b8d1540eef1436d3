// Where to listen, as users write it. Pure. The Go program took `unix://…` and `tcp://…` only; its README spoke of a path.
import { resolve } from 'node:path';

/** Where to listen. */
export type Endpoint =
  { readonly kind: 'unix'; readonly path: string } | { readonly kind: 'tcp'; readonly address: string };

// The kernel's limit for the path of a socket, without the byte that ends it.
const LONGEST_PATH = 107;

/** A text as endpoint, or what is wrong with it. Relative paths count from `folder`. */
export function parseEndpoint(text: string, folder: string): Endpoint | { readonly problem: string } {
  const [, scheme, rest = ''] = /^(unix|tcp):(?:\/\/)?(.*)$/i.exec(text.trim()) ?? [];
  if (scheme?.toLowerCase() === 'tcp') return parseTcp(rest);
  // `unix://tmp/x.sock` is a relative path, as it was in Go.
  const path = scheme === undefined ? text.trim() : rest;
  if (scheme === undefined && !path.startsWith('/')) {
    return { problem: 'is no endpoint: write unix:///csi/csi.sock, /csi/csi.sock or tcp://127.0.0.1:10000' };
  }
  return parsePath(path, folder);
}

/** What grpc-js listens on. */
export function listenTarget(endpoint: Endpoint): string {
  return endpoint.kind === 'unix' ? `unix:${endpoint.path}` : endpoint.address;
}

function parsePath(path: string, folder: string): Endpoint | { readonly problem: string } {
  if (path === '' || path.endsWith('/')) return { problem: 'names no socket: write unix:///csi/csi.sock' };
  const absolute = resolve(folder, path);
  if (Buffer.byteLength(absolute) > LONGEST_PATH) {
    return { problem: `is longer than the ${LONGEST_PATH} bytes that the kernel allows for a socket's path` };
  }
  return { kind: 'unix', path: absolute };
}

function parseTcp(address: string): Endpoint | { readonly problem: string } {
  const port = Number(/^(?:\[[0-9a-f:]+\]|[^:\s/]*):(\d{1,5})$/i.exec(address)?.[1] ?? NaN);
  if (!(port <= 65_535)) return { problem: 'is no address: write tcp://127.0.0.1:10000' };
  return { kind: 'tcp', address: address.startsWith(':') ? `0.0.0.0${address}` : address };
}
