// `explain`: why one object is as it is, what is wanted and found, what hinders, what comes next. Looks only.
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';
import { services as serviceType } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { UsageError } from '@longshore/k8s-runtime/process';
import type { NodeFinding } from '../node/node-plan.ts';
import type { InstanceFinding } from '../provider.ts';
import { selectTargets } from '../service/targets.ts';
import type { Command, CommandContext } from './command.ts';
import { explainOneNode, nodeSections } from './explain-node.ts';
import { explainService, serviceSections } from './explain-service.ts';
import { EXPLAIN_USAGE, parseExplainTarget } from './explain-target.ts';
import { explanationText } from './explain-text.ts';
import type { Section } from './explain-text.ts';
import { askForPlans } from './observe-cloud.ts';
import { observeEvents } from './observe-events.ts';
import {
  balancersOf,
  observeMachines,
  observeNodes,
  observeServicePlans,
  planNodeControllers,
  planRouteController,
  settingsOf,
} from './observe-plan.ts';
import { ownNodes } from './plan-nodes.ts';
import { emptyReport, mergeReports, referenceName, reportAbout } from './plan-report.ts';
import type { ObjectReference, PlanReport } from './plan-report.ts';
import type { ServicePlanFacts } from './plan-services.ts';

/** The command `explain`. */
export const explainCommand: Command = {
  name: 'explain',
  usage: EXPLAIN_USAGE,
  summary: 'Say in words what is wanted and found for a Service or a Node, what hinders, and what would be done next.',
  async run(context, args) {
    const target = parseExplainTarget(args);
    if ('problem' in target) throw new UsageError([target.problem]);
    await (target.kind === 'Node' ? tellAboutNode(context, target) : tellAboutService(context, target));
    return 0;
  },
};

async function tellAboutService(context: CommandContext, target: ObjectReference): Promise<void> {
  const { client, signal } = context;
  const [service, nodes, events] = await Promise.all([
    client.get(serviceType, keyFor(target), { signal }),
    observeNodes(context),
    observeEvents(context, target),
  ]);
  if (!service) throw notFound(context, target);
  const [planned] = await observeServicePlans(context, [service], nodes);
  const facts = planned ? await withFoundBalancer(context, planned, nodes) : undefined;
  const explanation = explainService({
    facts: facts ?? { service, decision: { kind: 'forget' }, problems: [], answer: undefined },
    nodes,
    events,
    isOff: facts
      ? undefined
      : "Load balancers are nobody's business here: the service controller is off, or the provider has none.",
  });
  print(context, explanation, () => serviceSections(explanation, service));
}

// The controller does not ask the cloud about a Service whose settings are wrong; people want to know what is there all the same.
async function withFoundBalancer(
  context: CommandContext,
  facts: ServicePlanFacts,
  nodes: readonly KubeNode[],
): Promise<ServicePlanFacts> {
  const loadBalancers = balancersOf(context);
  if (facts.decision.kind !== 'refuse' || !loadBalancers) return facts;
  const question = { service: facts.service, nodes: selectTargets(nodes).nodes };
  const [answer] = await askForPlans(loadBalancers, [question], context);
  return { ...facts, answer };
}

async function tellAboutNode(context: CommandContext, target: ObjectReference): Promise<void> {
  const [nodes, events] = await Promise.all([observeNodes(context), observeEvents(context, target)]);
  const node = nodes.find(({ metadata }) => metadata?.name === target.name);
  if (!node) throw notFound(context, target);
  const findings = await machinesOrUnknown(context, nodes);
  const report = mergeReports([
    planNodeControllers(context, nodes, findings),
    await routesOrUnknown(context, nodes, target),
  ]);
  const isAsked = context.provider.instances !== undefined && ownNodes([node], settingsOf(context)).length > 0;
  const finding: NodeFinding = findings.get(target.name) ?? { state: isAsked ? 'not-mine' : 'not-asked' };
  const explanation = explainOneNode({
    node,
    finding,
    report: reportAbout(report, target),
    events,
    nowMs: context.clock.nowMs(),
    providerIdSchemes: context.provider.providerIdSchemes,
  });
  print(context, explanation, () => nodeSections(explanation));
}

async function machinesOrUnknown(
  context: CommandContext,
  nodes: readonly KubeNode[],
): Promise<ReadonlyMap<string, InstanceFinding>> {
  try {
    return await observeMachines(context, nodes);
  } catch (error) {
    context.signal.throwIfAborted();
    return new Map(
      ownNodes(nodes, settingsOf(context)).map((node) => [node.metadata?.name ?? '', { state: 'unknown', error }]),
    );
  }
}

async function routesOrUnknown(
  context: CommandContext,
  nodes: readonly KubeNode[],
  object: ObjectReference,
): Promise<PlanReport> {
  try {
    return await planRouteController(context, nodes);
  } catch (error) {
    context.signal.throwIfAborted();
    const message = `comparing the routes failed: ${messageOf(error)}`;
    return { ...emptyReport, unknown: [{ object, controller: 'node-route-controller', message }] };
  }
}

function print(
  { output, write }: CommandContext,
  explanation: { readonly object: ObjectReference },
  sections: () => readonly Section[],
): void {
  const text =
    output === 'json'
      ? JSON.stringify(explanation, undefined, 2)
      : explanationText(explanation.object, sections()).join('\n');
  write(`${text}\n`);
}

function notFound({ client }: CommandContext, target: ObjectReference): OperatorError {
  const kind = target.kind.toLowerCase();
  const message = `there is no ${kind} ${referenceName(target)} in the cluster at ${client.server}`;
  return new OperatorError('OBJECT_NOT_FOUND', message, never);
}

function keyFor({ name, namespace }: ObjectReference): { readonly name: string; readonly namespace?: string } {
  return namespace === undefined ? { name } : { name, namespace };
}
