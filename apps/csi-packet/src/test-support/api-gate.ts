// A way to the simulated API on which the n-th answer never arrives, because whoever asked is killed first.
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** The way. */
export interface ApiGate {
  readonly url: string;
  /** Calls `kill` when that many answers have come, before the last one is passed on; `undefined`: never. Counting starts anew. */
  killAt(answer: number | undefined, kill: () => void): void;
  stop(): Promise<void>;
}

/** Opens it. */
export async function openApiGate(upstream: string): Promise<ApiGate> {
  let left: number | undefined;
  let kill = (): void => {};
  const server = createServer((incoming, outgoing) => {
    const target = new URL(incoming.url ?? '/', upstream);
    const asked = request(target, { method: incoming.method, headers: { ...incoming.headers, host: target.host } });
    asked.on('response', (answer) => {
      if (left !== undefined) left -= 1;
      if (left === 0) {
        kill();
        answer.resume();
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
    });
    asked.on('error', () => outgoing.destroy());
    incoming.pipe(asked);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    killAt: (answer, how) => {
      left = answer;
      kill = how;
    },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
