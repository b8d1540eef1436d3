import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { messageOf } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { ANNOTATION_PROVIDED_NODE_IP, LABEL_IGNORE_NODE, TAINT_UNINITIALIZED } from '../well-known.ts';
import {
  aMachine,
  aNode,
  anInitializedNode,
  foundGone,
  foundRunning,
  foundStopped,
  uninitializedTaint,
  foundUnknown,
} from '../testing/a-node.ts';
import type { NodeTraits } from '../testing/a-node.ts';
import { nodeAfterStep } from '../test-support/model-node.ts';
import { needsFinding, planNode } from './node-plan.ts';
import type { NodeFinding, NodePlan, NodePlanOptions } from './node-plan.ts';
import { isUninitialized } from './node-facts.ts';

const usual: NodePlanOptions = { repairsProviderIds: true, refreshesLabels: false, providerIdSchemes: ['fake'] };
const zoneLabels = { 'failure-domain.beta.kubernetes.io/zone': 'z1', 'topology.kubernetes.io/zone': 'z1' };
const sixLabels = {
  'beta.kubernetes.io/instance-type': 'small',
  'node.kubernetes.io/instance-type': 'small',
  ...zoneLabels,
  'failure-domain.beta.kubernetes.io/region': 'r1',
  'topology.kubernetes.io/region': 'r1',
};
const addresses = aMachine().addresses;

/** The Node after all steps, planning again after each, and the number of writes. */
function converged(
  node: KubeNode,
  finding: NodeFinding,
  options = usual,
): { node: KubeNode; writes: number; plan: NodePlan } {
  let current = node;
  for (let writes = 0; writes < 5; writes += 1) {
    const plan = planNode(current, finding, options);
    const [step] = plan.steps;
    if (!step) return { node: current, writes, plan };
    current = nodeAfterStep(current, step);
  }
  throw new Error('does not converge');
}

describe('planNode of a fresh Node', () => {
  test('row N1 (I5) the addresses come first, then provider ID, six labels and the taint in one write', () => {
    expect(planNode(aNode(), foundRunning(), usual)).toEqual({
      steps: [
        { kind: 'set-addresses', addresses },
        { kind: 'initialize', providerId: 'fake://node-1', labels: sixLabels, taints: [] },
      ],
      warnings: [],
    });
  });

  test('I4 exactly two writes, and none when all is right', () => {
    const { node, writes, plan } = converged(aNode(), foundRunning());
    expect(writes).toBe(2);
    expect(plan).toEqual({ steps: [], warnings: [] });
    expect(node).toMatchObject({ spec: { providerID: 'fake://node-1', taints: [] }, status: { addresses } });
  });

  test('row N4 the taints before and after the uninitialized one stay in order', () => {
    const before = { key: 'a', effect: 'NoSchedule' };
    const after = { key: 'b', effect: 'NoExecute' };
    const node = aNode({ taints: [before, uninitializedTaint, after], addresses });
    expect(planNode(node, foundRunning(), usual).steps).toEqual([expect.objectContaining({ taints: [before, after] })]);
  });

  test('row N5 the taint goes whatever its effect and value, also twice', () => {
    const taints = [{ key: TAINT_UNINITIALIZED, effect: 'NoExecute', value: '' }, uninitializedTaint];
    expect(converged(aNode({ taints }), foundRunning()).node.spec?.taints).toEqual([]);
  });

  test('row N6 no provider ID on either side: nothing is written and the problem says so', () => {
    expect(planNode(aNode(), foundRunning({ providerId: '' }), usual)).toEqual({
      steps: [],
      problem: expect.objectContaining({
        message: 'cloud provider does not set node provider ID for node node-1',
        isLasting: true,
      }),
      warnings: [],
    });
  });

  test('row N7 the cloud has no provider ID but the Node has: initialized, unchanged', () => {
    const { node, plan } = converged(aNode({ providerId: 'fake://own' }), foundRunning({ providerId: '' }));
    expect(plan.problem).toBeUndefined();
    expect(node.spec).toEqual({ taints: [], providerID: 'fake://own' });
  });

  test("row N8 the provider IDs differ: the Node's is kept and not sent", () => {
    const { steps } = planNode(
      aNode({ providerId: 'fake://own', addresses }),
      foundRunning({ providerId: 'fake://other' }),
      usual,
    );
    expect(steps).toEqual([{ kind: 'initialize', labels: sixLabels, taints: [] }]);
  });

  test('row N9 the provider leaves the Node out: nothing is planned and nothing is wrong', () => {
    expect(planNode(aNode(), { state: 'not-mine' }, usual)).toEqual({
      steps: [],
      warnings: [],
      ignoredBecause: 'the cloud says that it is not one of its machines',
    });
  });

  test.each<{ when: string; finding: NodeFinding; message: string }>([
    {
      when: 'the look-up failed',
      finding: foundUnknown('boom'),
      message: 'looking up the machine of node node-1 failed: boom',
    },
    { when: 'there is no machine yet', finding: foundGone, message: 'the cloud knows no machine with the name node-1' },
  ])('$when: the taint stays, and that may pass by itself', ({ finding, message }) => {
    const plan = planNode(aNode(), finding, usual);
    expect(plan).toMatchObject({ steps: [], problem: { message, isLasting: false } });
  });

  test('a machine that is off is initialized like any other', () => {
    expect(isUninitialized(converged(aNode(), foundStopped()).node)).toBe(false);
  });

  test('row A6 (I9) a claimed IP that the cloud does not show keeps the taint; the message has both sides', () => {
    const node = aNode({ annotations: { [ANNOTATION_PROVIDED_NODE_IP]: '10.0.0.7' } });
    const { steps, problem } = planNode(node, foundRunning(), usual);
    expect(steps).toEqual([]);
    expect(problem).toMatchObject({ code: 'NODE_IP_NOT_IN_CLOUD', isLasting: true });
    expect(problem?.message).toContain('failed to get node address from cloud provider that matches ip: 10.0.0.7');
    expect(problem?.message).toContain('kubelet claims "10.0.0.7"');
    expect(problem?.message).toContain('the cloud returned InternalIP 10.0.0.1, ExternalIP 192.0.2.1');
  });

  test('row A7 an annotation that cannot be parsed keeps the taint and names the reason', () => {
    const node = aNode({ annotations: { [ANNOTATION_PROVIDED_NODE_IP]: '10.0.0.1, 10.0.0.2' } });
    const { steps, problem } = planNode(node, foundRunning(), usual);
    expect(steps).toEqual([]);
    expect(problem?.message).toContain('provided node ip for node "node-1" is not valid: could not parse " 10.0.0.2"');
  });

  test('row A8 no addresses in the cloud, none claimed: one write, the addresses stay as they are', () => {
    const present = [{ type: 'Hostname', address: 'h' }] as const;
    const { node, writes } = converged(aNode({ addresses: present }), foundRunning({ addresses: [] }));
    expect(writes).toBe(1);
    expect(node.status?.addresses).toEqual(present);
  });

  test('labels that are left out are warned of', () => {
    const plan = planNode(aNode(), foundRunning({ additionalLabels: { 'k8s.io/y': '1' } }), usual);
    expect(plan.warnings).toEqual([expect.stringContaining('k8s.io/y')]);
  });

  test('a stable label without a value from the cloud follows its beta form in the same write', () => {
    const labels = { 'failure-domain.beta.kubernetes.io/zone': 'old' };
    expect(converged(aNode({ labels }), foundRunning({ zone: '' }))).toMatchObject({
      writes: 2,
      node: { metadata: { labels: { 'topology.kubernetes.io/zone': 'old' } } },
    });
  });
});

