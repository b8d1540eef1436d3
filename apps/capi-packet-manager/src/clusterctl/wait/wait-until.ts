// Waiting for the world: looks again and again, says what it sees when that changes, and ends with what it saw last.
// Errors that pass (an API server that is not up yet) are states of the world here, not failures.
import { messageOf, sleep } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { failure, isPassing } from '../problem.ts';

/** What one look brought. */
export type Look<T> = { readonly isDone: true; readonly value: T } | { readonly isDone: false; readonly state: string };

/** What is waited for. */
export interface Wait<T> {
  /** Goes on "waited 30 min for …". */
  readonly what: string;
  readonly look: (signal: AbortSignal) => Promise<Look<T>>;
  readonly limitMs: number;
  /** Environment variable that sets the limit, for the message. */
  readonly limitVariable?: string;
  /** The limit counts from the last change of the state: for work that takes long but goes on. */
  readonly isLimitPerChange?: boolean;
}

/** What waiting needs. */
export interface WaitParts {
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: (text: string) => void;
}

const FIRST_PAUSE_MS = 250;
const LONGEST_PAUSE_MS = 2_000;

/** Looks until it is done; rejects with `CTL_WAIT_TIMEOUT` and the last state after the limit. */
export async function waitUntil<T>(wait: Wait<T>, { clock, signal, say }: WaitParts): Promise<T> {
  let sinceMs = clock.monotonicMs();
  let pauseMs = FIRST_PAUSE_MS;
  let state: string | undefined;
  for (;;) {
    signal.throwIfAborted();
    const look = await lookOnce(wait, signal);
    if (look.isDone) return look.value;
    if (look.state !== state) {
      state = look.state;
      say(`waiting for ${wait.what}: ${state}`);
      if (wait.isLimitPerChange === true) sinceMs = clock.monotonicMs();
    }
    if (clock.monotonicMs() - sinceMs >= wait.limitMs) throw timedOut(wait, state);
    await sleep(clock, pauseMs, signal);
    pauseMs = Math.min(LONGEST_PAUSE_MS, pauseMs * 2);
  }
}

async function lookOnce<T>(wait: Wait<T>, signal: AbortSignal): Promise<Look<T>> {
  try {
    return await wait.look(signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!isPassing(error)) throw error;
    return { isDone: false, state: messageOf(error) };
  }
}

function timedOut<T>({ what, limitMs, limitVariable }: Wait<T>, state: string): Error {
  const hint = limitVariable === undefined ? '' : ` (${limitVariable} sets the minutes)`;
  return failure('CTL_WAIT_TIMEOUT', `waited ${limitMs / 60_000} min for ${what}${hint}; last: ${state}`);
}

/** It is so. */
export function done<T>(value: T): Look<T> {
  return { isDone: true, value };
}

/** Not yet; what is there instead. */
export function notYet(state: string): { readonly isDone: false; readonly state: string } {
  return { isDone: false, state };
}
