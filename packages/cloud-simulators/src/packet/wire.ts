// What the simulated Packet API sends. Written from the API's facts, not from any client's types: a client that misreads them must fail.

/** An object that is named, not shown; `include` shows it. */
export interface WireHref {
  readonly href: string;
}

/** A reference, or the whole object where the API or `include` shows it. */
export type WireRef<T> = WireHref | T;

/** State of a device. */
export type WirePacketDeviceState =
  | 'queued'
  | 'provisioning'
  | 'active'
  | 'powering_off'
  | 'inactive'
  | 'powering_on'
  | 'reinstalling'
  | 'deprovisioning'
  | 'deleted'
  | 'failed';

/** A metro. */
export interface WirePacketMetro {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly country: string;
  readonly href: string;
}

/** A facility. */
export interface WirePacketFacility {
  readonly id: string;
  readonly code: string;
  readonly name: string;
  readonly features: readonly string[];
  readonly address: Readonly<Record<string, unknown>>;
  readonly metro?: WirePacketMetro;
  readonly ip_ranges: readonly string[];
  readonly href: string;
}

/** A plan, of servers or of block storage. */
export interface WirePacketPlan {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly description: string;
  readonly line: string;
  readonly legacy: boolean;
  readonly class: string;
  readonly specs: Readonly<Record<string, unknown>>;
  readonly pricing: Readonly<Record<string, number>>;
  readonly deployment_types: readonly string[];
  readonly available_in: readonly WireHref[];
  readonly available_in_metros: readonly WireHref[];
  readonly href: string;
}

/** An operating system. */
export interface WirePacketOperatingSystem {
  readonly id: string;
  readonly slug: string;
  readonly name: string;
  readonly distro: string;
  readonly version: string;
  readonly provisionable_on: readonly string[];
  readonly licensed: boolean;
  readonly preinstallable: boolean;
  readonly href: string;
}

/** An address of a device: one it was born with (`management`), or part of a reservation. */
export interface WirePacketIpAssignment {
  readonly id: string;
  readonly address_family: 4 | 6;
  readonly address: string;
  readonly network: string;
  readonly netmask: string;
  readonly cidr: number;
  readonly gateway: string;
  readonly public: boolean;
  readonly management: boolean;
  readonly manageable: boolean;
  readonly enabled: boolean;
  readonly global_ip: boolean;
  readonly assigned_to: WireHref;
  readonly parent_block: WireHref & Partial<Pick<WirePacketIpReservation, 'network' | 'netmask' | 'cidr'>>;
  readonly created_at: string;
  readonly tags: readonly string[];
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly type: 'IPAssignment';
  readonly metro?: WirePacketMetro;
  readonly href: string;
}

/** A reserved block. Without address while its request is `pending` or after it was `denied`. */
export interface WirePacketIpReservation {
  readonly id: string;
  readonly type: string;
  readonly state: 'pending' | 'created' | 'denied';
  readonly address_family: 4 | 6;
  readonly address?: string;
  readonly network?: string;
  readonly netmask?: string;
  readonly gateway?: string;
  readonly cidr: number;
  readonly public: boolean;
  readonly management: boolean;
  readonly manageable: boolean;
  readonly enabled: boolean;
  readonly global_ip: boolean;
  readonly addon: boolean;
  readonly bill: boolean;
  /** Number of free addresses, as text. */
  readonly available: string;
  /** Missing where nothing was said. */
  readonly details?: string;
  readonly tags: readonly string[];
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly facility?: WirePacketFacility;
  readonly metro?: WirePacketMetro;
  readonly project: WireHref;
  readonly project_lite: WireHref;
  readonly requested_by: WireHref;
  readonly assignments: readonly WireRef<WirePacketIpAssignment>[];
  readonly created_at: string;
  readonly href: string;
}

/** A network port of a device. */
export interface WirePacketPort {
  readonly id: string;
  readonly name: string;
  readonly type: 'NetworkPort' | 'NetworkBondPort';
  readonly data: { readonly mac?: string; readonly bonded: boolean };
  readonly bond?: { readonly id: string; readonly name: string };
  readonly network_type: string;
  readonly native_virtual_network?: WireHref;
  readonly virtual_networks: readonly WireHref[];
  readonly disbond_operation_supported: boolean;
  readonly href: string;
}

/** An event. */
export interface WirePacketEvent {
  readonly id: string;
  readonly type: string;
  readonly state: string;
  readonly body: string;
  readonly interpolated: string;
  readonly relationships: readonly WireHref[];
  readonly created_at: string;
  readonly ip: string | null;
  readonly href: string;
}

