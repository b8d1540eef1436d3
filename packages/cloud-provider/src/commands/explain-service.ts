// Why a Service has, or has not, the load balancer that it wants: facts in, an explanation out. Pure; explain.ts observes and prints.
import { messageOf } from '@longshore/reconciler-core';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancerIngress, Problem } from '../provider.ts';
import { describeStatus, storedIngress } from '../service/balancer-status.ts';
import { isBeingDeleted } from '../service/service-ownership.ts';
import { describeRule, dropRule, selectTargets } from '../service/targets.ts';
import type { DropRule } from '../service/targets.ts';
import { eventLines } from './explain-events.ts';
import type { ExplainedEvents } from './explain-events.ts';
import { fieldLines, nextLines } from './explain-text.ts';
import type { Section } from './explain-text.ts';
import { serviceReference } from './plan-report.ts';
import type { ObjectReference, PlanReport, ReportedStep } from './plan-report.ts';
import { planOneService } from './plan-services.ts';
import type { BalancerAnswer, ServicePlanFacts } from './plan-services.ts';

/** What is observed of one Service. */
export interface ServiceStory {
  /** Its decision and the provider's plan; the latter is asked for also where the settings forbid the sync. */
  readonly facts: ServicePlanFacts;
  readonly nodes: readonly KubeNode[];
  readonly events: ExplainedEvents;
  /** Why no controller of this program cares for Services; absent when one does. */
  readonly isOff?: string | undefined;
}

/** A Node that gets no traffic of load balancers. */
export interface DroppedNode {
  readonly node: string;
  readonly rule: DropRule;
  readonly because: string;
}

/** What `explain service -o json` prints. */
export interface ServiceExplanation {
  readonly object: ObjectReference;
  readonly decision: 'ensure' | 'remove' | 'refuse' | 'none';
  /** The decision in words. */
  readonly because: string;
  /** What the cloud would be told, and what it has, in the provider's own form; absent when there is no such thing. */
  readonly wanted?: object;
  readonly found?: object;
  /** Addresses that the Service shows. */
  readonly shown: readonly LoadBalancerIngress[];
  readonly problems: readonly Problem[];
  readonly targets: { readonly nodes: readonly string[]; readonly dropped: readonly DroppedNode[] };
  readonly blockedBy: readonly string[];
  readonly steps: readonly ReportedStep[];
  /** Why the cloud's side is not known. */
  readonly unknown?: string;
  readonly events: ExplainedEvents;
}

/** The explanation as data. */
export function explainService({ facts, nodes, events, isOff }: ServiceStory): ServiceExplanation {
  const { service, decision, problems } = facts;
  const report = planOneService(facts);
  const isIdle = decision.kind === 'forget' || decision.kind === 'leave' || decision.kind === 'disown';
  return {
    object: serviceReference(service),
    decision: isIdle ? 'none' : decision.kind,
    because: isOff ?? becauseOf(facts),
    ...cloudSide(facts.answer),
    shown: storedIngress(service),
    problems,
    targets: { nodes: targetNames(nodes), dropped: droppedNodes(nodes) },
    blockedBy: blockersOf(report, facts),
    steps: report.steps,
    events,
  };
}

function cloudSide(answer: BalancerAnswer | undefined): Pick<ServiceExplanation, 'wanted' | 'found' | 'unknown'> {
  if (answer === undefined) return {};
  if (answer.kind === 'failed') return { unknown: messageOf(answer.error) };
  const { wanted, found } = answer.plan;
  return { ...(wanted ? { wanted } : {}), ...(found ? { found } : {}) };
}

/** The explanation for people. */
export function serviceSections(explanation: ServiceExplanation, service: KubeService): readonly Section[] {
  const { because, problems, blockedBy, events, decision } = explanation;
  const isOurs = decision !== 'none';
  return [
    { title: 'Wanted', lines: [because, portsInWords(service), ...fieldLines(explanation.wanted ?? {})] },
    { title: 'Found', lines: isOurs ? foundLines(explanation) : shownLines(explanation) },
    { title: 'Problems', lines: problems.map(({ severity, message }) => `${severity}: ${message}`) },
    { title: 'Targets', lines: decision === 'ensure' || decision === 'refuse' ? targetLines(explanation) : [] },
    { title: 'Blocked by', lines: blockedBy },
    { title: 'Next', lines: nextLinesOf(explanation) },
    { title: 'Events', lines: eventLines(events) },
  ];
}

