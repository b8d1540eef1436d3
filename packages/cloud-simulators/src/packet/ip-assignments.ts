// Routes of single addresses: giving one to a device, and everything under /ips/{id}, where an id is either a block's or an
// assignment's.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { blockAt, netmaskOf, overlap, parseIpv4, rangeOf } from './addresses.ts';
import type { Range } from './addresses.ts';
import { done, forbidden, notFound, unprocessable } from './answers.ts';
import { dateNow, newId, SHAPING, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { deviceNow, isThere } from './device-life.ts';
import { facilityOf, viewAssignment, viewDevice } from './device-view.ts';
import { putDevice, withDevice } from './devices.ts';
import { freeParts, takenIn, viewReservation } from './ip-view.ts';
import { resolverOf } from './resolver.ts';
import { shape, shaped } from './shape.ts';
import { findAssigned } from './world-index.ts';
import type { Assigned } from './world-index.ts';
import type { AddressRecord, DeviceRecord, ReservationRecord } from './world.ts';

const ONE = '/ips/{id}';

/** The routes. */
export function assignmentRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'GET',
      template: '/devices/{id}/ips',
      queryNames: SHAPING,
      answer: (request) =>
        withDevice(context, request, (device) => {
          const resolve = resolverOf(context, request);
          const views = viewDevice(context, device).ip_addresses.map((view) => shape(view, request, resolve));
          return { status: 200, body: { ip_addresses: views } };
        }),
    },
    {
      method: 'POST',
      template: '/devices/{id}/ips',
      queryNames: SHAPING,
      answer: (request) => withDevice(context, request, (device) => assign(context, request, device)),
    },
    { method: 'GET', template: ONE, queryNames: SHAPING, answer: (request) => show(context, request) },
    {
      method: 'PATCH',
      template: ONE,
      queryNames: SHAPING,
      answer: (request) =>
        onEither(context, request, {
          block: (record) => change(context, request, record),
          assignment: (one) => changeAssignment(context, request, one),
        }),
    },
    {
      method: 'DELETE',
      template: ONE,
      answer: (request) =>
        onEither(context, request, {
          block: (record) => release(context, record),
          assignment: (one) => unassign(context, one),
        }),
    },
    {
      method: 'GET',
      template: `${ONE}/available`,
      queryNames: ['cidr'],
      answer: (request) =>
        onEither(context, request, { block: (record) => free(context, request, record), assignment: () => notFound }),
    },
  ];
}

function show(context: PacketContext, request: SimRequest): SimAnswer {
  const resolve = resolverOf(context, request);
  return onEither(context, request, {
    block: (record) => shaped(200, viewReservation(context, worldOf(context, request), record), request, resolve),
    assignment: ({ device, address }) => shaped(200, viewAssignment(context, device, address), request, resolve),
  });
}

function free(context: PacketContext, request: SimRequest, record: ReservationRecord): SimAnswer {
  const cidr = Number(request.query.get('cidr') ?? '32');
  return { status: 200, body: { available: freeParts(worldOf(context, request), record, cidr) } };
}

interface Either {
  readonly block: (record: ReservationRecord) => SimAnswer;
  readonly assignment: (one: Assigned) => SimAnswer;
}

function onEither(context: PacketContext, request: SimRequest, work: Either): SimAnswer {
  const id = (request.params['id'] ?? '').toLowerCase();
  const world = worldOf(context, request);
  const record = world.reservations.get(id);
  if (record !== undefined) return context.tokens.maySee(request, record.projectId) ? work.block(record) : forbidden;
  const one = findAssigned(world, id);
  if (one === undefined || !isThere(one.device, context.clock.monotonicMs())) return notFound;
  return context.tokens.maySee(request, one.device.projectId) ? work.assignment(one) : forbidden;
}

function assign(context: PacketContext, request: SimRequest, device: DeviceRecord): SimAnswer {
  const body = request.body as { readonly address: string; readonly customdata?: Readonly<Record<string, unknown>> };
  const wanted = parseWanted(body.address);
  if (wanted === undefined) return unprocessable('Address is not a valid IPv4 address');
  const record = blockOf(context, device, wanted.range);
  if (record === undefined) return unprocessable('Address does not belong to a block of the project');
  const problem = assignProblem(context, device, { record, range: wanted.range });
  if (problem !== undefined) return unprocessable(problem);
  const { network, netmask, cidr } = record.block ?? blockAt(wanted.range.first, wanted.cidr);
  const address: AddressRecord = {
    ...blockAt(wanted.range.first, wanted.cidr),
    parent: { network, netmask, cidr },
    netmask: netmaskOf(wanted.cidr),
    id: newId(context),
    isPublic: record.type !== 'private_ipv4',
    isManagement: false,
    isGlobal: record.type === 'global_ipv4',
    reservationId: record.id,
    createdAt: dateNow(context),
    customdata: body.customdata ?? {},
  };
  const changed = { ...device, addresses: [...device.addresses, address] };
  putDevice(context, changed);
  return shaped(201, viewAssignment(context, changed, address), request, resolverOf(context, request));
}

