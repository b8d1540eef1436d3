// Addresses and networks in one spelling, so that they can be compared as texts. Pure.
import ipaddr from 'ipaddr.js';

/** A network in CIDR notation without host bits; a bare address is a network of its own. Undefined for what is neither. */
export function canonicalCidr(text: string): string | undefined {
  const [, host = '', bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text.trim()) ?? [];
  const address = canonicalAddress(host);
  if (address === undefined) return undefined;
  const family = address.includes(':') ? ipaddr.IPv6 : ipaddr.IPv4;
  const most = family === ipaddr.IPv6 ? 128 : 32;
  const length = Number(bits ?? most);
  return length > most ? undefined : `${family.networkAddressFromCIDR(`${address}/${length}`).toString()}/${length}`;
}

/** An address in the usual spelling; undefined for what is none. */
export function canonicalAddress(text: string): string | undefined {
  const isPlain = ipaddr.IPv4.isValidFourPartDecimal(text) || (ipaddr.IPv6.isValid(text) && !text.includes('%'));
  return isPlain ? ipaddr.parse(text).toString() : undefined;
}

/** The address of a floating IP that a user wrote with or without prefix length. */
export function floatingAddress(text: string): string | undefined {
  return canonicalAddress(text.trim().split('/')[0] ?? '');
}
