// Gathers what a decision about one balancer needs beyond the Service (servers of nodes, floating IPs, the found parts), and has it made.
// Everything that can be wrong is found before anything is built.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { FloatingIp, LoadBalancer, Server } from '@longshore/cloudscale-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import type { ServerInstances } from '../instances/instances.ts';
import { desiredBalancer, portProblems, settingsConflicts } from './desired.ts';
import type { WantedBalancer } from './desired.ts';
import { floatingProblems } from './floating-conflicts.ts';
import { selectTargets } from './members.ts';
import type { FoundBalancer, ProjectLists } from './observe.ts';
import { planBalancer } from './plan.ts';
import type { Step } from './plan.ts';
import { errorsAmong, serviceInvalid, wrong } from './problems.ts';
import { refusalOf } from './refusals.ts';

/** What is known already. */
export interface DecisionFacts {
  readonly service: KubeService;
  readonly nodes: readonly KubeNode[];
  readonly found: LoadBalancer | undefined;
  readonly services: readonly KubeService[];
}

/** Whom to ask for the rest. */
export interface DecisionSources {
  readonly lists: ProjectLists;
  readonly instances: Pick<ServerInstances, 'serversOf'>;
}

/** A warning event. */
export interface Warning {
  readonly reason: string;
  readonly message: string;
}

/** A Node that cannot be a member. */
export interface UnreachableNode {
  readonly node: KubeNode;
  /** Its server's name. */
  readonly server: string;
}

/** The wanted balancer and the way to it. */
export interface Decision {
  readonly settings: Settings;
  readonly wanted: WantedBalancer;
  readonly warnings: readonly Warning[];
  /** Nodes whose servers have no address that the balancer reaches. */
  readonly unreachable: readonly UnreachableNode[];
  /** The steps for the balancer that is there by now. */
  readonly steps: (balancer: LoadBalancer) => readonly Step[];
}

/** What is wrong with a Service by itself. */
export function problemsOfService(service: KubeService): readonly Problem[] {
  const { settings, problems } = readSettings(service.metadata?.annotations);
  return [...problems, ...portProblems(service), ...settingsConflicts(service, settings)];
}

/** Throws when the Service has to be changed first. */
export function requireValid(service: KubeService): void {
  throwIfAny(errorsAmong(problemsOfService(service)));
}

/** Whether the Service says which balancer is its own. */
export function isNoted(service: KubeService, balancer: LoadBalancer): boolean {
  return noteSteps(service, balancer).length === 0;
}

/** Decides about one balancer. Throws when the Service has to be changed first, and when a server cannot be asked for. */
export async function decideBalancer(
  facts: DecisionFacts,
  sources: DecisionSources,
  signal: AbortSignal,
): Promise<Decision> {
  const { service, found } = facts;
  const { settings } = readSettings(service.metadata?.annotations);
  requireValid(service);
  const nodes = facts.nodes.filter(({ metadata }) => settings.nodeSelector?.(metadata?.labels ?? {}) ?? true);
  const findings = await sources.instances.serversOf(nodes, signal);
  const servers = serversAmong(findings);
  const floating = settings.floatingIps.length > 0 ? await sources.lists.floatingIps(signal) : [];
  const zone = zoneOf(settings, found, servers);
  throwIfAny([
    ...(zone.problem === undefined ? [] : [zone.problem]),
    ...floatingProblems(service, settings.floatingIps, { services: facts.services, known: floating }),
  ]);
  const { targets, unreachable, excluded } = selectTargets(servers, settings.allowedSubnets);
  const wanted = desiredBalancer({ service, settings, zone: zone.value, targets });
  const refusal = found && refusalOf(wanted, found);
  if (refusal) throw refusal;
  const parts = found && found.status !== 'changing' ? await sources.lists.observe(found, signal) : undefined;
  return {
    settings,
    wanted,
    warnings: warningsOf({ settings, nodes, unreachable, excluded, hasTargets: targets.length > 0 }),
    unreachable: nodesAmong(nodes, findings, unreachable),
    steps: (balancer) => [
      ...noteSteps(service, balancer),
      ...(parts ? [...planBalancer(wanted, parts), ...floatingSteps(wanted, parts, floating)] : []),
    ],
  };
}

