// What a Machine shows of its Node, and what the Node gets from its Machine. Pure. The time of NodeReady is the Node's own, because sets
// count minReadySeconds by it; labels and taints are added and put back, never taken away.
import { isDeepStrictEqual } from 'node:util';
import type { KubeNode } from '@longshore/k8s-runtime';
import { conditionOf, conditionTypes } from '../api/conditions.ts';
import { annotations } from '../api/names.ts';
import type { Condition, Machine, Taint } from '../api/objects.ts';
import { NODE_REASONS } from '../machine/life-plan.ts';
import { memoryOf } from '../machine/machine-memory.ts';
import { placeOf } from '../machine/place.ts';

/** What is known of the Node. `unreachable`: the workload cluster cannot be asked. */
export type NodeFinding =
  | { readonly state: 'found'; readonly node: KubeNode }
  | { readonly state: 'absent' }
  | { readonly state: 'unreachable'; readonly message: string };

/** Bodies of merge patches; absent when there is nothing to write. */
export interface NodeLinkPlan {
  readonly machineStatus?: object;
  readonly node?: object;
  /** News for people. */
  readonly event?: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };
}

/** The writes for one Machine. */
export function planNodeLink(machine: Machine, finding: NodeFinding, nowMs: number): NodeLinkPlan {
  const now = new Date(nowMs).toISOString();
  switch (finding.state) {
    case 'found':
      return linked(machine, finding.node, now);
    case 'absent':
      return absent(machine, now);
    case 'unreachable':
      return unreachable(machine, finding.message, now);
  }
}

function linked(machine: Machine, node: KubeNode, now: string): NodeLinkPlan {
  const { name = '', uid = '' } = node.metadata ?? {};
  const nodeRef = { kind: 'Node', name, uid } as const;
  const versions = versionsOf(machine, node);
  const body = nodePatch(machine, node);
  const isNew = machine.status?.nodeRef?.uid !== uid;
  const message = `Node ${nodeRef.name} is that of this machine`;
  return {
    ...statusChange(machine, { nodeRef, versions }, nodeCondition(node), now),
    ...(body && { node: body }),
    ...(isNew && { event: { type: 'Normal', reason: 'SuccessfulSetNodeRef', message } }),
  };
}

/** The kubelet says what it is; of the control plane only the wish is known. */
function versionsOf({ spec }: Machine, { status }: KubeNode): NonNullable<Machine['status']>['versions'] & object {
  const kubelet = status?.nodeInfo?.kubeletVersion?.replace(/^v/, '');
  const controlPlane = spec?.versions?.controlPlane;
  return { ...(kubelet && { kubelet }), ...(controlPlane && { controlPlane }) };
}

function nodeCondition({ metadata, status }: KubeNode): Condition {
  const ready = status?.conditions?.find(({ type }) => type === 'Ready');
  const { name = '', creationTimestamp = '' } = metadata ?? {};
  if (ready === undefined) {
    const message = `Node ${name} has not reported yet`;
    return nodeReady('Unknown', 'NodeStatusUnknown', message, creationTimestamp);
  }
  return reported(name, ready, creationTimestamp);
}

type NodeCondition = NonNullable<NonNullable<KubeNode['status']>['conditions']>[number];

function reported(name: string, ready: NodeCondition, createdAt: string): Condition {
  const { reason = 'NodeNotReady', message = 'is not ready' } = ready;
  // The API server says `null` where no time was given, and keeps no `null` in a Machine: it would be written for ever.
  const lastTransitionTime = ready.lastTransitionTime ?? createdAt;
  if (ready.status === 'True') return nodeReady('True', 'NodeReady', `Node ${name} is ready`, lastTransitionTime);
  const is = ready.status === 'False' ? 'False' : 'Unknown';
  return nodeReady(is, reason, `Node ${name}: ${message}`, lastTransitionTime);
}

function nodeReady(
  status: Condition['status'],
  reason: string,
  message: string,
  lastTransitionTime: string,
): Condition {
  return { type: conditionTypes.nodeReady, status, reason, message, lastTransitionTime };
}