function becauseOf({ service, decision, answer }: ServicePlanFacts): string {
  switch (decision.kind) {
    case 'ensure':
      return wantingReason(answer);
    case 'remove':
      return isBeingDeleted(service)
        ? 'It is being deleted; its load balancer goes first.'
        : `It is of type ${typeOf(service)} now; the load balancer that it had goes.`;
    case 'refuse':
      return 'It asks for a load balancer, but its settings must be corrected first; a load balancer that exists stays as it is.';
    case 'disown':
      return 'It wants a load balancer, but an annotation tells this program to leave it alone.';
    case 'forget':
    case 'leave':
      return idleReason(service);
  }
}

function wantingReason(answer: BalancerAnswer | undefined): string {
  return answer?.kind === 'planned' && answer.plan.wanted === undefined
    ? 'It asks for a load balancer, but the cloud provider leaves it alone.'
    : 'It wants a load balancer.';
}

function idleReason(service: KubeService): string {
  const { loadBalancerClass } = service.spec ?? {};
  if (typeOf(service) !== 'LoadBalancer') return `It is of type ${typeOf(service)}: it wants no load balancer.`;
  if (loadBalancerClass !== undefined) {
    return `It has the class ${loadBalancerClass} (spec.loadBalancerClass): that is another controller's business.`;
  }
  return 'It is being deleted and does not carry our finalizer: nothing of ours is left.';
}

function portsInWords(service: KubeService): string {
  const ports = (service.spec?.ports ?? []).map(({ port, protocol = 'TCP', nodePort }) =>
    nodePort === undefined || nodePort === 0
      ? `${protocol} ${port} (no node port)`
      : `${protocol} ${port} (node port ${nodePort})`,
  );
  const policy = service.spec?.externalTrafficPolicy;
  return `Ports: ${ports.join(', ') || 'none'}${policy === undefined ? '' : `; externalTrafficPolicy ${policy}`}.`;
}

function foundLines(explanation: ServiceExplanation): readonly string[] {
  const { found, unknown } = explanation;
  const balancer =
    found === undefined ? 'The cloud has no load balancer for it.' : 'The cloud has a load balancer for it:';
  return [
    unknown === undefined ? balancer : `The cloud could not be asked: ${unknown}.`,
    ...fieldLines(found ?? {}),
    ...shownLines(explanation),
  ];
}

function shownLines({ shown }: ServiceExplanation): readonly string[] {
  return [`The Service shows ${shown.length === 0 ? 'no address' : describeStatus(shown)}.`];
}

function targetLines({ targets }: ServiceExplanation): readonly string[] {
  const { nodes, dropped } = targets;
  return [
    nodes.length === 0
      ? 'No node gets its traffic.'
      : `${nodes.length} of ${nodes.length + dropped.length} nodes: ${nodes.join(', ')}.`,
    ...dropped.map(({ node, because }) => `Not ${node}: it is ${because}.`),
  ];
}

function nextLinesOf({ decision, unknown, steps, blockedBy }: ServiceExplanation): readonly string[] {
  if (decision === 'refuse') return ['Nothing is done until the Service is changed.'];
  if (unknown === undefined) return nextLines(steps, blockedBy);
  return [...(steps.length > 0 ? nextLines(steps, blockedBy) : []), 'What the load balancer needs is not known.'];
}

function blockersOf(report: PlanReport, { decision, problems }: ServicePlanFacts): readonly string[] {
  if (decision.kind === 'refuse') {
    return problems.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  }
  const settings = new Set(problems.map(({ message }) => message));
  return report.problems.map(({ message }) => message).filter((message) => !settings.has(message));
}

function targetNames(nodes: readonly KubeNode[]): readonly string[] {
  return selectTargets(nodes).nodes.map(({ metadata }) => metadata?.name ?? '');
}

function droppedNodes(nodes: readonly KubeNode[]): readonly DroppedNode[] {
  return nodes.flatMap((node) => {
    const rule = dropRule(node);
    return rule === undefined ? [] : [{ node: node.metadata?.name ?? '', rule, because: describeRule(rule) }];
  });
}

function typeOf(service: KubeService): string {
  return service.spec?.type ?? 'ClusterIP';
}
