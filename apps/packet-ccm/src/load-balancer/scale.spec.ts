// The bill: with 100 Nodes and 50 balancers a change of one Node, and a pass that finds nothing to do, cost a handful of calls. With the
// program's own speakers and announcer, wired as in the program.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import type { LoadBalancers, ProviderContext } from '@longshore/cloud-provider';
import { configMaps, keyOf, nodes as nodeType } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { PrometheusMetrics } from '@longshore/k8s-runtime/process';
import { recordingLogger } from '@longshore/reconciler-core/testing';
import { PacketInstances } from '../instances/instances.ts';
import { aNode } from '../test-support/builders.ts';
import { aService, aWorld, CLUSTER } from '../test-support/balancer-world.ts';
import type { Cluster, World } from '../test-support/balancer-world.ts';
import { createLoadBalancers } from './create-load-balancers.ts';

jest.setTimeout(300_000);

const signal = new AbortController().signal;
let world: World;
let cluster: Cluster;
let balancers: LoadBalancers;
let serviceNames: readonly string[];

interface Size {
  readonly backend: string;
  readonly devices: number;
  readonly services: number;
}

async function start({ backend, devices, services }: Size): Promise<void> {
  world = await aWorld({ devices });
  serviceNames = Array.from({ length: services }, (_, index) => `s${index}`);
  const settings = { METAL_METRO_NAME: 'ny', METAL_BGP_MAX_PREFIXES: '0', METAL_LOAD_BALANCER: backend };
  cluster = world.cluster(CLUSTER, settings);
  const { kube, config } = cluster;
  for (const device of world.cloud.state.devices.values()) addNode(device);
  kube.put(configMaps, {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'config', namespace: 'metallb-system' },
    data: { config: '' },
  });
  const { api, clock } = world;
  const instances = new PacketInstances({ devices: api.devices, projectId: config.projectId, clock });
  const [log, metrics] = [recordingLogger(), new PrometheusMetrics()];
  const made = createLoadBalancers({ config, api, instances, clock, log, metrics });
  if (!made) throw new Error('no load balancers');
  const find = (key: string): KubeNode | undefined => kube.object(nodeType, key);
  const context = {
    ...{ clusterName: 'test', client: kube, clock, log, metrics, isDryRun: false, signal },
    nodes: { get: find, list: () => nodes() },
    services: { get: () => undefined, list: () => cluster.all() },
    events: { normal: () => {}, warning: () => {} },
    keepRunning: () => {},
  };
  await made.start(context as unknown as ProviderContext);
  balancers = made.loadBalancers;
  for (const name of serviceNames) cluster.put(aService({ name }));
  await ensureAll();
}

afterEach(() => world.close());

const nodes = (): readonly KubeNode[] => cluster.kube.objects(nodeType);

function addNode({ id, hostname }: { readonly id: string; readonly hostname: string }): void {
  cluster.kube.put(nodeType, aNode(hostname, { providerId: `packet://${id}` }));
}

/** One pass over all Services, by five workers as in the program; the changes that were told. */
async function ensureAll(): Promise<readonly string[]> {
  const queue = [...serviceNames];
  const changes: string[] = [];
  const work = async (): Promise<void> => {
    for (let name = queue.shift(); name !== undefined; name = queue.shift()) {
      const result = await balancers.ensure(cluster.get(name), nodes(), signal);
      if (result.kind !== 'ready') throw new Error(`${name} is ${result.kind}`);
      if (cluster.shows(name).length === 0) {
        cluster.edit(name, (service) => ({ ...service, status: { loadBalancer: result.status } }));
      }
      changes.push(...result.changes);
    }
  };
  await Promise.all(Array.from({ length: 5 }, work));
  return changes;
}

describe.each([
  { backend: 'empty://', devices: 100, services: 50 },
  // A ConfigMap holds 1 MiB, and each peer names each Service: 100 nodes with 50 balancers need 1.5 MB.
  { backend: 'metallb:///', devices: 100, services: 20 },
  { backend: 'metallb:///metallb-system?crdConfiguration=true', devices: 100, services: 50 },
])('$devices nodes, $services balancers, $backend', (size) => {
  beforeEach(() => start(size));

  test('a new node costs at most 60 calls of cloud and API server, and no write of a Service', async () => {
    await world.clock.advance(60_000);
    const device = world.cloud.addDevice({ hostname: 'node-new' });
    addNode(device);
    world.cloud.calls.clear();
    const before = cluster.kube.callsOf().length;
    const callsBefore = cluster.kube.calls.length;
    await ensureAll();
    expect(world.cloud.calls.total + cluster.kube.calls.length - callsBefore).toBeLessThanOrEqual(60);
    const sessions = [...world.cloud.state.bgpSessions.values()].filter(({ device: of }) =>
      of.href.includes(device.id),
    );
    expect(sessions).toHaveLength(1);
    const written = cluster.kube.callsOf().slice(before);
    expect(written.filter(({ resource }) => resource === 'services')).toEqual([]);
    expect(written.filter(({ resource, key }) => resource === 'nodes' && key !== 'node-new')).toEqual([]);
  });

  test('a node that goes, and passes that find nothing: the same', async () => {
    await world.clock.advance(60_000);
    const [gone] = nodes();
    if (!gone) throw new Error('no node');
    cluster.kube.delete(nodeType, { name: keyOf(gone) });
    world.cloud.calls.clear();
    await ensureAll();
    expect(world.cloud.calls.total).toBeLessThanOrEqual(60);
    await world.clock.advance(60_000);
    world.cloud.calls.clear();
    const before = cluster.kube.callsOf().length;
    expect(await ensureAll()).toEqual([]);
    expect(world.cloud.calls.total).toBeLessThanOrEqual(5);
    expect(cluster.kube.callsOf()).toHaveLength(before);
  });
});
