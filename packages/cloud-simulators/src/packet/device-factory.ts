// Makes devices: ids, ports, and the addresses that they are born with. A draft takes many devices before it becomes the next world.
import { findFacility, findOperatingSystem, findPlan } from './catalog.ts';
import {
  blockAt,
  findFree,
  ipv6Block,
  ipv6PointToPoint,
  pointToPoint,
  POOLS,
  PRIVATE_BLOCK,
  rangeOf,
} from './addresses.ts';
import type { AddressBlock } from './addresses.ts';
import { momentIn, newId } from './context.ts';
import type { PacketContext } from './context.ts';
import { isThere, settledLife } from './device-life.ts';
import type { WirePacketDeviceState } from './wire.ts';
import type { AddressRecord, DeviceFields, DeviceRecord, LifeStep, PortRecord, ReservationRecord } from './world.ts';

/** What can be said about a device made by hand; the rest is filled in. */
export interface PacketDeviceWish {
  readonly id?: string;
  readonly hostname?: string;
  readonly projectId?: string;
  /** Code; the metro follows from it. */
  readonly facility?: string;
  readonly plan?: string;
  readonly operatingSystem?: string;
  /** Default `active`. */
  readonly state?: WirePacketDeviceState;
  readonly tags?: readonly string[];
  readonly userdata?: string;
  readonly locked?: boolean;
  /** Kinds of addresses that it has, in this order. Default: public IPv4, public IPv6, private IPv4. */
  readonly addresses?: readonly PacketAddressKind[];
}

/** A kind of address that a device is born with. */
export type PacketAddressKind = 'public-ipv4' | 'public-ipv6' | 'private-ipv4';

/** What a device is made from. */
export interface DevicePlan {
  readonly id?: string;
  readonly projectId: string;
  readonly facilityCode: string;
  readonly planSlug: string;
  readonly fields: DeviceFields;
  readonly sshKeyIds: readonly string[];
  readonly hardwareReservationId: string | undefined;
  readonly addressKinds: readonly PacketAddressKind[];
  readonly life: readonly LifeStep[];
}

/** The next world while devices are put into it. */
export interface Draft {
  readonly devices: Map<string, DeviceRecord>;
  readonly reservations: Map<string, ReservationRecord>;
  /** Slots in use by block. */
  readonly slots: Map<string, Set<number>>;
}

/** The kinds of addresses that a device gets unless it asks for others. */
export const USUAL_ADDRESSES: readonly PacketAddressKind[] = ['public-ipv4', 'public-ipv6', 'private-ipv4'];

/** A draft of the next world. */
export function draftOf({ store, clock }: PacketContext): Draft {
  const slots = new Map<string, Set<number>>();
  const world = store.current;
  const nowMs = clock.monotonicMs();
  const there = [...world.devices.values()].filter((device) => isThere(device, nowMs));
  for (const { slot } of there.flatMap(({ addresses }) => addresses)) {
    if (slot !== undefined) slotsOf({ slots }, slot.block).add(slot.number);
  }
  return { devices: new Map(world.devices), reservations: new Map(world.reservations), slots };
}

/** Puts a device into a draft. */
export function addDevice(context: PacketContext, draft: Draft, plan: DevicePlan): DeviceRecord {
  const created = momentIn(context, 0);
  const id = plan.id ?? newId(context);
  const record: DeviceRecord = {
    id,
    projectId: plan.projectId,
    facilityCode: plan.facilityCode,
    planSlug: plan.planSlug,
    sshKeyIds: plan.sshKeyIds,
    hardwareReservationId: plan.hardwareReservationId,
    created,
    updatedAt: created.date,
    fields: plan.fields.hostname === '' ? { ...plan.fields, hostname: id.slice(0, 8) } : plan.fields,
    life: plan.life,
    addresses: addressesFor(context, draft, { ...plan, kinds: plan.addressKinds }),
    ports: makePorts(context, draft.devices.size),
    volumeIds: [],
  };
  draft.devices.set(id, record);
  return record;
}

/** The plan of a device that somebody wishes for by hand. */
export function planByHand(
  context: PacketContext,
  wish: PacketDeviceWish,
  usual: { readonly projectId: string; readonly facility: string; readonly number: number },
): DevicePlan {
  const { id, projectId = usual.projectId, addresses = USUAL_ADDRESSES, state = 'active' } = wish;
  const facility = findFacility(wish.facility ?? usual.facility);
  const plan = findPlan(wish.plan ?? 'c3.small.x86');
  if (facility === undefined || plan === undefined) {
    throw new Error('addDevice: the facility or the plan does not exist');
  }
  const make = { momentIn: (ms: number) => momentIn(context, ms), newId: () => newId(context) };
  return {
    ...(id === undefined ? {} : { id }),
    projectId,
    facilityCode: facility.code,
    planSlug: plan.slug,
    sshKeyIds: [],
    hardwareReservationId: undefined,
    addressKinds: addresses,
    life: settledLife(state, make),
    fields: fieldsByHand(wish, usual.number),
  };
}

function fieldsByHand(wish: PacketDeviceWish, number: number): DeviceFields {
  const { hostname = `node-${number}`, tags = [], locked = false, userdata = '' } = wish;
  const system = findOperatingSystem(wish.operatingSystem ?? 'ubuntu_22_04');
  if (system === undefined) throw new Error('addDevice: the operating system does not exist');
  return { ...NEW_FIELDS, hostname, tags, locked, userdata, osSlug: system.slug };
}

/** What a device has that nobody said anything about. Without a hostname it is named after its id. */
export const NEW_FIELDS: Omit<DeviceFields, 'osSlug'> = {
  hostname: '',
  description: null,
  tags: [],
  billingCycle: 'hourly',
  locked: false,
  userdata: '',
  customdata: {},
  alwaysPxe: false,
  networkFrozen: false,
  spotInstance: false,
};

