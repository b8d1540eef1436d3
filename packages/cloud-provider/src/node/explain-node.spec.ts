import { describe, expect, test } from '@jest/globals';
import { LABEL_IGNORE_NODE, TAINT_UNINITIALIZED } from '../well-known.ts';
import {
  aNode,
  anInitializedNode,
  aMachine,
  foundGone,
  foundRunning,
  foundStopped,
  foundUnknown,
} from '../testing/a-node.ts';
import { describeNodeStep } from './describe-node-step.ts';
import { explainNode } from './explain-node.ts';

const createdMs = Date.UTC(2026, 0, 1);
const laterMs = createdMs + 300_000;
const { addresses } = aMachine();

describe('explainNode', () => {
  test('a fresh node: what it is, what the cloud says, what will be written', () => {
    expect(explainNode(aNode(), foundRunning({ instanceType: '', region: '' }), createdMs + 7000)).toEqual([
      'Node node-1 has no provider ID, has not been initialized, is not ready; it was created 7 s ago.',
      'The cloud has a machine in z1; it runs; addresses: InternalIP 10.0.0.1, ExternalIP 192.0.2.1.',
      'The node controller will set the addresses InternalIP 10.0.0.1, ExternalIP 192.0.2.1.',
      'The node controller will set the provider ID fake://node-1, set the labels failure-domain.beta.kubernetes.io/zone=z1, ' +
        `topology.kubernetes.io/zone=z1 and remove the taint ${TAINT_UNINITIALIZED}.`,
    ]);
  });

  test.each([
    {
      when: 'all is right',
      node: anInitializedNode({ addresses }),
      finding: foundRunning(),
      last: 'Nothing is to be done.',
    },
    {
      when: 'the machine is off',
      node: anInitializedNode({ addresses, ready: 'False' }),
      finding: foundStopped(),
      last: 'The lifecycle controller will add the shutdown taint to node node-1.',
    },
    {
      when: 'the machine is gone',
      node: anInitializedNode({ ready: 'False' }),
      finding: foundGone,
      last: 'The lifecycle controller will delete node node-1, because its machine does not exist in the cloud once the cloud has said so twice.',
    },
    {
      when: 'it is gone, but ready',
      node: anInitializedNode(),
      finding: foundGone,
      last: 'It is not deleted while it is ready.',
    },
    {
      when: 'it is being deleted',
      node: anInitializedNode({ ready: 'False', isBeingDeleted: true }),
      finding: foundGone,
      last: 'It is not deleted: that waits for its finalizers.',
    },
    {
      when: 'the cloud cannot be asked',
      node: anInitializedNode(),
      finding: foundUnknown('401'),
      last: 'It cannot be compared: looking up the machine of node node-1 failed: 401.',
    },
    {
      when: 'it is somebody else’s',
      node: anInitializedNode({ labels: { [LABEL_IGNORE_NODE]: 'true' } }),
      finding: { state: 'not-asked' } as const,
      last: `The controllers leave the node alone: it carries the label ${LABEL_IGNORE_NODE}.`,
    },
  ])('$when: $last', ({ node, finding, last }) => {
    expect(explainNode(node, finding, laterMs).at(-1)).toBe(last);
  });

  test('I10 a young node that the cloud does not know yet is not deleted', () => {
    expect(explainNode(aNode(), foundGone, createdMs + 60_000).at(-1)).toBe(
      'It is not deleted while it is young and not initialized.',
    );
  });
});

test('a repair in words', () => {
  expect(describeNodeStep({ kind: 'repair', providerId: 'fake://1', labels: {} })).toBe('set the provider ID fake://1');
  expect(describeNodeStep({ kind: 'repair', labels: { a: 'b' } })).toBe('set the label a=b');
});
