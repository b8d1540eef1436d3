// What a Node needs: addresses, labels, provider ID and the removal of the uninitialized taint. Pure. The node controller plans fresh
// Nodes with it, the status loop initialized ones, `plan` and `explain` print it. Surprising: addresses come before the taint goes
// (I5), and whoever applies a step plans again from the API server's answer, so each plan's first step is the one that counts.
import { dispositionOf, messageOf } from '@longshore/reconciler-core';
import type { KubeNode } from '@longshore/k8s-runtime';
import { ANNOTATION_PROVIDED_NODE_IP, TAINT_UNINITIALIZED } from '../well-known.ts';
import type { InstanceFinding, InstanceMetadata, NodeAddress } from '../provider.ts';
import { addressesInWords, sameAddresses, wantedAddresses } from './addresses.ts';
import type { WantedAddresses } from './addresses.ts';
import { cloudLabels, stableLabelChanges } from './labels.ts';
import type { LabelSet } from './labels.ts';
import { isUninitialized, nameOf, providerIdOf, taintsOf } from './node-facts.ts';
import type { Taint } from './node-facts.ts';
import { reasonToIgnore } from './ownership.ts';

/** What is known of a Node's machine: the cloud's finding, or that the cloud left the Node out, or that nobody asked. */
export type NodeFinding = InstanceFinding | { readonly state: 'not-mine' } | { readonly state: 'not-asked' };

/** Switches of the planner (NodeControllerOptions says what they mean). */
export interface NodePlanOptions {
  readonly repairsProviderIds: boolean;
  readonly refreshesLabels: boolean;
  readonly providerIdSchemes?: readonly string[] | undefined;
}

/** One write to a Node. */
export type NodeStep =
  | { readonly kind: 'set-addresses'; readonly addresses: readonly NodeAddress[] }
  | {
      readonly kind: 'initialize';
      readonly providerId?: string;
      readonly labels: LabelSet;
      /** The taints that stay, in their order. */
      readonly taints: readonly Taint[];
    }
  | { readonly kind: 'repair'; readonly providerId?: string; readonly labels: LabelSet };

/** Why a Node cannot be initialized (or its addresses not be kept) now. `isLasting` ones need a person, the others may pass. */
export interface NodeProblem {
  readonly code:
    'INSTANCE_UNKNOWN' | 'INSTANCE_GONE' | 'PROVIDER_ID_MISSING' | 'NODE_IP_INVALID' | 'NODE_IP_NOT_IN_CLOUD';
  readonly message: string;
  readonly isLasting: boolean;
}

/** What to do about one Node. */
export interface NodePlan {
  readonly steps: readonly NodeStep[];
  readonly problem?: NodeProblem;
  readonly warnings: readonly string[];
  /** Set when the Node is left alone, in words. */
  readonly ignoredBecause?: string;
}

const nothing: NodePlan = { steps: [], warnings: [] };

/** True when planning this Node needs the cloud's answer. Initialized Nodes with a provider ID cost no call (row N2). */
export function needsFinding(node: KubeNode, options: NodePlanOptions): boolean {
  if (reasonToIgnore(node, options.providerIdSchemes) !== undefined) return false;
  return isUninitialized(node) || (options.repairsProviderIds && providerIdOf(node) === '');
}

/** The steps that bring the Node into line with the cloud's answer. */
export function planNode(node: KubeNode, finding: NodeFinding, options: NodePlanOptions): NodePlan {
  const ignoredBecause = reasonToIgnore(node, options.providerIdSchemes);
  if (ignoredBecause !== undefined) return { ...nothing, ignoredBecause };
  switch (finding.state) {
    case 'running':
    case 'stopped':
      return isUninitialized(node)
        ? planInitialization(node, finding.metadata, options)
        : planUpkeep(node, finding.metadata, options);
    case 'gone':
      return withoutMachine(node, goneProblem(node));
    case 'unknown':
      return withoutMachine(node, unknownProblem(node, finding.error));
    case 'not-mine':
      return { ...nothing, ignoredBecause: 'the cloud says that it is not one of its machines' };
    case 'not-asked':
      return { ...nothing, steps: repairSteps(undefined, stableLabelChanges(labelsOf(node))) };
  }
}

function planInitialization(node: KubeNode, metadata: InstanceMetadata, options: NodePlanOptions): NodePlan {
  if (metadata.providerId === '' && providerIdOf(node) === '') return { ...nothing, problem: providerIdProblem(node) };
  const wanted = addressesFor(node, metadata);
  if ('problem' in wanted) return { ...nothing, problem: addressProblem(node, metadata, wanted) };
  const present = labelsOf(node);
  const fromCloud = cloudLabels(metadata, present, { overwritesAdditional: options.refreshesLabels });
  const initialize: NodeStep = {
    kind: 'initialize',
    ...missingProviderId(node, metadata),
    labels: { ...fromCloud.changes, ...stableLabelChanges({ ...present, ...fromCloud.changes }) },
    taints: taintsOf(node).filter((taint) => taint.key !== TAINT_UNINITIALIZED),
  };
  return { steps: [...addressSteps(node, wanted.addresses), initialize], warnings: fromCloud.warnings };
}

