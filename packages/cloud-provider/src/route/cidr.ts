// CIDRs in one spelling (I22), and the cluster's own ranges. Pure.
import ipaddr from 'ipaddr.js';
import { never, OperatorError } from '@longshore/reconciler-core';
import { canonicalIp } from '../node/provided-node-ip.ts';

type Ip = ReturnType<typeof ipaddr.parse>;

/** A range of addresses. */
export interface Cidr {
  readonly network: Ip;
  readonly prefixLength: number;
}

/** The range, with the host bits cleared; undefined for anything that is not a CIDR. Leading zeros in IPv4 are decimal, as in Go. */
export function parseCidr(text: string): Cidr | undefined {
  const [, address = '', prefix] = /^([^/]+)\/(\d{1,3})$/.exec(text) ?? [];
  // ipaddr.js alone would take octal and hexadecimal octets.
  const plain = address.includes(':') ? address : canonicalIp(address);
  const prefixLength = Number(prefix);
  if (plain === undefined || plain.includes('%') || !ipaddr.isValid(plain)) return undefined;
  const bytes = ipaddr.parse(plain).toByteArray();
  if (prefixLength > bytes.length * 8) return undefined;
  return { network: ipaddr.fromByteArray(masked(bytes, prefixLength, 0)), prefixLength };
}

/** One spelling per range: `2001:DB8:0::/64` is `2001:db8::/64`, `10.1.2.3/16` is `10.1.0.0/16`. Other text stays as it is. */
export function canonicalCidr(text: string): string {
  const cidr = parseCidr(text);
  return cidr ? `${cidr.network.toString()}/${cidr.prefixLength}` : text;
}

/** True when the first or the last address of `range` lies in one of `ranges`. */
export function reaches(range: Cidr, ranges: readonly Cidr[]): boolean {
  const last = ipaddr.fromByteArray(masked(range.network.toByteArray(), range.prefixLength, 0xff));
  return ranges.some((other) => contains(other, range.network) || contains(other, last));
}

/** Parses `--cluster-cidr`: one range, or one of each family. A process that cannot know which routes are its own must not run. */
export function parseClusterCidrs(text: string): readonly Cidr[] {
  const parts = text.split(',').map((part) => part.trim());
  const ranges = parts.map((part) => parseCidr(part) ?? refuse(`${JSON.stringify(part)} is not a CIDR`));
  if (ranges.length > 2) refuse(`there are ${ranges.length} CIDRs, at most two (one IPv4 and one IPv6) are possible`);
  if (ranges.length === 2 && ranges[0]?.network.kind() === ranges[1]?.network.kind()) {
    refuse('two CIDRs must be one IPv4 and one IPv6 range');
  }
  return ranges;
}

function refuse(reason: string): never {
  const message = `--cluster-cidr: ${reason}; give the pod ranges of the cluster, or switch routes off by --configure-cloud-routes=false`;
  throw new OperatorError('CLUSTER_CIDR_INVALID', message, never);
}

function contains(range: Cidr, ip: Ip): boolean {
  return range.network.kind() === ip.kind() && ip.match(range.network, range.prefixLength);
}

// The first `prefixLength` bits stay, the rest is `filler` (0 or 0xff).
function masked(bytes: readonly number[], prefixLength: number, filler: number): number[] {
  return bytes.map((byte, index) => {
    const kept = Math.min(8, Math.max(0, prefixLength - index * 8));
    const mask = (0xff << (8 - kept)) & 0xff;
    return (byte & mask) | (filler & ~mask & 0xff);
  });
}
