// Routes of VLANs.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { done, unprocessable } from './answers.ts';
import { findFacility, findMetro } from './catalog.ts';
import { dateNow, newId, SHAPING, withOne, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { resolverOf } from './resolver.ts';
import { shape, shaped } from './shape.ts';
import { devicesOn, viewVlan } from './vlan-view.ts';
import type { VlanRecord } from './world.ts';

const ONE = '/virtual-networks/{id}';
const SMALLEST_VXLAN = 2;
const LARGEST_VXLAN = 3999;
const FIRST_VXLAN = 1000;

interface VlanBody {
  readonly description?: string | null;
  readonly metro?: string;
  readonly facility?: string;
  readonly vxlan?: number;
  readonly tags?: readonly string[];
}

/** The routes. */
export function vlanRoutes(context: PacketContext): readonly PacketRoute[] {
  const one = (request: SimRequest, work: (vlan: VlanRecord) => SimAnswer): SimAnswer =>
    withOne(context, request, worldOf(context, request).vlans, work);
  return [
    {
      method: 'GET',
      template: '/projects/{id}/virtual-networks',
      queryNames: [...SHAPING, 'facility', 'metro'],
      answer: (request) => withProject(context, request, ({ id }) => list(context, request, id)),
    },
    {
      method: 'POST',
      template: '/projects/{id}/virtual-networks',
      queryNames: SHAPING,
      answer: (request) => withProject(context, request, ({ id }) => create(context, request, id)),
    },
    {
      method: 'GET',
      template: ONE,
      queryNames: SHAPING,
      answer: (request) => one(request, (vlan) => show(context, request, vlan)),
    },
    {
      method: 'PUT',
      template: ONE,
      queryNames: SHAPING,
      answer: (request) =>
        one(request, (vlan) => {
          const { description = vlan.description, tags = vlan.tags } = (request.body ?? {}) as VlanBody;
          const changed = { ...vlan, description, tags };
          context.store.commit({ vlans: withEntry(context.store.current.vlans, vlan.id, changed) });
          return show(context, request, changed);
        }),
    },
    {
      method: 'DELETE',
      template: ONE,
      queryNames: SHAPING,
      answer: (request) => one(request, (vlan) => remove(context, vlan)),
    },
  ];
}

function show(context: PacketContext, request: SimRequest, vlan: VlanRecord, status = 200): SimAnswer {
  return shaped(status, viewVlan(context, worldOf(context, request), vlan), request, resolverOf(context, request));
}

function list(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const world = worldOf(context, request);
  const metro = request.query.get('metro');
  const facility = request.query.get('facility');
  const resolve = resolverOf(context, request);
  const found = [...world.vlans.values()].filter(
    (vlan) =>
      vlan.projectId === projectId &&
      (metro === null || findMetro(metro)?.code === vlan.metroCode) &&
      (facility === null || findFacility(facility)?.code === vlan.facilityCode),
  );
  const views = found.map((vlan) => shape(viewVlan(context, world, vlan), request, resolve));
  return { status: 200, body: { virtual_networks: views } };
}

function create(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const { store } = context;
  const body = request.body as VlanBody;
  const { description, tags } = { description: null, tags: [], ...body };
  const place = placeOf(body);
  if (place === undefined) return unprocessable('Metro or facility is not valid');
  const taken = [...store.current.vlans.values()]
    .filter((vlan) => vlan.projectId === projectId && isAt(vlan, place))
    .map(({ vxlan }) => vxlan);
  const vxlan = body.vxlan ?? nextVxlan(taken);
  if (vxlan < SMALLEST_VXLAN || vxlan > LARGEST_VXLAN) return unprocessable('Vxlan is not valid');
  if (taken.includes(vxlan)) return unprocessable('Vxlan has already been taken');
  const made = { id: newId(context), projectId, vxlan, description, tags, ...place, createdAt: dateNow(context) };
  store.commit({ vlans: withEntry(store.current.vlans, made.id, made) });
  return show(context, request, made, 201);
}

type Place = Pick<VlanRecord, 'metroCode' | 'facilityCode'>;

function placeOf({ metro = '', facility = '' }: VlanBody): Place | undefined {
  const metroCode = findMetro(metro)?.code;
  const facilityCode = findFacility(facility)?.code;
  return metroCode === undefined && facilityCode === undefined ? undefined : { metroCode, facilityCode };
}

function isAt(vlan: VlanRecord, { metroCode, facilityCode }: Place): boolean {
  return vlan.metroCode === metroCode && vlan.facilityCode === facilityCode;
}

function nextVxlan(taken: readonly number[]): number {
  let vxlan = FIRST_VXLAN;
  while (taken.includes(vxlan)) vxlan += 1;
  return vxlan;
}

function remove(context: PacketContext, { id }: VlanRecord): SimAnswer {
  const { store } = context;
  if (devicesOn(context, store.current, id).length > 0) {
    return unprocessable('Cannot delete a virtual network that is assigned to ports');
  }
  store.commit({ vlans: withoutEntry(store.current.vlans, id) });
  return done;
}
