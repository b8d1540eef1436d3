// Makes servers: a public interface first, public IPv4 before IPv6, then private ones, as the API lists them.
import { addressAt, canonical } from './addresses.ts';
import { publicSubnetsOf } from './load-balancers.ts';
import type { WireCloudscaleTags } from './wire.ts';
import { ZONES } from './world.ts';
import type { ServerInterface, ServerRecord, SubnetRecord, World } from './world.ts';

/** What can be said about a new server; the rest is filled in. */
export interface CloudscaleServerWish {
  /** Default: a new one. */
  readonly uuid?: string;
  readonly name?: string;
  readonly zone?: string;
  readonly flavor?: string;
  readonly image?: string;
  readonly status?: 'running' | 'stopped';
  readonly tags?: WireCloudscaleTags;
  /** Default: an IPv4 and an IPv6 address. `[]`: no public interface. */
  readonly publicAddresses?: readonly string[] | 'both' | 'ipv4';
  /** Subnets of private networks, with the address if it matters. Default: the first private subnet of the zone. */
  readonly privateSubnets?: readonly { readonly subnet: string; readonly address?: string }[];
}

/** A server. `number` gives it name and addresses where the wish names none. */
export function makeServer(
  world: World,
  wish: CloudscaleServerWish,
  made: { readonly number: number; readonly uuid: string; readonly zone: string; readonly createdAt: string },
): ServerRecord {
  const zone = wish.zone ?? made.zone;
  if (!ZONES.includes(zone)) throw new Error(`unknown zone "${zone}"`);
  return {
    uuid: wish.uuid ?? made.uuid,
    tags: wish.tags ?? {},
    createdAt: made.createdAt,
    name: wish.name ?? `node-${made.number}`,
    zone,
    flavor: wish.flavor ?? 'flex-8-4',
    image: wish.image ?? 'debian-12',
    interfaces: [
      ...publicInterface(world, wish, { ...made, zone }),
      ...privateInterfaces(world, wish, { ...made, zone }),
    ],
    status: wish.status ?? 'running',
    changingUntilMs: 0,
  };
}

interface Place {
  readonly number: number;
  readonly zone: string;
}

function publicInterface(world: World, wish: CloudscaleServerWish, place: Place): readonly ServerInterface[] {
  const subnets = publicSubnetsOf(world, place.zone);
  const networkUuid = subnets[0]?.networkUuid ?? '';
  const { publicAddresses = 'both' } = wish;
  const used = publicAddresses === 'ipv4' ? subnets.slice(0, 1) : subnets;
  const addresses =
    typeof publicAddresses === 'string'
      ? used.map((subnet) => ({ subnet, address: addressAt(subnet.cidr, 0x100 + place.number) }))
      : publicAddresses.map((address) => ({ subnet: subnetFor(subnets, address), address: canonical(address) }));
  if (addresses.length === 0) return [];
  return [
    {
      networkUuid,
      addresses: addresses.map(({ subnet, address }) => {
        return { address, subnetUuid: subnet?.uuid ?? '', gateway: subnet?.gateway ?? null };
      }),
    },
  ];
}

function subnetFor(subnets: readonly SubnetRecord[], address: string): SubnetRecord | undefined {
  return subnets.find(({ cidr }) => cidr.includes(':') === address.includes(':'));
}

function privateInterfaces(world: World, wish: CloudscaleServerWish, place: Place): readonly ServerInterface[] {
  const subnets: NonNullable<CloudscaleServerWish['privateSubnets']> =
    wish.privateSubnets ?? firstPrivateSubnet(world, place.zone);
  const known = subnets.map(({ subnet: uuid, address }) => {
    const subnet = world.subnets.get(uuid);
    if (subnet === undefined) throw new Error(`unknown subnet "${uuid}"`);
    return { subnet, address: canonical(address ?? addressAt(subnet.cidr, 0x100 + place.number)) };
  });
  const byNetwork = Map.groupBy(known, ({ subnet }) => subnet.networkUuid);
  return [...byNetwork].map(([networkUuid, entries]) => ({
    networkUuid,
    addresses: entries.map(({ subnet, address }) => ({ address, subnetUuid: subnet.uuid, gateway: subnet.gateway })),
  }));
}

/** The first private subnet of a zone, as a wish. */
export function firstPrivateSubnet(world: World, zone: string): readonly { readonly subnet: string }[] {
  const found = [...world.subnets.values()].find(({ networkUuid }) => {
    const network = world.networks.get(networkUuid);
    return network?.zone === zone && !network.isPublic;
  });
  return found === undefined ? [] : [{ subnet: found.uuid }];
}
