// Droplet to the facts that go onto its Node. Pure. DigitalOcean has no zones and no private IPv6.
import type { InstanceFinding, InstanceMetadata, NodeAddress } from '@longshore/cloud-provider';
import { backoff, OperatorError } from '@longshore/reconciler-core';
import type { Droplet } from '@longshore/digitalocean-api';
import type { AddressFamily } from '../config.ts';
import { toProviderId } from './provider-id.ts';

/** Families without a setting: IPv4 as ever, IPv6 where the droplet has it. */
const DEFAULT_FAMILIES: readonly AddressFamily[] = ['ipv4', 'ipv6'];

/** What is known of the machine. A droplet without the addresses that a Node needs is `unknown`: it may get them in a moment. */
export function toFinding(droplet: Droplet, families: readonly AddressFamily[] = DEFAULT_FAMILIES): InstanceFinding {
  const missing = missingAddress(droplet, families);
  if (missing !== undefined) return { state: 'unknown', error: addressMissing(droplet, missing) };
  return { state: droplet.status === 'off' ? 'stopped' : 'running', metadata: toMetadata(droplet, families) };
}

function toMetadata(droplet: Droplet, families: readonly AddressFamily[]): InstanceMetadata {
  return {
    providerId: toProviderId(droplet.id),
    instanceType: droplet.sizeSlug,
    zone: '',
    region: droplet.region,
    addresses: [
      { type: 'Hostname', address: droplet.name },
      ...families.flatMap((family) => (family === 'ipv4' ? ipv4Addresses(droplet) : ipv6Addresses(droplet))),
    ],
    additionalLabels: {},
  };
}

// Only the first private address counts: further ones belong to other networks (anchor addresses of reserved IPs).
function ipv4Addresses(droplet: Droplet): readonly NodeAddress[] {
  const [internal, external] = [firstAddress(droplet, 'v4', 'private'), firstAddress(droplet, 'v4', 'public')];
  return [
    ...(internal === undefined ? [] : [{ type: 'InternalIP' as const, address: internal }]),
    ...(external === undefined ? [] : [{ type: 'ExternalIP' as const, address: external }]),
  ];
}

function ipv6Addresses(droplet: Droplet): readonly NodeAddress[] {
  const address = firstAddress(droplet, 'v6', 'public');
  return address === undefined ? [] : [{ type: 'ExternalIP', address }];
}

function missingAddress(droplet: Droplet, families: readonly AddressFamily[]): string | undefined {
  if (families.includes('ipv4')) {
    return firstAddress(droplet, 'v4', 'private') === undefined ? 'private ip (IPv4)' : undefined;
  }
  return firstAddress(droplet, 'v6', 'public') === undefined ? 'public ip (IPv6)' : undefined;
}

function firstAddress(droplet: Droplet, family: 'v4' | 'v6', type: 'public' | 'private'): string | undefined {
  return droplet.addresses.find((address) => address.family === family && address.type === type)?.address;
}

function addressMissing(droplet: Droplet, what: string): OperatorError {
  const message = `could not get ${what} of droplet ${droplet.id} (${droplet.name}): attach it to a VPC, or set DO_IP_ADDR_FAMILIES`;
  return new OperatorError('DROPLET_ADDRESS_MISSING', message, backoff);
}
