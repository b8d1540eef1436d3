// do-ccm as a process against a control plane and a simulated cloud: its log, its metrics, its end. Runs the sources, so that a test
// never meets yesterday's bundle.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { waitFor } from '@longshore/reconciler-core/testing';
import { appFolder } from './manifest-files.ts';
import { CLUSTER_ID } from './recorded-world.ts';

/** What the process is given. */
export interface ProgramStart {
  readonly kubeconfig: string;
  readonly cloud: DigitalOceanSimulator;
  /** A command instead of the controllers. */
  readonly command?: 'plan';
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** One process. */
export class RunningCcm {
  output = '';
  readonly #child: ChildProcess;
  readonly #exit: Promise<unknown>;

  constructor({ kubeconfig, cloud, command, flags = [], env = {} }: ProgramStart) {
    const source = ['--conditions=@longshore/source', path.join(appFolder, 'src/main.ts')];
    const part = command === undefined ? ['--secure-port=0'] : [command];
    const own = [...part, `--kubeconfig=${kubeconfig}`, ...flags];
    this.#child = spawn(process.execPath, [...source, ...own], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        DO_ACCESS_TOKEN: cloud.token,
        DO_OVERRIDE_URL: cloud.url,
        DO_CLUSTER_ID: CLUSTER_ID,
        REGION: cloud.region,
        METRICS_ADDR: '127.0.0.1:0',
        ...env,
      },
    });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.#exit = once(this.#child, 'exit');
  }

  /** Resolves when the condition holds; a program that ended, or is too slow, fails with its last words. */
  async until(what: string, condition: () => boolean | Promise<boolean>): Promise<void> {
    const isSo = async (): Promise<boolean> => {
      if (this.#child.exitCode !== null) throw new Error(`the program has ended with ${this.#child.exitCode}`);
      return condition();
    };
    await waitFor(isSo, { what, timeoutMs: 60_000 }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output.slice(-4_000)}`);
    });
  }

  /** Its exit code, once it has ended by itself. */
  async ended(): Promise<number | null> {
    await this.#exit;
    return this.#child.exitCode;
  }

  /** The value of a metric, summed over the series that have all of these labels. */
  async metric(name: string, labels: Readonly<Record<string, string>> = {}): Promise<number> {
    const port = /"serving" address="127\.0\.0\.1" port=(\d+) secure=false/.exec(this.output)?.[1];
    if (port === undefined) return 0;
    const text = await (await fetch(`http://127.0.0.1:${port}/metrics`)).text();
    const wanted = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return text
      .split('\n')
      .filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `))
      .filter((line) => wanted.every((part) => line.includes(part)))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Ends it as Kubernetes does. */
  async stop(): Promise<void> {
    if (!this.isRunning) return;
    this.kill('SIGTERM');
    const cancel = setTimeout(() => this.kill('SIGKILL'), 20_000);
    await this.#exit;
    clearTimeout(cancel);
  }
}
