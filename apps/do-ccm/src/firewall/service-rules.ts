// What one Service asks of the public access firewall. Pure. A NodePort Service: its node ports from anywhere. A network balancer: its ports
// from those whom the Service lets in (packets arrive with the client's address), and the health check's port from the balancer. A
// Service with a setting that cannot be read keeps what is open for it: neither a guess nor an outage, and no harm to other Services.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { FirewallRule, LoadBalancer, LoadBalancerId } from '@longshore/digitalocean-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import type { AnnotationName, Settings } from '../annotations.ts';
import { desiredFirewall } from '../load-balancer/firewall-rules.ts';
import { desiredHealthCheck } from '../load-balancer/health-check.ts';
import { reachOf } from '../load-balancer/placement.ts';
import { doubtful, errorsAmong } from '../load-balancer/problems.ts';
import { portsOf } from '../load-balancer/service-facts.ts';
import type { ServicePort } from '../load-balancer/service-facts.ts';
import type { Reach } from '../load-balancer/targets.ts';
import { ANYWHERE } from './rules.ts';

/** What is known beside the Service. */
export interface ServiceSurroundings {
  readonly defaultType: 'REGIONAL' | 'REGIONAL_NETWORK';
  /** The balancers of the account; absent when they could not be listed: then annotations are believed. */
  readonly balancers: { byId(id: LoadBalancerId): LoadBalancer | undefined } | undefined;
}

/** What stays as it is in the firewall, as far as it is there. */
export interface Kept {
  /** Protocol and port of rules whose addresses stay. */
  readonly openings: readonly Pick<FirewallRule, 'protocol' | 'ports'>[];
  /** Stays wherever it is a source. */
  readonly balancerId: LoadBalancerId | undefined;
}

/** The part of one Service. */
export interface ServicePart {
  readonly rules: readonly FirewallRule[];
  readonly kept?: Kept;
  readonly problems: readonly Problem[];
}

const nothing: ServicePart = { rules: [], problems: [] };

/** The annotations that decide about the firewall. */
const RELEVANT: readonly AnnotationName[] = [
  'firewallManaged',
  'disown',
  'loadBalancerId',
  'type',
  'network',
  'allowRules',
  'overrideHealthCheck',
  'healthCheckPort',
];

/** The rules that a Service needs, or what stays open for it while it is wrong. */
export function rulesOfService(service: KubeService, around: ServiceSurroundings): ServicePart {
  const { type, loadBalancerClass } = service.spec ?? {};
  if (type !== 'NodePort' && (type !== 'LoadBalancer' || loadBalancerClass !== undefined)) return nothing;
  const { settings, problems } = readSettings(service.metadata?.annotations);
  if (settings.firewallManaged === false) return nothing;
  const doubts = problems.filter(({ field }) => field === ANNOTATIONS.firewallManaged.key);
  const part = type === 'NodePort' ? nodePortPart(service) : balancerPart(service, { settings, problems }, around);
  return { ...part, problems: [...doubts, ...part.problems] };
}

/** Everything about a Service that the firewall depends on; '' when it is none of its business. */
export function relevantText({ spec, metadata }: KubeService): string {
  if (spec?.type !== 'NodePort' && spec?.type !== 'LoadBalancer') return '';
  return JSON.stringify([
    spec.type,
    spec.loadBalancerClass,
    spec.ports?.map(({ port, protocol, nodePort }) => [port, protocol, nodePort]),
    spec.externalTrafficPolicy,
    spec.healthCheckNodePort,
    spec.loadBalancerSourceRanges,
    RELEVANT.map((name) => metadata?.annotations?.[ANNOTATIONS[name].key] ?? null),
  ]);
}

function nodePortPart(service: KubeService): ServicePart {
  const { open, problems } = openable(service);
  const rules = open
    .filter(({ nodePort }) => nodePort > 0)
    .map((port) => ruleOf(port, port.nodePort, { addresses: ANYWHERE }));
  return { rules, problems };
}

function balancerPart(
  service: KubeService,
  { settings, problems }: ReturnType<typeof readSettings>,
  around: ServiceSurroundings,
): ServicePart {
  if (settings.disown === true) return nothing;
  const keys = new Set<string>(RELEVANT.map((name) => ANNOTATIONS[name].key));
  const allowed = desiredFirewall(service, settings);
  const health = desiredHealthCheck(service, settings);
  const own = problems.filter(({ field }) => keys.has(field));
  const errors = errorsAmong([...own, ...allowed.problems, ...health.problems]);
  const balancer = balancerOf(settings, around);
  if (errors.length > 0) return keptPart(service, balancer.id, errors);
  if (balancer.type !== 'REGIONAL_NETWORK' || balancer.network !== 'EXTERNAL') return nothing;
  const { open, problems: doubts } = openable(service);
  const checker = balancer.id === undefined ? { addresses: ANYWHERE } : { loadBalancerIds: [balancer.id] };
  const check = ruleOf({ protocol: 'TCP' }, health.value.port, checker);
  const sources = allowed.value.allow.map((entry) => entry.replace(/^(ip|cidr):/, ''));
  const peers = { addresses: sources.length > 0 ? sources : ANYWHERE };
  return { rules: [check, ...open.map((port) => ruleOf(port, port.port, peers))], problems: doubts };
}

// An existing balancer is what it is, whatever an annotation says by now. An ID that the account does not have lets nobody in; the API
// might refuse the whole firewall because of it.
function balancerOf(
  settings: Settings,
  { defaultType, balancers }: ServiceSurroundings,
): Reach & { readonly id: LoadBalancerId | undefined } {
  const id = idOf(settings);
  const found = id === undefined ? undefined : balancers?.byId(id);
  const isKnown = found !== undefined || balancers === undefined;
  return { ...reachOf(settings, { defaultType }, found), id: isKnown ? id : undefined };
}

function keptPart(
  service: KubeService,
  balancerId: LoadBalancerId | undefined,
  errors: readonly Problem[],
): ServicePart {
  const openings = openable(service).open.map(({ protocol, port }) => ({
    protocol: protocol.toLowerCase(),
    ports: String(port),
  }));
  return { rules: [], kept: { openings, balancerId }, problems: errors };
}

function openable(service: KubeService): {
  readonly open: readonly ServicePort[];
  readonly problems: readonly Problem[];
} {
  const isOpenable = ({ protocol }: ServicePort): boolean => protocol === 'TCP' || protocol === 'UDP';
  const ports = portsOf(service);
  const others = ports.filter((port) => !isOpenable(port));
  const message = `spec.ports: ${others.map(({ port, protocol }) => `${port}/${protocol}`).join(', ')} cannot be opened, a firewall of DigitalOcean knows TCP and UDP ports only`;
  return { open: ports.filter(isOpenable), problems: others.length > 0 ? [doubtful('spec.ports', message)] : [] };
}

function ruleOf({ protocol }: Pick<ServicePort, 'protocol'>, port: number, peers: FirewallRule['peers']): FirewallRule {
  return { protocol: protocol.toLowerCase(), ports: String(port), peers };
}

function idOf({ loadBalancerId }: Settings): LoadBalancerId | undefined {
  return loadBalancerId === undefined ? undefined : parseLoadBalancerId(loadBalancerId);
}
