// Which device is a Node's machine? Decided from the list; what the list cannot answer comes out as `missing` and is asked by
// instances.ts. Pure. Absence from a list never means that a machine is gone.
import { ANNOTATION_PROVIDED_NODE_IP, canonicalIp, parseProvidedNodeIp } from '@longshore/cloud-provider';
import type { MachineNameOf } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { parseDeviceId } from '@longshore/packet-api';
import type { DeviceId } from '@longshore/packet-api';
import type { DeviceIndex, NodeDevice } from './device-index.ts';
import { parseProviderId } from './provider-id.ts';

/** What is asked about one Node. */
export type Question = (
  | { readonly by: 'id'; readonly id: DeviceId }
  | {
      readonly by: 'name';
      /** The machine's: that of the Node, unless `--node-name-map` has another. */
      readonly name: string;
      /** All IPs that the Node has or claims, in canonical form. */
      readonly ips: readonly string[];
      /** What the machine's firmware says; the ID of the device on some endpoints. */
      readonly systemId: DeviceId | undefined;
      readonly uid: string;
      readonly createdMs: number;
    }
) & {
  /** The Node's name, for messages. */
  readonly node: string;
  /** The IPs that kubelet was told to use. */
  readonly provided: readonly string[];
};

/** What the list says. */
export type Answer =
  | { readonly kind: 'device'; readonly device: NodeDevice }
  | { readonly kind: 'missing' }
  /** Nobody but the user can say which. */
  | { readonly kind: 'refused'; readonly error: OperatorError };

/** The question that a Node poses; undefined for another cloud's Node; an error for a provider ID that cannot be read. */
export function toQuestion(
  node: KubeNode,
  machineNameOf: MachineNameOf = (nodeName) => nodeName,
): Question | OperatorError | undefined {
  const name = node.metadata?.name ?? '';
  const parsed = parseProviderId(node.spec?.providerID);
  const provided = providedIps(node);
  switch (parsed.kind) {
    case 'foreign':
      return undefined;
    case 'malformed':
      return new OperatorError('PROVIDER_ID_MALFORMED', `node ${name}: ${parsed.reason}`, onChange);
    case 'device':
      return { by: 'id', id: parsed.id, node: name, provided };
    case 'absent':
      return byName(node, { name: machineNameOf(name), node: name, provided });
  }
}

/** Answers a question from the list. */
export function answerFrom(index: DeviceIndex, question: Question): Answer {
  if (question.by === 'id') {
    const device = index.byId(question.id);
    // A list may show for a moment what is deleted already: the direct question tells.
    return device && device.state !== 'deleted' ? { kind: 'device', device } : { kind: 'missing' };
  }
  const named = living(index.byHostname(question.name));
  if (named.length > 0) return choose(named, question, 'this hostname');
  const addressed = [...new Set(question.ips.flatMap((ip) => living(index.byAddress(ip))))];
  return choose(addressed, question, 'an IP of this node');
}

/** How old a list may be that shall know the devices of these Nodes, in wall-clock time of its start. */
export function oldestUsefulListMs(questions: Iterable<Question>): number {
  let latestMs = -Infinity;
  for (const question of questions) if (question.by === 'name') latestMs = Math.max(latestMs, question.createdMs);
  // The API server writes whole seconds: a Node of 10.9 s says 10.
  return latestMs + 1000;
}

function byName(
  node: KubeNode,
  {
    name,
    node: nodeName,
    provided,
  }: { readonly name: string; readonly node: string; readonly provided: readonly string[] },
): Question {
  // The map may name a device's ID instead of its hostname.
  const mappedId = name === nodeName ? undefined : parseDeviceId(name);
  if (mappedId !== undefined) return { by: 'id', id: mappedId, node: nodeName, provided };
  const addresses = node.status?.addresses ?? [];
  const known = addresses.filter(({ type }) => type.endsWith('IP')).map(({ address }) => canonicalIp(address));
  const named = canonicalIp(name);
  return {
    by: 'name',
    name,
    node: nodeName,
    provided,
    ips: [...new Set([...provided, named, ...known].filter((ip) => ip !== undefined))],
    systemId: parseDeviceId(node.status?.nodeInfo?.systemUUID ?? ''),
    uid: node.metadata?.uid ?? nodeName,
    createdMs: createdMsOf(node),
  };
}

// An annotation that cannot be read is told by the node controller; here it is none.
function providedIps(node: KubeNode): readonly string[] {
  const text = node.metadata?.annotations?.[ANNOTATION_PROVIDED_NODE_IP];
  const parsed = text === undefined ? { ips: [] } : parseProvidedNodeIp(text);
  const ips = 'ips' in parsed ? parsed.ips : [];
  return ips.filter((ip) => ip !== '0.0.0.0' && ip !== '::');
}

// A device that is being given back has often been replaced by one of the same name.
function living(devices: readonly NodeDevice[]): readonly NodeDevice[] {
  const alive = devices.filter(({ state }) => !['deprovisioning', 'deleted', 'failed'].includes(state));
  return alive.length > 0 ? alive : devices;
}

function choose(candidates: readonly NodeDevice[], question: Extract<Question, { by: 'name' }>, what: string): Answer {
  const [device, ...others] = candidates;
  if (device === undefined) return { kind: 'missing' };
  if (others.length === 0) return { kind: 'device', device };
  const decided =
    only(candidates.filter((one) => hasIp(one, question.ips))) ?? candidates.find(({ id }) => id === question.systemId);
  return decided
    ? { kind: 'device', device: decided }
    : { kind: 'refused', error: ambiguous(candidates, question, what) };
}

function only(devices: readonly NodeDevice[]): NodeDevice | undefined {
  return devices.length === 1 ? devices[0] : undefined;
}

function hasIp({ addresses }: NodeDevice, ips: readonly string[]): boolean {
  return addresses.some(({ address, isManagement }) => isManagement && ips.includes(canonicalIp(address) ?? ''));
}

function ambiguous(
  candidates: readonly NodeDevice[],
  { node, name }: Question & { by: 'name' },
  what: string,
): OperatorError {
  const ids = candidates.map(({ id }) => id).sort();
  const subject = node === name ? `node ${node}` : `node ${node} (mapped to ${name})`;
  const message = `${subject}: devices ${ids.join(' and ')} ${ids.length === 2 ? 'both' : 'all'} have ${what}: give each device a hostname of its own, start kubelet with --provider-id=packet://<device UUID>, or name the device's UUID in --node-name-map`;
  return new OperatorError('DEVICE_AMBIGUOUS', message, onChange);
}

function createdMsOf(node: KubeNode): number {
  const ms = Date.parse(node.metadata?.creationTimestamp ?? '');
  return Number.isNaN(ms) ? -Infinity : ms;
}
