// Reads fields of a raw object (`providerSpec.value`) and collects what is wrong with them, all at once. Names are compared without case, as
// Go's JSON decoder did: `OS` and `os` are one field. An exact name wins over another spelling.

/** A raw object, where it stands, and the problems found so far. */
export interface RawFields {
  readonly raw: Readonly<Record<string, unknown>>;
  /** Such as `Machine default/m-0: spec.providerSpec.value`. */
  readonly at: string;
  readonly problems: string[];
}

/** The value of a field; null counts as absent. */
export function fieldOf(fields: RawFields, name: string): unknown {
  const spellings = Object.keys(fields.raw).filter((key) => key.toLowerCase() === name.toLowerCase());
  const values = [name, ...spellings].map((key) => fields.raw[key]);
  return values.find((value) => value !== undefined && value !== null);
}

/** Notes a problem with a field. */
export function complain(fields: RawFields, name: string, message: string): void {
  fields.problems.push(`${fields.at}.${name} ${message}`);
}

/** A string that must be there; `''` and a problem when it is not. */
export function requiredText(fields: RawFields, name: string, remedy: string): string {
  const value = fieldOf(fields, name);
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  const isMissing = value === undefined || (typeof value === 'string' && value.trim() === '');
  complain(fields, name, isMissing ? `is missing: ${remedy}` : `must be a string, not ${kindOf(value)}: ${remedy}`);
  return '';
}

/** A list of non-empty strings; a single string is a list of one. Absent: an empty list. */
export function textList(fields: RawFields, name: string): readonly string[] {
  const value = fieldOf(fields, name);
  if (value === undefined) return [];
  const items: readonly unknown[] = Array.isArray(value) ? value : [value];
  const texts: string[] = [];
  for (const [index, item] of items.entries()) {
    if (typeof item === 'string' && item.trim() !== '') texts.push(item.trim());
    else complain(fields, Array.isArray(value) ? `${name}[${index}]` : name, `must be a text that is not empty`);
  }
  return texts;
}

/** `undefined` when the value is not an object with fields. */
export function asRecord(value: unknown): Readonly<Record<string, unknown>> | undefined {
  const isRecord = typeof value === 'object' && value !== null && !Array.isArray(value);
  return isRecord ? (value as Readonly<Record<string, unknown>>) : undefined;
}

/** A word for a message. */
export function kindOf(value: unknown): string {
  if (Array.isArray(value)) return 'a list';
  return value === null ? 'null' : `a ${typeof value}`;
}
