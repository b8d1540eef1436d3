// Which Nodes are new to every cloud controller: tag-sync tells a cluster of ours from one that was taken over by it. Pure.
import { TAINT_UNINITIALIZED } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';

/** True while one of the Nodes waits for its initialization. */
export function hasFreshNode(nodes: readonly KubeNode[]): boolean {
  return nodes.some(({ spec }) => spec?.taints?.some(({ key }) => key === TAINT_UNINITIALIZED));
}
