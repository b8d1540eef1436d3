// Services as the Go program (v0.1.68) left them, and the requests that it had sent for their balancers. Written from the facts about
// that program, field by field, and on purpose without our own code: what is compared must not come from the same source.

const P = 'service.beta.kubernetes.io/do-loadbalancer-';

/** What the requests depend on. */
export interface RecordedFacts {
  readonly uid: string;
  /** Node port of a port. */
  readonly nodePort: (port: number) => number;
  readonly healthCheckNodePort: number;
  readonly certificateId: string;
}

/** A Service and its balancer. */
export interface RecordedService {
  readonly name: string;
  /** The user's annotations; `CERTIFICATE` stands for the ID of a certificate. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly spec: Readonly<Record<string, unknown>> & { readonly ports: readonly RecordedPort[] };
  readonly type: 'REGIONAL' | 'REGIONAL_NETWORK';
  /** What is not as in every request. */
  readonly request: (facts: RecordedFacts) => Readonly<Record<string, unknown>>;
  /** Shown instead of the addresses. */
  readonly hostname?: string;
}

interface RecordedPort {
  readonly name: string;
  readonly port: number;
  readonly protocol?: 'TCP' | 'UDP';
}

/** What the user writes where a certificate's ID belongs. */
export const CERTIFICATE = 'CERTIFICATE';

const web: RecordedPort = { name: 'http', port: 80 };
const tls: RecordedPort = { name: 'https', port: 443 };

/** Name of a balancer without the annotation: `a` and the UID, 32 characters at most. */
export function goName(uid: string): string {
  return `a${uid.replaceAll('-', '')}`.slice(0, 32);
}

type End = readonly [protocol: string, port: number];

function rule([entry, entryPort]: End, [target, targetPort]: End, extra: object = {}): object {
  return { entry_protocol: entry, entry_port: entryPort, target_protocol: target, target_port: targetPort, ...extra };
}

/** The default health check: kube-proxy's page, and not a word of the PROXY protocol. */
export const GO_HEALTH_CHECK = {
  protocol: 'http',
  port: 10256,
  path: '/healthz',
  check_interval_seconds: 3,
  response_timeout_seconds: 5,
  unhealthy_threshold: 3,
  healthy_threshold: 5,
  proxy_protocol: false,
};

