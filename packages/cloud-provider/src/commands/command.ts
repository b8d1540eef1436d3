// What a command is given and what it answers. run.ts parses the flags, connects, makes and starts the provider (dry run), then calls `run`.
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { KubeClient } from '@longshore/k8s-runtime';
import type { CloudProvider } from '../provider.ts';
import type { PlanSettings } from './plan-settings.ts';

/** A command that looks and tells, and never writes: neither to the cluster nor to the cloud. */
export interface Command {
  readonly name: 'plan' | 'explain';
  /** Behind the program's name: `explain service NAMESPACE/NAME | node NAME [-o json]`. */
  readonly usage: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Answers the exit code. Rejects with an OperatorError for all that ends in one line and exit code 1; wrong usage is a UsageError. */
  run(context: CommandContext, args: readonly string[]): Promise<number>;
}

/** The world of a command. */
export interface CommandContext {
  /** Started already, if it has a `start`. */
  readonly provider: CloudProvider;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  /** `--cluster-name`. */
  readonly clusterName: string;
  readonly output: 'text' | 'json';
  readonly signal: AbortSignal;
  /** Writes to standard output; what is given ends with a line break. */
  readonly write: (text: string) => void;
  /** Absent when routes are not configured. */
  readonly routes?: { readonly clusterCidrs: readonly string[] };
  /** From the flags of the controllers (`planSettings`); what is absent has the flag's default. */
  readonly settings?: Partial<PlanSettings>;
}
