// A port that is free at this moment on loopback.
import net from 'node:net';
import { once } from 'node:events';

/** Asks the kernel for a free port; somebody else may still take it before it is used. */
export async function freePort(): Promise<number> {
  const server = net.createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  if (address === null || typeof address === 'string') throw new Error('no port was given');
  return address.port;
}
