// Tables of one move: what is counted, and what has to wait. Deterministic cases of what roll-out-laws.spec.ts looks for at random.
import { describe, expect, test } from '@jest/globals';
import type { Machine } from '../api/objects.ts';
import { aMachine, aSet, readyMachine } from '../machineset/test-support/set-world.ts';
import { planProportional } from './proportional-plan.ts';
import { planRolling } from './rolling-plan.ts';
import { viewSet } from './set-view.ts';
import type { SetView } from './set-view.ts';

interface Given {
  readonly wanted: number;
  /** One letter for each machine: `+` available, `-` not ready. */
  readonly machines: string;
  readonly isAcknowledged?: boolean;
}

function view(name: string, { wanted, machines, isAcknowledged = true }: Given): SetView {
  const uid = `uid-${name}`;
  const set = aSet({ replicas: wanted }, { name, uid, generation: 2 }, { observedGeneration: isAcknowledged ? 2 : 1 });
  const owner = { apiVersion: 'cluster.k8s.io/v1alpha1', kind: 'MachineSet', name, uid, controller: true };
  const owned = [...machines].map((letter, index): Machine => {
    const machine = aMachine(`${name}-${index}`, { meta: { ownerReferences: [owner] } });
    return readyMachine(machine, letter === '+', 0);
  });
  return viewSet(set, owned, 0);
}

const sizes = (steps: readonly { readonly kind: string }[]): Readonly<Record<string, number>> =>
  Object.fromEntries(
    (steps as ReturnType<typeof planRolling>).flatMap((step) =>
      step.kind === 'scale' ? [[step.set.metadata?.name ?? '', step.replicas]] : [],
    ),
  );

describe('one move of a roll-out', () => {
  test.each<{ when: string; old: Given; fresh: Given; are: Record<string, number>; unavailable?: number }>([
    {
      when: 'there is room: the new set grows',
      old: { wanted: 3, machines: '+++' },
      fresh: { wanted: 0, machines: '' },
      are: { fresh: 1 },
    },
    {
      when: 'an old machine is told to go and still there: no room yet',
      old: { wanted: 2, machines: '+++' },
      fresh: { wanted: 1, machines: '+' },
      are: {},
    },
    {
      when: 'a set has not made its machines yet: they count',
      old: { wanted: 3, machines: '++' },
      fresh: { wanted: 1, machines: '+' },
      are: { old: 2 },
    },
    {
      when: 'the old set has not seen its number: it might be making machines for a former one',
      old: { wanted: 2, machines: '++', isAcknowledged: false },
      fresh: { wanted: 1, machines: '+' },
      are: {},
    },
    {
      when: 'one more is available than must be: an old one goes',
      old: { wanted: 3, machines: '+++' },
      fresh: { wanted: 1, machines: '+' },
      are: { old: 2 },
    },
    {
      when: 'the one that is more is told to go already',
      old: { wanted: 2, machines: '+++' },
      fresh: { wanted: 1, machines: '+' },
      are: {},
    },
    {
      when: 'the new set has not seen its number: it might be deleting for a former one',
      old: { wanted: 1, machines: '+' },
      fresh: { wanted: 3, machines: '+++', isAcknowledged: false },
      are: {},
    },
    {
      when: 'the same for an unhealthy old machine: it goes all the same',
      old: { wanted: 1, machines: '-' },
      fresh: { wanted: 3, machines: '+++', isAcknowledged: false },
      are: { old: 0 },
    },
    {
      when: 'two more than must be, of which one is told to go: one',
      old: { wanted: 2, machines: '+++' },
      fresh: { wanted: 2, machines: '++' },
      unavailable: 0,
      are: { old: 1 },
    },
  ])('$when', ({ old, fresh, are, unavailable = 0 }) => {
    const limits = { desired: 3, maxSurge: 1, maxUnavailable: unavailable };
    const facts = { limits, fresh: view('fresh', fresh), old: [view('old', old)], nowMs: 0, isUnreachable: false };
    expect(sizes(planRolling(facts))).toEqual(are);
  });

  test.each<{ when: string; old: Given; are: Record<string, number> }>([
    { when: 'nothing is under way', old: { wanted: 3, machines: '+++' }, are: { old: 7 } },
    { when: 'a machine of a former number is left', old: { wanted: 3, machines: '++++' }, are: {} },
    { when: 'a set has not seen its number', old: { wanted: 3, machines: '+++', isAcknowledged: false }, are: {} },
  ])('CA row T10 shares grow when nothing is under way: $when', ({ old, are }) => {
    const limits = { desired: 8, maxSurge: 1, maxUnavailable: 0 };
    const fresh = view('fresh', { wanted: 2, machines: '++' });
    expect(sizes(planProportional({ limits, fresh, old: [view('old', old)] }))).toEqual(are);
  });
});
