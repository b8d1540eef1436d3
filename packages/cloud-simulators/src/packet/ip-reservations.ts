// Routes of reserved blocks (elastic IPs). DELETE /ips/{id} has two meanings: of a block it gives the addresses away, of an assignment
// it takes an address from a device (ip-assignments.ts).
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry } from '../world-store.ts';
import { blockAt, findFree, POOLS, rangeOf } from './addresses.ts';
import type { AddressBlock } from './addresses.ts';
import { unprocessable } from './answers.ts';
import { findFacility, findMetro } from './catalog.ts';
import { dateNow, newId, SHAPING, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { viewReservation } from './ip-view.ts';
import { page } from './paging.ts';
import { resolverOf } from './resolver.ts';
import { shape, shaped } from './shape.ts';
import type { ReservationRecord } from './world.ts';

const USUAL_PAGE_SIZE = 250;
const TYPES = ['public_ipv4', 'global_ipv4', 'private_ipv4', 'public_ipv6', 'vrf'];

interface RequestBody {
  readonly type: string;
  readonly quantity: number;
  readonly metro?: string;
  readonly facility?: string;
  readonly details?: string | null;
  readonly tags?: readonly string[];
  readonly customdata?: Readonly<Record<string, unknown>>;
  readonly fail_on_approval_required?: boolean;
}

/** The routes. */
export function reservationRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'GET',
      template: '/projects/{id}/ips',
      queryNames: [...(context.settings.ipPages ? ['page'] : []), 'per_page', ...SHAPING, 'types', 'types[]', 'type'],
      answer: (request) => withProject(context, request, ({ id }) => list(context, request, id)),
    },
    {
      method: 'POST',
      template: '/projects/{id}/ips',
      queryNames: SHAPING,
      answer: (request) => withProject(context, request, ({ id }) => create(context, request, id)),
    },
  ];
}

/** Grants a pending request, or denies it. */
export function decideReservation(context: PacketContext, id: string, isGranted: boolean): void {
  const { store } = context;
  const record = store.current.reservations.get(id);
  if (record?.state !== 'pending') throw new Error(`there is no pending reservation ${id}`);
  const decided: ReservationRecord = isGranted
    ? { ...record, state: 'created', block: takeBlock(context, record.type, record.cidr) }
    : { ...record, state: 'denied' };
  store.commit({ reservations: withEntry(store.current.reservations, id, decided) });
}

function list(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const world = worldOf(context, request);
  const { query } = request;
  const types = [...query.getAll('types'), ...query.getAll('types[]'), ...query.getAll('type')].flatMap((one) =>
    one.split(','),
  );
  const items = [...world.reservations.values()].filter(
    (record) => record.projectId === projectId && (types.length === 0 || types.includes(record.type)),
  );
  const resolve = resolverOf(context, request);
  const toJson = (record: ReservationRecord): string =>
    JSON.stringify(shape(viewReservation(context, world, record), request, resolve));
  const asked = context.settings.ipPages ? request : { ...request, query: withoutPage(query) };
  return page(context, asked, { key: 'ip_addresses', items, toJson, usualSize: USUAL_PAGE_SIZE });
}

function withoutPage(query: URLSearchParams): URLSearchParams {
  const rest = new URLSearchParams(query);
  rest.delete('page');
  return rest;
}

function create(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const { store, settings } = context;
  const body = request.body as RequestBody;
  const problem = requestProblem(context, body);
  if (problem !== undefined) return unprocessable(problem);
  const isBeyond = addressesOf(context, projectId) + body.quantity > settings.ipQuota;
  const needsApproval = body.type === 'public_ipv4' && isBeyond;
  if (needsApproval && body.fail_on_approval_required === true) {
    return unprocessable('The request exceeds the IP quota of the project and needs approval');
  }
  const record = makeReservation(context, body, { projectId, needsApproval });
  store.commit({ reservations: withEntry(store.current.reservations, record.id, record) });
  return shaped(201, viewReservation(context, store.current, record), request, resolverOf(context, request));
}

function makeReservation(
  context: PacketContext,
  body: RequestBody,
  { projectId, needsApproval }: { readonly projectId: string; readonly needsApproval: boolean },
): ReservationRecord {
  const { type, quantity, details, tags, customdata } = { details: null, tags: [], customdata: {}, ...body };
  const cidr = 32 - Math.log2(quantity);
  const facility = findFacility(body.facility ?? '');
  return {
    id: newId(context),
    projectId,
    type,
    state: needsApproval ? 'pending' : 'created',
    block: needsApproval ? undefined : takeBlock(context, type, cidr),
    cidr,
    details,
    tags,
    customdata,
    facilityCode: facility?.code,
    metroCode: facility === undefined ? findMetro(body.metro ?? '')?.code : facility.metroCode,
    isAutomatic: false,
    createdAt: dateNow(context),
  };
}

function requestProblem(context: PacketContext, body: RequestBody): string | undefined {
  const { type, quantity } = body;
  if (!TYPES.includes(type)) return 'Type is not included in the list';
  // Assumed: these two are made by the API itself, or need a gateway that is not simulated.
  if (type === 'vrf' || type === 'public_ipv6') return `Type ${type} is not simulated`;
  const isPower = Number.isInteger(Math.log2(quantity)) && quantity <= 256;
  if (!isPower) return 'Quantity must be a power of two, 256 at most';
  return type === 'global_ipv4' ? undefined : placeProblem(context, body);
}

function placeProblem({ settings }: PacketContext, { metro, facility }: RequestBody): string | undefined {
  if (facility !== undefined && settings.places === 'metros') {
    return 'Facility is no longer supported, please use metro instead';
  }
  if (metro === undefined && facility === undefined) return "Metro can't be blank";
  if (facility !== undefined && findFacility(facility) === undefined) return 'Facility is not valid';
  return metro !== undefined && findMetro(metro) === undefined ? 'Metro is not valid' : undefined;
}

function addressesOf({ store }: PacketContext, projectId: string): number {
  return [...store.current.reservations.values()]
    .filter(
      (one) => one.projectId === projectId && one.type === 'public_ipv4' && one.state === 'created' && !one.isAutomatic,
    )
    .reduce((sum, { cidr }) => sum + 2 ** (32 - cidr), 0);
}

function takeBlock({ store }: PacketContext, type: string, cidr: number): AddressBlock {
  const pool = type === 'global_ipv4' ? POOLS.global : type === 'private_ipv4' ? POOLS.reservedPrivate : POOLS.elastic;
  const blocks = [...store.current.reservations.values()].flatMap(({ block }) => (block?.family === 4 ? [block] : []));
  const first = findFree(
    pool,
    cidr,
    blocks.map((block) => rangeOf(block.network, block.cidr)),
  );
  if (first === undefined) throw new Error('the simulator has no elastic addresses left');
  return blockAt(first, cidr);
}
