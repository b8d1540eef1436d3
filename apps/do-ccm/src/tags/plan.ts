// Which calls put the cluster's tag where it is missing. Pure. Balancers and droplets go in calls of their own, in handfuls: what the API
// refuses about one of them must not keep the others from being tagged.
import type { PlannedStep } from '@longshore/cloud-provider';
import type { TaggedResource } from '@longshore/digitalocean-api';
import type { Untagged } from './desired.ts';

/** One thing, with the name that people know it by. */
export interface TagTarget extends TaggedResource {
  readonly name: string;
}

/** One call. */
export interface TagStep {
  readonly kind: 'tag-balancers' | 'tag-droplets';
  readonly tag: string;
  readonly targets: readonly TagTarget[];
}

/** Things in one call. The API names no limit. */
export const MOST_AT_ONCE = 500;
const MOST_NAMES = 5;

/** No step where nothing lacks the tag. */
export function planTags(tag: string, { balancers, droplets }: Untagged): readonly TagStep[] {
  const ofBalancers = balancers.map(({ id, name }) => ({ id, name, type: 'load_balancer' as const }));
  const ofDroplets = droplets.map(({ id, name }) => ({ id: String(id), name, type: 'droplet' as const }));
  return [
    ...handfuls(ofBalancers).map((targets) => ({ kind: 'tag-balancers' as const, tag, targets })),
    ...handfuls(ofDroplets).map((targets) => ({ kind: 'tag-droplets' as const, tag, targets })),
  ];
}

/** The two halves of a refused call, to find out whom the refusal is about; none for a single thing. */
export function halvesOf(targets: readonly TagTarget[]): readonly (readonly TagTarget[])[] {
  if (targets.length < 2) return [];
  const middle = Math.ceil(targets.length / 2);
  return [targets.slice(0, middle), targets.slice(middle)];
}

/** The step for people: `put tag k8s:c1 on 2 load balancers: web, api`. */
export function describeTagStep({ kind, tag, targets }: TagStep): PlannedStep {
  const what = kind === 'tag-balancers' ? 'load balancer' : 'droplet';
  const noun = targets.length === 1 ? what : `${targets.length} ${what}s:`;
  return { kind, summary: `put tag ${tag} on ${noun} ${namesOf(targets)}`, detail: { targets } };
}

/** `a, b, c, d, e and 7 more`. */
export function namesOf(targets: readonly TagTarget[]): string {
  const names = targets.slice(0, MOST_NAMES).map(({ name }) => name);
  const left = targets.length - names.length;
  return `${names.join(', ')}${left > 0 ? ` and ${left} more` : ''}`;
}

function handfuls(targets: readonly TagTarget[]): readonly (readonly TagTarget[])[] {
  const count = Math.ceil(targets.length / MOST_AT_ONCE);
  return Array.from({ length: count }, (_, at) => targets.slice(at * MOST_AT_ONCE, (at + 1) * MOST_AT_ONCE));
}
