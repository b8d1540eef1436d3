// Address arithmetic, and where the simulated cloud's addresses come from: ranges that nobody owns (RFC 2544, RFC 3849, 10/8), so that
// a mistake reaches no real machine. Pure.

/** One address in its network. */
export interface AddressBlock {
  readonly family: 4 | 6;
  readonly address: string;
  readonly network: string;
  readonly netmask: string;
  readonly cidr: number;
  readonly gateway: string;
  /** The block that it was cut out of. */
  readonly parent: { readonly network: string; readonly netmask: string; readonly cidr: number };
}

/** First address and size of a range, as numbers. */
export interface Range {
  readonly first: number;
  readonly size: number;
}

/** Where addresses of devices and of reservations come from. */
export const POOLS = {
  devices: rangeOf('198.18.0.0', 16),
  elastic: rangeOf('198.19.0.0', 17),
  global: rangeOf('198.19.128.0', 17),
  private: rangeOf('10.0.0.0', 9),
  reservedPrivate: rangeOf('10.128.0.0', 9),
} as const;

/** Size of the private block that a project gets in a facility, and of its IPv6 block. */
export const PRIVATE_BLOCK = 25;
const IPV6_BLOCK = 56;

/** `198.18.0.1` as a number; `undefined` for anything else. */
export function parseIpv4(text: string): number | undefined {
  const match = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})$/.exec(text);
  if (match === null) return undefined;
  const parts = match.slice(1).map(Number);
  return parts.some((part) => part > 255) ? undefined : parts.reduce((sum, part) => sum * 256 + part, 0);
}

/** A number as `198.18.0.1`. */
export function formatIpv4(value: number): string {
  return [24, 16, 8, 0].map((shift) => Math.floor(value / 2 ** shift) % 256).join('.');
}

/** The netmask of a prefix. */
export function netmaskOf(cidr: number): string {
  return formatIpv4(2 ** 32 - 2 ** (32 - cidr));
}

/** The addresses of a network. */
export function rangeOf(network: string, cidr: number): Range {
  return { first: parseIpv4(network) ?? 0, size: 2 ** (32 - cidr) };
}

/** Whether two ranges share an address. */
export function overlap(one: Range, other: Range): boolean {
  return one.first < other.first + other.size && other.first < one.first + one.size;
}

/** The /31 of a device: the lower address is the gateway, the upper one the device's. */
export function pointToPoint(first: number, parent?: AddressBlock['parent']): AddressBlock {
  const network = formatIpv4(first);
  const own = { network, netmask: netmaskOf(31), cidr: 31 };
  return { family: 4, address: formatIpv4(first + 1), gateway: network, ...own, parent: parent ?? own };
}

/** A block of its own, as reservations are. */
export function blockAt(first: number, cidr: number): AddressBlock {
  const address = formatIpv4(first);
  const own = { network: address, netmask: netmaskOf(cidr), cidr };
  return { family: 4, address, gateway: address, ...own, parent: own };
}

/** The first free place in a pool, aligned to its size; `undefined` when the pool is full. */
export function findFree(pool: Range, cidr: number, taken: readonly Range[]): number | undefined {
  const size = 2 ** (32 - cidr);
  const sorted = taken.filter((range) => overlap(range, pool)).sort((a, b) => a.first - b.first);
  let first = pool.first;
  for (const range of sorted) {
    if (range.first >= first + size) break;
    first = Math.max(first, Math.ceil((range.first + range.size - pool.first) / size) * size + pool.first);
  }
  return first + size <= pool.first + pool.size ? first : undefined;
}

/** The IPv6 block of a project in a facility. */
export function ipv6Block(number: number): AddressBlock['parent'] {
  return { network: `2001:db8:${number.toString(16)}::`, netmask: 'ffff:ffff:ffff:ff00::', cidr: IPV6_BLOCK };
}

/** The /127 of a device in an IPv6 block. */
export function ipv6PointToPoint(parent: AddressBlock['parent'], slot: number): AddressBlock {
  const low = slot * 2;
  const network = low === 0 ? parent.network : parent.network + low.toString(16);
  const netmask = 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe';
  const address = parent.network + (low + 1).toString(16);
  return { family: 6, address, network, netmask, cidr: 127, gateway: network, parent };
}
