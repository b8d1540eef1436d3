// Scaling while a deployment is paused: no template is rolled out, every set gets its share. Pure.
import { annotations } from '../api/names.ts';
import type { RollingLimits } from './rolling-limits.ts';
import type { RollingStep } from './rolling-plan.ts';
import { byAge, isSettled, mostOf, sumOf } from './set-view.ts';
import type { SetView } from './set-view.ts';

/** `fresh` is the set with the deployment's template, if there is one. */
export interface ProportionalFacts {
  readonly limits: RollingLimits;
  readonly fresh: SetView | undefined;
  readonly old: readonly SetView[];
}

/** Steps that bring the sets to the deployment's number. */
export function planProportional({ limits, fresh, old }: ProportionalFacts): readonly RollingStep[] {
  const all = [...(fresh ? [fresh] : []), ...old].filter(({ isGoing }) => !isGoing);
  const active = all.filter(({ wanted }) => wanted > 0);
  const only = active.length <= 1 ? (active[0] ?? fresh ?? [...all].sort(byAge).at(-1)) : undefined;
  const sizes = only
    ? [{ view: only, size: limits.desired }]
    : fresh && isSaturated(fresh, limits)
      ? active.filter((view) => view !== fresh).map((view) => ({ view, size: 0 }))
      : shares(active, limits);
  // Shares are reckoned from the numbers that the sets are to have: nothing grows while machines of former ones are made, or left.
  const mayGrow = all.every((view) => isSettled(view) && mostOf(view) === view.wanted);
  return sizes
    .filter(({ view, size }) => size < view.wanted || (size > view.wanted && mayGrow))
    .map(({ view, size }) => ({ kind: 'scale', set: view.set, replicas: size }));
}

interface Size {
  readonly view: SetView;
  readonly size: number;
}

function isSaturated({ set, wanted, available }: SetView, { desired }: RollingLimits): boolean {
  const annotated = set.metadata?.annotations?.[annotations.desiredReplicas];
  return wanted === desired && available === desired && annotated === String(desired);
}

function shares(active: readonly SetView[], limits: RollingLimits): readonly Size[] {
  const most = limits.desired > 0 ? limits.desired + limits.maxSurge : 0;
  const toAdd = most - sumOf(active, ({ wanted }) => wanted);
  let left = toAdd;
  // Bigger sets first; of equal ones the newer grows first, the older shrinks first.
  const order = [...active].sort((a, b) => b.wanted - a.wanted || (toAdd > 0 ? byAge(b, a) : byAge(a, b)));
  const sizes = order.map((view) => {
    const share = toAdd === 0 ? 0 : bounded(shareOf(view, limits), left);
    left -= share;
    return { view, size: view.wanted + share };
  });
  // What rounding left over goes to the first.
  return sizes.map(({ view, size }, index) => ({ view, size: Math.max(0, index === 0 ? size + left : size) }));
}

function bounded(share: number, left: number): number {
  if (left === 0) return 0;
  return left > 0 ? Math.min(share, left) : Math.max(share, left);
}

function shareOf(view: SetView, { desired, maxSurge }: RollingLimits): number {
  if (desired === 0) return -view.wanted;
  const annotated = Number(view.set.metadata?.annotations?.[annotations.maxReplicas]);
  const base = annotated > 0 ? annotated : mostOf(view);
  return Math.round((view.wanted * (desired + maxSurge)) / base) - view.wanted;
}
