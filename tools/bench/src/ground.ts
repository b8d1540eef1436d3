// What all benchmarks stand on: one real control plane, one simulated cloud, and programs started against both.
import { rmSync, mkdtempSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { BareApi } from './api-loop.ts';
import { freePort } from './free-port.ts';
import { Program } from './program.ts';
import type { BenchCloud, Subject } from './subject.ts';

/** Options of every benchmark. */
export interface GroundOptions {
  readonly subject: Subject;
  readonly latencyMs: number;
  readonly machines: number;
  readonly timeToActiveMs?: number;
  /** Another program's command line; undefined is the subject's bundle. */
  readonly commandLine: string | undefined;
  readonly minor?: '1.34' | '1.35' | '1.36';
  readonly progress: (message: string) => void;
}

/** The running parts of one benchmark. */
export interface Ground {
  readonly controlPlane: ControlPlane;
  readonly cloud: BenchCloud;
  readonly api: BareApi;
  readonly options: GroundOptions;
  /** Starts the program under test; stopped with the ground at the latest. */
  readonly start: (extraArgs?: readonly string[]) => Promise<Program>;
}

/** Runs `work` on fresh ground and clears it away afterwards, whatever happens. */
export async function onGround<T>(options: GroundOptions, work: (ground: Ground) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'longshore-bench-'));
  const programs: Program[] = [];
  const minor = options.minor ?? '1.36';
  const controlPlane = await startControlPlane({ minor, onProgress: options.progress });
  const { subject, latencyMs, machines, timeToActiveMs = 1500 } = options;
  const cloud = await subject.simulate({ latencyMs, machines, timeToActiveMs });
  const api = new BareApi(controlPlane, 20);
  const start = async (extraArgs: readonly string[] = []): Promise<Program> => {
    const program = new Program({
      subject,
      commandLine: options.commandLine,
      kubeconfig: controlPlane.kubeconfigPath,
      cloudUrl: cloud.url,
      env: cloud.env,
      securePort: await freePort(),
      extraArgs,
    });
    programs.push(program);
    return program;
  };
  try {
    return await work({ controlPlane, cloud, api, options, start });
  } finally {
    await Promise.all(programs.map((program) => program.stop()));
    api.close();
    await cloud.close();
    await controlPlane.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