/** Where a device is, and the addresses that it is to have. */
export interface AddressWish {
  readonly projectId: string;
  readonly facilityCode: string;
  readonly kinds: readonly PacketAddressKind[];
}

/** Addresses for a device, taken out of a draft's blocks. */
export function addressesFor(context: PacketContext, draft: Draft, wish: AddressWish): readonly AddressRecord[] {
  return wish.kinds.map((kind) => makeAddress(context, draft, wish, kind));
}

function makeAddress(context: PacketContext, draft: Draft, wish: AddressWish, kind: PacketAddressKind): AddressRecord {
  const birth = {
    id: newId(context),
    isManagement: true,
    isGlobal: false,
    createdAt: momentIn(context, 0).date,
    customdata: {},
  };
  if (kind === 'public-ipv4') {
    const number = takeSlot(draft, 'public', POOLS.devices.size / 2);
    const slot = { block: 'public', number };
    const cut = pointToPoint(POOLS.devices.first + 2 * number);
    return { ...cut, ...birth, isPublic: true, slot, reservationId: newId(context) };
  }
  const type = kind === 'private-ipv4' ? 'private_ipv4' : 'public_ipv6';
  const block = blockFor(context, draft, wish, type);
  const room = type === 'private_ipv4' ? 2 ** (31 - PRIVATE_BLOCK) : 2 ** 24;
  const number = takeSlot(draft, block.id, room);
  const parent = parentOf(block);
  const cut =
    type === 'private_ipv4'
      ? pointToPoint(rangeOf(parent.network, PRIVATE_BLOCK).first + 2 * number, parent)
      : ipv6PointToPoint(parent, number);
  const slot = { block: block.id, number };
  return { ...cut, ...birth, isPublic: type === 'public_ipv6', slot, reservationId: block.id };
}

// A project has one IPv6 block per facility, and private blocks of 64 devices each.
function blockFor(
  context: PacketContext,
  draft: Draft,
  { projectId, facilityCode }: AddressWish,
  type: 'private_ipv4' | 'public_ipv6',
): ReservationRecord {
  const room = type === 'private_ipv4' ? 2 ** (31 - PRIVATE_BLOCK) : 2 ** 24;
  for (const block of draft.reservations.values()) {
    const fits = block.isAutomatic && block.type === type && block.projectId === projectId;
    if (fits && block.facilityCode === facilityCode && slotsOf(draft, block.id).size < room) return block;
  }
  const made = makeBlock(context, draft, { projectId, facilityCode, type });
  draft.reservations.set(made.id, made);
  return made;
}

function makeBlock(
  context: PacketContext,
  draft: Draft,
  { projectId, facilityCode, type }: Pick<ReservationRecord, 'projectId' | 'type'> & { readonly facilityCode: string },
): ReservationRecord {
  const block = type === 'private_ipv4' ? freePrivateBlock(draft) : freeIpv6Block(draft);
  return {
    id: newId(context),
    projectId,
    type,
    state: 'created',
    block,
    cidr: block.cidr,
    details: null,
    tags: [],
    customdata: {},
    facilityCode,
    metroCode: findFacility(facilityCode)?.metroCode,
    isAutomatic: true,
    createdAt: momentIn(context, 0).date,
  };
}

function freePrivateBlock(draft: Draft): AddressBlock {
  const taken = blocksOf(draft, 'private_ipv4').map(({ network, cidr }) => rangeOf(network, cidr));
  const first = findFree(POOLS.private, PRIVATE_BLOCK, taken);
  if (first === undefined) throw new Error('the simulator has no private addresses left');
  return blockAt(first, PRIVATE_BLOCK);
}

function freeIpv6Block(draft: Draft): AddressBlock {
  const parent = ipv6Block(blocksOf(draft, 'public_ipv6').length + 1);
  return { family: 6, address: parent.network, gateway: parent.network, ...parent, parent };
}

function blocksOf({ reservations }: Draft, type: string): readonly AddressBlock[] {
  const found = [...reservations.values()].filter((one) => one.isAutomatic && one.type === type);
  return found.flatMap(({ block }) => (block === undefined ? [] : [block]));
}

function parentOf({ block }: ReservationRecord): AddressBlock['parent'] {
  if (block === undefined) throw new Error('an automatic block always has its addresses');
  const { network, netmask, cidr } = block;
  return { network, netmask, cidr };
}

function takeSlot(draft: Draft, block: string, room: number): number {
  const taken = slotsOf(draft, block);
  // Sets are asked from their size on: without removals that is the first free slot.
  let slot = taken.size;
  while (taken.has(slot)) slot = (slot + 1) % room;
  if (taken.size >= room) throw new Error('the simulator has no addresses left');
  taken.add(slot);
  return slot;
}

function slotsOf({ slots }: Pick<Draft, 'slots'>, block: string): Set<number> {
  const known = slots.get(block);
  if (known !== undefined) return known;
  const made = new Set<number>();
  slots.set(block, made);
  return made;
}

function makePorts(context: PacketContext, number: number): readonly PortRecord[] {
  const bondId = newId(context);
  const usual = { isBonded: true, networkType: 'layer3', vlanIds: [], nativeVlanId: undefined };
  const low = number.toString(16).padStart(6, '0').slice(-6);
  const mac = (port: number): string => `02:5e:0${port}:${low.slice(0, 2)}:${low.slice(2, 4)}:${low.slice(4)}`;
  return [
    { id: bondId, name: 'bond0', mac: undefined, bondId: undefined, ...usual },
    { id: newId(context), name: 'eth0', mac: mac(0), bondId, ...usual },
    { id: newId(context), name: 'eth1', mac: mac(1), bondId, ...usual },
  ];
}
