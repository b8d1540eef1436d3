// Tables of the pure parts: limits, templates, proportional shares.
import { describe, expect, test } from '@jest/globals';
import { annotations } from '../api/names.ts';
import type { MachineTemplate } from '../api/objects.ts';
import { aDeployment, aSet, template } from '../machineset/test-support/set-world.ts';
import { planProportional } from './proportional-plan.ts';
import { rollingLimits } from './rolling-limits.ts';
import { viewSet } from './set-view.ts';
import type { SetView } from './set-view.ts';
import { isSameTemplate, nameEnding, templateHash } from './template-hash.ts';

describe('rollingLimits', () => {
  test.each([
    { row: 'CA row T1', replicas: 3, surge: 1, unavailable: 0, is: [1, 0] },
    { row: 'CA row T1 defaults', replicas: 3, surge: undefined, unavailable: undefined, is: [1, 0] },
    { row: 'CA row T2', replicas: 3, surge: 0, unavailable: 1, is: [0, 1] },
    { row: 'CA row T3', replicas: 10, surge: '25%', unavailable: '25%', is: [3, 2] },
    { row: 'CA row T3 exact percentages stay exact', replicas: 100, surge: '29%', unavailable: '29%', is: [29, 29] },
    { row: 'CA row T4', replicas: 3, surge: '0%', unavailable: '33%', is: [0, 1] },
    { row: 'CA row T4 both zero', replicas: 3, surge: 0, unavailable: 0, is: [0, 1] },
    { row: 'CA row T13 none wanted', replicas: 0, surge: 0, unavailable: 2, is: [0, 0] },
    { row: 'CA row T2 never more than there are', replicas: 2, surge: 1, unavailable: 5, is: [1, 2] },
  ])('$row: $surge and $unavailable of $replicas', ({ replicas, surge, unavailable, is }) => {
    const rollingUpdate = {
      ...(surge === undefined ? {} : { maxSurge: surge }),
      ...(unavailable === undefined ? {} : { maxUnavailable: unavailable }),
    };
    const [maxSurge, maxUnavailable] = is;
    const limits = rollingLimits(aDeployment({ replicas, strategy: { type: 'RollingUpdate', rollingUpdate } }));
    expect(limits).toEqual({ desired: replicas, maxSurge, maxUnavailable });
  });

  test.each([-1, 1.5, '', '10', 'x%', '-5%'])('%p is no limit', (maxSurge) => {
    expect(rollingLimits(aDeployment({ strategy: { rollingUpdate: { maxSurge } } }))).toMatchObject({
      code: 'MACHINE_DEPLOYMENT_INVALID_LIMIT',
    });
  });
});

describe('templates', () => {
  test.each<{ when: string; other: MachineTemplate; isSame: boolean }>([
    { when: 'the same', other: template('1.34.0'), isSame: true },
    {
      when: 'with the hash in its labels, a null time and zero values, as Go writes it',
      other: {
        metadata: { creationTimestamp: null, labels: { 'machine-template-hash': '1', app: 'd' } } as never,
        spec: { metadata: {}, taints: [], versions: { controlPlane: '', kubelet: '1.34.0' } },
      },
      isSame: true,
    },
    { when: 'another version', other: template('1.34.1'), isSame: false },
    { when: 'another label', other: { ...template('1.34.0'), metadata: { labels: { app: 'e' } } }, isSame: false },
    { when: 'none', other: {}, isSame: false },
  ])('CA row T14 $when: same $isSame', ({ other, isSame }) => {
    expect(isSameTemplate(template('1.34.0'), other)).toBe(isSame);
    expect(templateHash(template('1.34.0')) === templateHash(other)).toBe(isSame);
  });

  test('CA row T14 the hash is a decimal number of 32 bits, the ending of the name has no vowels', () => {
    expect(templateHash({})).toMatch(/^\d{1,10}$/);
    expect(nameEnding('0123456789')).toBe('456789bcdf');
  });
});

describe('CA row T10 proportional shares', () => {
  const view = (name: string, wanted: number, most?: number): SetView => {
    const size = most === undefined ? {} : { annotations: { [annotations.maxReplicas]: String(most) } };
    const set = aSet(
      { replicas: wanted },
      { name, uid: name, creationTimestamp: `2026-01-0${name}T00:00:00Z`, ...size },
    );
    return viewSet(set, [], 0);
  };
  const sizes = (steps: ReturnType<typeof planProportional>): Readonly<Record<string, number>> =>
    Object.fromEntries(
      steps.map((step) => (step.kind === 'scale' ? [step.set.metadata?.name ?? '', step.replicas] : ['', 0])),
    );
  test.each([
    { when: 'growing', desired: 8, surge: 1, old: [view('1', 3, 5)], fresh: view('2', 2, 5), are: { 1: 5, 2: 4 } },
    { when: 'shrinking', desired: 2, surge: 1, old: [view('1', 6, 9)], fresh: view('2', 3, 9), are: { 1: 2, 2: 1 } },
    { when: 'to zero', desired: 0, surge: 1, old: [view('1', 3, 5)], fresh: view('2', 2, 5), are: { 1: 0, 2: 0 } },
    {
      when: 'equal ones grow, the newer first',
      desired: 5,
      surge: 0,
      old: [view('1', 2, 4)],
      fresh: view('2', 2, 4),
      are: { 2: 3 },
    },
    {
      when: 'equal ones shrink, the older first',
      desired: 3,
      surge: 0,
      old: [view('1', 2, 4)],
      fresh: view('2', 2, 4),
      are: { 1: 1 },
    },
    { when: 'one set has all', desired: 7, surge: 1, old: [view('1', 3, 5)], fresh: view('2', 0, 5), are: { 1: 7 } },
    { when: 'nothing to do', desired: 4, surge: 1, old: [view('1', 3, 5)], fresh: view('2', 2, 5), are: {} },
  ])('$when', ({ desired, surge, old, fresh, are }) => {
    const limits = { desired, maxSurge: surge, maxUnavailable: 0 };
    expect(sizes(planProportional({ limits, fresh, old }))).toEqual(are);
  });
});
