// What a cloud controller keeps of Nodes and Services: the rest (managed fields, image lists, volumes, the last-applied copy) is most of
// their size. Texts that repeat on every node are kept once. Passed to an informer as `select`.
import type { KubeNode, KubeService } from '../client/resource-type.ts';

const LAST_APPLIED = 'kubectl.kubernetes.io/last-applied-configuration';
const CONDITIONS = new Set(['Ready', 'NetworkUnavailable']);

/**
 * A Node without managedFields, images, volumes, nodeInfo, capacities and conditions other than Ready and NetworkUnavailable. Of nodeInfo
 * the system UUID is kept while there is no provider ID: it can decide between machines of one name.
 */
export function trimNode(node: KubeNode): KubeNode {
  const { spec, status } = node;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: trimMetadata(node.metadata),
    ...(spec && {
      spec: defined({
        podCIDR: spec.podCIDR,
        podCIDRs: spec.podCIDRs,
        providerID: spec.providerID,
        taints: spec.taints,
        unschedulable: spec.unschedulable,
      }),
    }),
    ...(status && {
      status: defined({
        addresses: status.addresses?.map(({ type, address }) => ({ type: shared(type), address })),
        conditions: status.conditions?.filter(({ type }) => CONDITIONS.has(type)).map(trimCondition),
        nodeInfo: spec?.providerID === undefined ? onlySystemUuid(status.nodeInfo) : undefined,
      }),
    }),
  };
}

/** A Service without managedFields and the last-applied copy. */
export function trimService(service: KubeService): KubeService {
  const { spec, status } = service;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: trimMetadata(service.metadata),
    ...(spec && { spec }),
    ...(status && { status }),
  };
}

type Metadata = NonNullable<KubeNode['metadata']>;
type Condition = NonNullable<NonNullable<KubeNode['status']>['conditions']>[number];

function trimMetadata(metadata: Metadata = {}): Metadata {
  return defined({
    name: metadata.name,
    namespace: metadata.namespace,
    uid: metadata.uid,
    resourceVersion: metadata.resourceVersion,
    generation: metadata.generation,
    creationTimestamp: metadata.creationTimestamp,
    deletionTimestamp: metadata.deletionTimestamp,
    labels: metadata.labels,
    annotations: withoutLastApplied(metadata.annotations),
    finalizers: metadata.finalizers,
    ownerReferences: metadata.ownerReferences,
  });
}

type NodeInfo = NonNullable<NonNullable<KubeNode['status']>['nodeInfo']>;

function onlySystemUuid(info: NodeInfo | undefined): NodeInfo | undefined {
  return info?.systemUUID === undefined ? undefined : ({ systemUUID: info.systemUUID } as NodeInfo);
}

function withoutLastApplied(annotations: Metadata['annotations']): Metadata['annotations'] {
  if (annotations?.[LAST_APPLIED] === undefined) return annotations;
  return Object.fromEntries(Object.entries(annotations).filter(([name]) => name !== LAST_APPLIED));
}

function trimCondition(condition: Condition): Condition {
  return defined({
    type: shared(condition.type),
    status: shared(condition.status),
    reason: shared(condition.reason),
    message: shared(condition.message),
    lastTransitionTime: condition.lastTransitionTime,
  });
}

// Absent properties stay absent: `'spec' in node` must say the same as before. Copies, because `delete` makes objects three times as big.
function defined<T extends object>(fields: { readonly [Field in keyof T]: T[Field] | undefined }): T {
  const kept: Partial<T> = {};
  for (const name in fields) if (fields[name] !== undefined) kept[name] = fields[name];
  return kept as T;
}

// Texts that kubelet and network plugins write on every node, longer than those that V8 shares by itself.
const COMMON_TEXTS: ReadonlyMap<string, string> = new Map(
  [
    'InternalIP',
    'ExternalIP',
    'InternalDNS',
    'ExternalDNS',
    'NetworkUnavailable',
    'KubeletReady',
    'kubelet is posting ready status',
    'KubeletNotReady',
    'NodeStatusUnknown',
    'Kubelet stopped posting node status.',
    'RouteCreated',
    'NoRouteCreated',
    'CalicoIsUp',
    'Calico is running on this node',
    'CiliumIsUp',
    'Cilium is running on this node',
    'FlannelIsUp',
    'Flannel is running on this node',
  ].map((text) => [text, text]),
);

function shared<T extends string | undefined>(text: T): T {
  return text === undefined ? text : ((COMMON_TEXTS.get(text) as T | undefined) ?? text);
}
