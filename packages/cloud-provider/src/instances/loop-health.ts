// Progress of a periodic loop as a health check: a round that does not end, or a loop that does not come round any more, is unhealthy.
import type { Clock } from '@longshore/reconciler-core';
import type { HealthReport } from './health-report.ts';

// Rounds over thousands of Nodes with a slow cloud take minutes; longer than this nobody waits for them.
const LONGEST_ROUND_MS = 10 * 60_000;

/** Watches over rounds. */
export interface LoopHealth {
  /** Runs one round. */
  during(round: () => Promise<void>): Promise<void>;
  check(): HealthReport;
}

/** `everyMs` is the period of the loop. Healthy until the first round, which only a leader begins. */
export function loopHealth(options: { readonly clock: Clock; readonly everyMs: number }): LoopHealth {
  const { clock, everyMs } = options;
  let startedMs: number | undefined;
  let isRunning = false;
  return {
    async during(round) {
      startedMs = clock.monotonicMs();
      isRunning = true;
      try {
        await round();
      } finally {
        isRunning = false;
      }
    },
    check() {
      if (startedMs === undefined) return { isHealthy: true, message: 'not started' };
      const ageMs = clock.monotonicMs() - startedMs;
      const message = `${isRunning ? 'the present' : 'the last'} round started ${Math.round(ageMs / 1000)} s ago`;
      return { isHealthy: ageMs <= LONGEST_ROUND_MS + (isRunning ? 0 : everyMs), message };
    },
  };
}
