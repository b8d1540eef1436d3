import { describe, expect, test } from '@jest/globals';
import type { KubeNode } from '@longshore/k8s-runtime';
import {
  aMachine,
  anInitializedNode,
  aNode,
  foundGone,
  foundRunning,
  foundStopped,
  foundUnknown,
} from '../testing/a-node.ts';
import type { InstanceFinding } from '../provider.ts';
import {
  ANNOTATION_PROVIDED_NODE_IP,
  LABEL_IGNORE_NODE,
  LABEL_ZONE,
  LABEL_ZONE_BETA,
  TAINT_SHUTDOWN,
} from '../well-known.ts';
import { planAllLifecycles } from './plan-lifecycle.ts';
import { planAllNodes, unknownMachines } from './plan-nodes.ts';
import type { NodeFacts } from './plan-nodes.ts';
import { usualSettings } from './plan-settings.ts';
import type { PlanSettings } from './plan-settings.ts';

const createdMs = Date.UTC(2026, 0, 1);
const { addresses } = aMachine();
const inLine = { addresses };

function factsOf(
  node: KubeNode | readonly KubeNode[],
  finding: InstanceFinding | undefined,
  settings: Partial<PlanSettings> = {},
  ageMs = 600_000,
): NodeFacts {
  const nodes = [node].flat() as readonly KubeNode[];
  const entries = nodes.flatMap(({ metadata }) => (finding ? [[metadata?.name ?? '', finding] as const] : []));
  return { nodes, findings: new Map(entries), nowMs: createdMs + ageMs, settings: { ...usualSettings, ...settings } };
}

describe('planAllNodes', () => {
  test.each([
    { when: 'all is right', node: anInitializedNode(inLine), finding: foundRunning(), says: [] },
    { when: 'it is switched off, but right', node: anInitializedNode(inLine), finding: foundStopped(), says: [] },
    {
      when: 'the address differs',
      node: anInitializedNode({ addresses: addresses.slice(0, 1) }),
      finding: foundRunning(),
      says: ['set-addresses because it shows InternalIP 10.0.0.1'],
    },
    {
      when: 'provider ID and label are missing',
      node: anInitializedNode({ ...inLine, providerId: '', labels: { [LABEL_ZONE_BETA]: 'z1', [LABEL_ZONE]: 'z2' } }),
      finding: foundRunning(),
      says: ['repair because it has no provider ID, its labels differ'],
    },
    {
      when: 'it is not initialized',
      node: aNode(inLine),
      finding: foundRunning(),
      says: ['initialize because no cloud controller has initialized it'],
    },
    {
      when: 'the cloud leaves it out',
      node: aNode(),
      finding: undefined,
      says: [],
    },
    {
      when: 'the cloud leaves it out, but it is initialized: labels are repaired without asking',
      node: anInitializedNode({ ...inLine, labels: { [LABEL_ZONE_BETA]: 'z1', [LABEL_ZONE]: 'z2' } }),
      finding: undefined,
      says: ['repair because its labels differ'],
    },
    {
      when: 'it carries the label of foreign nodes',
      node: aNode({ labels: { [LABEL_IGNORE_NODE]: 'true' } }),
      finding: foundRunning(),
      says: [],
    },
    {
      when: 'the IP that kubelet claims is not there: a person must act',
      node: aNode({ annotations: { [ANNOTATION_PROVIDED_NODE_IP]: '10.9.9.9' } }),
      finding: foundRunning(),
      says: [
        'error: failed to get node address from cloud provider that matches ip: 10.9.9.9; kubelet claims "10.9.9.9" (--node-ip), ' +
          'the cloud returned InternalIP 10.0.0.1, ExternalIP 192.0.2.1',
      ],
    },
    {
      when: 'a fresh machine is not known yet: that may pass',
      node: aNode(),
      finding: foundGone,
      says: ['warning: the cloud knows no machine with the name node-1'],
    },
    {
      when: 'an initialized one is gone: the lifecycle controller says it',
      node: anInitializedNode(),
      finding: foundGone,
      says: [],
    },
    { when: 'unknown ones have a list of their own', node: aNode(), finding: foundUnknown(), says: [] },
    {
      when: 'a label of the cloud is not taken',
      node: anInitializedNode({ ...inLine, labels: { 'a/b': '0' } }),
      finding: foundRunning({ zone: '', region: '', instanceType: '', additionalLabels: { 'k8s.io/x': '1' } }),
      settings: { refreshesLabels: true },
      says: ['warning: the additional label k8s.io/x is in a domain of Kubernetes and is left out'],
    },
  ])('when $when', ({ node, finding, settings, says }) => {
    const { steps, problems, unknown } = planAllNodes(factsOf(node, finding, settings));
    expect([
      ...steps.map(({ step, why }) => `${step.kind} because ${why}`),
      ...problems.map(({ severity, message }) => `${severity}: ${message}`),
    ]).toEqual(says);
    expect(unknown).toEqual([]);
  });

  test('labels follow the cloud only where that is switched on', () => {
    const node = anInitializedNode(inLine);
    expect(
      planAllNodes(factsOf(node, foundRunning(), { refreshesLabels: true })).steps.map(({ step }) => step.kind),
    ).toEqual(['repair']);
  });

  test('a machine that is gone is told here when the lifecycle controller does not run', () => {
    const controllers = new Set(['cloud-node-controller'] as const);
    expect(planAllNodes(factsOf(anInitializedNode(), foundGone, { controllers })).problems).toHaveLength(1);
  });
});

