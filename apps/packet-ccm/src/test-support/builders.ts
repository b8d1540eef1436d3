// Objects for tests: one default each, small overrides. A test shows only what matters to it.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { DeviceId } from '@longshore/packet-api';
import type { NodeDevice } from '../instances/device-index.ts';

/** What can be different about a Node. */
export interface NodeWish {
  readonly providerId?: string;
  readonly providedNodeIp?: string;
  readonly internal?: readonly string[];
  readonly external?: readonly string[];
  readonly systemUuid?: string;
  readonly createdAt?: string;
}

type NodeInfo = NonNullable<NonNullable<KubeNode['status']>['nodeInfo']>;

/** A Node of kubelet's making. */
export function aNode(name: string, wish: NodeWish = {}): KubeNode {
  const { internal = [], external = [], createdAt = '2025-12-01T00:00:00Z', providedNodeIp } = wish;
  const annotations: Record<string, string> =
    providedNodeIp === undefined ? {} : { 'alpha.kubernetes.io/provided-node-ip': providedNodeIp };
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, creationTimestamp: createdAt, annotations },
    spec: { ...(wish.providerId === undefined ? {} : { providerID: wish.providerId }) },
    status: {
      addresses: [
        ...internal.map((address) => ({ type: 'InternalIP', address })),
        ...external.map((address) => ({ type: 'ExternalIP', address })),
      ],
      ...(wish.systemUuid === undefined ? {} : { nodeInfo: { systemUUID: wish.systemUuid } as NodeInfo }),
    },
  };
}

/** The UUID with these two digits. */
export function uuidOf(digits: number): DeviceId {
  return `${String(digits).padStart(8, '0')}-1111-4222-8333-444444444444` as DeviceId;
}

/** An address of a device: public and private by its range. */
export function anAddress(address: string, { isManagement = true } = {}): NodeDevice['addresses'][number] {
  const isPublic = !address.startsWith('10.');
  return { address, family: address.includes(':') ? 6 : 4, isPublic, isManagement };
}

/** An active device with the addresses that the API gives by default. */
export function aDevice(wish: Partial<NodeDevice> = {}): NodeDevice {
  return {
    id: uuidOf(1),
    hostname: 'node-1',
    state: 'active',
    plan: 'c3.small.x86',
    metro: 'da',
    facility: 'da11',
    facilityId: uuidOf(90),
    addresses: ['198.51.100.5', '2604:1380::5', '10.1.0.5'].map((address) => anAddress(address)),
    ...wish,
  };
}
