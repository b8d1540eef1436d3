// Fields that Packet's answers have in common, beyond the plain readers of cloud-http: numbers that come as texts, times that come as
// numbers, and places that come whole or as a link.
import { listOf, optionalObject, optionalText, parseText } from '@longshore/cloud-http/parts';
import type { JsonObject } from '@longshore/cloud-http/parts';
import { parseReference } from './ids.ts';
import type { FacilityId, MetroId } from './ids.ts';

/** A facility or metro that another object lies in; only the ID when the API gave a link instead of the object. */
export interface Place<Id extends string> {
  readonly id: Id | undefined;
  /** `ewr1`, `da`. */
  readonly code: string | undefined;
}

/** A place of an object; `undefined` when it has none. */
export function optionalPlace<Id extends string>(raw: unknown): Place<Id> | undefined {
  const place = optionalObject(raw);
  if (place === undefined) return undefined;
  return { id: parseReference<Id>(place), code: optionalText(place, 'code') };
}

/** Where an object is: Packet knew facilities only, Equinix Metal metros with facilities in them. */
export interface Location {
  readonly facility: Place<FacilityId> | undefined;
  readonly metro: Place<MetroId> | undefined;
}

/** Facility and metro of an object. The metro is taken from the facility where the object does not name it. */
export function parseLocation(object: JsonObject): Location {
  const facility = optionalObject(object['facility']);
  return {
    facility: optionalPlace<FacilityId>(facility),
    metro: optionalPlace<MetroId>(object['metro']) ?? optionalPlace<MetroId>(facility?.['metro']),
  };
}

/** A number that may come as a text (`"100"`). */
export function optionalCount(object: JsonObject, field: string): number | undefined {
  const value = object[field];
  if (typeof value === 'number' && Number.isFinite(value)) return value;
  return typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : undefined;
}

/** A time as RFC 3339 text; some answers have seconds since 1970 instead. */
export function optionalTime(object: JsonObject, field: string): string | undefined {
  const value = object[field];
  if (typeof value !== 'number') return optionalText(object, field);
  const ms = value * 1000;
  return Math.abs(ms) <= 8.64e15 ? new Date(ms).toISOString() : undefined;
}

/** The `slug` of a plan or operating system, given whole. */
export function optionalSlug(raw: unknown): string | undefined {
  const object = optionalObject(raw);
  return object && optionalText(object, 'slug');
}

/** IDs of the things that a list points to; entries without one are left out. */
export function referencesOf<Id extends string>(object: JsonObject, field: string): readonly Id[] {
  return listOf(object, field, (item) => parseReference<Id>(item)).filter((id) => id !== undefined);
}

/** Tags; some answers have null. */
export function tagsOf(object: JsonObject): readonly string[] {
  return listOf(object, 'tags', parseText);
}

/** A JSON object that the API keeps for its users; it may come as a text with JSON in it. */
export function customdataOf(object: JsonObject): JsonObject | undefined {
  const raw = object['customdata'];
  if (typeof raw !== 'string') return optionalObject(raw);
  try {
    return optionalObject(JSON.parse(raw));
  } catch {
    return undefined;
  }
}