/** A device. */
export interface WirePacketDevice {
  readonly id: string;
  readonly short_id: string;
  readonly href: string;
  readonly hostname: string;
  readonly description: string | null;
  readonly state: WirePacketDeviceState;
  readonly tags: readonly string[];
  readonly billing_cycle: string;
  readonly user: string;
  readonly iqn: string;
  readonly locked: boolean;
  readonly bonding_mode: number;
  readonly created_at: string;
  readonly updated_at: string;
  readonly provisioning_percentage?: number;
  readonly provisioning_events: readonly WirePacketEvent[];
  readonly operating_system: WirePacketOperatingSystem;
  readonly facility: WirePacketFacility;
  readonly metro?: WirePacketMetro;
  readonly plan: WirePacketPlan;
  readonly project: WireHref;
  readonly project_lite: WireHref;
  readonly ssh_keys: readonly WireHref[];
  readonly volumes: readonly WireHref[];
  readonly ip_addresses: readonly WirePacketIpAssignment[];
  readonly network_ports: readonly WirePacketPort[];
  readonly network_frozen: boolean;
  readonly hardware_reservation?: WireHref;
  readonly spot_instance: boolean;
  readonly spot_price_max?: number;
  readonly termination_time?: string;
  readonly ipxe_script_url?: string;
  readonly always_pxe: boolean;
  readonly userdata: string;
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly storage?: Readonly<Record<string, unknown>>;
  readonly root_password?: string;
  readonly switch_uuid: string;
  readonly sos: string;
}

/** A project. */
export interface WirePacketProject {
  readonly id: string;
  readonly name: string;
  readonly href: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly backend_transfer_enabled: boolean;
  readonly organization: WireHref;
  readonly payment_method: WireHref;
  readonly members: readonly WireHref[];
  readonly devices: readonly WireHref[];
  readonly ssh_keys: readonly WireHref[];
  readonly volumes: readonly WireHref[];
  readonly bgp_config: WireHref;
  readonly network_status: Readonly<Record<string, unknown>>;
  readonly max_devices: Readonly<Record<string, unknown>>;
  readonly tags: readonly string[];
  readonly customdata: Readonly<Record<string, unknown>>;
  readonly type: 'default' | 'vmce';
}

/** An SSH key. */
export interface WirePacketSshKey {
  readonly id: string;
  readonly label: string;
  readonly key: string;
  readonly fingerprint: string;
  readonly created_at: string;
  readonly updated_at: string;
  readonly entity: WireHref;
  readonly tags: readonly string[];
  readonly href: string;
}

/** The BGP configuration of a project; the API sends `{}` for one that was never switched on. */
export interface WirePacketBgpConfig {
  readonly id: string;
  readonly status: 'requested' | 'enabled' | 'disabled';
  readonly deployment_type: 'local' | 'global';
  readonly asn: number;
  readonly md5: string | null;
  readonly max_prefix: number;
  readonly route_object: string;
  readonly ranges: readonly object[];
  readonly sessions: readonly WirePacketBgpSession[];
  readonly project: WireHref;
  readonly created_at: string;
  readonly requested_at: string;
  readonly href: string;
}

/** A BGP session of a device. */
export interface WirePacketBgpSession {
  readonly id: string;
  /** One value, or one per switch: `up,down`. */
  readonly status: string;
  readonly address_family: 'ipv4' | 'ipv6';
  readonly default_route: boolean;
  readonly learned_routes: readonly string[];
  readonly device: WireHref;
  readonly created_at: string;
  readonly updated_at: string;
  readonly href: string;
}

/** Whom a device talks BGP to. */
export interface WirePacketBgpNeighbor {
  readonly address_family: 4 | 6;
  readonly customer_as: number;
  readonly customer_ip: string;
  readonly md5_enabled: boolean;
  readonly md5_password: string | null;
  readonly multihop: boolean;
  readonly peer_as: number;
  readonly peer_ips: readonly string[];
  readonly routes_in: readonly { readonly route: string; readonly exact: boolean }[];
  readonly routes_out: readonly { readonly route: string; readonly exact: boolean }[];
}

/** A VLAN. */
export interface WirePacketVirtualNetwork {
  readonly id: string;
  readonly vxlan: number;
  readonly description: string | null;
  readonly metro_code?: string;
  readonly facility_code?: string;
  readonly metro?: WirePacketMetro;
  readonly facility?: WireHref;
  readonly assigned_to: WireHref;
  readonly instances: readonly WireHref[];
  readonly metal_gateways: readonly WireHref[];
  readonly tags: readonly string[];
  readonly created_at: string;
  readonly href: string;
}

/** A reserved machine. */
export interface WirePacketHardwareReservation {
  readonly id: string;
  readonly short_id: string;
  readonly facility: WirePacketFacility;
  readonly plan: WirePacketPlan;
  readonly project: WireHref;
  readonly device: WireHref | null;
  readonly provisionable: boolean;
  readonly spare: boolean;
  readonly need_of_service: boolean;
  readonly switch_uuid: string;
  readonly created_at: string;
  readonly href: string;
}

/** Where a page is in its list. */
export interface WirePacketMeta {
  readonly self: WireHref;
  readonly first: WireHref;
  readonly last: WireHref;
  readonly previous: WireHref | null;
  readonly next: WireHref | null;
  readonly total: number;
  readonly current_page: number;
  readonly last_page: number;
}
