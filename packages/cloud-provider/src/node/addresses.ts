// Which addresses a Node shows: those of the cloud, its own host names where the cloud has none, narrowed to the IPs that kubelet was
// told to use. Pure; node-plan.ts calls it. Order matters: the first InternalIP is the one that other components take.
import type { NodeAddress } from '../provider.ts';
import { canonicalIp, parseProvidedNodeIp } from './provided-node-ip.ts';

/** What the merge looks at. `provided` is the value of the annotation, undefined when it is absent (not when it is empty). */
export interface AddressFacts {
  readonly cloud: readonly NodeAddress[];
  readonly present: readonly NodeAddress[];
  readonly provided: string | undefined;
}

/** The wanted list (undefined: leave what is there), or why there can be none. */
export type WantedAddresses =
  | { readonly addresses: readonly NodeAddress[] | undefined }
  | { readonly problem: 'node-ip-invalid' | 'node-ip-not-in-cloud'; readonly detail: string };

/** Merges the cloud's addresses with what kubelet wrote and claims. */
export function wantedAddresses({ cloud, present, provided }: AddressFacts): WantedAddresses {
  const ips = provided === undefined ? { ips: [] } : parseProvidedNodeIp(provided);
  if ('problem' in ips) return { problem: 'node-ip-invalid', detail: ips.problem };
  if (cloud.length === 0) return noCloudAddresses(ips.ips);
  const candidates = withHostnames(cloud, present);
  for (const ip of ips.ips) {
    if (!candidates.some((candidate) => isAddress(candidate, ip)))
      return { problem: 'node-ip-not-in-cloud', detail: ip };
  }
  return { addresses: pinned(candidates, ips.ips) };
}

/**
 * True when both lists have the same entries, those of each type in the same order (I7). Everybody who reads a Node takes the first address
 * of a type, so the order of the types says nothing: Go programs mix them, and taking over from them must not write every Node.
 */
export function sameAddresses(left: readonly NodeAddress[], right: readonly NodeAddress[]): boolean {
  const types = new Set(left.map(({ type }) => type));
  return (
    left.length === right.length &&
    [...types].every((type) => String(addressesOfType(left, type)) === String(addressesOfType(right, type)))
  );
}

function addressesOfType(addresses: readonly NodeAddress[], wanted: NodeAddress['type']): readonly string[] {
  return addresses.filter(({ type }) => type === wanted).map(({ address }) => address);
}

/** For events and logs: `InternalIP 10.0.0.1, ExternalIP 1.2.3.4`. */
export function addressesInWords(addresses: readonly NodeAddress[]): string {
  return addresses.map(({ type, address }) => `${type} ${address}`).join(', ') || 'none';
}

function noCloudAddresses([first]: readonly string[]): WantedAddresses {
  return first === undefined ? { addresses: undefined } : { problem: 'node-ip-not-in-cloud', detail: first };
}

// Kubelet knows its host name; most clouds do not.
function withHostnames(cloud: readonly NodeAddress[], present: readonly NodeAddress[]): readonly NodeAddress[] {
  if (cloud.some(({ type }) => type === 'Hostname')) return cloud;
  return [...cloud, ...present.filter(({ type }) => type === 'Hostname')];
}

// An IP pins all types under which it occurs: the matches come first, other entries of these types disappear.
function pinned(candidates: readonly NodeAddress[], ips: readonly string[]): readonly NodeAddress[] {
  const matches = ips.flatMap((ip) => candidates.filter((candidate) => isAddress(candidate, ip)));
  const pinnedTypes = new Set(matches.map(({ type }) => type));
  return [...matches, ...candidates.filter(({ type }) => !pinnedTypes.has(type))];
}

function isAddress(candidate: NodeAddress, ip: string): boolean {
  return canonicalIp(candidate.address) === ip;
}
