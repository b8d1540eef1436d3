// What a program brings and what its provider is made of: the types of runCloudControllerManager.
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { FlagTable, FlagValues, PrometheusMetrics, SecretRedactor } from '@longshore/k8s-runtime/process';
import type { CcmFlagValues, ProgramFlags } from './flags.ts';
import type { MachineNameOf } from './node-name-map.ts';
import type { CloudProvider } from './provider.ts';
import type { ProgramCommand } from './wiring-command-own.ts';

/** What a provider is made of. */
export interface ProviderConfig<Table extends FlagTable = FlagTable> {
  readonly flags: CcmFlagValues & FlagValues<Table>;
  /** The process's environment, with the simulator's variables under `--simulate`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: PrometheusMetrics;
  /** Aborts when the process is asked to stop. */
  readonly signal: AbortSignal;
  /** Change nothing in the cloud. */
  readonly isDryRun: boolean;
  /** For Nodes without provider ID: what the cloud calls their machines (`--node-name-map`, else the Node's name). */
  readonly machineNameOf: MachineNameOf;
  /** A command that ends by itself, perhaps beside the running program: take no ports. */
  readonly isCommand?: boolean;
  /** Tokens that are read later than by `secrets` below go here, so that they are never printed. */
  readonly secrets: SecretRedactor;
}

/** A simulated cloud that runs inside the process. */
export interface Simulation {
  /** Variables that point the provider at it, for example `{ DO_OVERRIDE_URL: 'http://127.0.0.1:40123' }`. */
  readonly env: Readonly<Record<string, string>>;
  /** One line for the log: what runs where. */
  readonly description: string;
  stop(): Promise<void>;
}

/** A cloud controller manager: names, flags, and how to make the provider. */
export interface CloudControllerManagerProgram<Table extends FlagTable = FlagTable> extends ProgramFlags<Table> {
  /** Of the binary: `do-ccm`. */
  readonly name: string;
  readonly version: string;
  readonly description: string;
  /** Secrets in the environment: read before the first log line. */
  readonly secrets?:
    ((env: Readonly<Record<string, string | undefined>>) => readonly (string | undefined)[]) | undefined;
  /** Called on standbys too; should not talk to the cloud (that is for `start` and the first call). */
  create(config: ProviderConfig<Table>): Promise<CloudProvider>;
  /** Behind `--simulate`; absent means that there is no simulator of this cloud. */
  simulate?: ((config: ProviderConfig<Table>) => Promise<Simulation>) | undefined;
  /** Further commands; see `help`. */
  readonly commands?: readonly ProgramCommand[] | undefined;
}
