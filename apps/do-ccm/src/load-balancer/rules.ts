// Ports of a Service to forwarding rules. HTTP balancers (REGIONAL) speak a protocol per port and send to node ports; network balancers
// (REGIONAL_NETWORK) hand packets through to the same port, and kube-proxy on the node does the rest.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import type { CertificateId, ForwardingRule } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import type { AnnotationName, Settings } from '../annotations.ts';
import { doubtful, wrong } from './problems.ts';
import type { Decided } from './problems.ts';
import { portsOf } from './service-facts.ts';
import type { ServicePort } from './service-facts.ts';

/** What rules are made of. */
export interface RulesInput {
  readonly service: KubeService;
  readonly settings: Settings;
  readonly type: string;
  readonly certificateId: CertificateId | undefined;
  /** Of single ports; absent: none. */
  readonly portCertificates?: ReadonlyMap<number, CertificateId> | undefined;
}

type Protocol = NonNullable<Settings['protocol']>;

// DigitalOcean keeps these for itself: "entry port is invalid".
const RESERVED_PORTS = new Set([50053, 50054, 50055]);
const HTTP_ONLY: readonly AnnotationName[] = [
  'protocol',
  'httpPorts',
  'tlsPorts',
  'http2Ports',
  'http3Port',
  'tlsPassthrough',
  'certificateId',
  'certificateName',
  'portCertificates',
  'targetProtocol',
  'tlsCipherPolicy',
  'redirectHttpToHttps',
  'stickyType',
];

/** The rules of a Service, in the order of its ports; HTTP/3 comes last. */
export function desiredRules(input: RulesInput): Decided<readonly ForwardingRule[]> {
  const ports = portsOf(input.service);
  const { value, problems } = input.type === 'REGIONAL' ? httpBalancerRules(input, ports) : networkRules(input, ports);
  return { value, problems: [...ports.flatMap(portProblems), ...problems] };
}

function portProblems({ port, protocol }: ServicePort): readonly Problem[] {
  if (protocol !== 'TCP' && protocol !== 'UDP') {
    return [
      wrong('spec.ports', `only TCP or UDP protocol is supported, got: "${protocol}" for port ${port}`, protocol),
    ];
  }
  if (!RESERVED_PORTS.has(port)) return [];
  const reserved = [...RESERVED_PORTS].join(', ');
  return [wrong('spec.ports', `port ${port} cannot be used: DigitalOcean reserves ${reserved}`, String(port))];
}

function networkRules({ settings }: RulesInput, ports: readonly ServicePort[]): Decided<readonly ForwardingRule[]> {
  const value = ports.map(({ port, protocol }) => plainRule(protocol === 'UDP' ? 'udp' : 'tcp', port, port));
  const ignored = HTTP_ONLY.filter((name) => asksForHttp(settings, name)).map((name) => ANNOTATIONS[name].key);
  const message = `a balancer of type REGIONAL_NETWORK hands packets through and ignores ${ignored.join(', ')}: set ${ANNOTATIONS.type.key} to REGIONAL for HTTP and TLS (before the balancer exists; its type cannot be changed)`;
  return { value, problems: ignored.length > 0 ? [doubtful(ANNOTATIONS.type.key, message)] : [] };
}

function asksForHttp(settings: Settings, name: AnnotationName): boolean {
  const value = settings[name];
  return value !== undefined && value !== false && value !== 'tcp' && value !== 'none';
}

function httpBalancerRules(input: RulesInput, ports: readonly ServicePort[]): Decided<readonly ForwardingRule[]> {
  const protocols = protocolsOf(input);
  const problems: Problem[] = [...sharedPortProblems(protocols), ...missingNodePorts(ports)];
  const rules = ports.map(({ port, protocol, nodePort }) =>
    protocol === 'UDP'
      ? plainRule('udp', port, nodePort)
      : tcpRule(input, { protocol: protocolOf(port, protocols), port, nodePort }),
  );
  problems.push(...tlsProblems(input, rules), ...http3DefaultProblems(input), ...idleProblems(input, ports, rules));
  const http3 = http3Rule(input, ports);
  return { value: [...rules, ...http3.value], problems: [...problems, ...http3.problems] };
}

interface Protocols {
  readonly fallback: Protocol;
  readonly http: readonly number[];
  readonly https: readonly number[];
  readonly http2: readonly number[];
}

function protocolsOf({ settings, certificateId, portCertificates }: RulesInput): Protocols {
  const { httpPorts = [], tlsPorts = [], http2Ports = [], protocol = 'tcp' } = settings;
  const hasTls = certificateId !== undefined || settings.tlsPassthrough === true;
  const isImplied = hasTls && tlsPorts.length === 0 && !http2Ports.includes(443);
  const single = portsOfCertificates(portCertificates).filter((port) => !http2Ports.includes(port));
  const https = [...new Set([...(isImplied ? [443] : tlsPorts), ...single])];
  return { fallback: protocol, http: httpPorts, https, http2: http2Ports };
}

function portsOfCertificates(certificates: RulesInput['portCertificates']): readonly number[] {
  return [...(certificates?.keys() ?? [])];
}

function certificateOf({ certificateId, portCertificates }: RulesInput, port: number): CertificateId | undefined {
  return portCertificates?.get(port) ?? certificateId;
}

function protocolOf(port: number, { fallback, http, https, http2 }: Protocols): Protocol {
  if (http2.includes(port)) return 'http2';
  if (https.includes(port)) return 'https';
  return http.includes(port) ? 'http' : fallback;
}

