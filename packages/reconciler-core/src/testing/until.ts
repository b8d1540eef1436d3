// Waits for the real world and takes its answer: processes and machines take their own time, and on a busy host a long one.
import { setTimeout as wait } from 'node:timers/promises';

const ROUND_MS = 200;

/** Asks again and again until there is an answer; `what` is for the error after `limitMs`. A question that fails has no answer yet. */
export async function until<T>(what: string, ask: () => T | Promise<T>, limitMs = 120_000): Promise<NonNullable<T>> {
  const deadline = performance.now() + limitMs;
  let last: unknown;
  while (performance.now() < deadline) {
    try {
      const answer = await ask();
      if (answer) return answer;
    } catch (error) {
      last = error;
    }
    await wait(ROUND_MS);
  }
  const reason = last instanceof Error ? `: ${last.message}` : '';
  throw new Error(`not so after ${limitMs / 1000} s: ${what}${reason}`, { cause: last });
}
