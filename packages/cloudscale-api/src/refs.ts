// References that objects have to each other, and other parts that several resources share.
import { parseObject, requiredNumber, requiredText } from '@longshore/cloud-http';
import { parseId } from './ids.ts';
import type { AnyId, SubnetId } from './ids.ts';

/** A subnet as an address or a member names it. The Go program compares all three. */
export interface SubnetRef {
  readonly id: SubnetId;
  readonly cidr: string;
  readonly href: string;
}

/** A reference to a subnet; undefined when there is none. */
export function parseSubnetRef(raw: unknown): SubnetRef | undefined {
  if (raw === undefined || raw === null) return undefined;
  const subnet = parseObject(raw, 'subnet');
  return {
    id: parseId<SubnetId>(subnet['uuid']),
    cidr: requiredText(subnet, 'cidr'),
    href: requiredText(subnet, 'href'),
  };
}

/** The id of a referenced object; undefined when there is none. */
export function parseRef<T extends AnyId>(raw: unknown): T | undefined {
  return raw === undefined || raw === null ? undefined : parseId<T>(parseObject(raw, 'reference')['uuid']);
}

/** The id of a referenced object that has to be there. */
export function parseRequiredRef<T extends AnyId>(raw: unknown): T {
  return parseId<T>(parseObject(raw, 'reference')['uuid']);
}

/** `{ slug }`. */
export function parseSlug(raw: unknown): string {
  return requiredText(parseObject(raw, 'slug'), 'slug');
}

/** 4 or 6. */
export function parseVersion(raw: Readonly<Record<string, unknown>>, field: string): 4 | 6 {
  const version = requiredNumber(raw, field);
  if (version !== 4 && version !== 6) throw new Error(`field "${field}" is neither 4 nor 6`);
  return version;
}
