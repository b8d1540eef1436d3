// Droplet numbers for tests.
import { parseDropletId } from '@longshore/digitalocean-api';
import type { DropletId } from '@longshore/digitalocean-api';

/** A number as droplet ID; throws for what can be none. */
export function parseDropletNumber(value: number): DropletId {
  const id = parseDropletId(value);
  if (id === undefined) throw new Error(`${value} is no droplet ID`);
  return id;
}
