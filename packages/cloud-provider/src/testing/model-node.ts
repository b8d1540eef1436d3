// What the API server makes of a merge patch to a Node, as a pure function: property tests apply plans with it and plan again.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { NodeStep } from '../node/node-plan.ts';
import { patchOfNodeStep } from '../node/node-apply.ts';

/** JSON merge patch (RFC 7386): objects merge, null removes, everything else replaces. */
export function mergePatched<T>(target: T, patch: object): T {
  const merged: Record<string, unknown> = { ...(target as Record<string, unknown>) };
  for (const [key, value] of Object.entries(patch) as [string, unknown][]) {
    if (value === null) delete merged[key];
    else merged[key] = isObject(value) ? mergePatched(isObject(merged[key]) ? merged[key] : {}, value) : value;
  }
  return merged as T;
}

/** The Node after the step's write. */
export function nodeAfterStep(node: KubeNode, step: NodeStep): KubeNode {
  return mergePatched(node, patchOfNodeStep(step, node).body);
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
