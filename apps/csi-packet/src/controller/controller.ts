// The controller side as program.ts sees it: made only where there is an API key, so that node plugins load none of it.
import { tokenSource } from '@longshore/packet-api';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import type { ControllerServer } from '../gen/csi.ts';
import type { Handlers } from '../server/unary.ts';
import type { DriverFlags } from '../settings/flags.ts';
import type { Account, Settings } from '../settings/settings.ts';

/** What the controller side is given. */
export interface ControllerOptions {
  readonly account: Account;
  readonly settings: Settings;
  readonly flags: DriverFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The controller side, running. */
export interface Controller {
  readonly handlers: Partial<Handlers<ControllerServer>>;
  /** Why it cannot work (credentials that are refused); told by Probe. Answers at once. */
  problem(): string | undefined;
  /** Finds out where it is. Resolves when the API was asked once; rejects when this program can never work as it is set. */
  start(signal: AbortSignal): Promise<void>;
  /** Ends what still runs in the background. */
  stop(): Promise<void>;
}

/** Makes the controller side. */
export async function createController(options: ControllerOptions): Promise<Controller> {
  void tokenSource(options.env, options.flags.config === '' ? undefined : options.flags.config);
  return { handlers: {}, problem: () => undefined, start: async () => {}, stop: async () => {} };
}
