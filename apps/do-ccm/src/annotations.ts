// The one table of Service annotations: key, values, default, meaning. Settings, problems, docs/annotations/digitalocean.md and
// the names used elsewhere all come from here. Keys and meanings are those of the Go program, so existing manifests keep working;
// what differs on purpose: a bad value is always a problem, never silently the default.
import type { Problem } from '@longshore/cloud-provider';
import * as kinds from './annotation-values.ts';
import type { ValueKind } from './annotation-values.ts';

/** One annotation of a Service. */
export interface Annotation<T> {
  readonly key: string;
  readonly kind: ValueKind<T>;
  /** What holds without it, for the docs. */
  readonly fallback: string;
  /** One or two sentences for the docs. */
  readonly doc: string;
  /** A bad value is told and counts as absent; it stops nothing. */
  readonly isForgiving?: boolean;
  /** The Go program does not know it. */
  readonly isAddition?: boolean;
}

const PREFIX = 'service.beta.kubernetes.io/do-loadbalancer-';

function own<T>(name: string, kind: ValueKind<T>, fallback: string, doc: string): Annotation<T> {
  return { key: `${PREFIX}${name}`, kind, fallback, doc };
}

function added<T>(name: string, kind: ValueKind<T>, fallback: string, doc: string): Annotation<T> {
  return { ...own(name, kind, fallback, doc), isAddition: true };
}

