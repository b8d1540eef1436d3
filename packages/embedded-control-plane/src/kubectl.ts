// The real kubectl as administrator of a control plane, for tests and demos of manifests.
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { acquireBinary } from './binaries/acquire.ts';
import type { ControlPlane } from './control-plane.ts';
import { DEFAULT_MINOR } from './versions.ts';

const execute = promisify(execFile);

/** How it is run. */
export interface KubectlOptions {
  /** The folder that relative paths of manifests count from; this process's when absent. */
  readonly cwd?: string | undefined;
  /** Warnings of the API server that are no failure. */
  readonly expectedWarning?: RegExp | undefined;
  /** Told of a build or download that takes long. */
  readonly onProgress?: ((message: string) => void) | undefined;
}

/** Runs kubectl with these arguments; resolves with what it printed. Rejects when it fails or the API server warned. */
export type Kubectl = (...args: readonly string[]) => Promise<string>;

/** kubectl for the control plane; acquired when it is nowhere yet. Its cache lies in the control plane's folder. */
export async function kubectlFor(
  { kubeconfigPath, folder }: Pick<ControlPlane, 'kubeconfigPath' | 'folder'>,
  { cwd, expectedWarning, onProgress }: KubectlOptions = {},
): Promise<Kubectl> {
  const program = await acquireBinary('kubectl', DEFAULT_MINOR, onProgress ? { onProgress } : {});
  const env = { ...process.env, KUBECONFIG: kubeconfigPath, HOME: folder };
  return async (...args) => {
    const { stdout, stderr } = await execute(program, args, { cwd, env });
    const warnings = stderr.split('\n').filter((line) => line.startsWith('Warning') && !expectedWarning?.test(line));
    if (warnings.length > 0) throw new Error(warnings.join('\n'));
    return stdout;
  };
}
