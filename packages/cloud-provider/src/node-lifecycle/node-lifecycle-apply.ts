// Steps of the lifecycle planner as calls of the API server. No decisions. All are guarded by the version that the plan was made from:
// a Node that came back while the cloud was being asked is not removed, a taint that somebody added meanwhile is not lost.
import { assertNever } from '@longshore/reconciler-core';
import { nodes } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, KubeNode } from '@longshore/k8s-runtime';
import { nameOf } from '../node/node-facts.ts';
import type { Taint } from '../node/node-facts.ts';
import type { LifecycleStep } from './node-lifecycle-plan.ts';

/** What applying needs. */
export interface LifecycleApplyDeps {
  readonly client: KubeClient;
  readonly events: EventRecorder;
}

/** Writes the step; rejects with a conflict when the Node has changed since. */
export async function applyLifecycleStep(
  step: LifecycleStep,
  node: KubeNode,
  deps: LifecycleApplyDeps,
  signal: AbortSignal,
): Promise<void> {
  switch (step.kind) {
    case 'add-shutdown-taint':
    case 'remove-shutdown-taint':
      return replaceTaints(step.taints, node, deps.client, signal);
    case 'delete-node':
      return deleteNode(step.uid, node, deps, signal);
    default:
      return assertNever(step);
  }
}

async function replaceTaints(
  taints: readonly Taint[],
  node: KubeNode,
  client: KubeClient,
  signal: AbortSignal,
): Promise<void> {
  const body = { metadata: versionOf(node), spec: { taints } };
  await client.patch(nodes, { name: nameOf(node) }, { kind: 'merge', body }, { signal });
}

async function deleteNode(
  uid: string,
  node: KubeNode,
  { client, events }: LifecycleApplyDeps,
  signal: AbortSignal,
): Promise<void> {
  const name = nameOf(node);
  events.normal(node, 'DeletingNode', `Deleting node ${name} because it does not exist in the cloud provider`);
  await client.remove(nodes, { name }, { signal, preconditions: { ...versionOf(node), uid } });
}

function versionOf(node: KubeNode): { readonly resourceVersion?: string } {
  const resourceVersion = node.metadata?.resourceVersion;
  return resourceVersion === undefined ? {} : { resourceVersion };
}
