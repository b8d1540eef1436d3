// What the API refuses about a new or changed device, and where the device goes. Texts are the API's where a source quotes them; the
// others are assumed.
import type { SimAnswer } from '../exchange.ts';
import { refuse, unprocessable } from './answers.ts';
import { leftIn } from './capacity.ts';
import { FACILITIES, findFacility, findMetro, findOperatingSystem, findPlan } from './catalog.ts';
import type { Facility, OperatingSystem, Plan } from './catalog.ts';
import type { PacketContext } from './context.ts';
import { USUAL_ADDRESSES } from './device-factory.ts';
import type { PacketAddressKind } from './device-factory.ts';
import { isThere } from './device-life.ts';
import type { HardwareRecord } from './world.ts';

/** Body of POST /projects/{id}/devices, its types already checked. */
export interface DeviceBody {
  readonly hostname?: string;
  readonly description?: string | null;
  readonly plan?: string;
  readonly operating_system?: string;
  readonly metro?: string;
  readonly facility?: string | readonly string[];
  readonly billing_cycle?: string;
  readonly userdata?: string;
  readonly customdata?: Readonly<Record<string, unknown>> | string;
  readonly tags?: readonly string[];
  readonly hardware_reservation_id?: string;
  readonly spot_instance?: boolean;
  readonly spot_price_max?: number | string;
  readonly termination_time?: string | null;
  readonly ip_addresses?: readonly { readonly address_family?: number; readonly public?: boolean }[];
  readonly project_ssh_keys?: readonly string[];
  readonly user_ssh_keys?: readonly string[];
  readonly ssh_keys?: readonly { readonly label?: string; readonly key?: string }[];
  readonly no_ssh_keys?: boolean;
  readonly storage?: Readonly<Record<string, unknown>>;
  readonly ipxe_script_url?: string;
  readonly always_pxe?: boolean;
  readonly network_frozen?: boolean;
  readonly locked?: boolean;
}

/** What a body asks for, as far as the catalog knows it. */
export interface Chosen {
  readonly plan: Plan;
  readonly system: OperatingSystem;
  readonly facility: Facility;
  readonly hardware: HardwareRecord | undefined;
  readonly addressKinds: readonly PacketAddressKind[];
}

const BILLING_CYCLES = ['hourly', 'daily', 'monthly', 'yearly'];
const USERDATA_HEADERS = ['#', 'Content-Type:', 'MIME-Version:', '{', 'From:'];

/** What is wrong with a body, for create and update alike. */
export function fieldProblems(body: DeviceBody): readonly string[] {
  const problems: string[] = [];
  if (body.hostname !== undefined && !isHostname(body.hostname)) problems.push('Hostname is not a valid hostname');
  if (body.billing_cycle !== undefined && !BILLING_CYCLES.includes(body.billing_cycle)) {
    problems.push('Billing cycle is not included in the list');
  }
  if (body.userdata !== undefined && !isUserdata(body.userdata))
    problems.push('Userdata has an unrecognized userdata format');
  const price = body.spot_price_max;
  if (price !== undefined && Number.isNaN(Number(price))) problems.push('Spot price max is not a number');
  return problems;
}

/** Chooses plan, system and place of a new device, or says why not. */
export function choose(context: PacketContext, projectId: string, body: DeviceBody): Chosen | SimAnswer {
  const plan = findPlan(body.plan ?? '');
  const system = findOperatingSystem(body.operating_system ?? '');
  const isServer = plan?.line === 'baremetal';
  const problems = [
    ...problemUnless(isServer, 'Plan is not valid'),
    ...problemUnless(system !== undefined, 'Operating system is not valid'),
    ...fieldProblems(body),
    ...addressProblems(body),
    ...placeProblems(context, body),
  ];
  if (!isServer || system === undefined || problems.length > 0) return unprocessable(...problems);
  const wanted = body.hardware_reservation_id ?? '';
  return wanted === ''
    ? onFreeServer(context, { body, plan, system })
    : onHardware(context, projectId, { body, plan, system, wanted });
}

function problemUnless(isFine: boolean, problem: string): readonly string[] {
  return isFine ? [] : [problem];
}

function onFreeServer(
  context: PacketContext,
  { body, plan, system }: Pick<Chosen, 'plan' | 'system'> & { readonly body: DeviceBody },
): Chosen | SimAnswer {
  const { facilities, name } = candidates(body);
  const facility = facilities.find((one) => leftIn(context, one, plan) > 0);
  if (facility === undefined) return unprocessable(soldOut(name, plan));
  return { plan, system, facility, hardware: undefined, addressKinds: addressKindsOf(body) };
}

/** Whether a choice is one. */
export function isChosen(choice: Chosen | SimAnswer): choice is Chosen {
  return 'facility' in choice;
}

