// What the API server makes of a node step, as a pure function: property tests apply plans with it and plan again.
import { applyPatch } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { patchOfNodeStep } from '../node/node-apply.ts';
import type { NodeStep } from '../node/node-plan.ts';

/** The Node after the step's write. */
export function nodeAfterStep(node: KubeNode, step: NodeStep): KubeNode {
  return applyPatch(node, { kind: 'merge', body: patchOfNodeStep(step, node).body });
}
