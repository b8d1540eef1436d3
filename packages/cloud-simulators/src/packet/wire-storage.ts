// What the simulated API sends about block storage, and what the metadata service sends.
import type { WireHref, WirePacketBgpNeighbor, WirePacketFacility, WirePacketPlan, WireRef } from './wire.ts';

/** A volume of block storage. */
export interface WirePacketVolume {
  readonly id: string;
  readonly name: string;
  readonly description: string | null;
  /** GB. */
  readonly size: number;
  readonly locked: boolean;
  readonly billing_cycle: string;
  readonly state: 'queued' | 'active';
  readonly created_at: string;
  readonly updated_at: string;
  readonly access?: { readonly ips: readonly string[]; readonly iqn: string };
  readonly project: WireHref;
  readonly facility: WirePacketFacility;
  readonly plan: WirePacketPlan;
  readonly snapshot_policies: readonly WirePacketSnapshotPolicy[];
  readonly attachments: readonly WireRef<WirePacketAttachment>[];
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly href: string;
}

/** How often a volume is snapshot. */
export interface WirePacketSnapshotPolicy {
  readonly id: string;
  readonly snapshot_frequency: string;
  readonly snapshot_count: number;
  readonly href: string;
}

/** A volume on a device. */
export interface WirePacketAttachment {
  readonly id: string;
  readonly volume: WireHref;
  readonly device: WireHref;
  readonly href: string;
}

/** A snapshot. */
export interface WirePacketSnapshot {
  readonly id: string;
  readonly status: 'queued' | 'available';
  /** `1467921608.991500438`: also what `restore` and `clone` name it by. */
  readonly timestamp: string;
  readonly created_at: string;
  readonly volume: WireHref;
}

/** What the metadata service tells a device about itself. */
export interface WirePacketMetadata {
  readonly id: string;
  readonly hostname: string;
  readonly iqn: string;
  readonly operating_system: Readonly<Record<string, unknown>>;
  readonly plan: string;
  readonly class: string;
  readonly reserved: boolean;
  readonly metro?: string;
  readonly facility: string;
  readonly tags: readonly string[];
  readonly ssh_keys: readonly string[];
  readonly storage: Readonly<Record<string, unknown>>;
  readonly network: {
    readonly bonding: { readonly mode: number };
    readonly interfaces: readonly { readonly name: string; readonly mac: string; readonly bond: string }[];
    readonly addresses: readonly object[];
  };
  readonly private_subnets: readonly string[];
  readonly bgp_neighbors: readonly WirePacketBgpNeighbor[];
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly spot: Readonly<Record<string, unknown>>;
  readonly volumes: readonly WirePacketMetadataVolume[];
  readonly api_url: string;
  readonly phone_home_url: string;
}

/** A volume as the metadata service shows it; the size is text. */
export interface WirePacketMetadataVolume {
  readonly name: string;
  readonly iqn: string;
  readonly ips: readonly string[];
  readonly capacity: { readonly size: string; readonly unit: string };
}
