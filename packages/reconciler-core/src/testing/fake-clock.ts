// Time that moves only when a test says so. Between two timers the promise chains get a chance to settle, so code under test can
// set the next timer before the clock goes on.
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Cancel, Clock } from '../clock.ts';
import { DeadlineHeap } from '../deadline-heap.ts';

// Turns of the event loop that count as "settled". Each runs all microtasks; more than one is for code that uses setImmediate itself.
const SETTLING_TURNS = 4;

interface Timer {
  readonly callback: () => void;
}

/** A clock for tests. Its wall clock starts at `nowMs` (2026-01-01 by default), its monotonic reading at 1,000,000. */
export class FakeClock implements Clock {
  #monotonicMs = 1_000_000;
  #wallOffsetMs: number;
  readonly #heap = new DeadlineHeap<Timer>();
  // Cancelled timers stay in the heap until their time comes, and are skipped then.
  readonly #pending = new Set<Timer>();

  constructor(options: { readonly nowMs?: number } = {}) {
    this.#wallOffsetMs = (options.nowMs ?? Date.UTC(2026, 0, 1)) - this.#monotonicMs;
  }

  nowMs(): number {
    return this.#monotonicMs + this.#wallOffsetMs;
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  after(delayMs: number, callback: () => void): Cancel {
    const timer: Timer = { callback };
    this.#pending.add(timer);
    this.#heap.setEarliest(timer, this.#monotonicMs + Math.max(0, delayMs));
    return () => void this.#pending.delete(timer);
  }

  /** Timers that are set and have not fired. */
  get pendingTimers(): number {
    return this.#pending.size;
  }

  /** Milliseconds until the next timer, or undefined when there is none. */
  get nextTimerInMs(): number | undefined {
    const first = this.#first();
    return first && first.atMs - this.#monotonicMs;
  }

  /** Sets the wall clock, as NTP or an operator would; durations and timers do not notice. */
  setWallClock(nowMs: number): void {
    this.#wallOffsetMs = nowMs - this.#monotonicMs;
  }

  /** Moves time by `ms`, running the timers that become due in their order; also those that are set on the way. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.#monotonicMs + ms;
    await this.settle();
    for (let first = this.#first(); first && first.atMs <= untilMs; first = this.#first()) await this.#fire(first.atMs);
    this.#monotonicMs = untilMs;
  }

  /** Runs timer after timer until none is left; throws after `maxTimers`, because some loops never end. */
  async runUntilIdle(maxTimers = 10_000): Promise<void> {
    await this.settle();
    for (let fired = 0; ; fired += 1) {
      const first = this.#first();
      if (!first) return;
      if (fired >= maxTimers)
        throw new Error(`still ${this.pendingTimers} timers pending after ${maxTimers} have fired`);
      await this.#fire(first.atMs);
    }
  }

  /** Lets promise chains and setImmediate callbacks run, without moving time. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < SETTLING_TURNS; turn += 1) await nextTurn();
  }

  async #fire(atMs: number): Promise<void> {
    const due = this.#heap.shift();
    this.#monotonicMs = Math.max(this.#monotonicMs, atMs);
    if (due && this.#pending.delete(due.key)) due.key.callback();
    await this.settle();
  }

  #first(): { readonly atMs: number } | undefined {
    for (let first = this.#heap.first(); first; first = this.#heap.first()) {
      if (this.#pending.has(first.key)) return first;
      this.#heap.shift();
    }
    return undefined;
  }
}
