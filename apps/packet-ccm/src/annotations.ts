// The one table of annotations on Services with elastic IPs: key, values, default, meaning. Settings, problems and
// docs/annotations/packet.md come from here. Two keys can be renamed by the configuration, as in the Go program; a bad value is always a
// problem, never silently the default.
import type { Problem } from '@longshore/cloud-provider';
import * as kinds from './annotation-values.ts';
import type { ValueKind } from './annotation-values.ts';
import type { AnnotationKeys } from './config.ts';

/** One annotation of a Service. */
export interface Annotation<T> {
  readonly key: string;
  readonly kind: ValueKind<T>;
  /** What holds without it, for the docs. */
  readonly fallback: string;
  /** One or two sentences for the docs. */
  readonly doc: string;
  /** The Go program does not know it. */
  readonly isAddition?: boolean;
  /** The key of the configuration that gives it another name. */
  readonly renamedBy?: 'eipMetro' | 'eipFacility';
}

/** What the keys of this program begin with. */
const PREFIX = 'metal.equinix.com/eip-';

/** Types of IPv4 addresses that can be asked for. */
export const ADDRESS_TYPES = ['public_ipv4', 'global_ipv4', 'private_ipv4'] as const;

function added<T>(name: string, kind: ValueKind<T>, fallback: string, doc: string): Annotation<T> {
  return { key: `${PREFIX}${name}`, kind, fallback, doc, isAddition: true };
}

/** All annotations, in the order of the docs. */
export const ANNOTATIONS = {
  metro: {
    key: `${PREFIX}metro`,
    kind: kinds.placeCode,
    fallback: '`eip-facility`, then `METAL_METRO_NAME`, then `METAL_FACILITY_NAME`',
    doc: 'Metro in which the address is reserved. An address that is there stays where it is.',
    renamedBy: 'eipMetro',
  },
  facility: {
    key: `${PREFIX}facility`,
    kind: kinds.placeCode,
    fallback: '`METAL_METRO_NAME`, then `METAL_FACILITY_NAME`',
    doc: 'Facility in which the address is reserved; `eip-metro` wins.',
    renamedBy: 'eipFacility',
  },
  type: added(
    'type',
    kinds.oneOf(ADDRESS_TYPES),
    '`public_ipv4`',
    'Kind of IPv4 address to reserve. `global_ipv4` is announced from all places and needs none. An address that is there keeps its kind.',
  ),
  families: added(
    'families',
    kinds.families,
    'the families of `spec.loadBalancerIP` or `eip-address`, else `ipv4`',
    'Address families of the Service, each with an address of its own. IPv6 needs an endpoint that reserves `public_ipv6`, or an address of yours in `eip-address` or `eip-pool`.',
  ),
  address: added(
    'address',
    kinds.addresses,
    '`spec.loadBalancerIP`',
    'Addresses that you hold already. They are announced and shown, and never released. Wins over `spec.loadBalancerIP`, which then says the same.',
  ),
  pool: added(
    'pool',
    kinds.reservationName,
    'an address of its own is reserved',
    'Reservations of yours from which a free address is taken; they get the tag `cluster=<UID of kube-system>`, and those with the tag of another cluster are left alone. They are never released.',
  ),
  shared: added(
    'shared',
    kinds.shareName,
    'not shared',
    'Services of a namespace with the same name here share one reserved address; their ports must differ. It is released with the last of them. MetalLB wants its own annotation `metallb.universe.tf/allow-shared-ip` as well.',
  ),
} satisfies Readonly<Record<string, Annotation<unknown>>>;

/** Name of an annotation in this program. */
export type AnnotationName = keyof typeof ANNOTATIONS;

/** The values of a Service's annotations; `undefined` where there is none, or none that can be used. */
export type Settings = {
  readonly [Name in AnnotationName]: (typeof ANNOTATIONS)[Name] extends Annotation<infer Value>
    ? Value | undefined
    : never;
};

/** Keys of annotations that the configuration names. */
export type RenamedKeys = Pick<AnnotationKeys, 'eipMetro' | 'eipFacility'>;

/** The key of an annotation under this configuration. */
export function keyOfAnnotation(name: AnnotationName, keys: RenamedKeys): string {
  const { key, renamedBy }: Annotation<unknown> = ANNOTATIONS[name];
  return renamedBy === undefined ? key : keys[renamedBy];
}

/** Reads all annotations of a Service; one bad value does not hide the others. Blank counts as absent. */
export function readSettings(
  annotations: Readonly<Record<string, string>> | undefined,
  keys: RenamedKeys,
): { readonly settings: Settings; readonly problems: readonly Problem[] } {
  const problems: Problem[] = [];
  const names = Object.keys(ANNOTATIONS) as AnnotationName[];
  const values = names.map((name) => {
    const key = keyOfAnnotation(name, keys);
    const text = annotations?.[key]?.trim() ?? '';
    const { kind }: Annotation<unknown> = ANNOTATIONS[name];
    const value = text === '' ? undefined : kind.parse(text);
    if (text !== '' && value === undefined) problems.push(badValue(key, text, kind.values));
    return [name, value] as const;
  });
  problems.push(...unknownKeys(annotations ?? {}, keys));
  return { settings: Object.fromEntries(values) as Settings, problems };
}

// Long values would make the event unreadable.
const SHOWN_VALUE_LENGTH = 80;

function badValue(key: string, value: string, values: string): Problem {
  const shown = value.length > SHOWN_VALUE_LENGTH ? `${value.slice(0, SHOWN_VALUE_LENGTH)}…` : value;
  const message = `annotation ${key}: ${JSON.stringify(shown)} is not allowed, use ${values.replaceAll('`', '')}`;
  return { field: key, value, message, severity: 'error' };
}

function unknownKeys(annotations: Readonly<Record<string, string>>, keys: RenamedKeys): readonly Problem[] {
  const known = (Object.keys(ANNOTATIONS) as AnnotationName[]).map((name) => keyOfAnnotation(name, keys));
  return Object.keys(annotations)
    .filter((key) => key.startsWith(PREFIX) && !known.includes(key))
    .map((key) => {
      const message = `annotation ${key} is unknown and counts for nothing; known are ${known.join(', ')}`;
      return { field: key, message, severity: 'warning' };
    });
}
