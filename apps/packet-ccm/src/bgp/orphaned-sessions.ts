// BGP sessions of this cluster that nothing needs any more. Sessions have no tags, and another cluster of the project may have made one, so
// only evidence counts: our annotations on a Node that is not selected any more, or a device outside of the cluster that announces nothing
// but elastic IPs of this cluster. Pure.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { BgpSession, DeviceId } from '@longshore/packet-api';
import type { AnnotationKeys } from '../config.ts';
import { parseProviderId } from '../instances/provider-id.ts';
import { planAnnotations } from './annotations.ts';
import type { AnnotationPatch } from './annotations.ts';
import type { NodeSelector } from './node-selector.ts';

/** What decides about sessions. */
export interface SessionFacts {
  readonly nodes: readonly KubeNode[];
  readonly selector: NodeSelector;
  readonly keys: AnnotationKeys;
  /** Elastic IPs that programs like this one reserved for this cluster. */
  readonly ownAddresses: ReadonlySet<string>;
}

/** A session that nothing needs. */
export interface OrphanedSession {
  readonly session: BgpSession;
  readonly deviceId: DeviceId;
  readonly reason: string;
  /** What has to leave the Node with the session. */
  readonly node?: { readonly name: string; readonly patch: AnnotationPatch };
}

/** The orphans. */
export function orphansAmongSessions(sessions: readonly BgpSession[], facts: SessionFacts): readonly OrphanedSession[] {
  const byDevice = new Map(facts.nodes.flatMap((node) => deviceOf(node).map((id) => [id, node] as const)));
  return sessions.flatMap((session) => {
    const { deviceId } = session;
    if (deviceId === undefined) return [];
    const node = byDevice.get(deviceId);
    const orphan = node ? ofNode(node, facts) : ofStranger(session, facts);
    return orphan ? [{ session, deviceId, ...orphan }] : [];
  });
}

type Finding = Pick<OrphanedSession, 'reason' | 'node'>;

function ofNode(node: KubeNode, { selector, keys }: SessionFacts): Finding | undefined {
  const { name = '', labels = {}, annotations = {} } = node.metadata ?? {};
  if (selector.matches(labels)) return undefined;
  const patch = planAnnotations(annotations, {}, keys);
  if (Object.keys(patch).length === 0) return undefined;
  return { reason: `node ${name} is not selected by "${selector.text}" any more`, node: { name, patch } };
}

function ofStranger({ learnedRoutes }: BgpSession, { ownAddresses }: SessionFacts): Finding | undefined {
  const announced = learnedRoutes.map((route) => route.split('/')[0] ?? '');
  if (announced.length === 0 || !announced.every((address) => ownAddresses.has(address))) return undefined;
  return {
    reason: `its device is no node of this cluster and still announces ${announced.join(', ')}, which are this cluster's`,
  };
}

function deviceOf({ spec }: KubeNode): readonly DeviceId[] {
  const parsed = parseProviderId(spec?.providerID);
  return parsed.kind === 'device' ? [parsed.id] : [];
}
