// do-ccm as the demo runs it: the built bundle with its real flags, its log in a file.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, readFileSync } from 'node:fs';
import path from 'node:path';

/** Where do-ccm's bundle is after `npm run build`. */
export const bundle = path.resolve(import.meta.dirname, '../../../apps/do-ccm/dist/main.js');

/** A running do-ccm. */
export class CcmProcess {
  readonly logFile: string;
  readonly #child: ChildProcess;

  constructor({
    folder,
    kubeconfig,
    cloud,
  }: {
    folder: string;
    kubeconfig: string;
    cloud: { url: string; token: string };
  }) {
    this.logFile = path.join(folder, 'do-ccm.log');
    const log = createWriteStream(this.logFile);
    const flags = ['--cloud-provider=digitalocean', `--kubeconfig=${kubeconfig}`, '--secure-port=0'];
    const env = {
      PATH: process.env.PATH,
      DO_ACCESS_TOKEN: cloud.token,
      DO_OVERRIDE_URL: cloud.url,
      REGION: 'fra1',
      DO_CLUSTER_ID: 'demo',
    };
    // A group of its own: Ctrl-C reaches the demo only, which then stops the parts in order.
    this.#child = spawn(process.execPath, [bundle, ...flags], {
      env,
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    this.#child.stdout?.pipe(log);
    this.#child.stderr?.pipe(log);
  }

  /** Throws with the end of the log when do-ccm has ended by itself. */
  mustRun(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    const tail = readFileSync(this.logFile, 'utf8').split('\n').slice(-15).join('\n');
    throw new Error(`do-ccm ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${tail}`);
  }

  /** SIGTERM, and SIGKILL after 15 s. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
  }
}
