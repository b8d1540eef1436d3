// What the node controller and the address loop would write to Nodes now. Pure: the cloud's answers in, statements out.
// `plan` prints them, `explain node` those of one Node.
import { assertNever, messageOf } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { addressesInWords } from '../node/addresses.ts';
import { describeNodeStep } from '../node/describe-node-step.ts';
import { isUninitialized, nameOf } from '../node/node-facts.ts';
import { needsFinding, planNode } from '../node/node-plan.ts';
import type { NodeFinding, NodePlan, NodePlanOptions, NodeStep } from '../node/node-plan.ts';
import { reasonToIgnore } from '../node/ownership.ts';
import type { InstanceFinding, NodeAddress } from '../provider.ts';
import { mergeReports, nodeReference } from './plan-report.ts';
import type { PlanReport, ReportedProblem, ReportedStep } from './plan-report.ts';
import type { PlanSettings } from './plan-settings.ts';

/** All Nodes, and what the cloud said of those that are ours. */
export interface NodeFacts {
  readonly nodes: readonly KubeNode[];
  readonly findings: ReadonlyMap<string, InstanceFinding>;
  readonly nowMs: number;
  readonly settings: PlanSettings;
}

const controller = 'cloud-node-controller';

/** The planner's switches that belong to these settings. */
export function nodePlanOptions({ refreshesLabels, providerIdSchemes }: PlanSettings): NodePlanOptions {
  return { repairsProviderIds: true, refreshesLabels, providerIdSchemes };
}

/** Nodes that the cloud is asked about: the others belong to somebody else. */
export function ownNodes(
  nodes: readonly KubeNode[],
  { providerIdSchemes }: Pick<PlanSettings, 'providerIdSchemes'>,
): readonly KubeNode[] {
  return nodes.filter((node) => reasonToIgnore(node, providerIdSchemes) === undefined);
}

/** Steps and problems of the node controller. */
export function planAllNodes(facts: NodeFacts): PlanReport {
  return mergeReports(
    ownNodes(facts.nodes, facts.settings).map((node): PlanReport => {
      const plan = planNode(node, findingOf(node, facts), nodePlanOptions(facts.settings));
      return { steps: stepsOf(node, plan), problems: problemsOf(node, plan, facts.settings), unknown: [] };
    }),
  );
}

/** Nodes whose machine could not be looked up: neither controller does anything because of them. */
export function unknownMachines({ nodes, findings, settings }: NodeFacts): PlanReport {
  const asker = settings.controllers.has(controller) ? controller : 'cloud-node-lifecycle-controller';
  const unknown = ownNodes(nodes, settings).flatMap((node) => {
    const finding = findings.get(nameOf(node));
    if (finding?.state !== 'unknown') return [];
    const message = `looking up its machine failed: ${messageOf(finding.error)}`;
    return [{ object: nodeReference(node), controller: asker, message } as const];
  });
  return { steps: [], problems: [], unknown };
}

// The node controller does not ask about initialized Nodes: it repairs their labels even where the cloud would not know them.
function findingOf(node: KubeNode, { findings, settings }: NodeFacts): NodeFinding {
  const unanswered = needsFinding(node, nodePlanOptions(settings)) ? 'not-mine' : 'not-asked';
  return findings.get(nameOf(node)) ?? { state: unanswered };
}

function stepsOf(node: KubeNode, { steps }: NodePlan): readonly ReportedStep[] {
  const object = nodeReference(node);
  return steps.map((step) => ({
    object,
    controller,
    step: { ...step },
    summary: describeNodeStep(step),
    why: whyOf(step, node),
  }));
}

function whyOf(step: NodeStep, node: KubeNode): string {
  switch (step.kind) {
    case 'set-addresses':
      return `it shows ${addressesInWords((node.status?.addresses ?? []) as readonly NodeAddress[])}`;
    case 'initialize':
      return 'no cloud controller has initialized it';
    case 'repair':
      return [
        ...(step.providerId === undefined ? [] : ['it has no provider ID']),
        ...(Object.keys(step.labels).length === 0 ? [] : ['its labels differ']),
      ].join(', ');
    default:
      return assertNever(step);
  }
}

function problemsOf(
  node: KubeNode,
  { problem, warnings }: NodePlan,
  settings: PlanSettings,
): readonly ReportedProblem[] {
  const about = { object: nodeReference(node), controller } as const;
  const told = problem && !isToldElsewhere(problem.code, node, settings) ? [problem] : [];
  return [
    ...told.map(
      ({ message, isLasting }) => ({ ...about, severity: isLasting ? 'error' : 'warning', message }) as const,
    ),
    ...warnings.map((message) => ({ ...about, severity: 'warning', message }) as const),
  ];
}

// What is unknown has a list of its own; of initialized Nodes whose machine is gone the lifecycle controller has more to say.
function isToldElsewhere(code: string, node: KubeNode, { controllers }: PlanSettings): boolean {
  if (code === 'INSTANCE_UNKNOWN') return true;
  return code === 'INSTANCE_GONE' && !isUninitialized(node) && controllers.has('cloud-node-lifecycle-controller');
}
