// Reservation and Nodes to the facts that eip-plan.ts decides by. Pure.
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { DeviceId, IpReservation } from '@longshore/packet-api';
import { canonicalIp } from '@longshore/cloud-provider';
import { parseProviderId } from '../instances/provider-id.ts';
import type { ControlPlaneNode, Holder } from './eip-plan.ts';

/** An address of a Node. */
export interface NodeAddress {
  readonly type: string;
  readonly address: string;
}

const LABELS = ['node-role.kubernetes.io/control-plane', 'node-role.kubernetes.io/master'];

/** The Nodes of the control plane. */
export function controlPlaneNodes(nodes: readonly KubeNode[]): readonly KubeNode[] {
  return nodes.filter(({ metadata }) => LABELS.some((label) => metadata?.labels?.[label] !== undefined));
}

/** The device of a Node, as far as the Node says. */
export function deviceIdOf({ spec }: KubeNode): DeviceId | undefined {
  const parsed = parseProviderId(spec?.providerID);
  return parsed.kind === 'device' ? parsed.id : undefined;
}

/** What of a Node counts. */
export function toControlPlaneNode({ metadata, spec }: KubeNode, deviceId: DeviceId): ControlPlaneNode {
  return {
    name: metadata?.name ?? '',
    deviceId,
    isSchedulable: spec?.unschedulable !== true,
    isLeaving: metadata?.deletionTimestamp !== undefined,
  };
}

/** Who has the address. */
export function holderOf(
  { address, assignments }: Pick<IpReservation, 'address' | 'assignments'>,
  nodes: readonly ControlPlaneNode[],
): Holder {
  // Of a larger block only the first address is the control plane's.
  const own = assignments.filter((one) => one.address === undefined || one.address === address);
  const [first] = own;
  if (own.length > 1) return { kind: 'several', count: own.length };
  if (first?.deviceId === undefined) return { kind: 'nobody' };
  const { id: assignmentId, deviceId } = first;
  const node = nodes.find((one) => one.deviceId === deviceId);
  return node ? { kind: 'node', node, assignmentId } : { kind: 'stranger', deviceId, assignmentId };
}

/** The reservation with the tag; none or several are a problem of the administrator's. */
export function reservationByTag(
  tag: string,
  reservations: readonly IpReservation[],
): { readonly reservation: IpReservation & { readonly address: string } } | { readonly problem: string } {
  const tagged = reservations.filter(({ tags, isManagement }) => tags.includes(tag) && !isManagement);
  const [first, ...others] = tagged;
  if (first === undefined) return { problem: `no elastic IP of the project has the tag ${tag} (METAL_EIP_TAG)` };
  if (others.length > 0) return { problem: `${tagged.length} elastic IPs have the tag ${tag}: leave it on one` };
  const { address } = first;
  if (address === undefined) return { problem: `the elastic IP with the tag ${tag} has no address yet` };
  return { reservation: { ...first, address } };
}

/** Where a Node's own API server may answer: its addresses but the elastic one, external ones first or alone. */
export function ownAddresses(
  addresses: readonly NodeAddress[],
  eip: string,
  which: 'all' | 'external' = 'all',
): readonly string[] {
  const taken = canonicalIp(eip);
  const types = which === 'external' ? ['ExternalIP'] : ['ExternalIP', 'InternalIP'];
  const found = types.flatMap((type) => addresses.filter((one) => one.type === type));
  return [...new Set(found.map(({ address }) => address))].filter((address) => canonicalIp(address) !== taken);
}

/** Ports of the API server: on its nodes, and at the address that everybody uses. */
export interface ApiServerPorts {
  readonly name: string;
  readonly onNode: number;
  readonly outside: number;
}

/** The ports, from the Service `default/kubernetes` and the setting; `undefined` until that Service is known. */
export function apiServerPorts(kubernetes: KubeService | undefined, setting: number): ApiServerPorts | undefined {
  const ports = kubernetes?.spec?.ports ?? [];
  const port = ports.find(({ name }) => name === 'https') ?? ports[0];
  if (port === undefined) return undefined;
  const onNode = targetOf(port);
  return { name: port.name ?? '', onNode, outside: setting > 0 ? setting : onNode };
}

function targetOf({ port, targetPort }: { readonly port: number; readonly targetPort?: unknown }): number {
  const target = Number(targetPort);
  return Number.isInteger(target) && target > 0 ? target : port;
}