/** One Service for each way in which balancers differ. */
export const recordedServices: readonly RecordedService[] = [
  {
    name: 'plain',
    spec: { ports: [web, tls] },
    type: 'REGIONAL_NETWORK',
    request: () => ({ forwarding_rules: [rule(['tcp', 80], ['tcp', 80]), rule(['tcp', 443], ['tcp', 443])] }),
  },
  {
    name: 'custom-name',
    annotations: { [`${P}name`]: 'shop-front' },
    spec: { ports: [web] },
    type: 'REGIONAL_NETWORK',
    request: () => ({ name: 'shop-front', forwarding_rules: [rule(['tcp', 80], ['tcp', 80])] }),
  },
  {
    name: 'udp',
    spec: {
      ports: [
        { name: 'dns', port: 10002, protocol: 'UDP' },
        { name: 'check', port: 10001 },
      ],
    },
    type: 'REGIONAL_NETWORK',
    request: () => ({ forwarding_rules: [rule(['udp', 10002], ['udp', 10002]), rule(['tcp', 10001], ['tcp', 10001])] }),
  },
  {
    name: 'internal',
    annotations: { [`${P}network`]: 'INTERNAL' },
    spec: { ports: [web] },
    type: 'REGIONAL_NETWORK',
    request: () => ({ network: 'INTERNAL', forwarding_rules: [rule(['tcp', 80], ['tcp', 80])] }),
  },
  {
    name: 'https',
    annotations: { [`${P}type`]: 'REGIONAL', [`${P}certificate-id`]: CERTIFICATE, [`${P}redirect-http-to-https`]: '1' },
    spec: { ports: [web, tls] },
    type: 'REGIONAL',
    request: ({ nodePort, certificateId }) => ({
      redirect_http_to_https: true,
      forwarding_rules: [
        rule(['tcp', 80], ['tcp', nodePort(80)]),
        rule(['https', 443], ['http', nodePort(443)], { certificate_id: certificateId }),
      ],
    }),
  },
  {
    name: 'http3',
    annotations: {
      [`${P}type`]: 'REGIONAL',
      [`${P}certificate-name`]: 'recorded',
      [`${P}http2-ports`]: '443',
      [`${P}http3-port`]: '443',
      [`${P}hostname`]: 'Shop.Example.com',
    },
    spec: { ports: [tls] },
    type: 'REGIONAL',
    hostname: 'shop.example.com',
    request: ({ nodePort, certificateId }) => ({
      forwarding_rules: [
        rule(['http2', 443], ['http', nodePort(443)], { certificate_id: certificateId }),
        rule(['http3', 443], ['http', nodePort(443)], { certificate_id: certificateId }),
      ],
    }),
  },
  {
    name: 'proxy-protocol',
    annotations: { [`${P}type`]: 'REGIONAL', [`${P}enable-proxy-protocol`]: 'true' },
    spec: { ports: [web] },
    type: 'REGIONAL',
    request: ({ nodePort }) => ({
      enable_proxy_protocol: true,
      forwarding_rules: [rule(['tcp', 80], ['tcp', nodePort(80)])],
    }),
  },
  {
    name: 'sticky-local',
    annotations: {
      [`${P}type`]: 'REGIONAL',
      [`${P}protocol`]: 'http',
      [`${P}sticky-sessions-type`]: 'cookies',
      [`${P}sticky-sessions-cookie-name`]: 'shop',
      [`${P}sticky-sessions-cookie-ttl`]: '60',
      [`${P}http-idle-timeout-seconds`]: '120',
      [`${P}enable-backend-keepalive`]: 'true',
      [`${P}size-unit`]: '2',
    },
    spec: { ports: [web], externalTrafficPolicy: 'Local' },
    type: 'REGIONAL',
    request: ({ nodePort, healthCheckNodePort }) => ({
      forwarding_rules: [rule(['http', 80], ['http', nodePort(80)])],
      health_check: { ...GO_HEALTH_CHECK, port: healthCheckNodePort },
      sticky_sessions: { type: 'cookies', cookie_name: 'shop', cookie_ttl_seconds: 60 },
      http_idle_timeout_seconds: 120,
      enable_backend_keepalive: true,
      size_unit: 2,
    }),
  },
  {
    name: 'own-check',
    annotations: {
      [`${P}type`]: 'REGIONAL',
      [`${P}tls-passthrough`]: 'true',
      [`${P}override-health-check`]: 'true',
      [`${P}healthcheck-port`]: '80',
      [`${P}healthcheck-path`]: '/ready',
      [`${P}healthcheck-check-interval-seconds`]: '8',
      [`${P}size-slug`]: 'lb-medium',
    },
    spec: { ports: [web, tls] },
    type: 'REGIONAL',
    request: ({ nodePort }) => ({
      forwarding_rules: [
        rule(['tcp', 80], ['tcp', nodePort(80)]),
        rule(['https', 443], ['https', nodePort(443)], { tls_passthrough: true }),
      ],
      // With the override `proxy_protocol` is left out.
      health_check: {
        protocol: 'http',
        port: nodePort(80),
        path: '/ready',
        check_interval_seconds: 8,
        response_timeout_seconds: 5,
        unhealthy_threshold: 3,
        healthy_threshold: 5,
      },
      size: 'lb-medium',
    }),
  },
  {
    name: 'fenced',
    annotations: { [`${P}deny-rules`]: 'ip:192.0.2.7, cidr:198.51.100.0/24', [`${P}allow-rules`]: 'ip:192.0.2.9' },
    spec: { ports: [web], loadBalancerSourceRanges: ['203.0.113.0/24', '192.0.2.0/24'] },
    type: 'REGIONAL_NETWORK',
    request: () => ({
      forwarding_rules: [rule(['tcp', 80], ['tcp', 80])],
      firewall: { deny: ['ip:192.0.2.7', 'cidr:198.51.100.0/24'], allow: ['cidr:192.0.2.0/24', 'cidr:203.0.113.0/24'] },
    }),
  },
  {
    // Made, then disowned: its balancer has another port than the Service by now, and that is nobody's business.
    name: 'disowned',
    annotations: { 'service.kubernetes.io/do-loadbalancer-disown': 'true' },
    spec: { ports: [web] },
    type: 'REGIONAL_NETWORK',
    request: () => ({ forwarding_rules: [rule(['tcp', 8080], ['tcp', 8080])] }),
  },
];

/** The whole body of a POST: what every request has, then what this one adds. */
export function goRequest(
  recorded: RecordedService,
  facts: RecordedFacts,
  cluster: { readonly region: string; readonly tag: string; readonly dropletIds: readonly number[] },
): object {
  const own = recorded.request(facts);
  const isInternal = own['network'] === 'INTERNAL';
  return {
    name: goName(facts.uid),
    algorithm: 'round_robin',
    region: cluster.region,
    type: recorded.type,
    health_check: GO_HEALTH_CHECK,
    sticky_sessions: { type: 'none' },
    disable_lets_encrypt_dns_records: false,
    firewall: {},
    network: 'EXTERNAL',
    // One node of the recorded cluster has no IPv6, so network balancers are IPv4; HTTP balancers are always both.
    network_stack: recorded.type === 'REGIONAL' && !isInternal ? 'DUALSTACK' : 'IPV4',
    droplet_ids: cluster.dropletIds,
    tags: [cluster.tag],
    ...own,
  };
}
