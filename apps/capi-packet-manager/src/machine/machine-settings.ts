// Times and limits of the Machine controller, and what they are by default.
import type { ProviderIdPrefix } from './machine-memory.ts';

/** What can be set. */
export interface MachineSettings {
  /** The Node that this program runs on (`NODE_NAME`): its Machine is not deleted. */
  readonly nodeName?: string | undefined;
  readonly providerIdPrefix: ProviderIdPrefix;
  /** An active device whose Node does not appear for so long has failed to join. */
  readonly joinTimeoutMs: number;
  /** Larger user data is refused before the API is asked. */
  readonly maxUserDataBytes: number;
  /** How long a deletion waits for the workload cluster, to which the Machine belonged, before it goes on without. */
  readonly workloadPatienceMs: number;
  /** How long a device that was ordered may be missing in lists. The same as of the servers. */
  readonly settlingMs: number;
  /** Pause while something else has to come first. */
  readonly waitMs: number;
  /** First pause after a refusal; doubled each time up to `longestPauseMs`. */
  readonly firstPauseMs: number;
  readonly longestPauseMs: number;
}

/** The usual times and limits. */
export const MACHINE_SETTINGS: MachineSettings = {
  providerIdPrefix: 'packet',
  joinTimeoutMs: 20 * 60_000,
  maxUserDataBytes: 64 * 1024,
  workloadPatienceMs: 60_000,
  settlingMs: 60_000,
  waitMs: 15_000,
  firstPauseMs: 15_000,
  longestPauseMs: 5 * 60_000,
};
