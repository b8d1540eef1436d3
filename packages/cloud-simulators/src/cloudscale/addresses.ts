// Addresses inside subnets. Pure, without a library: the simulator only has to count upwards and to say whether something is inside.
import { BlockList, isIP } from 'node:net';

/** A network in CIDR notation, taken apart. */
export interface Cidr {
  readonly address: string;
  readonly prefixLength: number;
  readonly version: 4 | 6;
}

/** Reads CIDR notation; undefined for anything else, and for a network with host bits. */
export function parseCidr(text: string): Cidr | undefined {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  const address = match?.[1] ?? '';
  const prefixLength = Number(match?.[2]);
  const version = isIP(address);
  if ((version !== 4 && version !== 6) || prefixLength > (version === 4 ? 32 : 128)) return undefined;
  const host = version === 4 ? 32 - prefixLength : 128 - prefixLength;
  const isNetwork = toNumber(address) % (1n << BigInt(host)) === 0n;
  return isNetwork ? { address, prefixLength, version } : undefined;
}

/** Whether the address is inside the network. */
export function isInside(address: string, cidr: string): boolean {
  const network = parseCidr(cidr);
  if (network === undefined || isIP(address) !== network.version) return false;
  const family = network.version === 4 ? 'ipv4' : 'ipv6';
  const list = new BlockList();
  list.addSubnet(network.address, network.prefixLength, family);
  return list.check(address, family);
}

/** Address number `n` of the network. */
export function addressAt(cidr: string, n: number): string {
  const network = parseCidr(cidr);
  if (network === undefined) throw new Error(`"${cidr}" is no network`);
  return toText(toNumber(network.address) + BigInt(n), network.version);
}

/** The address in one spelling. */
export function canonical(address: string): string {
  const version = isIP(address);
  return version === 6 ? toText(toNumber(address), 6) : address;
}

function toNumber(address: string): bigint {
  if (isIP(address) === 4) return address.split('.').reduce((sum, part) => sum * 256n + BigInt(part), 0n);
  const [head = '', tail] = withoutDots(address).split('::');
  const words = (text: string): string[] => (text === '' ? [] : text.split(':'));
  const left = words(head);
  const right = tail === undefined ? [] : words(tail);
  const zeros = tail === undefined ? 0 : 8 - left.length - right.length;
  const all = [...left, ...Array.from({ length: zeros }, () => '0'), ...right];
  return all.reduce((sum, word) => sum * 65_536n + BigInt(Number.parseInt(word, 16)), 0n);
}

// ::ffff:10.0.0.1 has a dotted end.
function withoutDots(address: string): string {
  const dotted = /\d+\.\d+\.\d+\.\d+$/.exec(address)?.[0];
  if (dotted === undefined) return address;
  const value = toNumber(dotted);
  return `${address.slice(0, -dotted.length)}${(value >> 16n).toString(16)}:${(value & 65_535n).toString(16)}`;
}

function toText(value: bigint, version: 4 | 6): string {
  if (version === 4) return [24n, 16n, 8n, 0n].map((shift) => String((value >> shift) & 255n)).join('.');
  const words = Array.from({ length: 8 }, (_, index) => ((value >> BigInt(112 - 16 * index)) & 65_535n).toString(16));
  const zeros = longestZeros(words);
  if (zeros === undefined) return words.join(':');
  return `${words.slice(0, zeros.from).join(':')}::${words.slice(zeros.to).join(':')}`;
}

function longestZeros(words: readonly string[]): { readonly from: number; readonly to: number } | undefined {
  let best: { readonly from: number; readonly to: number } | undefined;
  for (let from = 0; from < words.length; from += 1) {
    let to = from;
    while (words[to] === '0') to += 1;
    if (to - from >= 2 && to - from > (best ? best.to - best.from : 0)) best = { from, to };
  }
  return best;
}