/** All annotations, in the order of the docs. */
export const ANNOTATIONS = {
  loadBalancerId: {
    key: 'kubernetes.digitalocean.com/load-balancer-id',
    kind: kinds.text('the ID of a load balancer'),
    fallback: 'written by the controller',
    doc: 'The balancer of this Service. To take over a balancer of another cluster, set this and `do-loadbalancer-name` to its present name: an ID alone is refused when nothing shows that the balancer belongs to this Service.',
  },
  claim: {
    key: 'kubernetes.digitalocean.com/load-balancer-claim',
    kind: kinds.text('written by the controller; do not set it'),
    fallback: 'written by the controller together with the ID',
    isAddition: true,
    doc: 'UID of the Service and ID of its balancer (before it exists: its name): shows that the two belong together, which a copied or edited ID does not.',
  },
  disown: {
    key: 'service.kubernetes.io/do-loadbalancer-disown',
    kind: kinds.boolean,
    fallback: '`false`',
    doc: 'Leaves the balancer alone: it is neither created, changed nor deleted.',
  },
  firewallManaged: {
    key: 'kubernetes.digitalocean.com/firewall-managed',
    kind: kinds.boolean,
    fallback: '`true`, also for a value that cannot be read',
    doc: 'With `false` the public access firewall opens nothing for this Service, of type NodePort or LoadBalancer. Counts only where `do-ccm` keeps such a firewall.',
    isForgiving: true,
  },
  name: own(
    'name',
    kinds.text('up to 255 letters, digits, `.` and `-`, starting with a letter or digit'),
    '`a` and the UID of the Service',
    'Name of the balancer; an existing one is renamed.',
  ),
  type: own(
    'type',
    kinds.oneOf(['REGIONAL', 'REGIONAL_NETWORK', 'GLOBAL']),
    '`DEFAULT_LB_TYPE`, then written by the controller',
    'HTTP balancer with node ports, network balancer that hands packets through, or (an addition) HTTP balancer for several regions, see `global-…`. Cannot be changed on an existing balancer.',
  ),
  network: own(
    'network',
    kinds.oneOf(['EXTERNAL', 'INTERNAL']),
    '`EXTERNAL`',
    'Public, or reachable inside the VPC only. Cannot be changed on an existing balancer.',
  ),
  networkStack: own(
    'network-stack',
    kinds.oneOf(['IPV4', 'DUALSTACK']),
    'new balancers: `DUALSTACK` where type and nodes allow it; existing ones keep theirs',
    'Address families of the balancer. Cannot be changed on an existing balancer.',
  ),
  ip: own(
    'ip',
    kinds.ipv4,
    'chosen by DigitalOcean',
    'Address of the account (bring your own IP) for a new balancer. Cannot be changed on an existing balancer.',
  ),
  subnetUuid: own(
    'subnet-uuid',
    kinds.text('the UUID of a subnet'),
    'none',
    'Subnet of the balancer. Cannot be changed on an existing balancer.',
  ),
  projectId: added(
    'project-id',
    kinds.uuid('the ID of a project'),
    'new balancers: the default project; existing ones stay where they are',
    'Project that the balancer belongs to; an existing one is moved. The token needs the scopes `project:read` and `project:update`.',
  ),
  protocol: own(
    'protocol',
    kinds.oneOf(['tcp', 'http', 'https', 'http2', 'http3'], { isEmptyAbsent: false }),
    '`tcp`',
    'Protocol of the ports that no other annotation names. Type `REGIONAL` only, like all annotations about protocols and TLS.',
  ),
  httpPorts: own('http-ports', kinds.ports, 'none', 'Ports that speak HTTP.'),
  tlsPorts: own(
    'tls-ports',
    kinds.ports,
    '443 if there is a certificate or pass-through and `http2-ports` has no 443',
    'Ports that speak HTTPS.',
  ),
  http2Ports: own('http2-ports', kinds.ports, 'none', 'Ports that speak HTTP/2.'),
  http3Port: own(
    'http3-port',
    kinds.port,
    'none',
    'Port that also speaks HTTP/3; needs a certificate. Must be a port of the Service.',
  ),
  tlsPassthrough: own(
    'tls-passthrough',
    kinds.boolean,
    '`false`',
    'Hands TLS through to the pods. Excludes a certificate and HTTP/3.',
  ),
  certificateId: own(
    'certificate-id',
    kinds.text('the ID of a certificate'),
    'none',
    'Certificate for HTTPS, HTTP/2 and HTTP/3. When Let’s Encrypt renews it under a new ID, the balancer’s is followed.',
  ),
  certificateName: own(
    'certificate-name',
    kinds.text('the name of a certificate'),
    'none',
    'As `certificate-id`, by name, which survives renewals. The ID wins if both are set.',
  ),
  portCertificates: added(
    'port-certificates',
    kinds.portCertificates,
    'none',
    'Certificates for single ports, in place of the one above. These ports are HTTPS, or HTTP/2 where `http2-ports` has them.',
  ),
  targetProtocol: added(
    'target-protocol',
    kinds.oneOf(['http', 'https', 'http2']),
    '`http`',
    'Protocol to the pods on ports where the balancer ends TLS: `https` and `http2` encrypt again.',
  ),
  tlsCipherPolicy: added(
    'tls-cipher-policy',
    kinds.oneOf(['DEFAULT', 'STRONG']),
    'new balancers: `DEFAULT`; existing ones keep theirs',
    'Ciphers that the balancer offers to clients.',
  ),
  hostname: own(
    'hostname',
    kinds.hostname,
    'none',
    'Published in the Service’s status instead of the addresses; in-cluster traffic then goes through the balancer.',
  ),
  algorithm: own(
    'algorithm',
    kinds.oneOf(['round_robin', 'least_connections']),
    '`round_robin`',
    'Deprecated: sent, but DigitalOcean ignores it; a change alone causes no call.',
  ),
  sizeSlug: own(
    'size-slug',
    kinds.oneOf(['lb-small', 'lb-medium', 'lb-large']),
    'none',
    'Deprecated: use `size-unit`. Not together with it.',
  ),
  sizeUnit: own('size-unit', kinds.integer(0, 200), '1', 'Number of nodes of the balancer; 0 means the default.'),
  stickyType: own(
    'sticky-sessions-type',
    kinds.oneOf(['none', 'cookies']),
    '`none`',
    '`cookies` sends a client to the same node; needs the name and the TTL below.',
  ),
  stickyCookieName: own('sticky-sessions-cookie-name', kinds.textOfLength(2, 40), 'none', 'Name of the cookie.'),
  stickyCookieTtl: own(
    'sticky-sessions-cookie-ttl',
    kinds.integer(1, 999_999_999, 'seconds'),
    'none',
    'Life of the cookie.',
  ),
  redirectHttpToHttps: own('redirect-http-to-https', kinds.boolean, '`false`', 'Redirects HTTP requests to HTTPS.'),
  proxyProtocol: own('enable-proxy-protocol', kinds.boolean, '`false`', 'Sends the PROXY protocol to the pods.'),
  backendKeepalive: own('enable-backend-keepalive', kinds.boolean, '`false`', 'Keeps HTTP connections to nodes open.'),
  disableLetsEncryptDns: own(
    'disable-lets-encrypt-dns-records',
    kinds.boolean,
    '`false`',
    'Stops DigitalOcean from adding DNS records for Let’s Encrypt certificates.',
  ),
  httpIdleTimeout: own(
    'http-idle-timeout-seconds',
    kinds.integer(30, 600, 'seconds'),
    '60',
    'How long an idle HTTP connection stays open.',
  ),
  denyRules: own('deny-rules', kinds.firewallRules, 'none', 'Clients that the balancer refuses.'),
  allowRules: own(
    'allow-rules',
    kinds.firewallRules,
    'everybody',
    'Clients that the balancer serves. `spec.loadBalancerSourceRanges` wins if it is set.',
  ),
  overrideHealthCheck: own(
    'override-health-check',
    kinds.presence,
    'absent: HTTP `/healthz` of kube-proxy, or of the Service with `externalTrafficPolicy: Local`',
    'Makes the next three annotations effective.',
  ),
  healthCheckPort: own(
    'healthcheck-port',
    kinds.port,
    'the first TCP port',
    'A TCP port of the Service; its node port is checked.',
  ),
  healthCheckPath: own('healthcheck-path', kinds.text('a path'), 'none', 'Path of an HTTP check.'),
  healthCheckProtocol: own(
    'healthcheck-protocol',
    kinds.oneOf(['tcp', 'http', 'https']),
    '`http` if a path is given, else `tcp`',
    'Protocol of the check.',
  ),
  healthCheckInterval: own(
    'healthcheck-check-interval-seconds',
    kinds.integer(3, 300, 'seconds'),
    '3',
    'Pause between two checks.',
  ),
  healthCheckTimeout: own(
    'healthcheck-response-timeout-seconds',
    kinds.integer(3, 300, 'seconds'),
    '5',
    'Time for an answer.',
  ),
  healthCheckUnhealthyThreshold: own(
    'healthcheck-unhealthy-threshold',
    kinds.integer(2, 10),
    '3',
    'Failed checks that take a node out.',
  ),
  healthCheckHealthyThreshold: own(
    'healthcheck-healthy-threshold',
    kinds.integer(2, 10),
    '5',
    'Passed checks that take a node in.',
  ),
  globalDomains: added(
    'global-domains',
    kinds.domains,
    'what the balancer has',
    'Type `GLOBAL` only, like the next ones. Domains that the balancer answers for.',
  ),
  globalManagedDomains: added(
    'global-managed-domains',
    kinds.domains,
    'what the balancer has',
    'The same for domains whose DNS is at DigitalOcean, which adds the records.',
  ),
  globalTargetBalancers: added(
    'global-target-load-balancer-ids',
    kinds.texts('IDs of regional load balancers'),
    'what the balancer has, else the nodes of this cluster',
    'Regional balancers, of this or other clusters, that get the traffic in place of nodes.',
  ),
  globalTargetProtocol: added(
    'global-target-protocol',
    kinds.oneOf(['http', 'https', 'http2']),
    'what the balancer has, else `http`',
    'Protocol to the targets.',
  ),
  globalTargetPort: added(
    'global-target-port',
    kinds.oneOf(['80', '443']),
    'what the balancer has, else 443 for `https` and `http2`, 80 for `http`',
    'Port of the targets. Nodes have to serve it themselves (host network); node ports cannot be reached.',
  ),
  globalCdn: added('global-cdn', kinds.boolean, 'what the balancer has, else `false`', 'Caches answers.'),
  globalRegionPriorities: added(
    'global-region-priorities',
    kinds.regionPriorities,
    'what the balancer has',
    'Which regions get the traffic first: those with the lowest number.',
  ),
  globalFailoverThreshold: added(
    'global-failover-threshold',
    kinds.integer(1, 99, 'percent'),
    'what the balancer has',
    'Share of failed targets of a region at which the next region is used.',
  ),
} satisfies Readonly<Record<string, Annotation<unknown>>>;

