// The command line of `create cluster`, understood.
import type { BootstrapWish } from '../bootstrap-cluster/bootstrap-cluster.ts';

/** What is to be created from what. */
export interface CreateOptions {
  readonly cluster: string;
  readonly machines: string;
  readonly providerComponents: string;
  readonly addonComponents?: string;
  readonly bootstrapOnlyComponents?: string;
  readonly kubeconfigOut: string;
  readonly bootstrap: BootstrapWish;
  /** Deletes a bootstrap cluster that was made for this, after success only. */
  readonly isCleanedUp: boolean;
  /** Default: below the state folder of the user. */
  readonly stateDir?: string;
}
