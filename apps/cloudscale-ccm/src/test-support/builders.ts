// Objects for tests: one default each, small overrides. A test shows only what matters to it.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';

const PREFIX = 'k8s.cloudscale.ch/loadbalancer-';

/** What can be different about a Node. */
export interface NodeWish {
  readonly providerId?: string;
  readonly uid?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A Node. */
export function aNode(name: string, wish: NodeWish = {}): KubeNode {
  const { providerId, uid = `uid-${name}`, labels = {} } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid, labels, creationTimestamp: '2026-01-01T00:00:00Z' },
    spec: providerId === undefined ? {} : { providerID: providerId },
  };
}

/** What can be different about a Service. */
export interface ServiceWish {
  readonly name?: string;
  readonly uid?: string;
  /** By suffix: `pool-protocol`. */
  readonly annotations?: Readonly<Record<string, string>>;
  readonly ports?: readonly {
    readonly name?: string;
    readonly port: number;
    readonly protocol?: string;
    readonly nodePort?: number;
  }[];
  readonly spec?: Partial<KubeService['spec']>;
  readonly metadata?: Partial<KubeService['metadata']>;
}

/** A Service of type LoadBalancer with one unnamed port: 80 on node port 30080. */
export function aService(wish: ServiceWish = {}): KubeService {
  const { name = 'web', uid = '11111111-2222-4333-8444-555555555555', annotations = {} } = wish;
  const ports = (wish.ports ?? [{ port: 80 }]).map((port) => ({
    protocol: 'TCP',
    nodePort: 30_000 + port.port,
    ...port,
  }));
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'shop',
      uid,
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: Object.fromEntries(Object.entries(annotations).map(([key, value]) => [PREFIX + key, value])),
      ...wish.metadata,
    },
    spec: { type: 'LoadBalancer', ports, externalTrafficPolicy: 'Cluster', ...wish.spec },
    status: {},
  };
}
