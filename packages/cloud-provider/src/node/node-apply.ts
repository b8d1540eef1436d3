// Steps of the node planner as calls of the API server. No decisions: the plan has made them.
import { assertNever } from '@longshore/reconciler-core';
import { nodes } from '@longshore/k8s-runtime';
import type { KubeClient, KubeNode } from '@longshore/k8s-runtime';
import type { NodeStep } from './node-plan.ts';
import { nameOf } from './node-facts.ts';

/** A merge patch and where it goes. */
export interface NodePatch {
  readonly body: object;
  readonly subresource?: 'status';
}

/**
 * The step's write. Every patch names the UID, so that it cannot hit a Node that was re-created under the same name; the taint list
 * is replaced as a whole and therefore also needs the version that it was made from.
 */
export function patchOfNodeStep(step: NodeStep, node: KubeNode): NodePatch {
  const uid = node.metadata?.uid;
  switch (step.kind) {
    case 'set-addresses':
      return { body: { metadata: { uid }, status: { addresses: step.addresses } }, subresource: 'status' };
    case 'initialize':
      return {
        body: {
          metadata: { uid, resourceVersion: node.metadata?.resourceVersion, labels: step.labels },
          spec: { taints: step.taints, ...providerIdField(step.providerId) },
        },
      };
    case 'repair':
      return { body: { metadata: { uid, labels: step.labels }, spec: providerIdField(step.providerId) } };
    default:
      return assertNever(step);
  }
}

/** Writes the step; the answer is the Node as it is now (only its name with `discardAnswer`), undefined when it is gone. */
export function applyNodeStep(
  step: NodeStep,
  node: KubeNode,
  { client, ...options }: { readonly client: KubeClient; readonly signal: AbortSignal; readonly discardAnswer?: true },
): Promise<KubeNode | undefined> {
  const { body, subresource } = patchOfNodeStep(step, node);
  const patch = { kind: 'merge', body } as const;
  return client.patch(nodes, { name: nameOf(node) }, patch, subresource ? { ...options, subresource } : options);
}

function providerIdField(providerId: string | undefined): { readonly providerID?: string } {
  return providerId === undefined ? {} : { providerID: providerId };
}
