// The node link: Machines learn which Node is theirs and whether it is ready, Nodes get the labels and taints of their Machine. The Nodes are
// in the cluster that the Machines make up, which after a move is the one that this program runs in: both ways are the same.
import { checkAgain, Controller, messageOf, settled } from '@longshore/reconciler-core';
import type { Logger, Outcome, Runnable } from '@longshore/reconciler-core';
import { isConflict, keyOf, nodes as nodeType } from '@longshore/k8s-runtime';
import type { Informer, KubeNode } from '@longshore/k8s-runtime';
import { pausedBy } from '../api/conditions.ts';
import { CLUSTER_LABEL } from '../api/names.ts';
import type { Cluster, Machine } from '../api/objects.ts';
import { clusters, machines } from '../api/resources.ts';
import type { ClusterKey, WorkloadClusters } from '../cluster/contract.ts';
import { memoryOf } from '../machine/machine-memory.ts';
import { patchMachine } from '../machine/machine-writes.ts';
import { isLeaving, placeOf } from '../machine/place.ts';
import type { ControllerParts } from '../process/parts.ts';
import { planNodeLink } from './node-link-plan.ts';
import type { NodeFinding, NodeLinkPlan } from './node-link-plan.ts';
import { deviceOfNode, machineOfNode, matchNode, nodeIndexes } from './node-match.ts';

const OF_CLUSTER = 'nodeLinkMachinesOfCluster';
const CHECK_MS = 30_000;
const SOON_MS = 1_000;
const AFTER_CONFLICT_MS = 250;
const CALL_MS = 10_000;
/** A watch that is cut off for so long is not merely reconnecting. */
const SILENCE_MS = 60_000;

/** Makes the node link. */
export function createNodeLinkController(
  parts: ControllerParts,
  { workloads }: { readonly workloads: WorkloadClusters },
): Runnable {
  const link = new NodeLink(parts, workloads);
  const controller = new Controller<string>({
    name: 'node-link',
    workers: parts.concurrency,
    clock: parts.clock,
    log: parts.log,
    metrics: parts.metrics,
    reconcile: (key, { signal, log }) => link.reconcile(key, signal, log),
  });
  controller.watch(link.machines, ({ object }) => [keyOf(object)]);
  controller.watch(link.clusters, ({ object }) => link.keysOfCluster(placeOf(object)));
  return {
    name: controller.name,
    async run(signal) {
      const unsubscribe = workloads.subscribe((cluster, node) => {
        for (const key of link.keysOfNode(cluster, node)) controller.enqueue(key);
      });
      try {
        await controller.run(signal);
      } finally {
        unsubscribe();
      }
    },
  };
}

class NodeLink {
  readonly machines: Informer<Machine>;
  readonly clusters: Informer<Cluster>;
  readonly #parts: ControllerParts;
  readonly #workloads: WorkloadClusters;
  readonly #indexed = new WeakSet<Informer<KubeNode>>();

  constructor(parts: ControllerParts, workloads: WorkloadClusters) {
    this.#parts = parts;
    this.#workloads = workloads;
    this.machines = parts.informers.for(machines, { indexes: { [OF_CLUSTER]: indexOfCluster } });
    this.clusters = parts.informers.for(clusters);
  }

  keysOfCluster({ namespace, name }: ClusterKey): readonly string[] {
    return this.machines.byIndex(OF_CLUSTER, `${namespace}/${name}`).map(keyOf);
  }

  /** Machines whose Node it is, or may become. */
  keysOfNode({ namespace, name }: ClusterKey, node: string): readonly string[] {
    return this.machines
      .byIndex(OF_CLUSTER, `${namespace}/${name}`)
      .filter(({ metadata, status }) => metadata?.name === node || (status?.nodeRef?.name ?? node) === node)
      .map(keyOf);
  }

