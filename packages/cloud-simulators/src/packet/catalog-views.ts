// How the API shows what it sells. Before metros existed, no answer named one.
import { FACILITIES, METROS, metroOf, OPERATING_SYSTEMS, PLANS } from './catalog.ts';
import type { Facility, Metro, OperatingSystem, Plan } from './catalog.ts';
import { refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import type { WirePacketFacility, WirePacketMetro, WirePacketOperatingSystem, WirePacketPlan } from './wire.ts';

type Shown = Pick<PacketContext, 'settings'>;

/** A metro. */
export function viewMetro(context: Shown, { id, code, name, country }: Metro): WirePacketMetro {
  return { id, code, name, country, ...refTo(context, `/locations/metros/${id}`) };
}

/** The metro of a facility as an entry `metro`, or nothing in the time before metros. */
export function metroEntry(context: Shown, facility: Facility): { readonly metro?: WirePacketMetro } {
  return context.settings.places === 'facilities' ? {} : { metro: viewMetro(context, metroOf(facility)) };
}

/** A facility. */
export function viewFacility(context: Shown, facility: Facility): WirePacketFacility {
  const { id, code, name, features } = facility;
  const { country } = metroOf(facility);
  return {
    id,
    code,
    name,
    features,
    address: { address: '1 Simulated Street', zip_code: '00000', city: name, country },
    ip_ranges: ['198.18.0.0/15', '2001:db8::/32'],
    ...metroEntry(context, facility),
    ...refTo(context, `/facilities/${id}`),
  };
}

/** A plan. */
export function viewPlan(context: Shown, plan: Plan): WirePacketPlan {
  const { id, slug, name, line, isLegacy, specs, pricing } = plan;
  const hasIt = (facility: Facility): boolean => line === 'baremetal' || facility.features.includes('storage');
  return {
    id,
    slug,
    name,
    description: `${name} (simulated)`,
    line,
    legacy: isLegacy,
    class: slug,
    specs,
    pricing,
    deployment_types: line === 'baremetal' ? ['on_demand', 'spot_market'] : [],
    available_in: FACILITIES.filter(hasIt).map((facility) => refTo(context, `/facilities/${facility.id}`)),
    available_in_metros: METROS.map((metro) => refTo(context, `/locations/metros/${metro.id}`)),
    ...refTo(context, `/plans/${id}`),
  };
}

const SERVER_SLUGS = PLANS.filter(({ line }) => line === 'baremetal').map(({ slug }) => slug);

/** An operating system. */
export function viewOperatingSystem(context: Shown, system: OperatingSystem): WirePacketOperatingSystem {
  const { id, slug, name, distro, version } = system;
  return {
    id,
    slug,
    name,
    distro,
    version,
    provisionable_on: SERVER_SLUGS,
    licensed: false,
    preinstallable: distro !== 'custom_ipxe',
    ...refTo(context, `/operating-systems/${id}`),
  };
}

/** Facilities, metros, plans and systems by the path of their links. */
export function catalogViews(context: Shown): ReadonlyMap<string, object> {
  return new Map<string, object>([
    ...FACILITIES.map((one) => [`/facilities/${one.id}`, viewFacility(context, one)] as const),
    ...METROS.map((one) => [`/locations/metros/${one.id}`, viewMetro(context, one)] as const),
    ...PLANS.map((one) => [`/plans/${one.id}`, viewPlan(context, one)] as const),
    ...OPERATING_SYSTEMS.map((one) => [`/operating-systems/${one.id}`, viewOperatingSystem(context, one)] as const),
  ]);
}
