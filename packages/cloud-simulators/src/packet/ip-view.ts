// How the API shows reserved blocks, and which addresses of them are free. Pure.
import { findFacility, findMetro } from './catalog.ts';
import { metroEntry, viewFacility, viewMetro } from './catalog-views.ts';
import { formatIpv4, overlap, rangeOf } from './addresses.ts';
import type { Range } from './addresses.ts';
import { refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import type { WirePacketIpReservation } from './wire.ts';
import { assignedOf } from './world-index.ts';
import type { ReservationRecord, World } from './world.ts';

/** A block as the API shows it; its assignments are only named. */
export function viewReservation(
  context: PacketContext,
  world: World,
  record: ReservationRecord,
): WirePacketIpReservation {
  const { id, type, state, block, cidr, details, tags, customdata, isAutomatic, projectId } = record;
  const project = refTo(context, `/projects/${projectId}`);
  return {
    id,
    type,
    state,
    address_family: type.endsWith('ipv6') ? 6 : 4,
    ...addressOf(block),
    cidr,
    public: !type.startsWith('private'),
    management: isAutomatic,
    manageable: true,
    enabled: true,
    global_ip: type === 'global_ipv4',
    addon: !isAutomatic,
    bill: !isAutomatic,
    available: String(freeAddresses(world, record)),
    ...(details === null ? {} : { details }),
    tags,
    customdata,
    ...placeOf(context, record),
    project,
    project_lite: project,
    requested_by: refTo(context, '/users/simulated'),
    assignments: assignedOf(world, id).map(({ address }) => refTo(context, `/ips/${address.id}`)),
    created_at: record.createdAt,
    ...refTo(context, `/ips/${id}`),
  };
}

/** Parts of a block of one size that no device has. */
export function freeParts(world: World, record: ReservationRecord, cidr: number): readonly string[] {
  const { block } = record;
  if (block?.family !== 4 || cidr < block.cidr || cidr > 32) return [];
  const taken = takenIn(world, record);
  const { first, size } = rangeOf(block.network, block.cidr);
  const step = 2 ** (32 - cidr);
  const parts = Array.from({ length: size / step }, (_unused, index): Range => ({
    first: first + index * step,
    size: step,
  }));
  return parts
    .filter((part) => !taken.some((other) => overlap(part, other)))
    .map((part) => `${formatIpv4(part.first)}/${cidr}`);
}

/** The ranges of a block that devices have. */
export function takenIn(world: World, { id }: ReservationRecord): readonly Range[] {
  return assignedOf(world, id)
    .filter(({ address }) => address.family === 4)
    .map(({ address }) => rangeOf(address.network, address.cidr));
}

function addressOf(block: ReservationRecord['block']): Partial<WirePacketIpReservation> {
  if (block === undefined) return {};
  const { address, network, netmask, gateway } = block;
  return { address, network, netmask, gateway };
}

function freeAddresses(world: World, record: ReservationRecord): number {
  if (record.block?.family !== 4) return 0;
  const used = takenIn(world, record).reduce((sum, { size }) => sum + size, 0);
  return 2 ** (32 - record.cidr) - used;
}

function placeOf(
  context: PacketContext,
  { facilityCode, metroCode }: ReservationRecord,
): Pick<WirePacketIpReservation, 'facility' | 'metro'> {
  const facility = facilityCode === undefined ? undefined : findFacility(facilityCode);
  if (facility !== undefined) return { facility: viewFacility(context, facility), ...metroEntry(context, facility) };
  const metro = metroCode === undefined ? undefined : findMetro(metroCode);
  return metro === undefined ? {} : { metro: viewMetro(context, metro) };
}
