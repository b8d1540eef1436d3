// Objects for tests: one default each, small overrides. A test shows only what matters to it.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import { parseDropletNumber } from './ids.ts';
import { parseCertificateId, parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { Droplet, LoadBalancer } from '@longshore/digitalocean-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import type { AnnotationName, Settings } from '../annotations.ts';

/** Annotations by their names in this program. */
export type Annotated = Partial<Record<AnnotationName, string>>;

/** What can be different about a Service. */
export interface ServiceWish {
  readonly name?: string;
  readonly uid?: string;
  readonly annotations?: Annotated;
  readonly ports?: readonly (
    number | { readonly port: number; readonly protocol?: string; readonly nodePort?: number }
  )[];
  readonly spec?: Partial<KubeService['spec']>;
  readonly metadata?: Partial<KubeService['metadata']>;
  readonly ingress?: readonly { readonly ip: string }[];
}

/** The annotations of a manifest. */
export function annotate(annotations: Annotated = {}): Record<string, string> {
  return Object.fromEntries(
    Object.entries(annotations).map(([name, value]) => [ANNOTATIONS[name as AnnotationName].key, value]),
  );
}

/** Settings as a Service with these annotations has them. */
export function settingsOf(annotations: Annotated = {}): Settings {
  const { settings, problems } = readSettings(annotate(annotations));
  if (problems.length > 0) throw new Error(problems.map(({ message }) => message).join('; '));
  return settings;
}

/** A Service of type LoadBalancer with port 80 on node port 30000. */
export function aService(wish: ServiceWish = {}): KubeService {
  const ports = (wish.ports ?? [80]).map((port, at) => ({
    name: `p${at}`,
    protocol: 'TCP',
    nodePort: 30_000 + at,
    ...(typeof port === 'number' ? { port } : port),
  }));
  const { name = 'web', uid = '11111111-2222-4333-8444-555555555555', ingress = [] } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: {
      name,
      namespace: 'shop',
      uid,
      creationTimestamp: '2026-01-01T00:00:00Z',
      annotations: annotate(wish.annotations),
      ...wish.metadata,
    },
    spec: { type: 'LoadBalancer', ports, externalTrafficPolicy: 'Cluster', ...wish.spec },
    status: { loadBalancer: { ingress } },
  };
}

/** What can be different about a Node. */
export interface NodeWish {
  readonly providerId?: string;
  readonly internal?: readonly string[];
  readonly external?: readonly string[];
  readonly createdAt?: string;
  readonly taints?: readonly string[];
}

/** A Node with a droplet's number in its provider ID, a private and a public IPv4 address. */
export function aNode(name: string, wish: NodeWish = {}): KubeNode {
  const { internal = ['10.0.0.1'], external = ['198.51.100.1'], createdAt = '2025-12-01T00:00:00Z' } = wish;
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name, uid: `uid-${name}`, creationTimestamp: createdAt },
    spec: {
      ...(wish.providerId === undefined ? {} : { providerID: wish.providerId }),
      taints: (wish.taints ?? []).map((key) => ({ key, effect: 'NoSchedule' })),
    },
    status: {
      addresses: [
        ...internal.map((address) => ({ type: 'InternalIP', address })),
        ...external.map((address) => ({ type: 'ExternalIP', address })),
      ],
    },
  };
}

/** An active droplet with private and public IPv4. */
export function aDroplet(wish: Partial<Droplet> & { readonly number?: number } = {}): Droplet {
  const { number = 101, ...fields } = wish;
  return {
    id: parseDropletNumber(number),
    name: `pool-a-${number}`,
    status: 'active',
    sizeSlug: 's-2vcpu-4gb',
    region: 'fra1',
    addresses: [
      { family: 'v4', type: 'private', address: '10.114.0.2' },
      { family: 'v4', type: 'public', address: '198.51.100.7' },
    ],
    tags: [],
    vpcId: undefined,
    hasGpu: false,
    ...fields,
  };
}

/** An active network balancer that forwards port 80. */
export function aBalancer(wish: Partial<LoadBalancer> = {}): LoadBalancer {
  return {
    id: parseLoadBalancerId('lb-1'),
    name: 'a1111111122224333844455555555555',
    status: 'active',
    ip: '203.0.113.9',
    region: 'fra1',
    type: 'REGIONAL_NETWORK',
    network: 'EXTERNAL',
    networkStack: 'IPV4',
    sizeUnit: 1,
    size: 'lb-small',
    algorithm: 'round_robin',
    createdAt: '2026-01-01T00:00:00Z',
    forwardingRules: [
      { entryProtocol: 'tcp', entryPort: 80, targetProtocol: 'tcp', targetPort: 80, tlsPassthrough: false },
    ],
    healthCheck: {
      protocol: 'http',
      port: 10256,
      path: '/healthz',
      checkIntervalSeconds: 3,
      responseTimeoutSeconds: 5,
      unhealthyThreshold: 3,
      healthyThreshold: 5,
      proxyProtocol: false,
    },
    stickySessions: { type: 'none' },
    firewall: { allow: [], deny: [] },
    redirectHttpToHttps: false,
    enableProxyProtocol: false,
    enableBackendKeepalive: false,
    disableLetsEncryptDnsRecords: false,
    httpIdleTimeoutSeconds: 60,
    tlsCipherPolicy: 'DEFAULT',
    dropletIds: [parseDropletNumber(101)],
    tags: [],
    ...wish,
  };
}

/** A text as certificate ID. */
export const certificate = parseCertificateId;
