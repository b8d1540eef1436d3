// The command line of `delete cluster`, understood.
import type { BootstrapWish } from '../bootstrap-cluster/bootstrap-cluster.ts';

/** Which cluster is to be deleted, and from where. */
export interface DeleteOptions {
  /** Of the cluster itself. */
  readonly kubeconfig: string;
  /** Absent: those that `create cluster` left on the cluster. */
  readonly providerComponents?: string;
  readonly bootstrap: BootstrapWish;
  readonly namespace?: string;
  readonly isCleanedUp: boolean;
  readonly stateDir?: string;
}
