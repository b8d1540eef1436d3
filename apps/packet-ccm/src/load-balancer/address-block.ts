// The addresses of a reserved block. Pure.
import { canonicalIp } from '@longshore/cloud-provider';
import type { IpReservation } from '@longshore/packet-api';
import ipaddr from 'ipaddr.js';
import { familyOf } from '../annotation-values.ts';

type Block = Pick<IpReservation, 'address' | 'network' | 'cidr' | 'family'>;

// Of an IPv6 block only its beginning is given out.
const MOST_ADDRESSES = 1024;

/** Whether the block has the address. */
export function contains(block: Block, address: string): boolean {
  const start = startOf(block);
  if (start === undefined || familyOf(address) !== familyOf(start)) return false;
  return ipaddr.parse(address).match(ipaddr.parse(start), block.cidr ?? fullLength(start));
}

/** The first address of a single reservation, in the usual spelling; `undefined` while it has none. */
export function addressOf(block: Block): string | undefined {
  return block.address === undefined ? undefined : canonicalIp(block.address);
}

/** The addresses of the block in their order. */
export function* addressesIn(block: Block): Iterable<string> {
  const start = startOf(block);
  if (start === undefined) return;
  const bytes = ipaddr.parse(start).toByteArray();
  const size = Math.min(MOST_ADDRESSES, 2 ** (fullLength(start) - (block.cidr ?? fullLength(start))));
  for (let index = 0; index < size; index += 1) {
    yield canonicalIp(ipaddr.fromByteArray(plus(bytes, index)).toString()) ?? '';
  }
}

function startOf({ network, address }: Block): string | undefined {
  const text = network ?? address;
  return text === undefined ? undefined : canonicalIp(text);
}

function fullLength(address: string): number {
  return familyOf(address) === 4 ? 32 : 128;
}

function plus(bytes: readonly number[], add: number): number[] {
  const sum = [...bytes];
  for (let at = sum.length - 1, carry = add; at >= 0 && carry > 0; at -= 1) {
    const value = (sum[at] ?? 0) + carry;
    sum[at] = value % 256;
    carry = Math.floor(value / 256);
  }
  return sum;
}
