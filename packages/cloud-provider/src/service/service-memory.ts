// What the controller remembers of each Service between reconciles. Nothing here is needed for correctness after a restart:
// it tells what is new (so that unchanged objects get no event), which balancers to remove after their Service vanished,
// and what was told to users already.
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancerStatus } from '../provider.ts';
import type { TargetSet } from './targets.ts';

/** How far a Service is, also the label of the gauge (I25). `refused`: its owner must change it; `released`: cleaned up. */
export type Progress = 'pending' | 'ready' | 'failed' | 'refused' | 'not-mine' | 'leaving' | 'released';

/** Events that are written once as long as their reason lasts. */
export interface Told {
  readonly isWaitingTold: boolean;
  readonly isUnavailableTold: boolean;
  readonly isDeletingTold: boolean;
  /** Texts of the warnings about the Service's settings. */
  readonly warnings: readonly string[];
  /** Text of the failure that only a change of the Service can end. */
  readonly refusal?: string;
}

/** One Service as it was last worked on. */
export interface Remembered {
  readonly uid: string;
  readonly service: KubeService;
  readonly fingerprint: string;
  /** The targets that the balancer was last told. */
  readonly targets: TargetSet;
  readonly progress: Progress;
  /** What is being worked towards: a failed removal is not a failed creation. */
  readonly goal: 'present' | 'absent';
  /** A balancer may exist: the cloud was called, or the finalizer says that it was. */
  readonly mayHaveBalancer: boolean;
  /** The event that success will bring. */
  readonly owes: 'nothing' | 'ensured' | 'updated';
  readonly told: Told;
  /** What the Service should show, once known: drift is measured against it. */
  readonly status?: LoadBalancerStatus;
  /** The cache has shown that status since it was written; before, what the cache shows is merely old. */
  readonly isStatusSeen: boolean;
  /** Repairs of a drifted status in a row. */
  readonly repairs: number;
}

/** Nothing told yet. */
export const nothingTold: Told = {
  isWaitingTold: false,
  isUnavailableTold: false,
  isDeletingTold: false,
  warnings: [],
};

/** All that is remembered, by `namespace/name`. */
export class ServiceMemory {
  readonly #entries = new Map<string, Remembered>();

  get(key: string): Remembered | undefined {
    return this.#entries.get(key);
  }

  /** `undefined` forgets. */
  set(key: string, entry: Remembered | undefined): void {
    if (entry) this.#entries.set(key, entry);
    else this.#entries.delete(key);
  }

  entries(): Iterable<readonly [string, Remembered]> {
    return this.#entries;
  }
}
