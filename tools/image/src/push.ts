// Sends images to a registry with crane, the tool of go-containerregistry: a manifest goes as it is, so its digest stays.
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { acquireBinary } from '@longshore/embedded-control-plane';
import { OperatorError, backoff } from '@longshore/reconciler-core';
import { writeLayout } from './oci-layout.ts';
import type { NamedImages } from './oci-layout.ts';

/** How to reach the registry. */
export interface PushOptions {
  /** The environment of crane: PATH, HOME or DOCKER_CONFIG with credentials. */
  readonly env?: NodeJS.ProcessEnv;
  readonly onProgress?: (message: string) => void;
}

/** Pushes and resolves with the digest that the registry has now. Throws IMAGE_PUSH_FAILED. */
export async function pushImages(named: NamedImages, reference: string, options: PushOptions = {}): Promise<string> {
  const folder = await mkdtemp(path.join(tmpdir(), 'longshore-push-'));
  try {
    await writeLayout(folder, [named]);
    await pushLayout(folder, reference, options);
    return (await crane(['digest', reference], options)).trim();
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** Pushes the only image (or index) of a layout. */
export async function pushLayout(folder: string, reference: string, options: PushOptions = {}): Promise<void> {
  options.onProgress?.(`pushing ${reference}`);
  await crane(['push', folder, reference], options);
}

/** Runs crane and resolves with what it prints. */
export async function crane(args: readonly string[], options: PushOptions = {}, input = ''): Promise<string> {
  const { onProgress, env = process.env } = options;
  const program = await acquireBinary('crane', undefined, onProgress ? { onProgress } : {});
  try {
    const running = promisify(execFile)(program, args, { env });
    // Most commands read nothing, and are gone before their (empty) input is written.
    running.child.stdin?.on('error', () => {});
    running.child.stdin?.end(input);
    return (await running).stdout;
  } catch (cause) {
    const reason = (cause as { stderr?: string }).stderr?.trim().split('\n').at(-1) ?? String(cause);
    throw new OperatorError('IMAGE_PUSH_FAILED', `the registry refused "crane ${args[0]}": ${reason}`, backoff, {
      cause,
    });
  }
}
