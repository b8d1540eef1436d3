// Annotations that look like ours and are none: typing errors, and examples of old that never worked. A warning, with the nearest key.
import type { Problem } from '@longshore/cloud-provider';
import { ANNOTATIONS } from './annotations.ts';

const FAMILY = 'do-loadbalancer-';
const KEYS: readonly string[] = Object.values(ANNOTATIONS).map(({ key }) => key);

/** A warning for each key of our family that does not exist. */
export function unknownAnnotations(annotations: Readonly<Record<string, string>> | undefined): readonly Problem[] {
  const strangers = Object.keys(annotations ?? {}).filter((key) => key.includes(FAMILY) && !KEYS.includes(key));
  return strangers.sort().map((key) => {
    const nearest = nearestKey(key);
    const hint = nearest === undefined ? 'remove it' : `did you mean ${nearest}?`;
    return { field: key, message: `annotation ${key} is unknown and has no effect: ${hint}`, severity: 'warning' };
  });
}

// Keys are long and alike: what differs has to be a small part of the name behind the prefix.
function nearestKey(key: string): string | undefined {
  const name = nameIn(key);
  const ranked = KEYS.map((known) => ({ known, distance: distanceOf(name, nameIn(known)) }));
  const [best] = ranked.sort((a, b) => a.distance - b.distance);
  return best && best.distance <= Math.max(2, Math.floor(name.length / 3)) ? best.known : undefined;
}

function nameIn(key: string): string {
  const at = key.indexOf(FAMILY);
  return at < 0 ? key : key.slice(at + FAMILY.length);
}

/** Letters to add, take away or replace (Levenshtein). */
function distanceOf(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, letter] of [...a].entries()) {
    const next = [i + 1];
    for (const [j, other] of [...b].entries()) {
      const replaced = (row[j] ?? 0) + (letter === other ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
