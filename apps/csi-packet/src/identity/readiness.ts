// What Probe tells, kept up to date by others: Probe itself asks nobody, as it has to answer within a second while the API may be down.

/** What Probe tells. */
export type ProbeState =
  { readonly kind: 'starting' | 'ready' | 'stopping' } | { readonly kind: 'unfit'; readonly problem: string };

/** The state of the program. */
export class Readiness {
  #phase: 'starting' | 'ready' | 'stopping' = 'starting';
  readonly #problems: (() => string | undefined)[] = [];

  /** Adds something that may be wrong; asked at each Probe, so it has to answer at once. */
  watch(problem: () => string | undefined): void {
    this.#problems.push(problem);
  }

  /** From now on calls are welcome; a program that is stopping stays so. */
  markReady(): void {
    if (this.#phase === 'starting') this.#phase = 'ready';
  }

  markStopping(): void {
    this.#phase = 'stopping';
  }

  get state(): ProbeState {
    if (this.#phase === 'stopping') return { kind: 'stopping' };
    for (const ask of this.#problems) {
      const problem = ask();
      if (problem !== undefined) return { kind: 'unfit', problem };
    }
    return { kind: this.#phase };
  }
}