  async reconcile(key: string, signal: AbortSignal, log: Logger): Promise<Outcome> {
    const machine = this.machines.get(key);
    const cluster = machine && this.clusterOf(machine);
    if (machine === undefined || cluster === undefined || !mayHaveNode(machine, cluster)) return settled;
    const finding = await this.#find(machine, placeOf(cluster), signal);
    if (finding === undefined) return checkAgain(SOON_MS, 'the Nodes are being listed');
    if (finding === 'no-kubeconfig') return checkAgain(CHECK_MS, 'the cluster has no kubeconfig yet');
    try {
      await this.#apply(machine, finding, signal);
    } catch (error) {
      if (isConflict(error)) return checkAgain(AFTER_CONFLICT_MS, 'something was changed meanwhile');
      throw error;
    }
    log.verbose(4, 'linked', { finding: finding.state });
    return checkAgain(CHECK_MS, 'the cluster may stop to answer');
  }

  clusterOf({ metadata }: Machine): Cluster | undefined {
    return this.clusters.get(`${metadata?.namespace ?? ''}/${metadata?.labels?.[CLUSTER_LABEL] ?? ''}`);
  }

  async #find(
    machine: Machine,
    cluster: ClusterKey,
    signal: AbortSignal,
  ): Promise<NodeFinding | 'no-kubeconfig' | undefined> {
    const nodes = await this.#workloads.nodesOf(cluster, signal);
    if (nodes === undefined) return 'no-kubeconfig';
    const { isSynced, isConnected, lastEventAgeMs, failures } = nodes.health();
    if (!isSynced && failures === 0) return undefined;
    const isSilent = !isConnected && lastEventAgeMs > SILENCE_MS;
    if (!isSynced || isSilent) return { state: 'unreachable', message: 'its Nodes cannot be watched' };
    this.#index(nodes);
    const node = matchNode(machine, {
      ofDevice: (id) => nodes.byIndex(nodeIndexes.device, id),
      ofMachine: (key) => nodes.byIndex(nodeIndexes.machine, key),
      named: (name) => nodes.get(name),
    });
    return node === undefined ? { state: 'absent' } : { state: 'found', node };
  }

  #index(nodes: Informer<KubeNode>): void {
    if (this.#indexed.has(nodes)) return;
    this.#indexed.add(nodes);
    nodes.addIndex(nodeIndexes.device, deviceOfNode);
    nodes.addIndex(nodeIndexes.machine, machineOfNode);
  }

  async #apply(machine: Machine, finding: NodeFinding, signal: AbortSignal): Promise<void> {
    const plan = planNodeLink(machine, finding, this.#parts.clock.nowMs());
    const { client, events } = this.#parts;
    if (plan.machineStatus) {
      await patchMachine(client, machine, { status: plan.machineStatus }, { signal, subresource: 'status' });
      if (plan.event) announce(plan.event, machine, events);
    }
    if (plan.node && finding.state === 'found') await this.#patchNode(machine, finding.node, plan.node, signal);
  }

  async #patchNode(machine: Machine, node: KubeNode, body: object, signal: AbortSignal): Promise<void> {
    const cluster = this.clusterOf(machine);
    const client = cluster && (await this.#workloads.clientOf(placeOf(cluster), signal));
    const { name = '', resourceVersion } = node.metadata ?? {};
    const { metadata, ...rest } = body as { readonly metadata?: object };
    const checked = { metadata: { ...metadata, resourceVersion }, ...rest };
    try {
      await client?.patch(nodeType, { name }, { kind: 'merge', body: checked }, { signal, timeoutMs: CALL_MS });
    } catch (error) {
      signal.throwIfAborted();
      if (isConflict(error)) throw error;
      this.#parts.log.warn('labels and taints were not put on a Node', { node: name, error: messageOf(error) });
    }
  }
}

// A Machine that leaves keeps its reference: by it the Node is removed.
function mayHaveNode(machine: Machine, cluster: Cluster): boolean {
  if (isLeaving(machine) || pausedBy({ metadata: machine.metadata ?? {} }, cluster) !== undefined) return false;
  return memoryOf(machine).deviceId !== undefined || machine.status?.nodeRef !== undefined;
}

function announce(
  { type, reason, message }: NonNullable<NodeLinkPlan['event']>,
  machine: Machine,
  events: ControllerParts['events'],
): void {
  if (type === 'Warning') events.warning(machine, reason, message);
  else events.normal(machine, reason, message);
}

function indexOfCluster({ metadata }: Machine): readonly string[] {
  const name = metadata?.labels?.[CLUSTER_LABEL];
  return name === undefined ? [] : [`${metadata?.namespace ?? ''}/${name}`];
}
