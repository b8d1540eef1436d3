// Merges the look-ups of single Nodes that arrive close together into few calls of the provider.
import type { Clock } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { InstanceFinding, Instances } from '../provider.ts';

/** Window and deadline of the merged look-ups. */
export interface BatchedInstancesOptions {
  readonly instances: Instances;
  readonly clock: Clock;
  /** 50 by default. */
  readonly windowMs?: number | undefined;
  /** A look-up that takes longer is given up; 60000 by default. */
  readonly timeoutMs?: number | undefined;
}

/** Instances that asks the provider for many Nodes at once. Failures come back as `unknown` findings. */
export class BatchedInstances implements Instances {
  constructor(_options: BatchedInstancesOptions) {}

  lookup(_nodes: readonly KubeNode[], _signal: AbortSignal): Promise<ReadonlyMap<string, InstanceFinding>> {
    throw new Error('being written');
  }
}
