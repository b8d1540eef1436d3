// The fake answers like kube-apiserver: one script of calls runs against both, and what comes back is compared. A fake that is kinder than
// the real server would make unit tests prove nothing.
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { connect } from '../connect.ts';
import { KubeApiError } from '../kube-api-error.ts';
import type { KubeClient, WriteOptions } from '../kube-client.ts';
import { configMaps, nodes, services } from '../resource-type.ts';
import type { KubeNode, KubeObject } from '../resource-type.ts';
import { FakeKubeClient } from './fake-kube-client.ts';

let controlPlane: ControlPlane;
let real: KubeClient;

beforeAll(async () => {
  controlPlane = await startControlPlane();
  real = await connect({ kubeconfig: controlPlane.kubeconfigPath, userAgent: 'fake-test' });
}, 300_000);

afterAll(async () => controlPlane?.stop());

const taint = (key: string): object => ({ key, effect: 'NoSchedule' });
const address = (ip: string): object => ({ type: 'InternalIP', address: ip });

type Call = (client: KubeClient) => Promise<unknown>;

const patch =
  (name: string, kind: 'merge' | 'strategic', body: object, options?: WriteOptions): Call =>
  (client) =>
    client.patch(nodes, { name }, { kind, body }, options);
const status = { subresource: 'status' } as const;

const SCRIPT: Readonly<Record<string, Call>> = {
  'create a node with status': (client) =>
    client.create(nodes, {
      metadata: { name: 'n', labels: { a: '1' } },
      status: { addresses: [address('10.0.0.1')] },
    } as KubeNode),
  'create it again': (client) => client.create(nodes, { metadata: { name: 'n' } }),
  'merge labels and taints': patch('n', 'merge', {
    metadata: { labels: { a: null, b: '2' } },
    spec: { taints: [taint('x'), taint('y')] },
  }),
  'strategic taints are one value': patch('n', 'strategic', { spec: { taints: [taint('z')] } }),
  'status through the main resource is left alone': patch('n', 'merge', {
    status: { addresses: [address('10.0.0.9')] },
  }),
  'spec through the status subresource is left alone': patch(
    'n',
    'merge',
    { spec: { unschedulable: true }, status: { addresses: [address('10.0.0.2')] } },
    status,
  ),
  'labels through the status subresource': patch('n', 'merge', { metadata: { labels: { viaStatus: 'yes' } } }, status),
  'conditions merge by type': patch(
    'n',
    'strategic',
    { status: { conditions: [{ type: 'Ready', status: 'True' }] } },
    status,
  ),
  'another condition': patch('n', 'strategic', { status: { conditions: [{ type: 'Other', status: 'True' }] } }, status),
  'addresses replaced': patch(
    'n',
    'strategic',
    { status: { addresses: [{ $patch: 'replace' }, address('10.0.0.3'), address('10.0.0.4')] } },
    status,
  ),
  'a strategic address without directive': patch(
    'n',
    'strategic',
    { status: { addresses: [{ type: 'ExternalIP', address: '1.2.3.4' }] } },
    status,
  ),
  'finalizers by strategic merge': patch('n', 'strategic', { metadata: { finalizers: ['a.io/a', 'b.io/b'] } }),
  'one finalizer less': patch('n', 'strategic', { metadata: { '$deleteFromPrimitiveList/finalizers': ['a.io/a'] } }),
  'an old version in a patch': patch('n', 'merge', { metadata: { resourceVersion: '1', labels: { c: '3' } } }),
  'a foreign uid in a patch': patch('n', 'merge', { metadata: { uid: 'other', labels: { c: '3' } } }),
  'a dry run': patch('n', 'merge', { metadata: { labels: { dry: 'run' } } }, { dryRun: true }),
  'delete for another uid': (client) => client.remove(nodes, { name: 'n' }, { preconditions: { uid: 'other' } }),
  'delete for another version': (client) =>
    client.remove(nodes, { name: 'n' }, { preconditions: { resourceVersion: '1' } }),
  'a write that changes nothing': async (client) => {
    const before = await client.get(nodes, { name: 'n' });
    const after = await client.patch(
      nodes,
      { name: 'n' },
      { kind: 'merge', body: { metadata: { labels: { b: '2' } } } },
    );
    return before?.metadata?.resourceVersion === after?.metadata?.resourceVersion;
  },
  'delete with a finalizer': (client) => client.remove(nodes, { name: 'n' }),
  'it is still there, being deleted': async (client) =>
    (await client.get(nodes, { name: 'n' }))?.metadata?.deletionTimestamp !== undefined,
  'without its finalizer it goes': patch('n', 'merge', { metadata: { finalizers: null } }),
  'it is gone': (client) => client.get(nodes, { name: 'n' }),
  'patch what is gone': patch('n', 'merge', {}),
  'delete what is gone': (client) => client.remove(nodes, { name: 'n' }),
  'replace what is gone': (client) => client.replace(nodes, { metadata: { name: 'n' } }),
  'a config map': (client) =>
    client.create(configMaps, { metadata: { namespace: 'default', name: 'c' }, data: { a: '1' } }),
  'replace it with its version': async (client) => {
    const found = await client.get(configMaps, { namespace: 'default', name: 'c' });
    return client.replace(configMaps, { ...found, data: { b: '2' } });
  },
  'replace it with an old version': (client) =>
    client.replace(configMaps, { metadata: { namespace: 'default', name: 'c', resourceVersion: '1' }, data: {} }),
  'replace it without a version': (client) =>
    client.replace(configMaps, { metadata: { namespace: 'default', name: 'c' }, data: { c: '3' } }),
  'a json patch whose test holds': (client) =>
    client.patch(
      configMaps,
      { namespace: 'default', name: 'c' },
      {
        kind: 'json',
        body: [
          { op: 'test', path: '/data/c', value: '3' },
          { op: 'add', path: '/data/d', value: '4' },
        ],
      },
    ),
  'status of a service with metadata': async (client) => {
    const key = { namespace: 'default', name: 's' };
    await client.create(services, { metadata: key, spec: { type: 'LoadBalancer', ports: [{ port: 80 }] } });
    const body = {
      metadata: { finalizers: ['service.kubernetes.io/load-balancer-cleanup'] },
      status: { loadBalancer: { ingress: [{ ip: '1.2.3.4', ipMode: 'VIP' }] } },
    };
    const patched = await client.patch(services, key, { kind: 'merge', body }, status);
    return { finalizers: patched?.metadata?.finalizers, status: patched?.status };
  },
};

