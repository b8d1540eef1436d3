// Decides whether Normal events are held back. A thousand Nodes that start together bring a thousand events within seconds, and each write
// of one costs the API server as much as the write of a Node that still waits: the Nodes go first, what is told about them follows.

const WINDOW_MS = 1_000;
const CALM_AFTER_MS = 2_000;
const LONGEST_HOLD_MS = 20_000;

/** Counts events as they happen; a flood is on from more than `perSecond` until 2 s with fewer, and for 20 s at most. */
export class EventFlood {
  readonly #perSecond: number;
  #windowAtMs = -Infinity;
  #count = 0;
  #startedAtMs = -Infinity;
  #untilMs = -Infinity;

  constructor(perSecond: number) {
    this.#perSecond = perSecond;
  }

  /** An event happened at `nowMs` (monotonic). */
  note(nowMs: number): void {
    if (nowMs - this.#windowAtMs >= WINDOW_MS) {
      this.#windowAtMs = nowMs;
      this.#count = 0;
    }
    this.#count += 1;
    if (this.#count <= this.#perSecond) return;
    if (nowMs >= this.#untilMs) this.#startedAtMs = nowMs;
    this.#untilMs = nowMs + CALM_AFTER_MS;
  }

  /** How long what can wait should still wait at `nowMs`; 0 = no flood, or one that has been held back long enough. */
  holdMs(nowMs: number): number {
    const heldLongEnoughMs = this.#startedAtMs + LONGEST_HOLD_MS;
    return Math.max(0, Math.min(this.#untilMs, heldLongEnoughMs) - nowMs);
  }
}
