// Waits for the world to be as wanted by polling it, at a pace that does not disturb the measurement.
import { setTimeout as pause } from 'node:timers/promises';
import type { BareApi } from './api-loop.ts';

/** How a wait ends. */
export interface WaitOptions {
  readonly what: string;
  readonly timeoutMs: number;
  readonly everyMs?: number;
  /** Called at each round; throws when waiting is pointless. */
  readonly meanwhile?: () => void;
}

/** Resolves with the first defined answer of `probe`; throws after the time-out, naming what was waited for. */
export async function awaitWorld<T>(probe: () => Promise<T | undefined>, options: WaitOptions): Promise<T> {
  const deadline = performance.now() + options.timeoutMs;
  for (;;) {
    const answer = await probe();
    if (answer !== undefined) return answer;
    options.meanwhile?.();
    if (performance.now() > deadline) throw new Error(`waited ${options.timeoutMs / 1000} s for ${options.what}`);
    await pause(options.everyMs ?? 50);
  }
}

/** One line of a watch, as text: benchmarks look for a few words and parse only where they must. */
export type WatchLine = (line: string) => void;

/** Follows a watch until the signal aborts; cheap enough to run beside a measurement. */
export async function followWatch(api: BareApi, path: string, onLine: WatchLine, signal: AbortSignal): Promise<void> {
  let rest = '';
  try {
    const response = await api.open(path, signal);
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(onLine);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

/** Items of a list, parsed. */
export async function listOf<T>(api: BareApi, path: string): Promise<readonly T[]> {
  return (JSON.parse(await api.must({ method: 'GET', path })) as { readonly items: readonly T[] }).items;
}
