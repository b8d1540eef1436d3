// How long to wait before a balancer that is not finished is looked at again. Pure but for the count. cloudscale.ch builds one in 60 to 120
// seconds: seldom asked before that, more often then, seldom again when it takes longer. A whole first build stays within 25 calls.

/** Waits of one build, one after the other. */
export const BUILDING_WAITS_MS: readonly number[] = [
  2_000, 4_000, 8_000, 16_000, 30_000, 15_000, 15_000, 15_000, 15_000,
];
const LATER_MS = 30_000;

/** How often each Service's balancer was found unfinished. */
export class BuildingWaits {
  readonly #counts = new Map<string, number>();

  /** The next wait of this Service. */
  next(uid: string): number {
    const count = this.#counts.get(uid) ?? 0;
    this.#counts.set(uid, count + 1);
    return BUILDING_WAITS_MS[count] ?? LATER_MS;
  }

  /** It is finished, or not wanted any more. */
  end(uid: string): void {
    this.#counts.delete(uid);
  }
}