function throwIfAny(problems: readonly Problem[]): void {
  if (problems.length > 0) throw serviceInvalid(problems);
}

// A server that is gone takes nothing with it; one that cannot be asked for stops everything, because its member must not be removed. A node
// whose name no server has is not the cloud's: others must not wait for it.
function serversAmong(findings: Findings): readonly Server[] {
  return [...findings.values()].flatMap((finding) => {
    if (finding.kind === 'server') return [finding.server];
    if (finding.kind === 'unknown' && !isNobody(finding.error)) throw finding.error;
    return [];
  });
}

type Findings = Awaited<ReturnType<ServerInstances['serversOf']>>;

function nodesAmong(
  nodes: readonly KubeNode[],
  findings: Findings,
  unreachable: readonly string[],
): readonly UnreachableNode[] {
  return nodes.flatMap((node) => {
    const finding = findings.get(node.metadata?.name ?? '');
    if (finding?.kind !== 'server' || !unreachable.includes(finding.server.name)) return [];
    return [{ node, server: finding.server.name }];
  });
}

function isNobody(error: unknown): boolean {
  const code = (error as { readonly code?: unknown }).code;
  return code === 'SERVER_NOT_FOUND' || code === 'SERVER_AMBIGUOUS' || code === 'PROVIDER_ID_MALFORMED';
}

function zoneOf(
  settings: Settings,
  found: LoadBalancer | undefined,
  servers: readonly Server[],
): { readonly value: string | undefined; readonly problem?: Problem } {
  if (settings.zone !== undefined) return { value: settings.zone };
  if (found) return { value: found.zone };
  const zones = [...new Set(servers.map(({ zone }) => zone))].sort();
  if (zones.length < 2) return { value: zones[0] };
  const { key } = ANNOTATIONS.zone;
  const message = `no loadbalancer zone set and nodes in multiple zones (${zones.join(', ')}): set the annotation ${key}`;
  return { value: undefined, problem: wrong(key, message) };
}

function noteSteps({ metadata }: KubeService, { id, zone }: LoadBalancer): readonly Step[] {
  const wanted = {
    [ANNOTATIONS.uuid.key]: id,
    [ANNOTATIONS.configVersion.key]: metadata?.annotations?.[ANNOTATIONS.configVersion.key] ?? '1',
    [ANNOTATIONS.zone.key]: zone,
  };
  const differing = Object.entries(wanted).filter(([key, value]) => metadata?.annotations?.[key] !== value);
  return differing.length === 0 ? [] : [{ kind: 'note-identity', annotations: Object.fromEntries(differing) }];
}

// Last, when all else is right. Those that are no longer wanted stay: the API cannot take them away without another target.
function floatingSteps(
  { floatingIps }: WantedBalancer,
  { balancer }: FoundBalancer,
  known: readonly FloatingIp[],
): readonly Step[] {
  return floatingIps
    .filter((address) => known.find((ip) => ip.address === address)?.loadBalancerId !== balancer.id)
    .map((address) => ({ kind: 'assign-floating-ip', address, balancer: balancer.id }));
}

interface WarningFacts {
  readonly settings: Settings;
  readonly nodes: readonly KubeNode[];
  readonly unreachable: readonly string[];
  readonly excluded: readonly string[];
  readonly hasTargets: boolean;
}

function warningsOf({ nodes, unreachable, excluded, hasTargets }: WarningFacts): readonly Warning[] {
  const warnings: Warning[] = [];
  const tell = (reason: string, message: string): number => warnings.push({ reason, message });
  if (nodes.length === 0) {
    tell(
      'NoValidNodes',
      `no node can be used: check the annotation ${ANNOTATIONS.nodeSelector.key} and the label node.kubernetes.io/exclude-from-external-load-balancers`,
    );
  }
  if (unreachable.length > 0) {
    tell('NoPrivateAddress', `servers without private address get no traffic: ${unreachable.join(', ')}`);
  }
  if (excluded.length > 0 && !hasTargets) {
    tell(
      'NoAllowedSubnet',
      `no server has an address in the subnets of the annotation ${ANNOTATIONS.allowedSubnets.key}`,
    );
  }
  return warnings;
}
