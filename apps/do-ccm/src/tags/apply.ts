// Steps of a tag plan to calls. A tag that does not exist is created. A call that the API refuses is repeated in halves, so that one thing
// that vanished a moment ago keeps nobody else from the tag; what is refused alone is handed back.
import type { Tags } from '@longshore/digitalocean-api';
import { isTagRefused, tagRefused } from './refusal.ts';
import { halvesOf } from './plan.ts';
import type { TagStep, TagTarget } from './plan.ts';

/** The calls that steps become. */
export type TagCalls = Pick<Tags, 'assign' | 'create'>;

/** One thing that did not get the tag, and the API's reason. */
export interface RefusedTarget {
  readonly target: TagTarget;
  readonly error: unknown;
}

// Enough to find one bad thing among a hundred; when everything is refused, that is soon known.
const MOST_CALLS = 16;

/** Applies a step; resolves with what was refused. Rejects when the API cannot say. */
export async function applyTagStep(
  { tag, targets }: TagStep,
  calls: TagCalls,
  signal: AbortSignal,
): Promise<readonly RefusedTarget[]> {
  const refused: RefusedTarget[] = [];
  const queue: (readonly TagTarget[])[] = [targets];
  let made = 0;
  for (let batch = queue.shift(); batch; batch = queue.shift()) {
    const error = await refusalOf(tag, batch, calls, signal);
    if (error === undefined) continue;
    made += 1;
    const halves = made < MOST_CALLS ? halvesOf(batch) : [];
    queue.push(...halves);
    if (halves.length === 0) refused.push(...batch.map((target) => ({ target, error })));
  }
  return refused;
}

async function refusalOf(
  tag: string,
  targets: readonly TagTarget[],
  calls: TagCalls,
  signal: AbortSignal,
): Promise<unknown> {
  const resources = targets.map(({ id, type }) => ({ id, type }));
  try {
    if ((await calls.assign(tag, resources, signal)) === 'assigned') return undefined;
    await calls.create(tag, signal);
    return (await calls.assign(tag, resources, signal)) === 'assigned' ? undefined : tagRefused(tag);
  } catch (error) {
    if (isTagRefused(error)) return error;
    throw error;
  }
}
