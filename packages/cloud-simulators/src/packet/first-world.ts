// The account before anybody has done anything: one project.
import { WorldStore } from '../world-store.ts';
import { EMPTY_WORLD } from './world.ts';
import type { World } from './world.ts';

/** Id of the project that every simulated account has, unless another is asked for. */
export const FIRST_PROJECT_ID = 'b3f1c0de-5eed-4000-8000-000000000001';

/** A store with the empty account. */
export function firstStore(): WorldStore<World> {
  return new WorldStore<World>(EMPTY_WORLD);
}