// With or without a prefix; without, it is one address.
function parseWanted(text: string): { readonly range: Range; readonly cidr: number } | undefined {
  const [address = '', prefix = '32'] = text.split('/', 2);
  const first = parseIpv4(address);
  const cidr = Number(prefix);
  if (first === undefined || !Number.isInteger(cidr) || cidr < 8 || cidr > 32) return undefined;
  const size = 2 ** (32 - cidr);
  return first % size === 0 ? { range: { first, size }, cidr } : undefined;
}

function blockOf({ store }: PacketContext, device: DeviceRecord, range: Range): ReservationRecord | undefined {
  return [...store.current.reservations.values()].find(({ block, projectId, isAutomatic }) => {
    if (block?.family !== 4 || projectId !== device.projectId || isAutomatic) return false;
    const whole = rangeOf(block.network, block.cidr);
    return range.first >= whole.first && range.first + range.size <= whole.first + whole.size;
  });
}

function assignProblem(
  context: PacketContext,
  device: DeviceRecord,
  { record, range }: { readonly record: ReservationRecord; readonly range: Range },
): string | undefined {
  const { state } = deviceNow(device, context.clock.monotonicMs());
  if (state === 'deprovisioning' || state === 'failed') return 'Cannot assign an address to this device';
  const facility = facilityOf(device);
  // Global addresses are the same everywhere, and several devices may have one.
  if (record.type === 'global_ipv4') return undefined;
  if (record.metroCode !== undefined && record.metroCode !== facility.metroCode) {
    return 'Address is in another metro than the device';
  }
  if (context.settings.places === 'facilities' && record.facilityCode !== facility.code) {
    return 'Address is in another facility than the device';
  }
  const isTaken = takenIn(context.store.current, record).some((other) => overlap(range, other));
  return isTaken ? 'Address is already assigned' : undefined;
}

interface ChangeBody {
  readonly details?: string | null;
  readonly tags?: readonly string[];
  readonly customdata?: Readonly<Record<string, unknown>>;
}

function change(context: PacketContext, request: SimRequest, record: ReservationRecord): SimAnswer {
  const {
    details = record.details,
    tags = record.tags,
    customdata = record.customdata,
  } = (request.body ?? {}) as ChangeBody;
  const changed = { ...record, details, tags, customdata };
  const { store } = context;
  store.commit({ reservations: withEntry(store.current.reservations, record.id, changed) });
  return shaped(200, viewReservation(context, store.current, changed), request, resolverOf(context, request));
}

function changeAssignment(context: PacketContext, request: SimRequest, { device, address }: Assigned): SimAnswer {
  const { customdata = address.customdata } = (request.body ?? {}) as ChangeBody;
  const changed = { ...address, customdata };
  const addresses = device.addresses.map((other) => (other.id === address.id ? changed : other));
  putDevice(context, { ...device, addresses });
  return { status: 200, body: viewAssignment(context, device, changed) };
}

function unassign(context: PacketContext, { device, address }: Assigned): SimAnswer {
  if (address.isManagement) return unprocessable('Cannot remove a management address');
  putDevice(context, { ...device, addresses: device.addresses.filter(({ id }) => id !== address.id) });
  return done;
}

function release(context: PacketContext, record: ReservationRecord): SimAnswer {
  if (record.isAutomatic) return unprocessable('Cannot remove a management block');
  const { store } = context;
  const { devices, reservations } = store.current;
  const left = [...devices].map(([id, device]) => {
    const isIn = device.addresses.some(({ reservationId }) => reservationId === record.id);
    const addresses = device.addresses.filter(({ reservationId }) => reservationId !== record.id);
    return [id, isIn ? { ...device, addresses } : device] as const;
  });
  store.commit({ devices: new Map(left), reservations: withoutEntry(reservations, record.id) });
  return done;
}
