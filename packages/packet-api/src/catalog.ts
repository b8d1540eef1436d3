// What the cloud offers: places, plans and operating systems. Read only; the lists come in one answer.
import {
  isTrue,
  listOf,
  optionalNumber,
  optionalObject,
  optionalText,
  parseObject,
  parseText,
  requiredText,
} from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import { optionalPlace } from './fields.ts';
import type { Place } from './fields.ts';
import { parseOwnId, parseReference } from './ids.ts';
import type { FacilityId, MetroId, PlanId, ProjectId } from './ids.ts';
import { listWhole } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { getting, route } from './routes.ts';

/** A data centre. */
export interface Facility {
  readonly id: FacilityId;
  /** `ewr1`. */
  readonly code: string;
  readonly name: string | undefined;
  /** `baremetal`, `storage`, `global_ipv4` … */
  readonly features: readonly string[];
  readonly metro: Place<MetroId> | undefined;
}

/** A city with one or more facilities. */
export interface Metro {
  readonly id: MetroId;
  /** Two letters: `da`. */
  readonly code: string;
  readonly name: string | undefined;
  readonly country: string | undefined;
}

/** A kind of server or of storage. */
export interface Plan {
  readonly id: PlanId;
  /** `c3.small.x86`, `storage_1`. */
  readonly slug: string;
  readonly name: string | undefined;
  /** `baremetal` or `storage`. */
  readonly line: string | undefined;
  readonly class: string | undefined;
  readonly isLegacy: boolean;
  readonly specs: PlanSpecs;
  readonly pricePerHour: number | undefined;
  readonly facilityIds: readonly FacilityId[];
  readonly metroIds: readonly MetroId[];
}

/** Hardware of a plan, as the API words it; absent parts are unknown. */
export interface PlanSpecs {
  /** Number of processors, over all kinds. */
  readonly cpus: number | undefined;
  /** `32GB`. */
  readonly memory: string | undefined;
  readonly drives: readonly {
    readonly count: number;
    readonly size: string | undefined;
    readonly type: string | undefined;
  }[];
  readonly nics: readonly { readonly count: number; readonly type: string | undefined }[];
}

/** An operating system that can be installed. */
export interface OperatingSystem {
  /** `ubuntu_22_04`, `custom_ipxe`. */
  readonly slug: string;
  readonly name: string | undefined;
  readonly distro: string | undefined;
  readonly version: string | undefined;
  /** Slugs of plans. */
  readonly provisionableOn: readonly string[];
}

/** Calls about what is offered. */
export class Catalog {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** All facilities. */
  facilities(signal: AbortSignal): Promise<readonly Facility[]> {
    return listWhole(this.#http, { at: route('/facilities'), key: 'facilities', parse: parseFacility }, signal);
  }

  /** All metros. */
  metros(signal: AbortSignal): Promise<readonly Metro[]> {
    return listWhole(this.#http, { at: route('/locations/metros'), key: 'metros', parse: parseMetro }, signal);
  }

  /** One metro by ID; `undefined` only when the API itself says that there is none. */
  metro(id: MetroId, signal: AbortSignal): Promise<Metro | undefined> {
    return this.#http.send(getting(route('/locations/metros/{id}', id), parseMetro), signal);
  }

  /** All plans; with a project, those that it may use. */
  plans(signal: AbortSignal, projectId?: ProjectId): Promise<readonly Plan[]> {
    const at = projectId === undefined ? route('/plans') : route('/projects/{id}/plans', projectId);
    return listWhole(this.#http, { at, key: 'plans', parse: parsePlan }, signal);
  }

  /** All operating systems. */
  operatingSystems(signal: AbortSignal): Promise<readonly OperatingSystem[]> {
    const list = { at: route('/operating-systems'), key: 'operating_systems', parse: parseOperatingSystem };
    return listWhole(this.#http, list, signal);
  }
}

/** A facility as the API writes it. */
export function parseFacility(raw: unknown): Facility {
  const facility = parseObject(raw, 'facility');
  return {
    id: parseOwnId<FacilityId>(facility, 'facility'),
    code: requiredText(facility, 'code'),
    name: optionalText(facility, 'name'),
    features: listOf(facility, 'features', parseText),
    metro: optionalPlace<MetroId>(facility['metro']),
  };
}

/** A metro as the API writes it. */
export function parseMetro(raw: unknown): Metro {
  const metro = parseObject(raw, 'metro');
  return {
    id: parseOwnId<MetroId>(metro, 'metro'),
    code: requiredText(metro, 'code'),
    name: optionalText(metro, 'name'),
    country: optionalText(metro, 'country'),
  };
}

/** A plan as the API writes it. */
export function parsePlan(raw: unknown): Plan {
  const plan = parseObject(raw, 'plan');
  return {
    id: parseOwnId<PlanId>(plan, 'plan'),
    slug: requiredText(plan, 'slug'),
    name: optionalText(plan, 'name'),
    line: optionalText(plan, 'line'),
    class: optionalText(plan, 'class'),
    isLegacy: isTrue(plan, 'legacy'),
    specs: parseSpecs(optionalObject(plan['specs']) ?? {}),
    pricePerHour: optionalNumber(optionalObject(plan['pricing']) ?? {}, 'hour'),
    facilityIds: placesOf<FacilityId>(plan, 'available_in'),
    metroIds: placesOf<MetroId>(plan, 'available_in_metros'),
  };
}

/** An operating system as the API writes it. */
export function parseOperatingSystem(raw: unknown): OperatingSystem {
  const system = parseObject(raw, 'operating system');
  return {
    slug: requiredText(system, 'slug'),
    name: optionalText(system, 'name'),
    distro: optionalText(system, 'distro'),
    version: optionalText(system, 'version'),
    provisionableOn: listOf(system, 'provisionable_on', parseText),
  };
}

function parseSpecs(specs: JsonObject): PlanSpecs {
  const count = (part: JsonObject): number => optionalNumber(part, 'count') ?? 1;
  const parts = (field: string): readonly JsonObject[] => listOf(specs, field, (part) => parseObject(part, field));
  const cpus = parts('cpus');
  return {
    cpus: cpus.length === 0 ? undefined : cpus.reduce((sum, cpu) => sum + count(cpu), 0),
    memory: optionalText(optionalObject(specs['memory']) ?? {}, 'total'),
    drives: parts('drives').map((drive) => ({
      count: count(drive),
      size: optionalText(drive, 'size'),
      type: optionalText(drive, 'type'),
    })),
    nics: parts('nics').map((nic) => ({ count: count(nic), type: optionalText(nic, 'type') })),
  };
}

function placesOf<Id extends string>(plan: JsonObject, field: string): readonly Id[] {
  return listOf(plan, field, (place) => parseReference<Id>(place)).filter((id) => id !== undefined);
}