// The Node works already: a problem with one part must not keep the others from being put right.
function planUpkeep(node: KubeNode, metadata: InstanceMetadata, options: NodePlanOptions): NodePlan {
  const wanted = addressesFor(node, metadata);
  const present = labelsOf(node);
  const fromCloud = options.refreshesLabels
    ? cloudLabels(metadata, present, { overwritesAdditional: true })
    : { changes: {}, warnings: [] };
  const labels = { ...fromCloud.changes, ...stableLabelChanges({ ...present, ...fromCloud.changes }) };
  const { providerId } = options.repairsProviderIds ? missingProviderId(node, metadata) : {};
  return {
    steps: [...('problem' in wanted ? [] : addressSteps(node, wanted.addresses)), ...repairSteps(providerId, labels)],
    warnings: fromCloud.warnings,
    ...('problem' in wanted ? { problem: addressProblem(node, metadata, wanted) } : {}),
  };
}

function withoutMachine(node: KubeNode, problem: NodeProblem): NodePlan {
  const steps = isUninitialized(node) ? [] : repairSteps(undefined, stableLabelChanges(labelsOf(node)));
  return { steps, problem, warnings: [] };
}

function repairSteps(providerId: string | undefined, labels: LabelSet): readonly NodeStep[] {
  if (providerId === undefined && Object.keys(labels).length === 0) return [];
  return [{ kind: 'repair', ...(providerId === undefined ? {} : { providerId }), labels }];
}

function addressSteps(node: KubeNode, addresses: readonly NodeAddress[] | undefined): readonly NodeStep[] {
  if (addresses === undefined || sameAddresses(addresses, addressesOf(node))) return [];
  return [{ kind: 'set-addresses', addresses }];
}

// The API server lets a provider ID change from empty only; a different one in the cloud's answer is left unmentioned (row N8).
function missingProviderId(node: KubeNode, metadata: InstanceMetadata): { readonly providerId?: string } {
  return providerIdOf(node) === '' && metadata.providerId !== '' ? { providerId: metadata.providerId } : {};
}

function addressesFor(node: KubeNode, metadata: InstanceMetadata): WantedAddresses {
  const provided = node.metadata?.annotations?.[ANNOTATION_PROVIDED_NODE_IP];
  return wantedAddresses({ cloud: metadata.addresses, present: addressesOf(node), provided });
}

function addressProblem(
  node: KubeNode,
  metadata: InstanceMetadata,
  wanted: Extract<WantedAddresses, { problem: string }>,
): NodeProblem {
  const claimed = node.metadata?.annotations?.[ANNOTATION_PROVIDED_NODE_IP] ?? '';
  const facts = `kubelet claims ${JSON.stringify(claimed)} (--node-ip), the cloud returned ${addressesInWords(metadata.addresses)}`;
  return wanted.problem === 'node-ip-invalid'
    ? {
        code: 'NODE_IP_INVALID',
        message: `provided node ip for node "${nameOf(node)}" is not valid: ${wanted.detail}; ${facts}`,
        isLasting: true,
      }
    : {
        code: 'NODE_IP_NOT_IN_CLOUD',
        message: `failed to get node address from cloud provider that matches ip: ${wanted.detail}; ${facts}`,
        isLasting: true,
      };
}

function providerIdProblem(node: KubeNode): NodeProblem {
  const message = `cloud provider does not set node provider ID for node ${nameOf(node)}`;
  return { code: 'PROVIDER_ID_MISSING', message, isLasting: true };
}

function goneProblem(node: KubeNode): NodeProblem {
  const id = providerIdOf(node);
  const sought = id === '' ? `the name ${nameOf(node)}` : `the provider ID ${id}`;
  return { code: 'INSTANCE_GONE', message: `the cloud knows no machine with ${sought}`, isLasting: false };
}

function unknownProblem(node: KubeNode, error: unknown): NodeProblem {
  const message = `looking up the machine of node ${nameOf(node)} failed: ${messageOf(error)}`;
  // Two machines of one name, a provider ID that nobody can read: no time heals that.
  return { code: 'INSTANCE_UNKNOWN', message, isLasting: dispositionOf(error).retry === 'on-change' };
}

function labelsOf(node: KubeNode): LabelSet {
  return node.metadata?.labels ?? {};
}

function addressesOf(node: KubeNode): readonly NodeAddress[] {
  return (node.status?.addresses ?? []) as readonly NodeAddress[];
}
