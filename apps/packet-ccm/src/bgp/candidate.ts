// Which Nodes may announce addresses, and as which devices. Pure.
import type { KubeNode } from '@longshore/k8s-runtime';
import type { DeviceId } from '@longshore/packet-api';
import { parseProviderId } from '../instances/provider-id.ts';
import type { ParsedProviderId } from '../instances/provider-id.ts';
import type { Annotations } from './annotations.ts';
import type { NodeSelector } from './node-selector.ts';

/** A Node with a device. */
export interface Candidate {
  readonly kind: 'candidate';
  readonly nodeName: string;
  readonly id: DeviceId;
  readonly annotations: Annotations;
  /** Resource version. */
  readonly version: string | undefined;
}

/** A Node that cannot be one, or is not meant to be. */
export type NoCandidate =
  | { readonly kind: 'not-ready'; readonly nodeName: string; readonly reason: string }
  | { readonly kind: 'not-selected' };

/** Judges one Node; `node` is absent when the cache has none. */
export function toCandidate(
  nodeName: string,
  node: KubeNode | undefined,
  selector: NodeSelector,
): Candidate | NoCandidate {
  const notReady = (reason: string): NoCandidate => ({ kind: 'not-ready', nodeName, reason });
  if (node === undefined) return notReady('there is no such node');
  const { labels = {}, annotations = {}, resourceVersion } = node.metadata ?? {};
  if (!selector.matches(labels)) return { kind: 'not-selected' };
  const parsed = parseProviderId(node.spec?.providerID);
  if (parsed.kind !== 'device') return notReady(reasonOf(parsed));
  return { kind: 'candidate', nodeName, id: parsed.id, annotations, version: resourceVersion };
}

function reasonOf(parsed: Exclude<ParsedProviderId, { kind: 'device' }>): string {
  switch (parsed.kind) {
    case 'absent':
      return 'the node has no provider ID yet';
    case 'foreign':
      return 'the node is a machine of another cloud';
    case 'malformed':
      return parsed.reason;
  }
}
