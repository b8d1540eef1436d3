// The manager as a process beside clusterctl, for a bootstrap cluster on which no pods run. It obeys the same rule as the StatefulSets: it
// has ended before anything is moved.
import { PACKET_NAMESPACE } from '../../api/names.ts';
import type { Child } from '../host.ts';
import type { AnyObject } from '../kube-kinds.ts';
import type { Managers } from '../pivot/provider-managers.ts';
import { failure } from '../problem.ts';
import type { BootstrapParts } from './bootstrap-cluster.ts';

const CONFIG_KEY = 'machine_configs.yaml';

/** Runs `manager` with the bootstrap cluster's kubeconfig. */
export class LocalManagers implements Managers {
  readonly #parts: BootstrapParts;
  readonly #components: readonly AnyObject[];
  #child: Child | undefined;

  constructor(parts: BootstrapParts, components: readonly AnyObject[]) {
    this.#parts = parts;
    this.#components = components;
  }

  async start(): Promise<void> {
    if (this.#child) return;
    const { host, journal, say } = this.#parts;
    const { bootstrap } = journal.content;
    if (!bootstrap) throw failure('CTL_BOOTSTRAP_FAILED', 'there is no bootstrap cluster for the manager');
    await this.#endLeftOver();
    const config = journal.file(CONFIG_KEY);
    await host.writeSecretFile(config, machineConfigsIn(this.#components));
    const { command, args } = await host.managerProgram();
    const flags = [
      '--kubeconfig',
      bootstrap.kubeconfig,
      '--config',
      config,
      '--metrics-addr',
      '0',
      '--health-addr',
      '0',
    ];
    say(`starting the manager on this machine, its log is ${journal.file('manager.log')}`);
    const logFile = journal.file('manager.log');
    this.#child = await host.start({ command, args: [...args, ...flags], logFile, isDetached: false });
    await journal.setBootstrap({ ...bootstrap, managerPid: this.#child.pid });
  }

  async stop(): Promise<void> {
    await this.#child?.stop();
    this.#child = undefined;
    await this.#endLeftOver();
  }

  // Of a clusterctl that was killed: its manager may still run.
  async #endLeftOver(): Promise<void> {
    const { host, journal } = this.#parts;
    const { bootstrap } = journal.content;
    if (bootstrap?.managerPid === undefined) return;
    await host.endProcess(bootstrap.managerPid, bootstrap.kubeconfig);
    const { managerPid: _ended, ...rest } = bootstrap;
    await journal.setBootstrap(rest);
  }
}

/** machine_configs.yaml as the components carry it. */
export function machineConfigsIn(components: readonly AnyObject[]): string {
  for (const object of components) {
    if (object.kind !== 'ConfigMap' || object.metadata?.namespace !== PACKET_NAMESPACE) continue;
    const text = (object['data'] as Readonly<Record<string, string>> | undefined)?.[CONFIG_KEY];
    if (text !== undefined) return text;
  }
  throw failure(
    'CTL_INPUT_INVALID',
    `the provider components hold no ConfigMap with ${CONFIG_KEY} in ${PACKET_NAMESPACE}`,
  );
}

/** Several places where managers run, as one. */
export function together(...all: readonly Managers[]): Managers {
  return {
    stop: async () => {
      for (const managers of all) await managers.stop();
    },
    start: async () => {
      for (const managers of all) await managers.start();
    },
  };
}
