// The built programs of the repository, as the pods of a cluster name them.
import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Pod } from '../pods/pod-objects.ts';
import type { PodProgram } from '../pods/pod-host.ts';

const apps = path.resolve(import.meta.dirname, '../../../..');

/** A built program; throws when it is not built. */
export function builtProgram(app: string, file: string): readonly string[] {
  const main = path.join(apps, app, 'dist', file);
  if (!existsSync(main)) throw new Error(`${main} is not there: run npm run build in apps/${app}`);
  return [process.execPath, main];
}

// The order of the usual times (half a minute, a minute, 15 seconds) without their length. Lists of the simulator do not lag.
const QUICK = ['--sync-period=5s', '--settling-time=15s', '--wait-period=3s'];

/** The managers of Cluster API: pods outside kube-system with `manager` or `controller` in their names. Their ports are any free ones. */
export function managerProgram({ metadata }: Pod): PodProgram | undefined {
  if (metadata?.namespace === 'kube-system' || !/manager|controller/.test(metadata?.name ?? '')) return undefined;
  const command = builtProgram('capi-packet-manager', 'manager.js');
  return { command, extraArgs: ['--metrics-addr=0', '--health-addr=0', ...QUICK] };
}

/** The managers, and packet-ccm as the addons set it up. */
export function clusterProgram(pod: Pod): PodProgram | undefined {
  const { namespace, name = '' } = pod.metadata ?? {};
  if (namespace === 'kube-system' && name.startsWith('packet-cloud-controller-manager-')) {
    return { command: builtProgram('packet-ccm', 'main.js'), extraArgs: ['--secure-port=0'] };
  }
  return managerProgram(pod);
}
