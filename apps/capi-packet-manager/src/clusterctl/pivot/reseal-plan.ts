// Which sealed values of a moved cluster are sealed anew, because the target's managers have another key. Pure. It rewrites what the
// source holds before that is compared and copied, so that the rest of the move knows nothing of it. Sealing is not repeatable (a nonce
// each time): a value that an earlier run brought to the target is taken as it is there, if it opens to the same text.
import { messageOf } from '@longshore/reconciler-core';
import { isDueForResealing, isSealed, open, seal } from '../../bootstrap/seal.ts';
import type { SealedPlace, SealingKeys } from '../../bootstrap/seal.ts';
import { dataOf, textIn } from '../../cluster/kube-secret.ts';
import type { Secret } from '../kube-kinds.ts';
import type { MoveScope } from './move-scope.ts';

/** Keys of the managers of both sides. */
export interface KeysOfSides {
  readonly source: SealingKeys | undefined;
  /** `undefined`: nothing is sealed anew. */
  readonly target: SealingKeys | undefined;
}

/** The source's objects as the target is to get them, and why values cannot be sealed for it. */
export interface Resealed {
  readonly scope: MoveScope;
  readonly problems: readonly string[];
}

/** Seals for the target what none of its keys opens. */
export function planReseal(source: MoveScope, target: MoveScope, keys: KeysOfSides): Resealed {
  if (keys.target === undefined) return { scope: source, problems: [] };
  const known: KnownKeys = { target: keys.target, all: [...keys.target, ...(keys.source ?? [])] };
  const problems: string[] = [];
  const objects = source.objects.map((moved) => {
    if (moved.type.kind !== 'Secret') return moved;
    try {
      return { ...moved, object: resealedSecret(moved.object, secretLike(moved.object, target), known) };
    } catch (error) {
      problems.push(messageOf(error));
      return moved;
    }
  });
  return { scope: { ...source, objects }, problems };
}

interface KnownKeys {
  readonly target: SealingKeys;
  readonly all: SealingKeys;
}

function secretLike({ metadata }: Secret, { objects }: MoveScope): Secret | undefined {
  return objects.find(({ type, object }) => type.kind === 'Secret' && object.metadata?.name === metadata?.name)?.object;
}

function resealedSecret<T extends Secret>(secret: T, present: Secret | undefined, keys: KnownKeys): T {
  const { name = '', namespace = '' } = secret.metadata ?? {};
  const changed: Record<string, string> = {};
  for (const field of Object.keys(secret.data ?? {})) {
    const text = textIn(secret, field) ?? '';
    if (!isSealed(text) || opensThere(text, keys)) continue;
    const place = { namespace, name, field };
    const plain = open(text, keys.all, place);
    changed[field] = takenBefore(plain, textIn(present, field), { keys, place }) ?? seal(plain, keys.target, place);
  }
  return { ...secret, data: { ...secret.data, ...dataOf(changed) } };
}

function opensThere(text: string, { target }: KnownKeys): boolean {
  return target.some((key) => !isDueForResealing(text, [key]));
}

// Another text at that place is left for the comparison of both sides, which refuses it.
function takenBefore(
  plain: string,
  present: string | undefined,
  { keys, place }: { readonly keys: KnownKeys; readonly place: SealedPlace },
): string | undefined {
  if (present === undefined || !isSealed(present)) return undefined;
  try {
    return open(present, keys.target, place) === plain ? present : undefined;
  } catch {
    return undefined;
  }
}