/** Annotations that the controller writes itself: a change of one of them is no wish of the Service's owner. */
export const OWN_ANNOTATIONS: readonly string[] = [
  ANNOTATIONS.loadBalancerId.key,
  ANNOTATIONS.claim.key,
  ANNOTATIONS.type.key,
];

/** Name of an annotation in this program. */
export type AnnotationName = keyof typeof ANNOTATIONS;

/** The values of a Service's annotations; `undefined` where there is none, or none that can be used. */
export type Settings = {
  readonly [Name in AnnotationName]: (typeof ANNOTATIONS)[Name] extends Annotation<infer Value>
    ? Value | undefined
    : never;
};

/** Values and what is wrong with them. */
export interface ReadSettings {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
}

/** Reads all annotations of a Service; one bad value does not hide the others. */
export function readSettings(annotations: Readonly<Record<string, string>> | undefined): ReadSettings {
  const problems: Problem[] = [];
  const read = ([name, { key, kind, isForgiving }]: [string, Annotation<unknown>]): [string, unknown] => {
    const raw = annotations?.[key];
    if (raw === undefined || (kind.isEmptyAbsent && raw.trim() === '')) return [name, undefined];
    const value = kind.parse(raw);
    if (value === undefined) problems.push({ ...badValue(key, raw, kind.values), ...(isForgiving ? WARNING : {}) });
    return [name, value];
  };
  const settings = Object.fromEntries(Object.entries<Annotation<unknown>>(ANNOTATIONS).map(read)) as Settings;
  return { settings, problems };
}

const WARNING = { severity: 'warning' } as const;

// Long values would make the event unreadable.
const SHOWN_VALUE_LENGTH = 80;

function badValue(key: string, value: string, values: string): Problem {
  const shown = value.length > SHOWN_VALUE_LENGTH ? `${value.slice(0, SHOWN_VALUE_LENGTH)}…` : value;
  const message = `annotation ${key}: ${JSON.stringify(shown)} is not allowed, use ${values.replaceAll('`', '')}`;
  return { field: key, value, message, severity: 'error' };
}