function tcpRule(
  input: RulesInput,
  { protocol, port, nodePort }: { readonly protocol: Protocol; readonly port: number; readonly nodePort: number },
): ForwardingRule {
  if (protocol !== 'https' && protocol !== 'http2') return plainRule(protocol, port, nodePort);
  const { settings } = input;
  if (settings.tlsPassthrough) return { ...plainRule(protocol, port, nodePort), tlsPassthrough: true };
  const rule = { ...plainRule(protocol, port, nodePort), targetProtocol: settings.targetProtocol ?? 'http' };
  const certificateId = certificateOf(input, port);
  return certificateId === undefined ? rule : { ...rule, certificateId };
}

function plainRule(protocol: string, entryPort: number, targetPort: number): ForwardingRule {
  return { entryProtocol: protocol, entryPort, targetProtocol: protocol, targetPort };
}

function sharedPortProblems({ http, https, http2 }: Protocols): readonly Problem[] {
  const all = [...new Set(http), ...new Set(https), ...new Set(http2)];
  const shared = [...new Set(all.filter((port, at) => all.indexOf(port) !== at))].map(String).sort();
  if (shared.length === 0) return [];
  const message = `ports from annotations "service.beta.kubernetes.io/do-loadbalancer-*-ports" cannot be shared but found: ${shared.join(', ')}`;
  return [wrong(ANNOTATIONS.httpPorts.key, message, shared.join(','))];
}

function missingNodePorts(ports: readonly ServicePort[]): readonly Problem[] {
  const without = ports.filter(({ nodePort }) => nodePort === 0).map(({ port }) => port);
  if (without.length === 0) return [];
  const message = `a balancer of type REGIONAL sends to node ports, and port ${without.join(', ')} has none: remove spec.allocateLoadBalancerNodePorts: false`;
  return [wrong('spec.allocateLoadBalancerNodePorts', message)];
}

function tlsProblems(input: RulesInput, rules: readonly ForwardingRule[]): readonly Problem[] {
  const { settings, certificateId, portCertificates } = input;
  const { key } = ANNOTATIONS.certificateId;
  const hasCertificate = certificateId !== undefined || (portCertificates?.size ?? 0) > 0;
  if (hasCertificate && settings.tlsPassthrough) {
    return [
      wrong(
        key,
        `either certificate id should be set or tls pass through enabled, not both (${key}, ${ANNOTATIONS.tlsPassthrough.key})`,
      ),
    ];
  }
  const isTls = ({ entryProtocol }: ForwardingRule): boolean => entryProtocol === 'https' || entryProtocol === 'http2';
  const needing = rules.filter((rule) => isTls(rule) && certificateOf(input, rule.entryPort) === undefined);
  if (needing.length === 0 || settings.tlsPassthrough) return [];
  const ports = needing.map(({ entryProtocol, entryPort }) => `${entryProtocol} port ${entryPort}`).join(', ');
  const message = `${ports}: must set certificate id or enable tls pass through (${key}, ${ANNOTATIONS.certificateName.key} or ${ANNOTATIONS.tlsPassthrough.key})`;
  return [wrong(key, message)];
}

// Said of ports that are not there, or of TLS that does not end here.
function idleProblems(
  { settings, portCertificates }: RulesInput,
  ports: readonly ServicePort[],
  rules: readonly ForwardingRule[],
): readonly Problem[] {
  const strangers = portsOfCertificates(portCertificates).filter(
    (port) => !ports.some((each) => each.port === port && each.protocol === 'TCP'),
  );
  const { portCertificates: certificates, targetProtocol: target } = ANNOTATIONS;
  const stranger = `annotation ${certificates.key}: ${strangers.join(', ')} is no TCP port of the Service, so the certificate has no effect`;
  const endsTls = rules.some(({ certificateId }) => certificateId !== undefined);
  const idle = `annotation ${target.key} has no effect: the balancer ends TLS on no port`;
  return [
    ...(strangers.length > 0 ? [doubtful(certificates.key, stranger)] : []),
    ...(settings.targetProtocol !== undefined && !endsTls ? [doubtful(target.key, idle)] : []),
  ];
}

// The API knows no http3 towards droplets, so as a protocol for all ports it cannot work.
function http3DefaultProblems({ settings }: RulesInput): readonly Problem[] {
  if (settings.protocol !== 'http3') return [];
  const { key } = ANNOTATIONS.protocol;
  return [
    wrong(
      key,
      `annotation ${key}: "http3" cannot be the protocol of all ports, use ${ANNOTATIONS.http3Port.key}`,
      'http3',
    ),
  ];
}

function http3Rule(input: RulesInput, ports: readonly ServicePort[]): Decided<readonly ForwardingRule[]> {
  const { key } = ANNOTATIONS.http3Port;
  const { settings } = input;
  const port = settings.http3Port;
  if (port === undefined) return { value: [], problems: [] };
  const certificateId = certificateOf(input, port);
  if (settings.tlsPassthrough) {
    const message = `TLS passthrough is not allowed to be used in conjunction with HTTP3 (${key})`;
    return { value: [], problems: [wrong(key, message, String(port))] };
  }
  if (certificateId === undefined) {
    return { value: [], problems: [wrong(key, `certificate ID is required for HTTP3 (${key})`, String(port))] };
  }
  const found = ports.find((candidate) => candidate.port === port && candidate.protocol === 'TCP');
  const target = found ?? ports.find((candidate) => candidate.port === port);
  if (!target) {
    return {
      value: [],
      problems: [doubtful(key, `annotation ${key}: ${port} is no port of the Service, so there is no HTTP/3`)],
    };
  }
  return {
    value: [
      {
        ...plainRule('http3', port, target.nodePort),
        targetProtocol: settings.targetProtocol ?? 'http',
        certificateId,
      },
    ],
    problems: [],
  };
}
