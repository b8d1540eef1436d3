// Polling in real time, for tests with real processes and sockets. Everything else uses FakeClock.
import { setTimeout as pause } from 'node:timers/promises';

/** What the error says when the time is up, and how long and how often to look. */
export interface WaitForOptions {
  readonly what: string;
  /** A minute by default: a busy machine stands still for seconds. */
  readonly timeoutMs?: number | undefined;
  /** 20 ms by default. */
  readonly everyMs?: number | undefined;
}

/** Resolves once `condition` holds. An error thrown by it counts as "not yet" and is the cause of the final error. */
export async function waitFor(condition: () => boolean | Promise<boolean>, options: WaitForOptions): Promise<void> {
  const { what, timeoutMs = 60_000, everyMs = 20 } = options;
  const startedMs = performance.now();
  let cause: unknown;
  for (;;) {
    try {
      if (await condition()) return;
      cause = undefined;
    } catch (error) {
      cause = error;
    }
    if (performance.now() - startedMs >= timeoutMs)
      throw new Error(`waited ${timeoutMs} ms in vain for: ${what}`, { cause });
    await pause(everyMs);
  }
}