function absent(machine: Machine, now: string): NodeLinkPlan {
  const { nodeRef } = machine.status ?? {};
  if (nodeRef !== undefined) {
    const message = `Node ${nodeRef.name} was deleted from the cluster, or belongs to a former device`;
    const gone = nodeReady('False', NODE_REASONS.deleted, message, now);
    return {
      ...statusChange(machine, { nodeRef: null }, gone, now),
      event: { type: 'Warning', reason: NODE_REASONS.deleted, message },
    };
  }
  const shown = conditionOf(machine.status, conditionTypes.nodeReady);
  if (memoryOf(machine).deviceId === undefined || shown?.reason === NODE_REASONS.deleted) return {};
  const message = 'No Node of this machine has joined the cluster yet';
  return statusChange(machine, {}, nodeReady('False', 'WaitingForNode', message, timeOf(shown, 'False', now)), now);
}

// The last value stays: sets must not count a cluster that does not answer as one without machines.
function unreachable(machine: Machine, why: string, now: string): NodeLinkPlan {
  if (memoryOf(machine).deviceId === undefined) return {};
  const shown = conditionOf(machine.status, conditionTypes.nodeReady);
  if (shown?.reason === NODE_REASONS.deleted) return {};
  const status = machine.status?.nodeRef === undefined ? 'Unknown' : (shown?.status ?? 'Unknown');
  const message = `The API server of the cluster does not answer (${why}); this was known last`;
  return statusChange(
    machine,
    {},
    nodeReady(status, NODE_REASONS.unreachable, message, timeOf(shown, status, now)),
    now,
  );
}

function timeOf(shown: Condition | undefined, status: Condition['status'], now: string): string {
  return shown?.status === status ? shown.lastTransitionTime : now;
}

function statusChange(
  machine: Machine,
  fields: { readonly nodeRef?: object | null; readonly versions?: object },
  condition: Condition,
  now: string,
): Pick<NodeLinkPlan, 'machineStatus'> {
  const before = machine.status ?? {};
  const conditions = [...(before.conditions ?? []).filter(({ type }) => type !== condition.type), condition];
  const isSame =
    isDeepStrictEqual(conditionOf(before, condition.type), condition) &&
    (fields.nodeRef === undefined || isDeepStrictEqual(before.nodeRef ?? null, fields.nodeRef)) &&
    (fields.versions === undefined || isDeepStrictEqual(before.versions ?? {}, fields.versions));
  return isSame ? {} : { machineStatus: { ...fields, conditions, lastUpdated: now } };
}

/** What the Machine wants on the Node and is not there. */
function nodePatch(machine: Machine, node: KubeNode): object | undefined {
  const metadata = metadataPatch(machine, node);
  const taints = withTaints(node.spec?.taints ?? [], machine.spec?.taints ?? []);
  if (metadata === undefined && taints === undefined) return undefined;
  return { metadata: metadata ?? {}, ...(taints && { spec: { taints } }) };
}

function metadataPatch(machine: Machine, { metadata }: KubeNode): object | undefined {
  const { namespace, name } = placeOf(machine);
  const wanted = machine.spec?.metadata ?? {};
  const labels = missing(wanted.labels ?? {}, metadata?.labels);
  const own = { [annotations.machineOfNode]: `${namespace}/${name}` };
  const notes = missing({ ...wanted.annotations, ...own }, metadata?.annotations);
  return (labels ?? notes) && { ...(labels && { labels }), ...(notes && { annotations: notes }) };
}

function missing(
  wanted: Readonly<Record<string, string>>,
  has: Readonly<Record<string, string>> = {},
): Readonly<Record<string, string>> | undefined {
  const entries = Object.entries(wanted).filter(([key, value]) => has[key] !== value);
  return entries.length === 0 ? undefined : Object.fromEntries(entries);
}

type NodeTaint = NonNullable<NonNullable<KubeNode['spec']>['taints']>[number];

function withTaints(has: readonly NodeTaint[], wanted: readonly Taint[]): readonly (NodeTaint | Taint)[] | undefined {
  const isOf = (a: NodeTaint | Taint, b: Taint): boolean => a.key === b.key && a.effect === b.effect;
  const lacking = wanted.filter((one) => !has.some((it) => isOf(it, one) && (it.value ?? '') === (one.value ?? '')));
  if (lacking.length === 0) return undefined;
  return [...has.filter((it) => !lacking.some((one) => isOf(it, one))), ...lacking];
}
