// The load balancer as a value: what one asks for (a spec) and what the API shows. A PUT replaces everything: an attribute that is
// absent from a spec goes back to the API's default, so start from `specOf(found)` to keep what others have set.
import type { CertificateId, DropletId, LoadBalancerId, ProjectId, VpcId } from './ids.ts';

/** Kinds that are known; others are passed on as they are. */
export type LoadBalancerType = 'REGIONAL' | 'REGIONAL_NETWORK' | 'GLOBAL' | (string & {});
/** Where it can be reached from. */
export type LoadBalancerNetwork = 'EXTERNAL' | 'INTERNAL' | (string & {});
/** Its IP versions. */
export type NetworkStack = 'IPV4' | 'DUALSTACK' | (string & {});
/** Its state; `new` becomes `active` or `errored`. */
export type LoadBalancerStatus = 'new' | 'active' | 'errored' | (string & {});
/** What enters. */
export type EntryProtocol = 'http' | 'https' | 'http2' | 'http3' | 'tcp' | 'udp' | (string & {});
/** What goes on to the droplets. */
export type TargetProtocol = 'http' | 'https' | 'http2' | 'tcp' | 'udp' | (string & {});

/** Forwards one port. */
export interface ForwardingRule {
  readonly entryProtocol: EntryProtocol;
  readonly entryPort: number;
  readonly targetProtocol: TargetProtocol;
  readonly targetPort: number;
  readonly certificateId?: CertificateId;
  readonly tlsPassthrough?: boolean;
}

/** How droplets are probed. Absent fields are the API's defaults. */
export interface HealthCheck {
  readonly protocol: 'http' | 'https' | 'tcp' | (string & {});
  readonly port: number;
  readonly path?: string;
  readonly checkIntervalSeconds?: number;
  readonly responseTimeoutSeconds?: number;
  readonly unhealthyThreshold?: number;
  readonly healthyThreshold?: number;
  readonly proxyProtocol?: boolean;
}

/** Keeps a client at one droplet. */
export interface StickySessions {
  readonly type: 'none' | 'cookies' | (string & {});
  readonly cookieName?: string;
  readonly cookieTtlSeconds?: number;
}

/** Who may connect: entries `ip:A` or `cidr:N`. */
export interface LoadBalancerFirewall {
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
}

/** A domain that a GLOBAL balancer answers for. */
export interface GlobalDomain {
  readonly name: string;
  /** DigitalOcean keeps its DNS, and adds the records. */
  readonly isManaged?: boolean;
  readonly certificateId?: CertificateId;
}

/** What a GLOBAL balancer sends where. */
export interface GlobalSettings {
  readonly targetProtocol?: 'http' | 'https' | 'http2' | (string & {});
  readonly targetPort?: number;
  readonly isCdnEnabled?: boolean;
  /** By region slug; lower goes first. */
  readonly regionPriorities?: Readonly<Record<string, number>>;
  /** Percentage of failed targets at which the next region is used. */
  readonly failoverThreshold?: number;
}

/** What a load balancer shall be. An absent field is not sent. */
export interface LoadBalancerSpec {
  readonly name: string;
  /** Slug; needed unless the type is GLOBAL. Cannot be changed. */
  readonly region?: string;
  readonly type?: LoadBalancerType;
  readonly network?: LoadBalancerNetwork;
  readonly networkStack?: NetworkStack;
  readonly vpcId?: VpcId;
  readonly subnetId?: string;
  /** An own address (BYOIP), on create only: `update` does not send it. */
  readonly ip?: string;
  readonly projectId?: ProjectId;
  readonly sizeUnit?: number;
  /** Deprecated by the API; excludes `sizeUnit`. */
  readonly size?: string;
  /** Deprecated by the API, which ignores it. */
  readonly algorithm?: string;
  readonly forwardingRules: readonly ForwardingRule[];
  readonly healthCheck?: HealthCheck;
  readonly stickySessions?: StickySessions;
  /** Excludes `tag`. */
  readonly dropletIds?: readonly DropletId[];
  /** Targets are all droplets with this tag. Excludes `dropletIds`. */
  readonly tag?: string;
  /** Tags of the load balancer itself; the API takes them on create only. */
  readonly tags?: readonly string[];
  readonly redirectHttpToHttps?: boolean;
  readonly enableProxyProtocol?: boolean;
  readonly enableBackendKeepalive?: boolean;
  readonly disableLetsEncryptDnsRecords?: boolean;
  readonly httpIdleTimeoutSeconds?: number;
  readonly tlsCipherPolicy?: 'DEFAULT' | 'STRONG' | (string & {});
  readonly firewall?: LoadBalancerFirewall;
  /** GLOBAL only. */
  readonly domains?: readonly GlobalDomain[];
  /** GLOBAL only, in place of `forwardingRules`, which is empty then. */
  readonly glbSettings?: GlobalSettings;
  /** GLOBAL only: regional balancers as targets, in place of droplets. */
  readonly targetLoadBalancerIds?: readonly LoadBalancerId[];
}

/** A load balancer as the API shows it. */
export interface LoadBalancer extends LoadBalancerSpec {
  readonly id: LoadBalancerId;
  readonly status: LoadBalancerStatus;
  /** IPv4 address; absent while there is none. */
  readonly ip?: string;
  readonly ipv6?: string;
  readonly createdAt?: string;
  readonly dropletIds: readonly DropletId[];
  readonly tags: readonly string[];
}

/** What was found as a spec that would change nothing: the base of an update that touches only some fields. */
export function specOf(found: LoadBalancer): LoadBalancerSpec {
  const { id: _id, status: _status, ip: _ip, ipv6: _ipv6, createdAt: _createdAt, size, ...spec } = found;
  const { dropletIds, tag, ...rest } = spec;
  const targets = tag === undefined ? { dropletIds } : { tag };
  // The API shows both ways of naming the size and accepts one.
  return { ...rest, ...targets, ...(rest.sizeUnit === undefined && size !== undefined ? { size } : {}) };
}
