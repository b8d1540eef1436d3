// What the metadata service says to the device that asks. Pure reading; metadata-service.ts makes the calls.
import {
  isTrue,
  listOf,
  optionalObject,
  optionalText,
  parseObject,
  parseText,
  requiredText,
} from '@longshore/cloud-http/parts';
import type { JsonObject } from '@longshore/cloud-http/parts';
import { customdataOf, optionalCount, tagsOf } from './fields.ts';
import { parseOwnId } from './ids.ts';
import type { DeviceId } from './ids.ts';

/** The machine that asked. */
export interface DeviceMetadata {
  readonly id: DeviceId;
  readonly hostname: string | undefined;
  /** iSCSI name of the host. */
  readonly iqn: string | undefined;
  /** Code: `ewr1`. */
  readonly facility: string | undefined;
  /** Code: `da`. */
  readonly metro: string | undefined;
  /** Slug. */
  readonly plan: string | undefined;
  readonly tags: readonly string[];
  readonly addresses: readonly MetadataAddress[];
  readonly volumes: readonly MetadataVolume[];
  readonly customdata: JsonObject | undefined;
}

/** An address of the machine. */
export interface MetadataAddress {
  readonly address: string;
  readonly family: 4 | 6;
  readonly isPublic: boolean;
  readonly isManagement: boolean;
  readonly gateway: string | undefined;
  readonly cidr: number | undefined;
}

/** A volume that is attached to the machine. */
export interface MetadataVolume {
  /** `volume-` and eight digits of the ID. */
  readonly name: string;
  readonly iqn: string | undefined;
  /** Addresses of the portals. */
  readonly ips: readonly string[];
  readonly sizeGB: number | undefined;
}

/** The JSON of `/metadata`. */
export function parseDeviceMetadata(raw: unknown): DeviceMetadata {
  const metadata = parseObject(raw, 'the metadata');
  const network = optionalObject(metadata['network']) ?? {};
  return {
    id: parseOwnId<DeviceId>(metadata, 'the metadata'),
    hostname: optionalText(metadata, 'hostname'),
    iqn: optionalText(metadata, 'iqn'),
    facility: optionalText(metadata, 'facility'),
    metro: optionalText(metadata, 'metro'),
    plan: optionalText(metadata, 'plan'),
    tags: tagsOf(metadata),
    addresses: listOf(network, 'addresses', parseMetadataAddress).filter(({ address }) => address !== ''),
    volumes: listOf(metadata, 'volumes', parseMetadataVolume),
    customdata: customdataOf(metadata),
  };
}

function parseMetadataAddress(raw: unknown): MetadataAddress {
  const entry = parseObject(raw, 'address in the metadata');
  const address = optionalText(entry, 'address') ?? '';
  return {
    address,
    family: (optionalCount(entry, 'address_family') ?? (address.includes(':') ? 6 : 4)) === 6 ? 6 : 4,
    isPublic: isTrue(entry, 'public'),
    isManagement: isTrue(entry, 'management'),
    gateway: optionalText(entry, 'gateway'),
    cidr: optionalCount(entry, 'cidr'),
  };
}

function parseMetadataVolume(raw: unknown): MetadataVolume {
  const volume = parseObject(raw, 'volume in the metadata');
  return {
    name: requiredText(volume, 'name'),
    iqn: optionalText(volume, 'iqn'),
    ips: listOf(volume, 'ips', parseText),
    // A text at Packet: "100".
    sizeGB: optionalCount(optionalObject(volume['capacity']) ?? {}, 'size'),
  };
}
