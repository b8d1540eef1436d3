// Watches how many Nodes still carry the uninitialized taint. The floor is measured under the same watch as the programs: what the
// observer costs the API server and this process must not be charged to one of them alone.
import type { BareApi } from './api-loop.ts';
import { followWatch } from './await-world.ts';

const TAINT = 'node.cloudprovider.kubernetes.io/uninitialized';

/** True while no cloud controller has initialized the Node; other taints (not-ready, of the API server) may stay. */
export function isUninitialized(spec: { readonly taints?: readonly { readonly key: string }[] }): boolean {
  return spec.taints?.some(({ key }) => key === TAINT) ?? false;
}

/** What a watch has seen so far. */
export interface TaintWatch {
  /** Nodes that still carry the taint. */
  readonly left: number;
  /** Moment of the last change, on the clock of `performance.now()`. */
  readonly lastAtMs: number;
}

/** Follows `nodes` tainted nodes from now on, until the signal aborts. */
export async function watchTaints(api: BareApi, nodes: number, signal: AbortSignal): Promise<TaintWatch> {
  const seen = { left: nodes, lastAtMs: 0 };
  const done = new Set<string>();
  const count = (name: string): void => {
    if (done.has(name)) return;
    done.add(name);
    seen.left -= 1;
    seen.lastAtMs = performance.now();
  };
  const onLine = (line: string): void => {
    if (!line.includes(TAINT)) count(/"name":"([^"]+)"/.exec(line)?.[1] ?? '');
  };
  const follow = async (resourceVersion: string): Promise<void> => {
    await followWatch(api, `/api/v1/nodes?watch=1&resourceVersion=${resourceVersion}`, onLine, signal);
    // The API server ends a watch whose reader is too busy: what it missed is in a list.
    if (signal.aborted) return;
    const { items, metadata } = await listNodes(api, '');
    for (const { metadata: node, spec } of items) if (!isUninitialized(spec)) count(node.name);
    await follow(metadata.resourceVersion);
  };
  void follow((await listNodes(api, '?limit=1')).metadata.resourceVersion);
  return seen;
}

interface NodeList {
  readonly metadata: { readonly resourceVersion: string };
  readonly items: readonly {
    readonly metadata: { readonly name: string };
    readonly spec: Parameters<typeof isUninitialized>[0];
  }[];
}

async function listNodes(api: BareApi, query: string): Promise<NodeList> {
  return JSON.parse(await api.must({ method: 'GET', path: `/api/v1/nodes${query}` })) as NodeList;
}
