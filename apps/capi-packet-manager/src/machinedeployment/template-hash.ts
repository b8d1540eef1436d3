// Which set has a deployment's template, and the number that tells sets apart. Pure. Templates are compared, never their hashes: sets that the
// Go controllers wrote have another hash in their label, and are kept.
import { isDeepStrictEqual } from 'node:util';
import { TEMPLATE_HASH_LABEL } from '../api/names.ts';
import type { MachineTemplate } from '../api/objects.ts';

/** Whether machines of both would be the same. The label with the hash does not count, nor does what is empty. */
export function isSameTemplate(a: MachineTemplate | undefined, b: MachineTemplate | undefined): boolean {
  return isDeepStrictEqual(essence(a), essence(b));
}

/** FNV-1a of 32 bits over the template with sorted keys, decimal: value of the label. */
export function templateHash(template: MachineTemplate | undefined): string {
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(JSON.stringify(essence(template) ?? null))) {
    hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  }
  return String(hash);
}

const ALPHABET = 'bcdfghjklmnpqrstvwxz2456789';

/** The hash as the ending of a set's name, as Kubernetes encodes it: no vowels, so no words. */
export function nameEnding(hash: string): string {
  return [...hash].map((char) => ALPHABET[char.charCodeAt(0) % ALPHABET.length] ?? '').join('');
}

function essence(template: MachineTemplate | undefined): unknown {
  const { [TEMPLATE_HASH_LABEL]: _hash, ...labels } = template?.metadata?.labels ?? {};
  return reduced({ ...template, metadata: { ...template?.metadata, labels } });
}

// Without nulls and empty values, keys sorted: Go writes `creationTimestamp: null` and zero values where others write nothing.
function reduced(value: unknown): unknown {
  if (Array.isArray(value)) return value.length === 0 ? undefined : value.map((item) => reduced(item) ?? null);
  if (typeof value !== 'object' || value === null) return value === '' || value === null ? undefined : value;
  const fields = Object.entries(value)
    .map(([key, field]) => [key, reduced(field)] as const)
    .filter(([, field]) => field !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : 1));
  return fields.length === 0 ? undefined : Object.fromEntries(fields);
}