describe('unknownMachines', () => {
  test.each([
    { controllers: ['cloud-node-controller', 'cloud-node-lifecycle-controller'], asker: 'cloud-node-controller' },
    { controllers: ['cloud-node-lifecycle-controller'], asker: 'cloud-node-lifecycle-controller' },
  ] as const)('are told once, by $asker', ({ controllers, asker }) => {
    const facts = factsOf(anInitializedNode(), foundUnknown('429'), { controllers: new Set(controllers) });
    expect(unknownMachines(facts).unknown).toEqual([
      { object: { kind: 'Node', name: 'node-1' }, controller: asker, message: 'looking up its machine failed: 429' },
    ]);
  });
});

describe('planAllLifecycles', () => {
  const notReady = { ...inLine, ready: 'False' } as const;
  const shutdown = { key: TAINT_SHUTDOWN, effect: 'NoSchedule' };

  test.each([
    { when: 'ready and right', node: anInitializedNode(inLine), finding: foundRunning(), says: [] },
    { when: 'not ready, but running', node: anInitializedNode(notReady), finding: foundRunning(), says: [] },
    { when: 'not ready, unknown', node: anInitializedNode(notReady), finding: foundUnknown(), says: [] },
    { when: 'not ready, not in the answer', node: anInitializedNode(notReady), finding: undefined, says: [] },
    {
      when: 'off',
      node: anInitializedNode(notReady),
      finding: foundStopped(),
      says: ['add-shutdown-taint because its machine is switched off'],
    },
    {
      when: 'off and told so',
      node: anInitializedNode({ ...notReady, taints: [shutdown] }),
      finding: foundStopped(),
      says: [],
    },
    {
      when: 'ready again',
      node: anInitializedNode({ ...inLine, taints: [shutdown] }),
      finding: foundRunning(),
      says: ['remove-shutdown-taint because it is ready'],
    },
    {
      when: 'gone',
      node: anInitializedNode(notReady),
      finding: foundGone,
      says: ['delete-node because the cloud says so; it is deleted when the cloud says so again, 5 s later or more'],
    },
    {
      when: 'gone, but ready',
      node: anInitializedNode(inLine),
      finding: foundGone,
      says: ['waiting: its machine does not exist; not deleted while it is ready'],
    },
    {
      when: 'gone, but young and not initialized',
      node: aNode(notReady),
      finding: foundGone,
      ageMs: 119_000,
      says: ['waiting: its machine does not exist; not deleted while it is younger than 120 s and not initialized'],
    },
    {
      when: 'gone, not initialized and old',
      node: aNode(notReady),
      finding: foundGone,
      ageMs: 121_000,
      says: ['delete-node because the cloud says so; it is deleted when the cloud says so again, 5 s later or more'],
    },
    {
      when: 'gone and being deleted',
      node: anInitializedNode({ ...notReady, isBeingDeleted: true }),
      finding: foundGone,
      says: ['waiting: its machine does not exist; not deleted, that waits for its finalizers'],
    },
    {
      when: "gone, but somebody else's",
      node: anInitializedNode({ ...notReady, labels: { [LABEL_IGNORE_NODE]: '' } }),
      finding: foundGone,
      says: [],
    },
  ])('when $when', ({ node, finding, ageMs, says }) => {
    const { steps, problems } = planAllLifecycles(factsOf(node, finding, {}, ageMs));
    expect([
      ...steps.map(({ step, why }) => `${step.kind} because ${why}`),
      ...problems.map(({ severity, message }) => `${severity}: ${message}`),
    ]).toEqual(says);
  });

  test('too many gone at once: no removal at all', () => {
    const nodes = Array.from({ length: 6 }, (_, index) => anInitializedNode({ ...notReady, name: `node-${index}` }));
    const { steps, problems } = planAllLifecycles(factsOf(nodes, foundGone));
    expect(steps).toEqual([]);
    expect(problems).toHaveLength(6);
    expect(problems[0]?.message).toBe(
      'its machine does not exist; not deleted, that waits for fewer nodes to be gone at once: this many look like a mistake ' +
        '(6 of 6 nodes are gone, 5 may be)',
    );
  });

  test('as many as may be gone at once: all are removed', () => {
    const nodes = Array.from({ length: 5 }, (_, index) => anInitializedNode({ ...notReady, name: `node-${index}` }));
    expect(planAllLifecycles(factsOf(nodes, foundGone)).steps).toHaveLength(5);
  });
});
