// Which addresses a Service wants: one of each family, by name, from a pool, or one of its own. Pure. `spec.loadBalancerIP` is read with
// care: the program notes there what it has reserved or taken, so an address that is the Service's own is no wish for that very address.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import type { AddressType, IpReservation } from '@longshore/packet-api';
import { familyOf } from '../annotation-values.ts';
import type { Family } from '../annotation-values.ts';
import { keyOfAnnotation, readSettings } from '../annotations.ts';
import type { AnnotationName, RenamedKeys, Settings } from '../annotations.ts';
import { addressOf, contains } from './address-block.ts';
import { askedAddresses, nameOf, notedAddress } from './service-addresses.ts';
import type { Owner } from './reservation-tags.ts';

/** One wanted address. */
export type AddressWish =
  /** This one, which somebody holds already. */
  | { readonly kind: 'given'; readonly family: Family; readonly address: string }
  /** Any one of the pool; `noted` was taken from it before. */
  | { readonly kind: 'pool'; readonly family: Family; readonly pool: string; readonly noted: string | undefined }
  /** One reserved for the owner; `noted` is the one that it has. */
  | { readonly kind: 'own'; readonly family: Family; readonly type: AddressType; readonly noted: string | undefined };

/** What the meaning of a noted address depends on. */
export interface FoundForService {
  readonly own: readonly IpReservation[];
  readonly poolBlocks: readonly IpReservation[];
}

/** Whose the address is. */
export function ownerOf(service: KubeService, { shared }: Settings): Owner {
  return { ...nameOf(service), shared };
}

/** The wishes, in the order of the addresses in the status. */
export function desiredAddresses(
  service: KubeService,
  settings: Settings,
  found: FoundForService,
): readonly AddressWish[] {
  const asked = askedAddresses(service, settings);
  const families = settings.families ?? (asked.length > 0 ? asked.map(familyOf) : ([4] as const));
  return families.map((family) => {
    const address = asked.find((one) => familyOf(one) === family);
    return desiredAddress(family, address, { settings, found });
  });
}

interface Meaning {
  readonly settings: Settings;
  readonly found: FoundForService;
}

function desiredAddress(family: Family, address: string | undefined, { settings, found }: Meaning): AddressWish {
  const { pool } = settings;
  const type = family === 6 ? 'public_ipv6' : (settings.type ?? 'public_ipv4');
  if (address === undefined) {
    return pool === undefined
      ? { kind: 'own', family, type, noted: undefined }
      : { kind: 'pool', family, pool, noted: undefined };
  }
  if (settings.address !== undefined) return { kind: 'given', family, address };
  if (found.own.some((one) => addressOf(one) === address)) return { kind: 'own', family, type, noted: address };
  if (pool !== undefined && found.poolBlocks.some((block) => contains(block, address))) {
    return { kind: 'pool', family, pool, noted: address };
  }
  // Who shares asks for no address: one that is noted is from the time before.
  return settings.shared === undefined
    ? { kind: 'given', family, address }
    : { kind: 'own', family, type, noted: undefined };
}

/** What is wrong with a Service by itself. */
export function problemsOfService(service: KubeService, keys: RenamedKeys): readonly Problem[] {
  const { settings, problems } = readSettings(service.metadata?.annotations, keys);
  return [...problems, ...notedProblems(service, settings, keys), ...conflicts(settings, keys)];
}

function notedProblems(service: KubeService, settings: Settings, keys: RenamedKeys): readonly Problem[] {
  const text = service.spec?.loadBalancerIP?.trim() ?? '';
  const address = notedAddress(service);
  if (text === '' || settings.address !== undefined) return [];
  if (address === undefined)
    return [wrong('spec.loadBalancerIP', `spec.loadBalancerIP ${JSON.stringify(text)} is no IP address`)];
  const { families } = settings;
  if (families === undefined || families.includes(familyOf(address))) return [];
  const message = `spec.loadBalancerIP ${address} is not of a family in annotation ${keyOfAnnotation('families', keys)}`;
  return [wrong('spec.loadBalancerIP', message)];
}

const EXCLUSIVE: readonly (readonly [AnnotationName, AnnotationName])[] = [
  ['address', 'pool'],
  ['address', 'shared'],
  ['pool', 'shared'],
];

function conflicts(settings: Settings, keys: RenamedKeys): readonly Problem[] {
  const pairs = EXCLUSIVE.filter(([a, b]) => settings[a] !== undefined && settings[b] !== undefined).map(([a, b]) => {
    const [first, second] = [keyOfAnnotation(a, keys), keyOfAnnotation(b, keys)];
    return wrong(first, `annotations ${first} and ${second} exclude each other: remove one`);
  });
  return [...pairs, ...addressFamilies(settings, keys)];
}

function addressFamilies({ address, families }: Settings, keys: RenamedKeys): readonly Problem[] {
  const extra = address?.find((one) => families !== undefined && !families.includes(familyOf(one)));
  if (extra === undefined) return [];
  const key = keyOfAnnotation('address', keys);
  return [wrong(key, `annotation ${key}: ${extra} is not of a family in ${keyOfAnnotation('families', keys)}`)];
}

function wrong(field: string, message: string): Problem {
  return { field, message, severity: 'error' };
}
