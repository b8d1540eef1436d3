// Which Node of the workload cluster is that of a Machine. Pure. The provider ID decides where there is one: a Node that was left behind by
// a former device of the same name is not it.
import type { KubeNode } from '@longshore/k8s-runtime';
import { annotations } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import { deviceOfProviderId, memoryOf } from '../machine/machine-memory.ts';
import { placeOf } from '../machine/place.ts';

/** Look-ups in the Nodes of a cluster. */
export interface NodeLookup {
  ofDevice(deviceId: string): readonly KubeNode[];
  ofMachine(machineKey: string): readonly KubeNode[];
  named(name: string): KubeNode | undefined;
}

/** Names of the indexes that `lookupIn` needs. */
export const nodeIndexes = {
  device: 'nodesOfDevice',
  machine: 'nodesOfMachine',
} as const;

/** The device that the Node names, for the index. */
export function deviceOfNode({ spec }: KubeNode): readonly string[] {
  const id = deviceOfProviderId(spec?.providerID);
  return id === undefined ? [] : [id];
}

/** The Machine that the Node names, for the index. */
export function machineOfNode({ metadata }: KubeNode): readonly string[] {
  const machine = metadata?.annotations?.[annotations.machineOfNode];
  return machine === undefined ? [] : [machine];
}

/** The Node of the Machine; `undefined` while it has none. */
export function matchNode(machine: Machine, nodes: NodeLookup): KubeNode | undefined {
  const { namespace, name } = placeOf(machine);
  const { deviceId } = memoryOf(machine);
  if (deviceId === undefined) return undefined;
  const candidates = [
    ...nodes.ofDevice(deviceId),
    ...[...nodes.ofMachine(`${namespace}/${name}`), nodes.named(name)].filter((node) => isUnknown(node)),
  ];
  return candidates[0];
}

// Its kubelet did not say which device it runs on, and no cloud controller manager has said it yet.
function isUnknown(node: KubeNode | undefined): node is KubeNode {
  return node !== undefined && (node.spec?.providerID ?? '') === '';
}
