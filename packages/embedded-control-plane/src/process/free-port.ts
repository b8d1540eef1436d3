// Ports below the range from which kernels take the local ports of outgoing connections (32768 on Linux, 49152 on macOS):
// a port that a stopped API server left cannot be taken by somebody's connection before it starts again.
import { createServer } from 'node:net';
import { randomInt } from 'node:crypto';
import { OperatorError, never } from '@longshore/reconciler-core';

const FIRST_PORT = 12_000;
const END_PORT = 32_000;
const ATTEMPTS = 50;

/** A port on which nothing listens at this moment. Another process can take it before it is used: callers retry. */
export async function findFreePort(address: string): Promise<number> {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const port = randomInt(FIRST_PORT, END_PORT);
    if (await canListen(address, port)) return port;
  }
  throw new OperatorError(
    'CONTROL_PLANE_NO_PORT',
    `no free port found on ${address}: is it an address of this machine?`,
    never,
  );
}

function canListen(address: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host: address, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
