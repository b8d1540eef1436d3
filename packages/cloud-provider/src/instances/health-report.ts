// What a controller says about its own progress (I23). The process's health pages collect these; a controller that is alive but stuck
// shows up here.
import type { Runnable } from '@longshore/reconciler-core';

/** Progress of one controller: `message` says what it is doing, or for how long it has been stuck. */
export interface HealthReport {
  readonly isHealthy: boolean;
  readonly message: string;
}

/** A controller as the program around it sees it: something to run as leader, with a health check. */
export interface CloudController extends Runnable {
  check(): HealthReport;
}
