// The commands of every cloud controller manager, and what they are given. Loaded only when one is asked for (wiring-command.ts).
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { KubeClient } from '@longshore/k8s-runtime';
import type { CloudProvider } from '../provider.ts';

/** What a command works with: everything reads, nothing writes. */
export interface CommandContext {
  readonly provider: CloudProvider;
  readonly client: KubeClient;
  readonly clock: Clock;
  readonly log: Logger;
  readonly clusterName: string;
  readonly output: 'text' | 'json';
  readonly signal: AbortSignal;
  readonly write: (text: string) => void;
  readonly routes?: { readonly clusterCidrs: readonly string[] };
}

/** One command. */
export interface Command {
  readonly name: 'plan' | 'explain' | 'orphans';
  readonly usage: string;
  readonly summary: string;
  /** The exit code. */
  run(context: CommandContext, args: readonly string[]): Promise<number>;
}

/** All commands. */
export const commands: readonly Command[] = [];
