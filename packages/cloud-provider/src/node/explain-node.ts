// Why a Node is as it is, and what the controllers would do about it, in sentences. Pure; the `explain` command prints them.
import { messageOf } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { describeLifecycleStep, isInGrace, planNodeLifecycle } from '../node-lifecycle/node-lifecycle-plan.ts';
import { addressesInWords } from './addresses.ts';
import { describeNodeStep } from './describe-node-step.ts';
import { ageMs, isReady, isUninitialized, nameOf, providerIdOf } from './node-facts.ts';
import { planNode } from './node-plan.ts';
import type { NodeFinding, NodePlanOptions } from './node-plan.ts';

// The default of the lifecycle controller.
const GRACE_MS = 120_000;
const usual: NodePlanOptions = { repairsProviderIds: true, refreshesLabels: false };

/** The Node's story: what it is, what the cloud says, what is planned and what that waits for. */
export function explainNode(
  node: KubeNode,
  finding: NodeFinding,
  nowMs: number,
  options: NodePlanOptions = usual,
): readonly string[] {
  const { steps, problem, warnings, ignoredBecause } = planNode(node, finding, options);
  const story = [...aboutNode(node, nowMs), aboutMachine(finding)];
  if (ignoredBecause !== undefined) return [...story, `The controllers leave the node alone: ${ignoredBecause}.`];
  const plans = [
    ...warnings.map((warning) => `Note: ${warning}.`),
    ...(problem
      ? [`${isUninitialized(node) ? 'It cannot be initialized' : 'It cannot be compared'}: ${problem.message}.`]
      : []),
    ...steps.map((step) => `The node controller will ${describeNodeStep(step)}.`),
    ...aboutLifecycle(node, finding, nowMs),
  ];
  return [...story, ...(plans.length > 0 ? plans : ['Nothing is to be done.'])];
}

function aboutNode(node: KubeNode, nowMs: number): readonly string[] {
  const age = Math.round(ageMs(node, nowMs) / 1000);
  const id = providerIdOf(node) === '' ? 'no provider ID' : `the provider ID ${providerIdOf(node)}`;
  const taint = isUninitialized(node) ? 'has not been initialized' : 'is initialized';
  const readiness = isReady(node) ? 'is ready' : 'is not ready';
  return [`Node ${nameOf(node)} has ${id}, ${taint}, ${readiness}; it was created ${age} s ago.`];
}

function aboutMachine(finding: NodeFinding): string {
  switch (finding.state) {
    case 'running':
    case 'stopped': {
      const { instanceType, zone, region, addresses } = finding.metadata;
      const place = [zone, region].filter((part) => part !== '').join(', ');
      const kind = instanceType === '' ? 'a machine' : `a machine of type ${instanceType}`;
      const state = finding.state === 'running' ? 'runs' : 'is switched off';
      return `The cloud has ${kind}${place === '' ? '' : ` in ${place}`}; it ${state}; addresses: ${addressesInWords(addresses)}.`;
    }
    case 'gone':
      return 'The cloud says that the machine does not exist.';
    case 'unknown':
      return `The cloud could not be asked: ${messageOf(finding.error)}.`;
    case 'not-mine':
      return 'The cloud does not know the node as one of its own.';
    case 'not-asked':
      return 'The cloud was not asked.';
  }
}

// The records of earlier answers are in the controller's memory only: this is what one more negative answer would lead to.
function aboutLifecycle(node: KubeNode, finding: NodeFinding, nowMs: number): readonly string[] {
  if (finding.state === 'not-mine' || finding.state === 'not-asked') return [];
  if (finding.state === 'gone' && isReady(node)) return ['It is not deleted while it is ready.'];
  if (finding.state === 'gone' && isInGrace(node, { graceMs: GRACE_MS, nowMs })) {
    return ['It is not deleted while it is young and not initialized.'];
  }
  const { steps, waitingFor } = planNodeLifecycle(node, finding, { isGoneConfirmed: true, isHeld: false });
  const condition = finding.state === 'gone' ? ' once the cloud has said so twice' : '';
  return [
    ...steps.map((step) => `The lifecycle controller will ${describeLifecycleStep(step, nameOf(node))}${condition}.`),
    ...(waitingFor === undefined ? [] : [`It is not deleted: that waits for ${waitingFor}.`]),
  ];
}
