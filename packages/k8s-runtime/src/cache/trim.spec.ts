import { describe, expect, test } from '@jest/globals';
import type { KubeNode, KubeService } from '../client/resource-type.ts';
import { trimNode, trimService } from './trim.ts';

const metadata = {
  name: 'n1',
  uid: 'u1',
  resourceVersion: '7',
  creationTimestamp: '2026-01-01T00:00:00Z',
  deletionTimestamp: '2026-01-02T00:00:00Z',
  labels: { zone: 'a' },
  annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}', keep: 'me' },
  finalizers: ['f'],
  ownerReferences: [{ apiVersion: 'v1', kind: 'Machine', name: 'm', uid: 'u2' }],
};
const managedFields = [{ manager: 'kubelet' }];
const condition = (type: string) => ({
  type,
  status: 'True',
  reason: 'KubeletReady',
  message: 'fine',
  lastTransitionTime: 't',
  lastHeartbeatTime: 'h',
});

describe('trimNode', () => {
  const spec = {
    podCIDR: '10.0.0.0/24',
    podCIDRs: ['10.0.0.0/24'],
    providerID: 'digitalocean://1',
    taints: [{ key: 'k', effect: 'NoSchedule', timeAdded: 't' }],
    unschedulable: true,
  };
  const full: KubeNode = {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { ...metadata, managedFields },
    spec: { ...spec, configSource: {} },
    status: {
      addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
      conditions: ['MemoryPressure', 'Ready', 'NetworkUnavailable'].map(condition),
      capacity: { cpu: '4' },
      images: [{ names: ['a'] }],
      volumesInUse: ['v'],
      nodeInfo: { architecture: 'amd64' } as NonNullable<NonNullable<KubeNode['status']>['nodeInfo']>,
    },
  };

  test('keeps what a cloud controller reads, and nothing else', () => {
    const kept = (type: string) => ({
      type,
      status: 'True',
      reason: 'KubeletReady',
      message: 'fine',
      lastTransitionTime: 't',
    });
    expect(trimNode(full)).toEqual({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { ...metadata, annotations: { keep: 'me' } },
      spec,
      status: {
        addresses: [{ type: 'InternalIP', address: '10.0.0.1' }],
        conditions: ['Ready', 'NetworkUnavailable'].map(kept),
      },
    });
  });

  test('keeps the system UUID of a Node without provider ID, and nothing else of nodeInfo', () => {
    const nodeInfo = { architecture: 'amd64', systemUUID: 'u' } as NonNullable<
      NonNullable<KubeNode['status']>['nodeInfo']
    >;
    const node = { ...full, status: { ...full.status, nodeInfo } };
    expect(trimNode(node)).not.toHaveProperty('status.nodeInfo');
    const { providerID: _, ...fresh } = spec;
    expect(trimNode({ ...node, spec: fresh }).status?.nodeInfo).toEqual({ systemUUID: 'u' });
  });

  test('what is absent stays absent', () => {
    expect(JSON.stringify(trimNode({ metadata: { name: 'n' } }))).toBe(
      '{"apiVersion":"v1","kind":"Node","metadata":{"name":"n"}}',
    );
    expect(trimNode({ metadata: { name: 'n' }, spec: {} })).not.toHaveProperty('spec.taints');
  });

  test('leaves the object that it was given alone', () => {
    const copy = structuredClone(full);
    trimNode(full);
    expect(full).toEqual(copy);
  });
});

describe('trimService', () => {
  test('drops managed fields and the last-applied copy', () => {
    const service: KubeService = {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { ...metadata, namespace: 'shop', managedFields },
      spec: { type: 'LoadBalancer', ports: [{ port: 80 }] },
      status: { loadBalancer: {} },
    };
    expect(trimService(service)).toEqual({
      ...service,
      metadata: { ...metadata, namespace: 'shop', annotations: { keep: 'me' } },
    });
  });
});
