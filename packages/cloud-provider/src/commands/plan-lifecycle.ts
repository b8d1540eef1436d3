// What the lifecycle controller would do now. Pure. Surprising: a command has one answer of the cloud where the guard wants two (I10), so
// removals are planned as if the cloud said the same again later, and say when.
import { assertNever } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { isReady, nameOf } from '../node/node-facts.ts';
import { nodesToAsk, planPass, recordsAfter } from '../node-lifecycle/lifecycle-pass-plan.ts';
import type { PassPlan, PlannedNode } from '../node-lifecycle/lifecycle-pass-plan.ts';
import { describeLifecycleStep, mostRemovals } from '../node-lifecycle/node-lifecycle-plan.ts';
import type { LifecycleStep } from '../node-lifecycle/node-lifecycle-plan.ts';
import { ownNodes } from './plan-nodes.ts';
import type { NodeFacts } from './plan-nodes.ts';
import { nodeReference } from './plan-report.ts';
import type { PlanReport, ReportedProblem, ReportedStep } from './plan-report.ts';
import type { PlanSettings } from './plan-settings.ts';

const controller = 'cloud-node-lifecycle-controller';

/** Steps of the lifecycle controller, and what keeps Nodes whose machine is gone. */
export function planAllLifecycles(facts: NodeFacts): PlanReport {
  const own = ownNodes(facts.nodes, facts.settings);
  const pass = planPassOnceConfirmed(own, facts);
  const asked = new Set(pass.planned.map(({ node }) => nameOf(node)));
  return {
    steps: pass.planned.flatMap((planned) => stepsOf(planned, pass, facts.settings)),
    problems: [
      ...pass.planned.flatMap((planned) => waitingOf(planned, { pass, own, settings: facts.settings })),
      ...own.flatMap((node) => sparedOf(node, { asked, facts })),
    ],
    unknown: [],
  };
}

function planPassOnceConfirmed(own: readonly KubeNode[], { findings, nowMs, settings }: NodeFacts): PassPlan {
  const { graceMs, monitorPeriodMs: periodMs, removalLimit: limit } = settings;
  const asked = nodesToAsk(own, new Map(), { time: { monotonicMs: 0, wallMs: nowMs }, graceMs });
  const pauses = { periodMs, longestMs: periodMs };
  const once = recordsAfter(own, new Map(), { asked, findings, nowMs: 0, pauses });
  // Late enough also where several are gone at once.
  const laterMs = Math.max(periodMs, limit.severalGoneMs);
  const twice = recordsAfter(own, once, { asked, findings, nowMs: laterMs, pauses });
  return planPass(own, twice, { asked, findings, nowMs: laterMs, limit });
}

function stepsOf({ node, plan }: PlannedNode, { isSlow }: PassPlan, settings: PlanSettings): readonly ReportedStep[] {
  return plan.steps.map((step) => ({
    object: nodeReference(node),
    controller,
    step: step.kind === 'delete-node' ? { ...step, needsSecondAnswer: true } : { ...step },
    summary: describeLifecycleStep(step, nameOf(node)),
    why: whyOf(step, isSlow ? settings.removalLimit.severalGoneMs : settings.monitorPeriodMs),
  }));
}

function whyOf({ kind }: LifecycleStep, laterMs: number): string {
  switch (kind) {
    case 'add-shutdown-taint':
      return 'its machine is switched off';
    case 'remove-shutdown-taint':
      return 'it is ready';
    case 'delete-node':
      return `the cloud says so; it is deleted when the cloud says so again, ${laterMs / 1000} s later or more`;
    default:
      return assertNever(kind);
  }
}

function waitingOf(
  { node, plan }: PlannedNode,
  {
    pass,
    own,
    settings,
  }: { readonly pass: PassPlan; readonly own: readonly KubeNode[]; readonly settings: PlanSettings },
): readonly ReportedProblem[] {
  if (plan.waitingFor === undefined) return [];
  const limit = mostRemovals(own.length, settings.removalLimit);
  const facts = pass.isHeld ? ` (${pass.goneCount} of ${own.length} nodes are gone, ${limit} may be)` : '';
  return [waiting(node, `its machine does not exist; not deleted, that waits for ${plan.waitingFor}${facts}`)];
}

// Nodes that the controller does not ask the cloud about, although it would say that their machine is gone.
function sparedOf(
  node: KubeNode,
  { asked, facts }: { readonly asked: ReadonlySet<string>; readonly facts: NodeFacts },
): readonly ReportedProblem[] {
  if (facts.findings.get(nameOf(node))?.state !== 'gone') return [];
  if (isReady(node)) return [waiting(node, 'its machine does not exist; not deleted while it is ready')];
  if (asked.has(nameOf(node))) return [];
  const age = `younger than ${facts.settings.graceMs / 1000} s`;
  return [waiting(node, `its machine does not exist; not deleted while it is ${age} and not initialized`)];
}

function waiting(node: KubeNode, message: string): ReportedProblem {
  return { object: nodeReference(node), controller, severity: 'waiting', message };
}