describe('planNode of an initialized Node', () => {
  test('row N2 with provider ID nobody needs to ask the cloud', () => {
    expect(needsFinding(anInitializedNode(), usual)).toBe(false);
    expect(planNode(anInitializedNode(), { state: 'not-asked' }, usual)).toEqual({ steps: [], warnings: [] });
  });

  test('row N3 (I6) without provider ID it gets one, and nothing else but its addresses', () => {
    const node = anInitializedNode({ providerId: '', addresses });
    expect(needsFinding(node, usual)).toBe(true);
    expect(planNode(node, foundRunning(), usual).steps).toEqual([
      { kind: 'repair', providerId: 'fake://node-1', labels: {} },
    ]);
  });

  test('row N3 with the repair switched off it stays without, as upstream', () => {
    const off = { ...usual, repairsProviderIds: false };
    const node = anInitializedNode({ providerId: '', addresses });
    expect(needsFinding(node, off)).toBe(false);
    expect(planNode(node, foundRunning(), off).steps).toEqual([]);
  });

  test('its labels are put right without the cloud, also while the cloud cannot be asked', () => {
    const node = anInitializedNode({ labels: { ...zoneLabels, 'topology.kubernetes.io/zone': 'q' } });
    const steps = [{ kind: 'repair', labels: { 'topology.kubernetes.io/zone': 'z1' } }];
    for (const finding of [
      { state: 'not-asked' },
      foundUnknown(),
      foundGone,
      foundRunning({ addresses: [] }),
    ] as const) {
      expect(planNode(node, finding, usual).steps).toEqual(steps);
    }
  });

  test('row A9 a changed address replaces the whole list', () => {
    const node = anInitializedNode({ addresses: [{ type: 'InternalIP', address: '10.9.9.9' }] });
    expect(planNode(node, foundRunning(), usual).steps).toEqual([{ kind: 'set-addresses', addresses }]);
  });

  test('row A10 (I7) a dual-stack Node that did not change gets no write', () => {
    const dualStack = [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'InternalIP', address: '2001:db8::1' },
    ] as const;
    expect(
      planNode(anInitializedNode({ addresses: dualStack }), foundRunning({ addresses: dualStack }), usual).steps,
    ).toEqual([]);
  });

  test('a claimed IP that the cloud no longer shows leaves the addresses as they are', () => {
    const node = anInitializedNode({ addresses, annotations: { [ANNOTATION_PROVIDED_NODE_IP]: '10.0.0.7' } });
    expect(planNode(node, foundRunning(), usual)).toMatchObject({
      steps: [],
      problem: { code: 'NODE_IP_NOT_IN_CLOUD' },
    });
  });

  test('I8 a resized machine changes its labels only with refreshing labels', () => {
    const node = anInitializedNode({ addresses, labels: sixLabels });
    const resized = foundRunning({ instanceType: 'large', additionalLabels: { 'a/b': '1' } });
    expect(planNode(node, resized, usual).steps).toEqual([]);
    expect(planNode(node, resized, { ...usual, refreshesLabels: true }).steps).toEqual([
      {
        kind: 'repair',
        labels: {
          'a/b': '1',
          'beta.kubernetes.io/instance-type': 'large',
          'node.kubernetes.io/instance-type': 'large',
        },
      },
    ]);
  });
});

