// How the text of a Service annotation becomes a value. Each kind says which values it takes, in the words of error messages and of
// docs/annotations/packet.md; annotations.ts uses them in its table. A text that is no value is never replaced by a default.
import { canonicalIp } from '@longshore/cloud-provider';

/** One way to write values. */
export interface ValueKind<T> {
  /** Completes "use …" in messages and stands in the docs. */
  readonly values: string;
  /** `undefined` when the text is no value. The text has no blanks around it and is not empty. */
  parse(text: string): T | undefined;
}

/** IPv4 or IPv6. */
export type Family = 4 | 6;

/** The code of a metro or facility. */
export const placeCode: ValueKind<string> = {
  values: 'a code such as `da` or `da11`',
  parse: (text) => (/^[a-z0-9-]{1,32}$/i.test(text) ? text.toLowerCase() : undefined),
};

/** One of a few words; case matters. */
export function oneOf<const T extends string>(words: readonly T[]): ValueKind<T> {
  return {
    values: `one of ${words.map((word) => `\`${word}\``).join(', ')}`,
    parse: (text) => words.find((word) => word === text),
  };
}

/** `ipv4`, `ipv6` or both, in the order of the addresses. */
export const families: ValueKind<readonly Family[]> = {
  values: '`ipv4`, `ipv6`, `ipv4,ipv6` or `ipv6,ipv4`',
  parse(text) {
    const words = text.toLowerCase().split(/\s*,\s*/);
    const isFine = words.every((word) => word === 'ipv4' || word === 'ipv6') && new Set(words).size === words.length;
    return isFine ? words.map((word) => (word === 'ipv4' ? 4 : 6)) : undefined;
  },
};

/** One address, or one of each family. */
export const addresses: ValueKind<readonly string[]> = {
  values: 'an IP address, or an IPv4 and an IPv6 address, separated by a comma',
  parse(text) {
    const found = text.split(',').map((part) => canonicalIp(part.trim()));
    const known = found.filter((address) => address !== undefined);
    const isFine = known.length === found.length && new Set(known.map(familyOf)).size === known.length;
    return isFine ? known : undefined;
  },
};

/** The family of an address. */
export function familyOf(address: string): Family {
  return address.includes(':') ? 6 : 4;
}

/** A tag or UUID of reservations. */
export const reservationName: ValueKind<string> = {
  values: 'a tag, or the UUID of a reservation',
  parse: (text) => (text.length <= 255 ? text : undefined),
};

/** What Services call the address that they share. */
export const shareName: ValueKind<string> = {
  values: 'a name of up to 63 letters, digits, `-`, `_` and `.`',
  parse: (text) => (/^[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/.test(text) ? text : undefined),
};
