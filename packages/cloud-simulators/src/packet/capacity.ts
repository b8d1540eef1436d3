// What places have left, and the answers about it. A server is taken from the moment of the request until its device is gone.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { FACILITIES, findFacility, findMetro, findPlan, METROS, PLANS } from './catalog.ts';
import type { Facility, Plan } from './catalog.ts';
import { unprocessable } from './answers.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { isThere } from './device-life.ts';

/** Servers of a plan that a facility has left; `Infinity` where nothing was said. */
export function leftIn({ store, clock }: PacketContext, facility: Facility, plan: Pick<Plan, 'slug'>): number {
  const { capacity, devices } = store.current;
  const total = capacity.get(`${facility.code}/${plan.slug}`);
  if (total === undefined) return Number.POSITIVE_INFINITY;
  const nowMs = clock.monotonicMs();
  const isHere = (device: { readonly facilityCode: string; readonly planSlug: string }): boolean =>
    device.facilityCode === facility.code && device.planSlug === plan.slug;
  // A server that is reserved was never for sale.
  const used = [...devices.values()].filter(
    (device) => isHere(device) && device.hardwareReservationId === undefined && isThere(device, nowMs),
  );
  return Math.max(0, total - used.length);
}

/** The routes. */
export function capacityRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    { method: 'GET', template: '/capacity', answer: () => report(context, facilitiesByCode()) },
    { method: 'GET', template: '/capacity/metros', answer: () => report(context, facilitiesByMetro()) },
    { method: 'POST', template: '/capacity', answer: (request) => check(context, request, 'facility') },
    { method: 'POST', template: '/capacity/metros', answer: (request) => check(context, request, 'metro') },
  ];
}

type Places = ReadonlyMap<string, readonly Facility[]>;

function facilitiesByCode(): Places {
  return new Map(FACILITIES.map((facility) => [facility.code, [facility]]));
}

function facilitiesByMetro(): Places {
  return new Map(METROS.map(({ code }) => [code, FACILITIES.filter(({ metroCode }) => metroCode === code)]));
}

const SERVERS = PLANS.filter(({ line }) => line === 'baremetal');

function report(context: PacketContext, places: Places): SimAnswer {
  const capacity = [...places].map(([code, facilities]) => {
    const levels = SERVERS.map((plan) => [plan.slug, levelOf(leftInAll(context, facilities, plan))]);
    return [code, Object.fromEntries(levels) as object];
  });
  return { status: 200, body: { capacity: Object.fromEntries(capacity) as object } };
}

function leftInAll(context: PacketContext, facilities: readonly Facility[], plan: Plan): number {
  return facilities.reduce((sum, facility) => sum + leftIn(context, facility, plan), 0);
}

// The bounds are ours: only the names of the levels are known.
function levelOf(left: number): object {
  const level = left === 0 ? 'unavailable' : left < 3 ? 'critical' : left < 10 ? 'limited' : 'normal';
  return { level, servers: left > 45 ? '45+' : String(left) };
}

interface Wanted {
  readonly plan: string;
  /** Clients send both. */
  readonly quantity: number | string;
  readonly metro?: string;
  readonly facility?: string;
}

function check(context: PacketContext, request: SimRequest, kind: 'facility' | 'metro'): SimAnswer {
  const { servers } = request.body as { readonly servers: readonly Wanted[] };
  const checked = servers.map((one) => {
    const plan = findPlan(one.plan);
    const facilities = facilitiesAt(kind, one[kind] ?? '');
    if (plan === undefined || facilities.length === 0) return undefined;
    return { ...one, available: leftInAll(context, facilities, plan) >= Number(one.quantity) };
  });
  const unknown = checked.indexOf(undefined);
  if (unknown >= 0) return unprocessable(`servers/${unknown}: the plan or the ${kind} does not exist`);
  return { status: 200, body: { servers: checked } };
}

function facilitiesAt(kind: 'facility' | 'metro', name: string): readonly Facility[] {
  const facility = kind === 'facility' ? findFacility(name) : undefined;
  if (facility !== undefined) return [facility];
  const code = kind === 'metro' ? findMetro(name)?.code : undefined;
  return FACILITIES.filter(({ metroCode }) => metroCode === code);
}