/** Sold out, in the API's words. */
function soldOut({ kind, code }: { readonly kind: string; readonly code: string }, plan: Plan): string {
  return `The ${kind} ${code} has no provisionable ${plan.slug} servers matching your criteria.`;
}

function placeProblems({ settings }: PacketContext, body: DeviceBody): readonly string[] {
  const names = namedFacilities(body);
  if (settings.places === 'metros' && names.length > 0) {
    return ['Facility is no longer supported, please use metro instead'];
  }
  if (settings.places === 'facilities' && body.metro !== undefined) return ['Metro is not supported'];
  if (names.length === 0 && body.metro === undefined) return ["Metro can't be blank"];
  const unknown = names.filter((name) => name !== 'any' && findFacility(name) === undefined);
  return [...unknown.map((name) => `Facility ${name} is not valid`), ...metroProblems(body.metro)];
}

function metroProblems(metro = 'any'): readonly string[] {
  return metro === 'any' || findMetro(metro) !== undefined ? [] : [`Metro ${metro} is not valid`];
}

// Facilities in order of preference; `any` stands for all.
function candidates(body: DeviceBody): {
  readonly facilities: readonly Facility[];
  readonly name: { readonly kind: string; readonly code: string };
} {
  const names = namedFacilities(body);
  if (names.length > 0) {
    const facilities = names.flatMap((name) => (name === 'any' ? FACILITIES : (findFacility(name) ?? [])));
    return { facilities, name: { kind: 'facility', code: names.join(', ') } };
  }
  const metro = findMetro(body.metro ?? '');
  const facilities = metro === undefined ? FACILITIES : FACILITIES.filter(({ metroCode }) => metroCode === metro.code);
  return { facilities, name: { kind: 'metro', code: metro?.code ?? 'any' } };
}

function namedFacilities({ facility }: DeviceBody): readonly string[] {
  if (facility === undefined) return [];
  return typeof facility === 'string' ? [facility].filter((name) => name !== '') : facility;
}

function onHardware(
  context: PacketContext,
  projectId: string,
  {
    body,
    plan,
    system,
    wanted,
  }: Pick<Chosen, 'plan' | 'system'> & { readonly body: DeviceBody; readonly wanted: string },
): Chosen | SimAnswer {
  const { facilities } = candidates(body);
  const codes = facilities.map(({ code }) => code);
  const fitting = [...context.store.current.hardware.values()].filter(
    (one) => one.projectId === projectId && one.planSlug === plan.slug && codes.includes(one.facilityCode),
  );
  const free = fitting.filter((one) => one.isProvisionable && !isOccupied(context, one.id));
  const hardware = wanted === 'next-available' ? free[0] : free.find(({ id }) => id === wanted);
  if (hardware === undefined) {
    return wanted === 'next-available'
      ? refuse(503, 'No available hardware reservations were found')
      : unprocessable(`Hardware reservation ${wanted} is not provisionable`);
  }
  const facility = findFacility(hardware.facilityCode);
  if (facility === undefined) return refuse(500);
  return { plan, system, facility, hardware, addressKinds: addressKindsOf(body) };
}

/** Whether a device is on a reserved machine. */
export function isOccupied({ store, clock }: PacketContext, hardwareId: string): boolean {
  const nowMs = clock.monotonicMs();
  return [...store.current.devices.values()].some(
    (device) => device.hardwareReservationId === hardwareId && isThere(device, nowMs),
  );
}

function addressProblems({ ip_addresses: asked }: DeviceBody): readonly string[] {
  if (asked === undefined || asked.length === 0) return [];
  const hasPrivate = asked.some((one) => one.address_family === 4 && one.public === false);
  return hasPrivate ? [] : ['IP addresses must include a private IPv4 address'];
}

function addressKindsOf({ ip_addresses: asked }: DeviceBody): readonly PacketAddressKind[] {
  if (asked === undefined || asked.length === 0) return USUAL_ADDRESSES;
  return USUAL_ADDRESSES.filter((kind) =>
    asked.some((one) => {
      const family = one.address_family === 6 ? 'ipv6' : 'ipv4';
      return kind === `${one.public === false ? 'private' : 'public'}-${family}`;
    }),
  );
}

function isHostname(text: string): boolean {
  const labels = text.split('.');
  return text.length <= 253 && labels.every((label) => /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/i.test(label));
}

// Windows line ends were the known way to fall foul of this.
function isUserdata(text: string): boolean {
  if (text === '') return true;
  const firstLine = text.split('\n', 1)[0] ?? '';
  return !firstLine.endsWith('\r') && USERDATA_HEADERS.some((header) => text.trimStart().startsWith(header));
}
