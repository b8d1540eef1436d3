// How the API shows a device, its addresses, its ports and its events. Views are kept as long as the device stays the same, because
// worlds have thousands and lists of them are asked for all the time.
import { findFacility, findOperatingSystem, findPlan } from './catalog.ts';
import type { Facility, OperatingSystem } from './catalog.ts';
import { metroEntry, viewFacility, viewOperatingSystem, viewPlan } from './catalog-views.ts';
import { hrefOf, refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import { deviceNow, stepsBehind } from './device-life.ts';
import type { WirePacketDevice, WirePacketEvent, WirePacketIpAssignment, WirePacketPort } from './wire.ts';
import type { AddressRecord, DeviceRecord, LifeStep, PortRecord } from './world.ts';

interface Kept {
  readonly behind: number;
  readonly isOld: boolean;
  readonly view: WirePacketDevice;
}

const kept = new WeakMap<DeviceRecord, Kept>();
const ROOT_PASSWORD_MS = 24 * 3_600_000;

/** A device as it is now; the same object until something about it changes. */
export function viewDevice(context: PacketContext, record: DeviceRecord): WirePacketDevice {
  const nowMs = context.clock.monotonicMs();
  const behind = stepsBehind(record, nowMs);
  const isOld = nowMs - record.created.monotonicMs >= ROOT_PASSWORD_MS;
  const known = kept.get(record);
  if (known?.behind === behind && known.isOld === isOld) return known.view;
  const view = makeView(context, record, { nowMs, isOld });
  kept.set(record, { behind, isOld, view });
  return view;
}

function makeView(
  context: PacketContext,
  record: DeviceRecord,
  { nowMs, isOld }: { readonly nowMs: number; readonly isOld: boolean },
): WirePacketDevice {
  const { id, fields, created, projectId, hardwareReservationId } = record;
  const now = deviceNow(record, nowMs);
  const shortId = id.slice(0, 8);
  const past = record.life.slice(0, stepsBehind(record, nowMs));
  const project = refTo(context, `/projects/${projectId}`);
  return {
    id,
    short_id: shortId,
    ...refTo(context, `/devices/${id}`),
    hostname: fields.hostname,
    description: fields.description,
    state: now.state,
    tags: fields.tags,
    billing_cycle: fields.billingCycle,
    user: systemOf(record).user,
    iqn: `iqn.${created.date.slice(0, 7)}.net.packet:device.${shortId}`,
    locked: fields.locked,
    bonding_mode: 4,
    created_at: created.date,
    updated_at: record.updatedAt,
    ...optional('provisioning_percentage', now.percentage),
    provisioning_events: provisioningEvents(context, record, past),
    operating_system: viewOperatingSystem(context, systemOf(record)),
    ...placeOf(context, record),
    project,
    project_lite: project,
    ssh_keys: record.sshKeyIds.map((key) => refTo(context, `/ssh-keys/${key}`)),
    volumes: record.volumeIds.map((volume) => refTo(context, `/storage/${volume}`)),
    ip_addresses: now.hasAddresses ? record.addresses.map((one) => viewAssignment(context, record, one)) : [],
    network_ports: record.ports.map((port) => viewPort(context, port, record.ports)),
    ...(hardwareReservationId === undefined
      ? {}
      : { hardware_reservation: refTo(context, `/hardware-reservations/${hardwareReservationId}`) }),
    ...settableOf(record),
    ...(now.state === 'active' && !isOld ? { root_password: `simulated-${shortId}` } : {}),
    switch_uuid: `5eed51c1-0000-4000-8000-${facilityOf(record).id.slice(-12)}`,
    sos: `${id}@sos.${record.facilityCode}.packet.net`,
  };
}

function placeOf(context: PacketContext, record: DeviceRecord): Pick<WirePacketDevice, 'facility' | 'metro' | 'plan'> {
  const facility = facilityOf(record);
  return {
    facility: viewFacility(context, facility),
    ...metroEntry(context, facility),
    plan: viewPlan(context, planOf(record)),
  };
}

function settableOf({ fields }: DeviceRecord) {
  return {
    network_frozen: fields.networkFrozen,
    spot_instance: fields.spotInstance,
    always_pxe: fields.alwaysPxe,
    userdata: fields.userdata,
    customdata: fields.customdata,
    ...optional('spot_price_max', fields.spotPriceMax),
    ...optional('termination_time', fields.terminationTime),
    ...optional('ipxe_script_url', fields.ipxeScriptUrl),
    ...optional('storage', fields.storage),
  };
}

/** An address of a device. The parent block is only named unless it is asked for (`parentBlockOf`). */
export function viewAssignment(
  context: PacketContext,
  device: DeviceRecord,
  record: AddressRecord,
): WirePacketIpAssignment {
  const { id, family, address, network, netmask, cidr, gateway, isPublic, isManagement, isGlobal } = record;
  return {
    id,
    address_family: family,
    address,
    network,
    netmask,
    cidr,
    gateway,
    public: isPublic,
    management: isManagement,
    manageable: true,
    enabled: true,
    global_ip: isGlobal,
    assigned_to: refTo(context, `/devices/${device.id}`),
    parent_block: refTo(context, `/ips/${record.reservationId}`),
    created_at: record.createdAt,
    tags: [],
    customdata: record.customdata,
    type: 'IPAssignment',
    ...metroEntry(context, facilityOf(device)),
    ...refTo(context, `/ips/${id}`),
  };
}

/** A port. */
export function viewPort(context: PacketContext, port: PortRecord, all: readonly PortRecord[]): WirePacketPort {
  const bond = all.find(({ id }) => id === port.bondId);
  return {
    id: port.id,
    name: port.name,
    type: port.mac === undefined ? 'NetworkBondPort' : 'NetworkPort',
    data: { ...optional('mac', port.mac), bonded: port.isBonded },
    ...(bond === undefined ? {} : { bond: { id: bond.id, name: bond.name } }),
    network_type: networkTypeOf(port, all),
    ...(port.nativeVlanId === undefined
      ? {}
      : { native_virtual_network: refTo(context, `/virtual-networks/${port.nativeVlanId}`) }),
    virtual_networks: port.vlanIds.map((vlan) => refTo(context, `/virtual-networks/${vlan}`)),
    disbond_operation_supported: true,
    ...refTo(context, `/ports/${port.id}`),
  };
}

// The kinds of later days follow from what is bonded and tagged.
function networkTypeOf({ networkType, isBonded, vlanIds }: PortRecord, all: readonly PortRecord[]): string {
  const isWhole = isBonded && all.every((port) => port.isBonded);
  if (networkType === 'layer2') return isWhole ? 'layer2-bonded' : 'layer2-individual';
  if (!isWhole) return 'hybrid';
  return vlanIds.length > 0 ? 'hybrid-bonded' : 'layer3';
}

/** The events of a device until now, latest first. */
export function deviceEvents(context: PacketContext, record: DeviceRecord): readonly WirePacketEvent[] {
  const past = record.life.slice(0, stepsBehind(record, context.clock.monotonicMs()));
  return past.flatMap((step) => viewStep(context, record, step)).reverse();
}

function provisioningEvents(
  context: PacketContext,
  record: DeviceRecord,
  past: readonly LifeStep[],
): readonly WirePacketEvent[] {
  return past
    .filter(({ event }) => event?.type.startsWith('provisioning.'))
    .flatMap((step) => viewStep(context, record, step));
}

function viewStep(context: PacketContext, record: DeviceRecord, { event, at }: LifeStep): readonly WirePacketEvent[] {
  if (event === undefined) return [];
  const { id, type, body } = event;
  return [
    {
      id,
      type,
      state: 'active',
      body,
      interpolated: `${record.fields.hostname}: ${body}`,
      relationships: [refTo(context, `/devices/${record.id}`), refTo(context, `/projects/${record.projectId}`)],
      created_at: at.date,
      ip: null,
      href: hrefOf(context, `/events/${id}`),
    },
  ];
}

/** The facility of a device. */
export function facilityOf({ facilityCode }: Pick<DeviceRecord, 'facilityCode'>): Facility {
  return known(findFacility(facilityCode), facilityCode);
}

function planOf({ planSlug }: DeviceRecord) {
  return known(findPlan(planSlug), planSlug);
}

/** The operating system of a device. */
export function systemOf({ fields }: Pick<DeviceRecord, 'fields'>): OperatingSystem {
  return known(findOperatingSystem(fields.osSlug), fields.osSlug);
}

function known<T>(value: T | undefined, name: string): T {
  if (value === undefined) throw new Error(`the catalog has no "${name}"`);
  return value;
}

function optional<K extends string, V>(key: K, value: V | undefined): Partial<Record<K, V>> {
  return value === undefined ? {} : ({ [key]: value } as Record<K, V>);
}
