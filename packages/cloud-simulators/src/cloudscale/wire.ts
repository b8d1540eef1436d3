// What the simulated cloudscale.ch API sends. Written from the API's facts, not from any client's types: a client that misreads them
// must fail.

/** Tags of a resource. */
export type WireCloudscaleTags = Readonly<Record<string, string>>;

/** Reference to a network, a pool or a balancer. */
export interface WireCloudscaleRef {
  readonly href: string;
  readonly uuid: string;
  readonly name: string;
}

/** Reference to a subnet. The same in an address of a server and in a member. */
export interface WireCloudscaleSubnetRef {
  readonly href: string;
  readonly cidr: string;
  readonly uuid: string;
}

/** Reference to a zone or a region. */
export interface WireCloudscaleSlug {
  readonly slug: string;
}

/** A flavor of servers. */
export interface WireCloudscaleFlavor {
  readonly slug: string;
  readonly name: string;
  readonly vcpu_count: number;
  readonly memory_gb: number;
  readonly gpu: null;
  readonly zones: readonly WireCloudscaleSlug[];
}

/** A region with its zones. */
export interface WireCloudscaleRegion {
  readonly slug: string;
  readonly zones: readonly WireCloudscaleSlug[];
}

/** An address of a server's interface. */
export interface WireCloudscaleServerAddress {
  readonly version: 4 | 6;
  readonly address: string;
  readonly prefix_length: number;
  readonly gateway: string | null;
  readonly reverse_ptr: string | null;
  readonly subnet: WireCloudscaleSubnetRef | null;
}

/** An interface of a server. */
export interface WireCloudscaleInterface {
  readonly type: 'public' | 'private';
  readonly network: WireCloudscaleRef;
  readonly addresses: readonly WireCloudscaleServerAddress[];
}

/** A server. */
export interface WireCloudscaleServer {
  readonly href: string;
  readonly uuid: string;
  readonly name: string;
  readonly status: 'running' | 'stopped' | 'changing';
  readonly zone: WireCloudscaleSlug;
  readonly flavor: Omit<WireCloudscaleFlavor, 'gpu' | 'zones'>;
  readonly image: Readonly<Record<'slug' | 'name' | 'operating_system' | 'default_username', string>>;
  readonly volumes: readonly object[];
  readonly interfaces: readonly WireCloudscaleInterface[];
  readonly ssh_fingerprints: readonly string[];
  readonly ssh_host_keys: readonly string[];
  readonly anti_affinity_with: readonly object[];
  readonly server_groups: readonly object[];
  readonly tags: WireCloudscaleTags;
  readonly created_at: string;
}

/** An address of a balancer. */
export interface WireCloudscaleVip {
  readonly version: 4 | 6;
  readonly address: string;
  readonly subnet: WireCloudscaleSubnetRef;
}

/** A load balancer. */
export interface WireCloudscaleLoadBalancer {
  readonly href: string;
  readonly uuid: string;
  readonly name: string;
  readonly created_at: string;
  readonly status: 'changing' | 'running' | 'error' | 'degraded';
  readonly zone: WireCloudscaleSlug;
  readonly flavor: { readonly slug: string; readonly name: string };
  readonly vip_addresses: readonly WireCloudscaleVip[];
  readonly tags: WireCloudscaleTags;
}

/** A pool. */
export interface WireCloudscalePool {
  readonly href: string;
  readonly uuid: string;
  readonly name: string;
  readonly created_at: string;
  readonly load_balancer: WireCloudscaleRef;
  readonly algorithm: string;
  readonly protocol: string;
  readonly tags: WireCloudscaleTags;
}

/** A member of a pool. */
export interface WireCloudscaleMember {
  readonly href: string;
  readonly uuid: string;
  readonly name: string;
  readonly enabled: boolean;
  readonly created_at: string;
  readonly pool: WireCloudscaleRef;
  readonly load_balancer: WireCloudscaleRef;
  readonly protocol_port: number;
  readonly monitor_port: number | null;
  readonly address: string;
  readonly subnet: WireCloudscaleSubnetRef;
  readonly monitor_status: 'up' | 'down' | 'changing' | 'no_monitor' | 'unknown';
  readonly tags: WireCloudscaleTags;
}

/** A listener. */
export interface WireCloudscaleListener {
  readonly href: string;
  readonly uuid: string;
  readonly name: string;
  readonly created_at: string;
  readonly pool: WireCloudscaleRef | null;
  readonly load_balancer: WireCloudscaleRef;
  readonly protocol: string;
  readonly protocol_port: number;
  readonly allowed_cidrs: readonly string[];
  readonly timeout_client_data_ms: number;
  readonly timeout_member_connect_ms: number;
  readonly timeout_member_data_ms: number;
  readonly tags: WireCloudscaleTags;
}

/** What an HTTP monitor asks and expects. */
export interface WireCloudscaleMonitorHttp {
  readonly expected_codes: readonly string[];
  readonly method: string;
  readonly url_path: string;
  readonly version: string;
  readonly host: string | null;
}

/** A health monitor. */
export interface WireCloudscaleHealthMonitor {
  readonly href: string;
  readonly uuid: string;
  readonly created_at: string;
  readonly pool: WireCloudscaleRef;
  readonly load_balancer: WireCloudscaleRef;
  readonly delay_s: number;
  readonly timeout_s: number;
  readonly up_threshold: number;
  readonly down_threshold: number;
  readonly type: string;
  readonly http: WireCloudscaleMonitorHttp | null;
  readonly tags: WireCloudscaleTags;
}

/** A floating IP. */
export interface WireCloudscaleFloatingIp {
  readonly href: string;
  /** With prefix length: `192.0.2.123/32`. */
  readonly network: string;
  readonly ip_version: 4 | 6;
  readonly next_hop: string | null;
  readonly server: WireCloudscaleRef | null;
  readonly load_balancer: WireCloudscaleRef | null;
  readonly region: WireCloudscaleSlug | null;
  readonly type: 'regional' | 'global';
  readonly reverse_ptr: string | null;
  readonly tags: WireCloudscaleTags;
  readonly created_at: string;
}

/** A private network. */
export interface WireCloudscaleNetwork {
  readonly href: string;
  readonly uuid: string;
  readonly name: string;
  readonly mtu: number;
  readonly zone: WireCloudscaleSlug;
  readonly subnets: readonly WireCloudscaleSubnetRef[];
  readonly tags: WireCloudscaleTags;
  readonly created_at: string;
}

/** A subnet of a private network. */
export interface WireCloudscaleSubnet {
  readonly href: string;
  readonly uuid: string;
  readonly cidr: string;
  readonly network: WireCloudscaleRef;
  readonly gateway_address: string | null;
  readonly dns_servers: readonly string[];
  readonly tags: WireCloudscaleTags;
}
