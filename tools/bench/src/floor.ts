// The floor: the same two writes per node (addresses, then labels + providerID + taints) from a bare loop. Whatever
// initializes nodes cannot be faster than the API server takes these; the fastest of several connection counts counts.
import { BareApi } from './api-loop.ts';
import type { ApiTarget } from './api-loop.ts';
import { awaitWorld } from './await-world.ts';
import { createBenchNode, removeAllNodes } from './bench-nodes.ts';
import { watchTaints } from './taint-watch.ts';

const CONNECTIONS = [1, 5, 10, 20, 50] as const;
/** Seconds by number of connections. */
export type FloorRound = Readonly<Record<number, number>>;

/** Measures each number of connections once, with `count` fresh nodes; leaves no node behind. */
export async function measureFloorRound(target: ApiTarget, count: number): Promise<FloorRound> {
  const round: Record<number, number> = {};
  for (const connections of CONNECTIONS) round[connections] = await measureRound(target, count, connections);
  return round;
}

/** The fastest number of connections by the median of the rounds. */
export function floorOf(rounds: readonly FloorRound[]): {
  readonly floorSeconds: number;
  readonly floorByConnections: FloorRound;
} {
  const floorByConnections = Object.fromEntries(
    CONNECTIONS.map((connections) => [connections, median(rounds.map((round) => round[connections] ?? Number.NaN))]),
  );
  return { floorSeconds: Math.min(...Object.values(floorByConnections)), floorByConnections };
}

async function measureRound(target: ApiTarget, count: number, connections: number): Promise<number> {
  const setUp = new BareApi(target, 20);
  await setUp.each(count, 20, (index) =>
    createBenchNode(setUp, { name: `floor-${index}`, isInitialized: false, sizeBytes: 0 }),
  );
  const api = new BareApi(target, connections);
  await api.must({ method: 'GET', path: '/version' });
  const watching = new AbortController();
  const watch = await watchTaints(setUp, count, watching.signal);
  const startedAt = performance.now();
  await api.each(count, connections, (index) => writeTwice(api, index));
  await awaitWorld(() => Promise.resolve(watch.left === 0 ? true : undefined), {
    what: 'the last node of the floor',
    timeoutMs: 60_000,
    everyMs: 10,
  });
  const seconds = (watch.lastAtMs - startedAt) / 1000;
  watching.abort();
  await removeAllNodes(setUp);
  api.close();
  setUp.close();
  return seconds;
}

async function writeTwice(api: BareApi, index: number): Promise<void> {
  const name = `floor-${index}`;
  const addresses = [
    { type: 'Hostname', address: name },
    { type: 'InternalIP', address: `10.${index >> 16}.${(index >> 8) & 255}.${index & 255}` },
    { type: 'ExternalIP', address: `203.0.113.${index & 255}` },
  ];
  await api.must({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ status: { addresses } }),
  });
  const labels = {
    'node.kubernetes.io/instance-type': 's-2vcpu-4gb',
    'beta.kubernetes.io/instance-type': 's-2vcpu-4gb',
    'topology.kubernetes.io/region': 'fra1',
    'failure-domain.beta.kubernetes.io/region': 'fra1',
  };
  await api.must({
    method: 'PATCH',
    path: `/api/v1/nodes/${name}`,
    contentType: 'application/merge-patch+json',
    body: JSON.stringify({ metadata: { labels }, spec: { providerID: `digitalocean://${index + 1}`, taints: [] } }),
  });
}

/** The middle value; of an even number the lower middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((left, right) => left - right);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN;
}
