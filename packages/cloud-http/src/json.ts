// Reads fields of JSON answers for the api packages: the one place where `unknown` becomes typed. A field of the wrong type throws with
// its name; an absent or null field is a value, because APIs leave out what a token may not read.

/** A JSON object whose fields nobody has looked at. */
export type JsonObject = Readonly<Record<string, unknown>>;

/** The value as an object, or an error that names it. */
export function parseObject(raw: unknown, what: string): JsonObject {
  if (typeof raw === 'object' && raw !== null && !Array.isArray(raw)) return raw as JsonObject;
  throw new Error(`${what} is not a JSON object`);
}

/** The value as an object; `undefined` when it is absent, null, or no object. */
export function optionalObject(raw: unknown): JsonObject | undefined {
  return typeof raw === 'object' && raw !== null && !Array.isArray(raw) ? (raw as JsonObject) : undefined;
}

/** A text that has to be there. */
export function requiredText(object: JsonObject, field: string): string {
  const value = object[field];
  if (typeof value === 'string') return value;
  throw new Error(`field "${field}" is not a text`);
}

/** A text; absent, null and empty are all `undefined`. */
export function optionalText(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** A number that has to be there. */
export function requiredNumber(object: JsonObject, field: string): number {
  const value = object[field];
  if (typeof value === 'number') return value;
  throw new Error(`field "${field}" is not a number`);
}

/** A number, if there is one. */
export function optionalNumber(object: JsonObject, field: string): number | undefined {
  const value = object[field];
  return typeof value === 'number' ? value : undefined;
}

/** True only for `true`. */
export function isTrue(object: JsonObject, field: string): boolean {
  return object[field] === true;
}

/** A list; absent and null are empty. */
export function listOf<T>(object: JsonObject, field: string, parse: (item: unknown) => T): readonly T[] {
  const value = object[field];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new Error(`field "${field}" is not a list`);
  return value.map(parse);
}

/** A list that has to be there: a page without it is not a page, and must not read as "none". */
export function requiredListOf<T>(raw: unknown, field: string, parse: (item: unknown) => T): readonly T[] {
  const object = parseObject(raw, 'the answer');
  if (!Array.isArray(object[field])) throw new Error(`field "${field}" is not a list`);
  return listOf(object, field, parse);
}

/** An item of a list of texts. */
export function parseText(raw: unknown): string {
  if (typeof raw === 'string') return raw;
  throw new Error('a list of texts has an item that is none');
}

/** An item of a list of numbers. */
export function parseNumber(raw: unknown): number {
  if (typeof raw === 'number') return raw;
  throw new Error('a list of numbers has an item that is none');
}

/** The object without fields that are `undefined`: absent is what the API understands as "default". */
export function withoutAbsent(object: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}

/** The value through `map`; absent stays absent. */
export function mapped<T, R>(value: T | undefined, map: (value: T) => R): R | undefined {
  return value === undefined ? undefined : map(value);
}

/** Fields that are there or not, never `undefined` (exactOptionalPropertyTypes). */
export type Present<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

/** Drops absent fields, with the type to match. */
export function present<T extends object>(fields: T): Present<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Present<T>;
}
