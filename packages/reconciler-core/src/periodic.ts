// Loops with a period, as Runnables. Sliding ones count the period from the end of a round, the others from its start.
import { sleep } from './clock.ts';
import type { Clock } from './clock.ts';
import { jitter } from './jitter.ts';
import type { Logger } from './logger.ts';
import type { Runnable } from './source.ts';

/** `work` gets the signal of the loop; an error in it is logged and the loop goes on. */
export interface PeriodicOptions {
  readonly name: string;
  readonly everyMs: number;
  readonly clock: Clock;
  readonly log: Logger;
  readonly work: (signal: AbortSignal) => Promise<void>;
  /** A round that took longer than the period is followed by the next one at once when counted from the start; nothing piles up. */
  readonly countFrom: 'end' | 'start';
  /** False waits one period before the first round; true by default. */
  readonly immediately?: boolean | undefined;
  /** Each period is lengthened by a random share of up to this factor; 0 by default. */
  readonly jitter?: number | undefined;
  readonly random?: (() => number) | undefined;
}

/** Runs `work` again and again until the signal aborts; a round that is running is waited for. */
export function periodic(options: PeriodicOptions): Runnable {
  const { name, clock, log } = options;
  const pauseMs = (startedMs: number): number => {
    const periodMs = jitter(options.everyMs, options.jitter ?? 0, options.random);
    return options.countFrom === 'end' ? periodMs : periodMs - (clock.monotonicMs() - startedMs);
  };
  const round = async (signal: AbortSignal): Promise<void> => {
    try {
      await options.work(signal);
    } catch (error) {
      if (!signal.aborted) log.error('periodic work failed', { loop: name, error });
    }
  };
  const pause = async (ms: number, signal: AbortSignal): Promise<void> => {
    await sleep(clock, ms, signal).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  };
  return {
    name,
    async run(signal) {
      if (options.immediately === false) await pause(pauseMs(clock.monotonicMs()), signal);
      while (!signal.aborted) {
        const startedMs = clock.monotonicMs();
        await round(signal);
        if (!signal.aborted) await pause(pauseMs(startedMs), signal);
      }
    },
  };
}
