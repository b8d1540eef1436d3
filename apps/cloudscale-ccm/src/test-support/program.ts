// cloudscale-ccm as a process against a control plane and a simulated cloud. Runs the sources, so that a test never meets yesterday's bundle.
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import { RunningProgram } from '@longshore/cloud-provider/testing';
import path from 'node:path';

/** What the process is given. */
export interface CcmStart {
  readonly kubeconfig: string;
  readonly cloud: CloudscaleSimulator;
  /** A command with its arguments instead of the controllers. */
  readonly command?: readonly string[];
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Its sources. */
export const MAIN = path.join(import.meta.dirname, '../main.ts');

/** The environment that names the simulated cloud. */
export function cloudEnv({ token, url }: CloudscaleSimulator): Readonly<Record<string, string>> {
  return { CLOUDSCALE_ACCESS_TOKEN: token, CLOUDSCALE_API_URL: url };
}

/** Starts one. */
export function startCcm({ kubeconfig, cloud, command, flags = [], env = {} }: CcmStart): RunningProgram {
  // As in the manifest.
  const controllers = ['--allow-untagged-cloud', '--secure-port=0'];
  return new RunningProgram('cloudscale-ccm', {
    file: MAIN,
    flags: [...(command ?? controllers), `--kubeconfig=${kubeconfig}`, ...flags],
    env: { ...cloudEnv(cloud), ...env },
  });
}
