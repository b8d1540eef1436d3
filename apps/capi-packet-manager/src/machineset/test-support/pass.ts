// One pass of a controller in a world for laws: what it has read so far, and a call before which it can be held up, as by a slow network,
// while everything else goes on.
import type { RollingLimits } from '../../machinedeployment/rolling-limits.ts';
import type { Known } from './roll-out-judge.ts';

/** A pass under way. */
export class Pass {
  readonly of: 'set' | 'deployment';
  readonly key: string;
  /** The number of machines that the set's pass read. */
  told: { readonly uid: string; readonly replicas: number } | undefined;
  /** The limits that the deployment's pass read. */
  limits: RollingLimits | undefined;
  /** What there was at its last read; a deployment's own writes are added. */
  known: Known | undefined;
  /** Machines that it deleted. */
  deleted = 0;
  /** Settles when the pass stands still. */
  readonly held: Promise<void>;
  readonly #holdAt: number;
  readonly #stands = Promise.withResolvers<void>();
  readonly #goesOn = Promise.withResolvers<void>();
  #calls = 0;

  /** `holdAt`: the call before which it is held up, counted from 1; 0 for none. */
  constructor(of: Pass['of'], key: string, holdAt = 0) {
    this.of = of;
    this.key = key;
    this.#holdAt = holdAt;
    this.held = this.#stands.promise;
  }

  /** Before each call. */
  async turn(): Promise<void> {
    this.#calls += 1;
    if (this.#calls !== this.#holdAt) return;
    this.#stands.resolve();
    await this.#goesOn.promise;
  }

  /** Lets it go on. */
  release(): void {
    this.#goesOn.resolve();
  }
}
