// The program inside the test's own process: its real sockets and its real start and stop, with what it prints kept.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SecretRedactor } from '@longshore/k8s-runtime/process';
import { waitFor } from '@longshore/reconciler-core/testing';
import { runDriver } from '../program.ts';
import { csiClient } from './csi-client.ts';
import type { CsiClient } from './csi-client.ts';
import { listens } from './listens.ts';

/** A driver that runs. */
export interface RunningDriver {
  readonly client: CsiClient;
  readonly folder: string;
  readonly socket: string;
  /** Ends as its main function does: rejects with what it threw. */
  readonly ended: Promise<void>;
  stop(): Promise<void>;
}

/** How to start it. */
export interface DriverStart {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Default: wait until Probe says ready. */
  readonly waitFor?: 'socket' | 'ready';
}

/** Starts the driver on a socket of its own. */
export async function startDriver({
  flags = [],
  env = {},
  waitFor: until = 'ready',
}: DriverStart = {}): Promise<RunningDriver> {
  const folder = await mkdtemp(join(tmpdir(), 'csi-'));
  const socket = join(folder, 'csi.sock');
  const stop = new AbortController();
  const argv = [`--endpoint=unix://${socket}`, '--v=panic', ...flags];
  const context = {
    argv,
    env,
    signal: stop.signal,
    secrets: new SecretRedactor(),
    print: () => {},
    useLogger: () => {},
  };
  const ended = runDriver(context);
  let hasEnded = false;
  const settled = (): void => void (hasEnded = true);
  ended.then(settled, settled);
  const client = csiClient(`unix:${socket}`);
  const isUp = async (): Promise<boolean> =>
    hasEnded || ((await listens(socket)) && (until === 'socket' || (await client.identity.probe({})).ready === true));
  await waitFor(isUp, { what: 'a driver that is ready', timeoutMs: 60_000 });
  if (hasEnded) {
    client.close();
    await rm(folder, { recursive: true, force: true });
    await ended;
    throw new Error('the driver ended by itself');
  }
  return {
    client,
    folder,
    socket,
    ended,
    stop: async () => {
      client.close();
      stop.abort(new Error('stopped'));
      await ended.catch(() => {});
      await rm(folder, { recursive: true, force: true });
    },
  };
}
