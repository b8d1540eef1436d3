// Why a Node is as it is: what it says of itself, what the cloud says, which addresses it should show, what hinders, what comes next. Pure;
// explain.ts observes and prints. The sentences about Node and machine are node/explain-node.ts's, the rest is the plan of all Nodes.
import { messageOf } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { addressesInWords, sameAddresses, wantedAddresses } from '../node/addresses.ts';
import { explainNode } from '../node/explain-node.ts';
import { isReady, isUninitialized, providerIdOf } from '../node/node-facts.ts';
import type { NodeFinding } from '../node/node-plan.ts';
import { reasonToIgnore } from '../node/ownership.ts';
import type { InstanceMetadata, NodeAddress } from '../provider.ts';
import { ANNOTATION_PROVIDED_NODE_IP } from '../well-known.ts';
import { eventLines } from './explain-events.ts';
import type { ExplainedEvents } from './explain-events.ts';
import { nextLines } from './explain-text.ts';
import type { Section } from './explain-text.ts';
import { nodeReference } from './plan-report.ts';
import type { ObjectReference, PlanReport, ReportedStep } from './plan-report.ts';

/** What is observed of one Node. */
export interface NodeStory {
  readonly node: KubeNode;
  readonly finding: NodeFinding;
  /** What the plan of the whole cluster says about it. */
  readonly report: PlanReport;
  readonly events: ExplainedEvents;
  readonly nowMs: number;
  readonly providerIdSchemes?: readonly string[] | undefined;
}

/** Addresses that the Node shows, and those that it should show; `wanted` is absent when that is not known, `problem` says why. */
export interface ExplainedAddresses {
  readonly present: readonly NodeAddress[];
  readonly wanted?: readonly NodeAddress[];
  readonly problem?: string;
}

/** What `explain node -o json` prints. */
export interface NodeExplanation {
  readonly object: ObjectReference;
  readonly isInitialized: boolean;
  readonly isReady: boolean;
  readonly providerId: string;
  readonly finding: {
    readonly state: NodeFinding['state'];
    readonly metadata?: InstanceMetadata;
    readonly error?: string;
  };
  /** Node and machine in words. */
  readonly story: readonly string[];
  readonly addresses: ExplainedAddresses;
  readonly blockedBy: readonly string[];
  readonly steps: readonly ReportedStep[];
  readonly events: ExplainedEvents;
}

// Its first two sentences: what the Node is, what the cloud says. What follows there is said by the plan here, which knows all Nodes.
const SENTENCES_ABOUT_NODE_AND_MACHINE = 2;

/** The explanation as data. */
export function explainOneNode(story: NodeStory): NodeExplanation {
  const { node, finding, report, events, nowMs } = story;
  const ignored = reasonToIgnore(node, story.providerIdSchemes);
  const blocked = [...report.unknown, ...report.problems].map(({ message }) => message);
  return {
    object: nodeReference(node),
    isInitialized: !isUninitialized(node),
    isReady: isReady(node),
    providerId: providerIdOf(node),
    finding: findingAsData(finding),
    story: explainNode(node, finding, nowMs).slice(0, SENTENCES_ABOUT_NODE_AND_MACHINE),
    addresses: explainedAddresses(node, finding),
    blockedBy: ignored === undefined ? blocked : [`the controllers leave it alone: ${ignored}`],
    steps: report.steps,
    events,
  };
}

/** The explanation for people. */
export function nodeSections(explanation: NodeExplanation): readonly Section[] {
  const { story, addresses, blockedBy, steps, events } = explanation;
  return [
    { title: 'State', lines: story },
    { title: 'Addresses', lines: addressLines(addresses) },
    { title: 'Blocked by', lines: blockedBy },
    { title: 'Next', lines: nextLines(steps, blockedBy) },
    { title: 'Events', lines: eventLines(events) },
  ];
}

function findingAsData(finding: NodeFinding): NodeExplanation['finding'] {
  switch (finding.state) {
    case 'running':
    case 'stopped':
      return { state: finding.state, metadata: finding.metadata };
    case 'unknown':
      return { state: finding.state, error: messageOf(finding.error) };
    default:
      return { state: finding.state };
  }
}

function explainedAddresses(node: KubeNode, finding: NodeFinding): ExplainedAddresses {
  const present = (node.status?.addresses ?? []) as readonly NodeAddress[];
  if (finding.state !== 'running' && finding.state !== 'stopped') return { present };
  const provided = node.metadata?.annotations?.[ANNOTATION_PROVIDED_NODE_IP];
  const merged = wantedAddresses({ cloud: finding.metadata.addresses, present, provided });
  if (!('problem' in merged)) return { present, wanted: merged.addresses ?? present };
  return { present, problem: claimProblem(provided ?? '', merged) };
}

function claimProblem(
  claimed: string,
  { problem, detail }: { readonly problem: 'node-ip-invalid' | 'node-ip-not-in-cloud'; readonly detail: string },
): string {
  const what = problem === 'node-ip-invalid' ? 'that cannot be understood' : 'the cloud does not have that IP';
  const claim = `kubelet claims ${JSON.stringify(claimed)} (--node-ip, annotation ${ANNOTATION_PROVIDED_NODE_IP})`;
  return `${claim}; ${what}: ${detail}`;
}

function addressLines({ present, wanted, problem }: ExplainedAddresses): readonly string[] {
  const shown = `It shows ${addressesInWords(present)}.`;
  if (problem !== undefined) return [shown, `What it should show is not known: ${problem}.`];
  if (wanted === undefined) return [shown];
  return [
    shown,
    sameAddresses(wanted, present) ? 'That is as it should be.' : `It should show ${addressesInWords(wanted)}.`,
  ];
}
