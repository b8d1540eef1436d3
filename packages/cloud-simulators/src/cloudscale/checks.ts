// Validations that several resources share, in the API's words where they are known. Each gives a refusal or nothing. Pure.
import type { SimAnswer } from '../exchange.ts';
import { parseCidr } from './addresses.ts';
import { fieldError } from './answers.ts';

type Refusal = SimAnswer | undefined;

/** The first refusal of a list. */
export function firstOf(...refusals: readonly (() => Refusal)[]): Refusal {
  for (const check of refusals) {
    const refusal = check();
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}

/** The fields have to be there. */
export function required(body: object, fields: readonly string[]): Refusal {
  const missing = fields.find((field) => !(field in body));
  return missing === undefined ? undefined : fieldError(missing, 'This field is required.');
}

/** A text, when given, is not blank. */
export function notBlank(field: string, value: string | undefined): Refusal {
  return value !== undefined && value.trim() === '' ? fieldError(field, 'This field may not be blank.') : undefined;
}

/** One of the choices of an enumeration, when given. */
export function expectOneOf(field: string, value: string | undefined, choices: readonly string[]): Refusal {
  if (value === undefined || choices.includes(value)) return undefined;
  return fieldError(field, `Invalid value "${value}". Expect one of: ${choices.join(', ')}.`);
}

/** The slug of something that exists, when given. */
export function validChoice(field: string, value: string | undefined, choices: readonly string[]): Refusal {
  if (value === undefined || choices.includes(value)) return undefined;
  return fieldError(field, `"${value}" is not a valid choice. Choose one of: ${choices.join(', ')}.`);
}

/** Something that exists, when given. */
export function exists(field: string, uuid: string | undefined, map: ReadonlyMap<string, unknown>): Refusal {
  if (uuid === undefined || map.has(uuid)) return undefined;
  if (!isUuid(uuid)) return fieldError(field, 'Must be a valid UUID.');
  return fieldError(field, `Object with UUID ${uuid} does not exist.`);
}

/** A port, when given. */
export function port(field: string, value: number | null | undefined): Refusal {
  if (value === undefined || value === null || (value >= 1 && value <= 65_535)) return undefined;
  return fieldError(field, `The ${field} must be between 1 and 65535.`);
}

/** A number of at least `least`, when given. */
export function atLeast(field: string, value: number | undefined, least: number): Refusal {
  if (value === undefined || value >= least) return undefined;
  return fieldError(field, `Ensure this value is greater than or equal to ${least}.`);
}

/** Networks in CIDR notation, when given: with a mask and without host bits (the latter is assumed). */
export function cidrs(field: string, values: readonly string[] | undefined): Refusal {
  const wrong = (values ?? []).find((value) => parseCidr(value) === undefined);
  return wrong === undefined
    ? undefined
    : fieldError(field, `Enter a valid network address in CIDR notation. "${wrong}" is not valid.`);
}

/** The form of a UUID. */
export function isUuid(text: string): boolean {
  return /^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text);
}
