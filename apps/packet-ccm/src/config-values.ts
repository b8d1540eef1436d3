// Values of settings: texts to typed values, with the words for what would be right. Pure; config.ts applies them to the table.
import { parseEmlbBalancerId } from '@longshore/packet-api';
import type { EmlbBalancerId } from '@longshore/packet-api';

/** A text that is not allowed, and what is. */
export interface Bad {
  readonly use: string;
}

/** Reads a value. */
export type Parse<T> = (text: string) => T | Bad;

/** True for what a reader refused. */
export function isBad(value: unknown): value is Bad {
  return typeof value === 'object' && value !== null && 'use' in value;
}

const TRUE: ReadonlySet<string> = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE: ReadonlySet<string> = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);

/** The truth values of Go. */
export const parseGoBool: Parse<boolean> = (text) => {
  if (TRUE.has(text)) return true;
  return FALSE.has(text) ? false : { use: 'true or false' };
};

/** A number of an autonomous system. */
export const parseAsn: Parse<number> = (text) => {
  const asn = Number(text);
  return /^\d{1,10}$/.test(text) && asn >= 1 && asn <= 4_294_967_295 ? asn : { use: 'a number from 1 to 4294967295' };
};

/** A number of things. */
export const parseCount: Parse<number> = (text) =>
  /^\d{1,6}$/.test(text) ? Number(text) : { use: 'a whole number, 0 for no limit' };

/** A number of times, at least once. */
export const parseTimes: Parse<number> = (text) =>
  /^[1-9]\d{0,2}$/.test(text) ? Number(text) : { use: 'a whole number from 1 to 999' };

/** A URL of HTTP. */
export const parseHttpUrl: Parse<string> = (text) =>
  /^https?:$/.test(URL.parse(text)?.protocol ?? '') ? text : { use: 'a URL such as https://lb.example.com' };

/** The ID of an Equinix Metal Load Balancer. */
export const parseBalancerId: Parse<EmlbBalancerId> = (text) =>
  parseEmlbBalancerId(text) ?? { use: 'the ID of a load balancer, such as loadbal-AbCdEfGhIjKlMnOpQrStU' };

/** A port, or 0. */
export const parsePort: Parse<number> = (text) =>
  /^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : { use: 'a port, or 0 for that of the API server' };

/** Any text. */
export const parseText: Parse<string> = (text) => text;

/** A UUID, in lower case. */
export const parseUuid: Parse<string> = (text) =>
  /^[0-9a-f]{8}-([0-9a-f]{4}-){3}[0-9a-f]{12}$/i.test(text) ? text.toLowerCase() : { use: 'a UUID' };

/** Stands for the number of a BGP peer in the keys of annotations. */
export const PEER_NUMBER = '{{n}}';

// Kubernetes' qualified names: an optional DNS name, one slash, and a name of 63 characters.
const ANNOTATION_KEY =
  /^(?:[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*\/)?[A-Za-z0-9](?:[-\w.]{0,61}[A-Za-z0-9])?$/;

/** A key of an annotation, `{{n}}` in it for the number of a peer. */
export const parseAnnotationKey: Parse<string> = (text) =>
  ANNOTATION_KEY.test(text.replaceAll(PEER_NUMBER, '0'))
    ? text
    : { use: `a key of an annotation, such as example.com/peer-ip or example.com/bgp-peers-${PEER_NUMBER}-peer-ip` };

/** Address families, in the order of the addresses on Nodes. */
export type AddressFamily = 'ipv4' | 'ipv6';

/** `ipv4`, `ipv4,ipv6` and so on. */
export const parseFamilies: Parse<readonly AddressFamily[]> = (text) => {
  const names = text.split(',').map((name) => name.trim().toLowerCase());
  const families = names.filter((name) => name === 'ipv4' || name === 'ipv6');
  const isFine = families.length === names.length && new Set(names).size === names.length;
  return isFine ? families : { use: 'ipv4, ipv6, "ipv4,ipv6" or "ipv6,ipv4"' };
};

/** What the region label of a Node says. */
export type RegionLabel = 'metro' | 'facility' | 'facility-id';

/** A form of the region label. */
export const parseRegionLabel: Parse<RegionLabel> = (text) =>
  text === 'metro' || text === 'facility' || text === 'facility-id' ? text : { use: 'metro, facility or facility-id' };
