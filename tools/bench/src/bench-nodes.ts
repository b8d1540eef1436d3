// The nodes of a benchmark: small fresh ones as kubelet registers them, or initialized ones of a given size.
import type { BareApi } from './api-loop.ts';

/** How one node of a benchmark looks. */
export interface BenchNode {
  readonly name: string;
  readonly isInitialized: boolean;
  /** Filled with images up to about this many bytes; 0 = as small as a fresh kubelet's. */
  readonly sizeBytes: number;
  readonly providerId?: string;
}

const TAINT = { key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' };
const IMAGE_BYTES = 180;

/** Creates the node and its status: two writes, as kubelet does. */
export async function createBenchNode(api: BareApi, node: BenchNode): Promise<void> {
  const { name } = node;
  const labels = { 'kubernetes.io/hostname': name, 'kubernetes.io/os': 'linux', 'kubernetes.io/arch': 'amd64' };
  const spec = {
    ...(node.providerId ? { providerID: node.providerId } : {}),
    ...(node.isInitialized ? {} : { taints: [TAINT] }),
  };
  await api.must({
    method: 'POST',
    path: '/api/v1/nodes',
    body: JSON.stringify({ apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec }),
  });
  await api.must({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status: statusOf(node) }),
  });
}

function statusOf(node: BenchNode): object {
  const now = new Date().toISOString();
  return {
    addresses: [{ type: 'Hostname', address: node.name }],
    capacity: { cpu: '2', memory: '4030000Ki', pods: '110' },
    allocatable: { cpu: '1900m', memory: '3000000Ki', pods: '110' },
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'KubeletReady',
        message: 'kubelet is posting ready status',
        lastHeartbeatTime: now,
        lastTransitionTime: now,
      },
    ],
    images: Array.from({ length: Math.floor(node.sizeBytes / IMAGE_BYTES) }, (_, index) => ({
      names: [`registry.example.invalid/team-${index % 7}/service-${index}@sha256:${String(index).padStart(64, '0')}`],
      sizeBytes: 10_000_000 + index,
    })),
  };
}

/** Deletes all nodes with one call and waits until the list is empty. */
export async function removeAllNodes(api: BareApi): Promise<void> {
  await api.must({ method: 'DELETE', path: '/api/v1/nodes' });
}
