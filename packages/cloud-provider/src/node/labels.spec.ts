import { describe, expect, test } from '@jest/globals';
import { aMachine } from '../testing/a-node.ts';
import { cloudLabels, stableLabelChanges } from './labels.ts';

const atInit = { overwritesAdditional: false };
const allLabels = {
  'beta.kubernetes.io/instance-type': 'small',
  'node.kubernetes.io/instance-type': 'small',
  'failure-domain.beta.kubernetes.io/zone': 'z1',
  'topology.kubernetes.io/zone': 'z1',
  'failure-domain.beta.kubernetes.io/region': 'r1',
  'topology.kubernetes.io/region': 'r1',
};

describe('cloudLabels', () => {
  test('type, zone and region are each set in both forms', () => {
    expect(cloudLabels(aMachine(), {}, atInit)).toEqual({ changes: allLabels, warnings: [] });
  });

  test('row N12 an empty zone sets no zone label at all, the region is set', () => {
    const { changes } = cloudLabels(aMachine({ zone: '' }), {}, atInit);
    expect(Object.keys(changes).filter((key) => key.endsWith('/zone'))).toEqual([]);
    expect(changes).toMatchObject({ 'topology.kubernetes.io/region': 'r1' });
  });

  test('row N13 a zone that was there before is overwritten in both forms', () => {
    const { changes } = cloudLabels(aMachine({ zone: 'y' }), { 'topology.kubernetes.io/zone': 'x' }, atInit);
    expect(changes).toMatchObject({
      'topology.kubernetes.io/zone': 'y',
      'failure-domain.beta.kubernetes.io/zone': 'y',
    });
  });

  test("row N14 additional labels in Kubernetes' domains are left out with a warning each", () => {
    const additionalLabels = { 'a/b': '1', 'foo.kubernetes.io/x': '1', 'k8s.io/y': '1', 'mykubernetes.io/z': '1' };
    const { changes, warnings } = cloudLabels(aMachine({ additionalLabels }), allLabels, atInit);
    expect(changes).toEqual({ 'a/b': '1', 'mykubernetes.io/z': '1' });
    expect(warnings).toEqual([expect.stringContaining('foo.kubernetes.io/x'), expect.stringContaining('k8s.io/y')]);
  });

  test('row N15 an additional label that the Node has already keeps its value, with a warning', () => {
    const found = cloudLabels(aMachine({ additionalLabels: { 'a/b': '1' } }), { ...allLabels, 'a/b': '0' }, atInit);
    expect(found).toEqual({ changes: {}, warnings: ['the label a/b keeps its value 0, the cloud says 1'] });
  });

  test('I8 with refreshing labels the value of the cloud wins', () => {
    const refreshing = { overwritesAdditional: true };
    const found = cloudLabels(aMachine({ additionalLabels: { 'a/b': '1' } }), { ...allLabels, 'a/b': '0' }, refreshing);
    expect(found).toEqual({ changes: { 'a/b': '1' }, warnings: [] });
  });

  test('what is right already is no change', () => {
    expect(cloudLabels(aMachine(), { ...allLabels, other: 'x' }, atInit).changes).toEqual({});
  });
});

describe('stableLabelChanges', () => {
  const beta = 'failure-domain.beta.kubernetes.io/zone';
  const stable = 'topology.kubernetes.io/zone';

  test.each([
    {
      when: 'row L1 the stable label was edited: it goes back to the beta value',
      labels: { [beta]: 'z1', [stable]: 'q' },
      changes: { [stable]: 'z1' },
    },
    {
      when: 'row L2 the beta label was edited: the stable one follows',
      labels: { [beta]: 'q', [stable]: 'z1' },
      changes: { [stable]: 'q' },
    },
    {
      when: 'row L3 the stable label was removed: it is added again',
      labels: { [beta]: 'z1' },
      changes: { [stable]: 'z1' },
    },
    { when: 'row L4 the beta label was removed: nothing happens', labels: { [stable]: 'z1' }, changes: {} },
    { when: 'nothing is labelled: nothing happens', labels: {}, changes: {} },
  ])('$when', ({ labels, changes }) => {
    expect(stableLabelChanges(labels as Record<string, string>)).toEqual(changes);
  });
});
