// What the API server makes of a patch, for dry runs and tests: merge patch and JSON patch by their RFCs, strategic merge for the lists of
// Nodes, Services and metadata that this project writes. Pure; objects are never changed in place.
import { isDeepStrictEqual } from 'node:util';
import type { Patch } from './kube-client.ts';

type Fields = Readonly<Record<string, unknown>>;

/** The object after the patch. Throws where the server would answer 422. `apply` counts as a merge. */
export function applyPatch<T extends object>(object: T, patch: Patch): T {
  switch (patch.kind) {
    case 'merge':
    case 'apply':
      return mergePatch(object, patch.body) as T;
    case 'strategic':
      return strategicMerge(object as Fields, patch.body as Fields, '') as T;
    case 'json':
      return patch.body.reduce(
        (result, operation) => jsonOperation(result, operation as JsonOperation),
        object as unknown,
      ) as T;
  }
}

/** RFC 7386. */
export function mergePatch(target: unknown, patch: unknown): unknown {
  if (!isFields(patch)) return patch;
  const result: Record<string, unknown> = { ...(isFields(target) ? target : {}) };
  for (const [name, value] of Object.entries(patch)) {
    if (value === null) delete result[name];
    else result[name] = mergePatch(result[name], value);
  }
  return result;
}

// Merge keys of the built-in types, by path. Lists that are not here are replaced.
const MERGE_KEYS: Readonly<Record<string, string>> = {
  'status.conditions': 'type',
  'status.addresses': 'type',
  'spec.ports': 'port',
  'metadata.ownerReferences': 'uid',
};
const PRIMITIVE_SETS = new Set(['metadata.finalizers', 'spec.podCIDRs']);
const REPLACE_MARK = '$patch';
const DELETE_FROM = '$deleteFromPrimitiveList/';
const ELEMENT_ORDER = '$setElementOrder/';

function strategicMerge(target: Fields, patch: Fields, path: string): Fields {
  if (patch[REPLACE_MARK] === 'replace') return without(patch, REPLACE_MARK);
  const result: Record<string, unknown> = { ...target };
  for (const [name, value] of Object.entries(patch)) {
    if (name === REPLACE_MARK || name.startsWith(ELEMENT_ORDER)) continue;
    if (name.startsWith(DELETE_FROM)) removeFromList(result, name.slice(DELETE_FROM.length), value);
    else if (value === null) delete result[name];
    else result[name] = strategicValue(result[name], value, path === '' ? name : `${path}.${name}`);
  }
  return result;
}

function strategicValue(target: unknown, value: unknown, path: string): unknown {
  if (Array.isArray(value)) return strategicList(Array.isArray(target) ? target : [], value, path);
  return isFields(value) ? strategicMerge(isFields(target) ? target : {}, value, path) : value;
}

function strategicList(target: readonly unknown[], patch: readonly unknown[], path: string): readonly unknown[] {
  const items = patch.filter((item) => !isReplaceDirective(item));
  if (items.length < patch.length) return items;
  if (PRIMITIVE_SETS.has(path)) return mergeOrdered(target, items, (item) => item);
  const mergeKey = MERGE_KEYS[path];
  return mergeKey === undefined ? items : mergeByKey(target as Fields[], items as Fields[], mergeKey);
}

function mergeByKey(target: readonly Fields[], patch: readonly Fields[], mergeKey: string): readonly Fields[] {
  const keyOf = (item: unknown): unknown => (item as Fields)[mergeKey];
  const deleted = new Set(patch.filter((item) => item[REPLACE_MARK] === 'delete').map(keyOf));
  const kept = target.filter((item) => !deleted.has(keyOf(item)));
  const changed = patch
    .filter((item) => !deleted.has(keyOf(item)))
    .map((item) => strategicMerge(kept.find((candidate) => keyOf(candidate) === keyOf(item)) ?? {}, item, '-'));
  return mergeOrdered(kept, changed, keyOf) as readonly Fields[];
}

// Items that the patch names keep its order, the others the server's; where the two orders say nothing, new items come first.
function mergeOrdered(
  target: readonly unknown[],
  patch: readonly unknown[],
  keyOf: (item: unknown) => unknown,
): readonly unknown[] {
  const places = new Map(target.map((item, index) => [keyOf(item), index]));
  const named = new Set(patch.map(keyOf));
  const others = target.filter((item) => !named.has(keyOf(item)));
  const result: unknown[] = [];
  for (const item of patch) {
    const place = places.get(keyOf(item)) ?? -1;
    while (others.length > 0 && (places.get(keyOf(others[0])) ?? 0) < place) result.push(others.shift());
    result.push(item);
  }
  return [...result, ...others];
}

function isReplaceDirective(item: unknown): boolean {
  return isFields(item) && item[REPLACE_MARK] === 'replace' && Object.keys(item).length === 1;
}

function removeFromList(result: Record<string, unknown>, name: string, values: unknown): void {
  const present = result[name];
  if (Array.isArray(present) && Array.isArray(values)) result[name] = present.filter((item) => !values.includes(item));
}

interface JsonOperation {
  readonly op: 'add' | 'remove' | 'replace' | 'test';
  readonly path: string;
  readonly value?: unknown;
}

// RFC 6902 without move and copy, which nobody here uses.
function jsonOperation(object: unknown, operation: JsonOperation): unknown {
  const [first = '', ...rest] = operation.path
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'));
  if (rest.length > 0) {
    const child = childOf(object, first, operation);
    return withChild(object, first, jsonOperation(child, { ...operation, path: `/${rest.map(escapePart).join('/')}` }));
  }
  return jsonLeaf(object, first, operation);
}

function jsonLeaf(object: unknown, name: string, operation: JsonOperation): unknown {
  const { op, value } = operation;
  if (op === 'add') return Array.isArray(object) ? inserted(object, name, value) : withChild(object, name, value);
  const present = childOf(object, name, operation);
  if (op === 'replace') return withChild(object, name, value);
  if (op === 'remove')
    return Array.isArray(object)
      ? object.filter((_, index) => index !== Number(name))
      : without(object as Fields, name);
  if (!isDeepStrictEqual(present, value)) throw new Error(`json patch: test of ${operation.path} failed`);
  return object;
}

function childOf(object: unknown, name: string, operation: JsonOperation): unknown {
  const child = (object as Fields | undefined)?.[name];
  if (child === undefined) throw new Error(`json patch: ${operation.path} does not exist`);
  return child;
}

function withChild(object: unknown, name: string, value: unknown): unknown {
  return Array.isArray(object)
    ? object.map((item: unknown, index) => (index === Number(name) ? value : item))
    : { ...(object as Fields), [name]: value };
}

function inserted(list: readonly unknown[], at: string, value: unknown): readonly unknown[] {
  return at === '-' ? [...list, value] : [...list.slice(0, Number(at)), value, ...list.slice(Number(at))];
}

function escapePart(part: string): string {
  return part.replaceAll('~', '~0').replaceAll('/', '~1');
}

function without(fields: Fields, name: string): Fields {
  const { [name]: _dropped, ...rest } = fields;
  return rest;
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
