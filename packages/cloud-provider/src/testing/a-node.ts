// Builders of Nodes, machines and findings for tests: one default each, small overrides.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { Taint } from '../node/node-facts.ts';
import { TAINT_UNINITIALIZED } from '../well-known.ts';
import type { InstanceFinding, InstanceMetadata, NodeAddress } from '../provider.ts';

/** What a test may say about a Node; everything else is that of a fresh, uninitialized one. */
export interface NodeTraits {
  readonly name?: string;
  readonly uid?: string;
  readonly resourceVersion?: string;
  readonly providerId?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
  readonly taints?: readonly Taint[];
  readonly addresses?: readonly NodeAddress[];
  readonly podCidrs?: readonly string[];
  /** Status of the condition Ready; null leaves the condition out. */
  readonly ready?: 'True' | 'False' | 'Unknown' | null;
  readonly conditions?: readonly { readonly type: string; readonly status: string; readonly reason?: string }[];
  readonly createdAtMs?: number;
  readonly isBeingDeleted?: boolean;
}

/** The taint that kubelet puts on a Node with `--cloud-provider=external`. */
export const uninitializedTaint: Taint = { key: TAINT_UNINITIALIZED, value: 'true', effect: 'NoSchedule' };

/** A Node as an informer holds it: fresh, tainted, not ready, created at the FakeClock's start, unless told otherwise. */
export function aNode(traits: NodeTraits = {}): KubeNode {
  const { name = 'node-1', taints = [uninitializedTaint], addresses = [] } = traits;
  const node = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: metadataOf(name, traits),
    spec: withoutUndefined({ taints, providerID: traits.providerId, podCIDRs: traits.podCidrs }),
    status: { addresses, conditions: conditionsOf(traits) },
  };
  return node as unknown as KubeNode;
}

/** A Node that a cloud controller has initialized: no taint, a provider ID, ready. */
export function anInitializedNode(traits: NodeTraits = {}): KubeNode {
  const name = traits.name ?? 'node-1';
  return aNode({ taints: [], providerId: `fake://${name}`, ready: 'True', ...traits });
}

/** Facts of a machine in zone z1 of region r1 with one internal and one external address. */
export function aMachine(facts: Partial<InstanceMetadata> = {}): InstanceMetadata {
  return {
    providerId: 'fake://node-1',
    instanceType: 'small',
    zone: 'z1',
    region: 'r1',
    addresses: [
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'ExternalIP', address: '192.0.2.1' },
    ],
    additionalLabels: {},
    ...facts,
  };
}

/** The finding of a running machine. */
export function foundRunning(facts: Partial<InstanceMetadata> = {}): InstanceFinding {
  return { state: 'running', metadata: aMachine(facts) };
}

/** The finding of a machine that is switched off. */
export function foundStopped(facts: Partial<InstanceMetadata> = {}): InstanceFinding {
  return { state: 'stopped', metadata: aMachine(facts) };
}

/** The finding of a machine that the cloud says does not exist. */
export const foundGone: InstanceFinding = { state: 'gone' };

/** The finding of a look-up that failed. */
export function foundUnknown(message = 'the cloud is on fire'): InstanceFinding {
  return { state: 'unknown', error: new Error(message) };
}

function metadataOf(name: string, traits: NodeTraits): object {
  const creationTimestamp = new Date(traits.createdAtMs ?? Date.UTC(2026, 0, 1)).toISOString();
  const { uid = `uid-of-${name}`, resourceVersion = '1', labels, annotations } = traits;
  const deletionTimestamp = traits.isBeingDeleted ? creationTimestamp : undefined;
  return withoutUndefined({ name, uid, resourceVersion, creationTimestamp, deletionTimestamp, labels, annotations });
}

function withoutUndefined(fields: object): object {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}

function conditionsOf({ ready, conditions = [] }: NodeTraits): readonly object[] {
  const own = ready === null ? [] : [{ type: 'Ready', status: ready ?? 'False', reason: 'Test' }];
  return [...own, ...conditions];
}