describe('planNode of a Node of somebody else (I12)', () => {
  test.each<{ when: string; traits: NodeTraits; ignored: boolean }>([
    { when: 'a foreign scheme', traits: { providerId: 'gce://p/z/i' }, ignored: true },
    { when: 'the opt-out label', traits: { labels: { [LABEL_IGNORE_NODE]: '' } }, ignored: true },
    {
      when: 'the opt-out label with the value false',
      traits: { labels: { [LABEL_IGNORE_NODE]: 'false' } },
      ignored: false,
    },
    { when: 'a provider ID without scheme', traits: { providerId: '123' }, ignored: false },
    { when: 'our scheme', traits: { providerId: 'fake://1' }, ignored: false },
  ])('I12 $when', ({ traits, ignored }) => {
    const plan = planNode(aNode(traits), foundRunning(), usual);
    expect(plan.ignoredBecause !== undefined).toBe(ignored);
    expect(plan.steps.length === 0).toBe(ignored);
    expect(needsFinding(aNode(traits), usual)).toBe(!ignored);
  });

  test('I12 without known schemes the provider decides', () => {
    const { providerIdSchemes: _, ...undecided } = usual;
    expect(planNode(aNode({ providerId: 'gce://p/z/i' }), foundRunning(), undecided).ignoredBecause).toBeUndefined();
  });
});

describe('laws of planNode', () => {
  const anAddressList = fc.array(
    fc.record({
      type: fc.constantFrom('Hostname' as const, 'InternalIP' as const, 'ExternalIP' as const),
      address: fc.constantFrom('10.0.0.1', '10.0.0.2', '2001:db8::1', 'h'),
    }),
    { maxLength: 4 },
  );
  const someLabels = fc.dictionary(
    fc.constantFrom(...Object.keys(sixLabels), 'a/b', 'k8s.io/y'),
    fc.constantFrom('', 'z1', 'q'),
  );
  const aTaint = fc.record({
    key: fc.constantFrom(TAINT_UNINITIALIZED, 'x', 'y'),
    effect: fc.constantFrom('NoSchedule', 'NoExecute'),
  });
  const someTraits = fc.record({
    providerId: fc.constantFrom('', 'fake://1', 'fake://2'),
    labels: someLabels,
    taints: fc.array(aTaint, { maxLength: 3 }),
    addresses: anAddressList,
    annotations: fc.constantFrom({}, { [ANNOTATION_PROVIDED_NODE_IP]: '10.0.0.1' }),
  });
  const someFinding: fc.Arbitrary<NodeFinding> = fc.oneof(
    fc.constant<NodeFinding>({ state: 'not-asked' }),
    fc.constant<NodeFinding>(foundGone),
    fc
      .record({
        providerId: fc.constantFrom('', 'fake://1'),
        zone: fc.constantFrom('', 'z1'),
        instanceType: fc.constantFrom('', 'small'),
        addresses: anAddressList,
        additionalLabels: someLabels,
      })
      .map((facts) => foundRunning(facts)),
  );

  test('convergent and stable: at most two writes, then none', () => {
    fc.assert(
      fc.property(someTraits, someFinding, fc.boolean(), (traits, finding, refreshesLabels) => {
        const { node, writes, plan } = converged(aNode(traits), finding, { ...usual, refreshesLabels });
        expect(writes).toBeLessThanOrEqual(2);
        expect(plan.steps).toEqual([]);
        // I5: whoever lost the taint has the addresses that the cloud wants.
        if (isUninitialized(aNode(traits)) && !isUninitialized(node)) {
          expect(planNode(node, finding, { ...usual, refreshesLabels }).steps).toEqual([]);
        }
      }),
    );
  });

  test('a taint of somebody else and a provider ID that is there are never touched', () => {
    fc.assert(
      fc.property(someTraits, someFinding, (traits, finding) => {
        const { node } = converged(aNode(traits), finding);
        const others = traits.taints.filter(({ key }) => key !== TAINT_UNINITIALIZED);
        expect(node.spec?.taints?.filter(({ key }) => key !== TAINT_UNINITIALIZED)).toEqual(others);
        if (traits.providerId !== '') expect(node.spec?.providerID).toBe(traits.providerId);
      }),
    );
  });

  test('messages of causes are in the problem', () => {
    const error = new Error('list machines', { cause: new Error('401') });
    expect(planNode(aNode(), { state: 'unknown', error }, usual).problem?.message).toContain(messageOf(error));
  });
});
