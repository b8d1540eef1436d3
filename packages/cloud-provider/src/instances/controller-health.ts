// Progress of a queue-driven controller as a health check: the oldest key that waits or is being worked on must not get too old (I23).
import type { Controller } from '@longshore/reconciler-core';
import type { HealthReport } from './health-report.ts';

/** Unhealthy when a key has been waiting for, or been with, a worker for longer than `longestMs`. */
export function controllerHealth<K>(controller: Controller<K>, longestMs: number): HealthReport {
  const ageMs = controller.oldestItemAgeMs();
  if (ageMs === 0) return { isHealthy: true, message: 'nothing waits' };
  return {
    isHealthy: ageMs <= longestMs,
    message: `the oldest item has been waiting for ${Math.round(ageMs / 1000)} s`,
  };
}
