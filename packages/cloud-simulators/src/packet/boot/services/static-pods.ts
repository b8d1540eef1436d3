// Runs the static pods of a machine as processes: what lies in the folder of manifests is started, restarted when it ends or changes, and
// stopped when its manifest goes away. The control plane that kubeadm writes down comes up this way.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { planStaticPod } from './static-pod-plan.ts';
import type { ImagePrograms, PodProgram } from './static-pod-plan.ts';
import type { ApiObject } from './node-object.ts';

/** A manifest that is in effect. */
export interface RunningPod {
  readonly file: string;
  readonly hash: string;
  readonly pod: ApiObject;
  readonly namespace: string;
}

interface Supervised extends RunningPod {
  readonly programs: readonly Supervisor[];
}

/** How static pods are run. */
export interface StaticPodOptions {
  readonly images: ImagePrograms;
  readonly log: (line: string) => void;
  /** Gets the output of the programs. */
  readonly logFolder: string;
}

/** The static pods of one machine. */
export class StaticPods {
  readonly #options: StaticPodOptions;
  readonly #running = new Map<string, Supervised>();
  readonly #refused = new Map<string, string>();

  constructor(options: StaticPodOptions) {
    this.#options = options;
  }

  /** The manifests in effect. */
  get running(): readonly RunningPod[] {
    return [...this.#running.values()];
  }

  /** Makes what runs what the folder says. */
  async sync(folder: string): Promise<void> {
    const files = existsSync(folder) ? readdirSync(folder).filter((name) => /^[^.].*\.ya?ml$/.test(name)) : [];
    for (const file of this.#running.keys()) if (!files.includes(file)) await this.#stop(file);
    for (const file of files) await this.#follow(file, readFileSync(join(folder, file), 'utf8'));
  }

  /** Ends them all; the API server before etcd. */
  async stopAll(): Promise<void> {
    for (const file of [...this.#running.keys()].sort().toReversed()) await this.#stop(file);
  }

  async #follow(file: string, manifest: string): Promise<void> {
    const hash = createHash('md5').update(manifest).digest('hex');
    if (this.#running.get(file)?.hash === hash || this.#refused.get(file) === hash) return;
    await this.#stop(file);
    const plan = planStaticPod(manifest, this.#options.images);
    if ('problem' in plan) {
      // A file that is being written is read again when it has changed.
      this.#refused.set(file, hash);
      this.#options.log(`static pod ${file}: ${plan.problem}`);
      return;
    }
    this.#options.log(`static pod ${file}: started`);
    const programs = plan.programs.map((program) => new Supervisor(program, this.#options));
    this.#running.set(file, { file, hash, pod: plan.pod, namespace: plan.namespace, programs });
  }

  async #stop(file: string): Promise<void> {
    const found = this.#running.get(file);
    if (found === undefined) return;
    this.#running.delete(file);
    await Promise.all(found.programs.map((program) => program.stop()));
    this.#options.log(`static pod ${file}: stopped`);
  }
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 10_000;
const GRACE_MS = 5_000;

/** Keeps one program running. */
class Supervisor {
  readonly #program: PodProgram;
  readonly #options: StaticPodOptions;
  #child: ChildProcess | undefined;
  #retry: NodeJS.Timeout | undefined;
  #pauseMs = FIRST_PAUSE_MS;
  #isStopped = false;

  constructor(program: PodProgram, options: StaticPodOptions) {
    this.#program = program;
    this.#options = options;
    this.#start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    clearTimeout(this.#retry);
    const child = this.#child;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const killing = setTimeout(() => child.kill('SIGKILL'), GRACE_MS);
    await ended;
    clearTimeout(killing);
  }

  #start(): void {
    const { name, command, env } = this.#program;
    const { log, logFolder } = this.#options;
    mkdirSync(logFolder, { recursive: true });
    const output = openSync(join(logFolder, `${name}.log`), 'a');
    const [program = '', ...args] = command;
    const startedAt = performance.now();
    const child = spawn(program, args, { env: { PATH: '/usr/bin:/bin', ...env }, stdio: ['ignore', output, output] });
    closeSync(output);
    this.#child = child;
    child.once('error', (error) => log(`${name}: ${error.message}`));
    child.once('close', (code, signal) => {
      if (this.#isStopped) return;
      log(`${name} ended (${signal ?? `exit code ${code}`}), see ${logFolder}/${name}.log`);
      this.#pauseMs = performance.now() - startedAt > LONGEST_PAUSE_MS ? FIRST_PAUSE_MS : this.#pauseMs;
      this.#retry = setTimeout(() => this.#start(), this.#pauseMs);
      this.#pauseMs = Math.min(this.#pauseMs * 2, LONGEST_PAUSE_MS);
    });
  }
}