interface Parts extends KubeObject {
  readonly data?: object;
  readonly spec?: KubeNode['spec'];
  readonly status?: KubeNode['status'];
}

/** Comparable parts: what the server makes up (uids, times, defaults, the taint of new nodes) is left out. */
function comparable(value: unknown): unknown {
  if (value instanceof KubeApiError) return `refused: ${value.status} ${value.reason}`;
  if (typeof value !== 'object' || value === null || !('metadata' in value)) return value;
  const { metadata, data, spec, status: state } = value as Parts;
  const { name, labels, finalizers } = (metadata ?? {}) as { name?: string; labels?: object; finalizers?: string[] };
  return { name, labels, finalizers, data, ...comparableSpec(spec), ...comparableStatus(state) };
}

function comparableSpec({ taints = [], unschedulable }: NonNullable<Parts['spec']> = {}): object {
  return {
    taints: taints.map(({ key }) => key).filter((key) => key !== 'node.kubernetes.io/not-ready'),
    unschedulable,
  };
}

function comparableStatus({ conditions, addresses }: NonNullable<Parts['status']> = {}): object {
  return {
    conditions: conditions?.map(({ type, status: is }) => `${type}=${is}`),
    addresses: addresses?.map(({ type, address: ip }) => `${type}=${ip}`),
  };
}

async function run(client: KubeClient): Promise<Record<string, unknown>> {
  const results: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(SCRIPT)) {
    results[name] = comparable(await call(client).catch((error: unknown) => error));
  }
  return results;
}

test('fake and real API server give the same answers to the same script', async () => {
  const wanted = await run(real);
  expect(wanted['an old version in a patch']).toBe('refused: 409 Conflict');
  expect(wanted['it is gone']).toBeUndefined();
  expect(await run(new FakeKubeClient())).toEqual(wanted);
});

test('fake and real API server send the same watch events', async () => {
  const follow = async (client: KubeClient): Promise<readonly string[]> => {
    const seen: string[] = [];
    const stop = new AbortController();
    const selection = { fieldSelector: 'metadata.name=w' };
    const events = await client.watch(nodes, {
      ...selection,
      sendInitialEvents: true,
      signal: stop.signal,
    });
    await client.create(nodes, { metadata: { name: 'w', finalizers: ['a.io/a'] } });
    await client.patch(nodes, { name: 'w' }, { kind: 'merge', body: { metadata: { labels: { a: '1' } } } });
    await client.remove(nodes, { name: 'w' });
    await client.patch(nodes, { name: 'w' }, { kind: 'merge', body: { metadata: { finalizers: [] } } });
    for await (const { type, object } of events) {
      const isInitialEnd = object.metadata?.annotations?.['k8s.io/initial-events-end'] === 'true';
      // The real server sends further bookmarks when it likes, once a minute or so.
      if (type === 'BOOKMARK' && !isInitialEnd) continue;
      seen.push(`${type} ${String(isInitialEnd || object.metadata?.deletionTimestamp !== undefined)}`);
      if (type === 'DELETED') break;
    }
    return seen;
  };
  const wanted = await follow(real);
  expect(wanted.at(-1)).toMatch(/^DELETED/);
  expect(await follow(new FakeKubeClient())).toEqual(wanted);
});
