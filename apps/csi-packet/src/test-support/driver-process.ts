// The built program with a client, once it is ready.
import { waitFor } from '@longshore/reconciler-core/testing';
import { csiClient } from './csi-client.ts';
import type { CsiClient } from './csi-client.ts';
import { listens } from './listens.ts';
import { startProgram } from './program.ts';
import type { Program } from './program.ts';

/** A driver that runs. */
export interface DriverProcess extends Program {
  readonly client: CsiClient;
  stop(): Promise<void>;
}

/** Starts the bundle; resolves when Probe says ready. */
export async function startDriverProcess(
  socket: string,
  flags: readonly string[],
  env: Readonly<Record<string, string>>,
  main?: string,
): Promise<DriverProcess> {
  const program = startProgram([`--endpoint=unix://${socket}`, ...flags], env, main);
  const client = csiClient(`unix:${socket}`);
  const isUp = async (): Promise<boolean> =>
    (await listens(socket)) && (await client.identity.probe({})).ready === true;
  const early = program.exited.then((code) => Promise.reject(new Error(`ended with ${code}: ${program.output()}`)));
  early.catch(() => {});
  try {
    await Promise.race([waitFor(isUp, { what: 'a driver that is ready' }), early]);
  } catch (error) {
    client.close();
    await program.kill();
    throw error;
  }
  const stop = async (): Promise<void> => {
    client.close();
    program.child.kill('SIGTERM');
    await program.exited;
  };
  return { ...program, client, stop };
}
