// DigitalOcean's objects as its API writes them. Only what the simulator serves.

/** A region. */
export interface WireRegion {
  readonly name: string;
  readonly slug: string;
  readonly features: readonly string[];
  readonly available: boolean;
  readonly sizes: readonly string[];
}

/** An IPv4 address of a droplet; private ones have no gateway. */
export interface WireNetworkV4 {
  readonly ip_address: string;
  readonly netmask: string;
  readonly gateway: string | null;
  readonly type: 'public' | 'private';
}

/** An IPv6 address of a droplet. */
export interface WireNetworkV6 {
  readonly ip_address: string;
  readonly netmask: number;
  readonly gateway: string;
  readonly type: 'public';
}

/** A droplet. */
export interface WireDroplet {
  readonly id: number;
  readonly name: string;
  readonly memory: number;
  readonly vcpus: number;
  readonly disk: number;
  readonly locked: boolean;
  readonly status: 'new' | 'active' | 'off' | 'archive';
  readonly kernel: null;
  readonly created_at: string;
  readonly features: readonly string[];
  readonly backup_ids: readonly number[];
  readonly next_backup_window: null;
  readonly snapshot_ids: readonly number[];
  readonly image: Readonly<Record<string, unknown>>;
  readonly volume_ids: readonly string[];
  readonly size: Readonly<Record<string, unknown>>;
  readonly size_slug: string;
  readonly networks: { readonly v4: readonly WireNetworkV4[]; readonly v6: readonly WireNetworkV6[] } | null;
  readonly region: WireRegion;
  readonly tags: readonly string[];
  readonly vpc_uuid: string;
  readonly gpu_info?: Readonly<Record<string, unknown>>;
}

/** A forwarding rule. */
export interface WireForwardingRule {
  readonly entry_protocol: string;
  readonly entry_port: number;
  readonly target_protocol: string;
  readonly target_port: number;
  readonly certificate_id: string;
  readonly tls_passthrough: boolean;
}

/** A health check. */
export interface WireHealthCheck {
  readonly protocol: string;
  readonly port: number;
  readonly path?: string;
  readonly check_interval_seconds: number;
  readonly response_timeout_seconds: number;
  readonly healthy_threshold: number;
  readonly unhealthy_threshold: number;
  readonly proxy_protocol: boolean;
}

/** Sticky sessions. */
export interface WireStickySessions {
  readonly type: string;
  readonly cookie_name?: string;
  readonly cookie_ttl_seconds?: number;
}

/** A domain of a global load balancer; `status` in answers only. */
export interface WireDomain {
  readonly name: string;
  readonly is_managed?: boolean;
  readonly certificate_id?: string;
  readonly status?: string;
}

/** What of a load balancer does not change with time. */
export interface LoadBalancerFields {
  readonly id: string;
  readonly name: string;
  readonly size: string;
  readonly size_unit: number;
  readonly algorithm: string;
  readonly created_at: string;
  readonly forwarding_rules: readonly WireForwardingRule[];
  readonly health_check: WireHealthCheck;
  readonly sticky_sessions: WireStickySessions;
  /** Null for a GLOBAL one. */
  readonly region: WireRegion | null;
  readonly tag: string;
  readonly droplet_ids: readonly number[];
  readonly tags: readonly string[];
  readonly redirect_http_to_https: boolean;
  readonly enable_proxy_protocol: boolean;
  readonly enable_backend_keepalive: boolean;
  readonly vpc_uuid: string;
  readonly subnet_uuid?: string;
  readonly disable_lets_encrypt_dns_records: boolean;
  readonly project_id: string;
  readonly http_idle_timeout_seconds: number;
  readonly firewall: { readonly deny: readonly string[]; readonly allow: readonly string[] };
  readonly network: string;
  readonly network_stack: string;
  readonly type: string;
  readonly tls_cipher_policy: string;
  readonly domains?: readonly WireDomain[];
  readonly glb_settings?: unknown;
  readonly target_load_balancer_ids?: readonly string[];
}

/** A load balancer as it is served. */
export interface WireLoadBalancer extends LoadBalancerFields {
  readonly ip: string;
  readonly ipv6: string;
  readonly status: 'new' | 'active' | 'errored';
}

/** A certificate. */
export interface WireCertificate {
  readonly id: string;
  readonly name: string;
  readonly not_after: string;
  readonly sha1_fingerprint: string;
  readonly created_at: string;
  readonly dns_names: readonly string[];
  readonly state: 'pending' | 'verified' | 'error';
  readonly type: 'custom' | 'lets_encrypt';
}

/** Who is at the other end of a firewall rule. */
export interface WireFirewallPeers {
  readonly addresses?: readonly string[];
  readonly droplet_ids?: readonly number[];
  readonly load_balancer_uids?: readonly string[];
  readonly kubernetes_ids?: readonly string[];
  readonly tags?: readonly string[];
}

/** A rule of a firewall: inbound ones have sources, outbound ones destinations. */
export interface WireFirewallRule {
  readonly protocol: string;
  readonly ports?: string;
  readonly sources?: WireFirewallPeers;
  readonly destinations?: WireFirewallPeers;
}

/** A firewall. */
export interface WireFirewall {
  readonly id: string;
  readonly name: string;
  readonly status: 'waiting' | 'succeeded' | 'failed';
  readonly created_at: string;
  readonly inbound_rules: readonly WireFirewallRule[];
  readonly outbound_rules: readonly WireFirewallRule[];
  readonly droplet_ids: readonly number[];
  readonly tags: readonly string[];
  readonly pending_changes: readonly unknown[];
}

/** A VPC. */
export interface WireVpc {
  readonly id: string;
  readonly urn: string;
  readonly name: string;
  readonly description: string;
  readonly region: string;
  readonly ip_range: string;
  readonly default: boolean;
  readonly created_at: string;
}

/** A project. */
export interface WireProject {
  readonly id: string;
  readonly owner_uuid: string;
  readonly owner_id: number;
  readonly name: string;
  readonly description: string;
  readonly purpose: string;
  readonly environment: string;
  readonly is_default: boolean;
  readonly created_at: string;
  readonly updated_at: string;
}
