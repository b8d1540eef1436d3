// Routes of volumes (block storage, withdrawn in 2021). Plans and facilities may be named by slug, code or id, in either of two fields.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { done, unprocessable } from './answers.ts';
import { findFacility, findPlan } from './catalog.ts';
import { dateNow, newId, PAGING, SHAPING, withOne, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { page } from './paging.ts';
import { resolverOf } from './resolver.ts';
import { shape, shaped } from './shape.ts';
import { attachmentsOf, viewVolume, volumeEvents } from './volume-view.ts';
import type { VolumeRecord } from './world.ts';

const SMALLEST_GB = 10;
const LARGEST_GB = 10_000;
/** How often snapshots can be made. */
export const FREQUENCIES = ['15min', '1hour', '1day', '1week', '1month', '1year'];

interface PolicyBody {
  readonly snapshot_frequency?: string;
  readonly snapshot_count?: number | string;
}

interface VolumeBody {
  readonly description?: string | null;
  readonly size?: number;
  readonly plan?: string;
  readonly plan_id?: string;
  readonly facility?: string;
  readonly facility_id?: string;
  readonly billing_cycle?: string;
  readonly locked?: boolean;
  readonly customdata?: Readonly<Record<string, unknown>>;
  readonly snapshot_policies?: PolicyBody | readonly PolicyBody[];
}

/** The routes. */
export function volumeRoutes(context: PacketContext): readonly PacketRoute[] {
  const one = '/storage/{id}';
  const change = (request: SimRequest): SimAnswer =>
    withVolume(context, request, (volume) => update(context, request, volume));
  return [
    {
      method: 'GET',
      template: '/projects/{id}/storage',
      queryNames: [...PAGING, ...SHAPING],
      answer: (request) => withProject(context, request, ({ id }) => list(context, request, id)),
    },
    {
      method: 'POST',
      template: '/projects/{id}/storage',
      queryNames: SHAPING,
      answer: (request) => withProject(context, request, ({ id }) => create(context, request, id)),
    },
    {
      method: 'GET',
      template: one,
      queryNames: SHAPING,
      answer: (request) => withVolume(context, request, (volume) => show(context, request, volume)),
    },
    { method: 'PATCH', template: one, queryNames: SHAPING, answer: change },
    { method: 'PUT', template: one, queryNames: SHAPING, answer: change },
    {
      method: 'DELETE',
      template: one,
      answer: (request) => withVolume(context, request, (volume) => remove(context, volume)),
    },
    {
      method: 'GET',
      template: `${one}/customdata`,
      answer: (request) => withVolume(context, request, ({ customdata }) => ({ status: 200, body: customdata })),
    },
    {
      method: 'GET',
      template: '/volumes/{id}/events',
      queryNames: [...PAGING, ...SHAPING],
      answer: (request) =>
        withVolume(context, request, (volume) =>
          page(context, request, {
            key: 'events',
            items: volumeEvents(context, volume),
            toJson: (event) => JSON.stringify(event),
          }),
        ),
    },
  ];
}

/** Does `work` with the volume of the request's `{id}`. */
export function withVolume(
  context: PacketContext,
  request: SimRequest,
  work: (volume: VolumeRecord) => SimAnswer,
): SimAnswer {
  return withOne(context, request, worldOf(context, request).volumes, work);
}

/** Puts another version of a volume into the world, with a line about why. */
export function putVolume(
  context: PacketContext,
  volume: VolumeRecord,
  said?: readonly [type: string, body: string],
): void {
  const { store } = context;
  const [type, body] = said ?? [];
  const event = { id: newId(context), type: type ?? '', body: body ?? '', date: dateNow(context) };
  const events = said === undefined ? volume.events : [...volume.events, event];
  store.commit({ volumes: withEntry(store.current.volumes, volume.id, { ...volume, events }) });
}

/** A volume as an answer. */
export function show(context: PacketContext, request: SimRequest, volume: VolumeRecord, status = 200): SimAnswer {
  return shaped(status, viewVolume(context, worldOf(context, request), volume), request, resolverOf(context, request));
}

function list(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const world = worldOf(context, request);
  const items = [...world.volumes.values()].filter((volume) => volume.projectId === projectId);
  const resolve = resolverOf(context, request);
  const toJson = (volume: VolumeRecord): string =>
    JSON.stringify(shape(viewVolume(context, world, volume), request, resolve));
  return page(context, request, { key: 'volumes', items, toJson });
}

function create(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const body = request.body as VolumeBody;
  const { size: sizeGb = 0 } = body;
  const place = placeOf(body);
  if (typeof place === 'string') return unprocessable(place);
  const policies = policiesOf(context, body.snapshot_policies);
  if (policies === undefined) return unprocessable('Snapshot policies are not valid');
  const problem = sizeProblem(sizeGb);
  if (problem !== undefined) return unprocessable(problem);
  const made = makeVolume(context, { projectId, ...place, sizeGb, ...fieldsOf(body) });
  putVolume(context, { ...made, policies }, ['volume.created', 'Volume created']);
  return show(context, request, context.store.current.volumes.get(made.id) ?? made, 201);
}

// Where it is to be and of which kind, or what is wrong with that.
function placeOf(body: VolumeBody): Pick<VolumeRecord, 'facilityCode' | 'planSlug'> | string {
  const plan = findPlan(body.plan_id ?? body.plan ?? '');
  const facility = findFacility(body.facility_id ?? body.facility ?? '');
  if (plan?.line !== 'storage') return 'Plan is not valid';
  if (facility?.features.includes('storage') !== true) return 'Facility has no block storage';
  return { facilityCode: facility.code, planSlug: plan.slug };
}

type VolumeWish = Pick<VolumeRecord, 'projectId' | 'facilityCode' | 'planSlug' | 'sizeGb'> & Partial<VolumeRecord>;

/** A volume that is about to become active. */
export function makeVolume(context: PacketContext, wish: VolumeWish): VolumeRecord {
  const { clock, settings, store } = context;
  const now = dateNow(context);
  const number = store.newNumber();
  const portal = (third: number): string => `10.144.${third + ((number >> 8) & 31)}.${number & 255}`;
  return {
    description: null,
    isLocked: false,
    billingCycle: 'hourly',
    customdata: {},
    policies: [],
    snapshots: [],
    events: [],
    isInUse: false,
    ...wish,
    id: newId(context),
    createdAt: now,
    updatedAt: now,
    activeAtMs: clock.monotonicMs() + settings.volumeQueuedMs,
    access: {
      iqn: `iqn.2013-05.com.daterainc:tc:01:sn:${number.toString(16).padStart(16, '0')}`,
      ips: [portal(32), portal(64)],
    },
  };
}

function update(context: PacketContext, request: SimRequest, volume: VolumeRecord): SimAnswer {
  const body = (request.body ?? {}) as VolumeBody;
  const plan = findPlan(body.plan_id ?? body.plan ?? volume.planSlug);
  if (plan?.line !== 'storage') return unprocessable('Plan is not valid');
  const sizeGb = body.size ?? volume.sizeGb;
  if (sizeGb < volume.sizeGb) return unprocessable('Size cannot be decreased');
  const problem = sizeProblem(sizeGb);
  if (problem !== undefined) return unprocessable(problem);
  const changed = { ...volume, ...fieldsOf(body), sizeGb, planSlug: plan.slug, updatedAt: dateNow(context) };
  putVolume(context, changed, ['volume.updated', 'Volume updated']);
  return show(context, request, changed);
}

function remove({ store }: PacketContext, volume: VolumeRecord): SimAnswer {
  if (volume.isLocked) return unprocessable('Cannot delete a locked item');
  if (attachmentsOf(store.current, volume.id).length > 0)
    return unprocessable('Cannot delete a volume that is attached');
  store.commit({ volumes: withoutEntry(store.current.volumes, volume.id) });
  return done;
}

// Only what the body names.
function fieldsOf(body: VolumeBody): Partial<VolumeRecord> {
  const named = {
    description: body.description,
    isLocked: body.locked,
    billingCycle: body.billing_cycle,
    customdata: body.customdata,
  };
  return Object.fromEntries(Object.entries(named).filter(([, value]) => value !== undefined));
}

function sizeProblem(sizeGb: number): string | undefined {
  return sizeGb >= SMALLEST_GB && sizeGb <= LARGEST_GB ? undefined : `Size must be ${SMALLEST_GB} to ${LARGEST_GB} GB`;
}

function policiesOf(
  context: PacketContext,
  body: VolumeBody['snapshot_policies'] = [],
): VolumeRecord['policies'] | undefined {
  const wanted = (Array.isArray(body) ? body : [body]) as readonly PolicyBody[];
  const policies = wanted.map(({ snapshot_frequency: frequency = '', snapshot_count: count = 1 }) => ({
    id: newId(context),
    frequency,
    count: Number(count),
  }));
  return policies.every(({ frequency, count }) => FREQUENCIES.includes(frequency) && count > 0) ? policies : undefined;
}
