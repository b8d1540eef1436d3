// Builds a binary from its Go module into the cache. The result gets its name by rename, so that a build that was cut off
// leaves nothing that looks finished. The compiler runs under a watchdog: it ends with this process.
import { execFile } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { access, constants, mkdir, rename } from 'node:fs/promises';
import { once } from 'node:events';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { setTimeout as pause } from 'node:timers/promises';
import { OperatorError, never } from '@longshore/reconciler-core';
import { readLogTail } from '../process/log-tail.ts';
import { Sandbox } from '../process/sandbox.ts';
import { withBuildLock } from './build-lock.ts';
import { CATALOGUE } from './catalogue.ts';
import type { BinaryName } from './catalogue.ts';
import { goBuildArgs, goEnv, isWorthRetry } from './go-build-plan.ts';

const ATTEMPTS = 4;
const RETRY_PAUSE_MS = 3_000;
const PROGRESS_MS = 15_000;

/** What to build and whom to tell. */
export interface GoBuildRequest {
  readonly name: BinaryName;
  readonly version: string;
  readonly module: string;
  readonly path: string;
  readonly lockPath: string;
  readonly env: NodeJS.ProcessEnv;
  readonly onProgress: (message: string) => void;
  readonly signal: AbortSignal | undefined;
}

/** The version of the installed Go (`go1.26.8`), or undefined when there is none. It keys the cache; nothing is downloaded. */
export async function readGoVersion(env: NodeJS.ProcessEnv): Promise<string | undefined> {
  try {
    const options = { cwd: '/', env: { ...goEnv(env), GOTOOLCHAIN: 'local' } };
    const { stdout } = await promisify(execFile)('go', ['env', 'GOVERSION'], options);
    return stdout.trim() || undefined;
  } catch {
    return undefined;
  }
}

/** Builds unless another process did so while this one waited for the lock. Resolves with the path. */
export async function buildWithGo(request: GoBuildRequest): Promise<string> {
  const label = `${request.name} ${request.version}`;
  await makeCacheFolder(dirname(request.path));
  const onWait = ({ pid }: { pid: number }): void =>
    request.onProgress(`waiting for process ${pid}, which builds (${label} is next)`);
  return withBuildLock({ path: request.lockPath, onWait, signal: request.signal }, async () => {
    if (!(await isThere(request.path))) await build(request, label);
    return request.path;
  });
}

async function makeCacheFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
  } catch (cause) {
    const message = `cannot write to the cache folder ${folder}: set LONGSHORE_CACHE to a folder that can be written`;
    throw new OperatorError('CONTROL_PLANE_BUILD_FAILED', message, never, { cause });
  }
}

async function build(request: GoBuildRequest, label: string): Promise<void> {
  const startedAt = performance.now();
  const seconds = (): string => `${Math.round((performance.now() - startedAt) / 1000)} s`;
  const minutes = CATALOGUE[request.name].coldMinutes;
  request.onProgress(
    `building ${label} with Go (about ${minutes} ${minutes === 1 ? 'minute' : 'minutes'} the first time)`,
  );
  const ticker = setInterval(() => request.onProgress(`building ${label} … ${seconds()}`), PROGRESS_MS);
  const sandbox = await Sandbox.open('longshore-go-build', goEnv(request.env));
  try {
    // Beside its final place, for rename works within one file system only.
    const output = `${request.path}.${process.pid}.tmp`;
    await compile(request, sandbox, output);
    await rename(output, request.path);
  } finally {
    clearInterval(ticker);
    await sandbox.close(0);
  }
  request.onProgress(`built ${label} in ${seconds()}`);
}

async function compile(request: GoBuildRequest, sandbox: Sandbox, output: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const log = join(sandbox.folder, `go-build-${attempt}.log`);
    const code = await runGo(request, { sandbox, output, log });
    if (code === 0) return;
    const tail = readLogTail(log);
    if (attempt >= ATTEMPTS || !isWorthRetry(tail)) throw buildError(request, tail);
    request.onProgress(`go could not download everything, trying again (${attempt} of ${ATTEMPTS - 1})`);
    await pause(RETRY_PAUSE_MS * attempt, undefined, signalOption(request.signal));
  }
}

interface GoRun {
  readonly sandbox: Sandbox;
  readonly output: string;
  readonly log: string;
}

async function runGo(request: GoBuildRequest, run: GoRun): Promise<number | null> {
  const output = openSync(run.log, 'w', 0o600);
  try {
    const args = goBuildArgs({ name: request.name, version: request.version, output: run.output });
    const child = await run.sandbox.spawn({ command: 'go', args, cwd: request.module, output });
    child.ref();
    const [code] = (await once(child, 'exit', signalOption(request.signal))) as [number | null];
    return code;
  } finally {
    closeSync(output);
  }
}

function buildError({ name, version, module }: GoBuildRequest, tail: string): OperatorError {
  const message = `go could not build ${name} ${version} from ${module}. The end of its output:\n${tail}`;
  return new OperatorError('CONTROL_PLANE_BUILD_FAILED', message, never);
}

function signalOption(signal: AbortSignal | undefined): { signal?: AbortSignal } {
  return signal ? { signal } : {};
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
