// Which peers MetalLB shall have after a Service is announced or withdrawn: one for each router of each speaker, used by all Services, gone
// with the last of them. Pure, and the same for both forms of the configuration, which only spell the fields differently.
import type { Announcement, BgpPeer, ServiceName, Speaker } from '../announcer.ts';
import { keyOfService } from './markers.ts';

/** The fields of a peer that are ours. */
export interface PeerFields {
  readonly myAsn: number;
  readonly peerAsn: number;
  readonly peerAddress: string;
  readonly sourceAddress: string;
  /** Never to be shown. */
  readonly password: string | undefined;
}

/** A peer that some of our Services use. */
export interface FoundPeer {
  readonly nodeName: string;
  /** What makes it one and the same: name of the object, or address of the router. */
  readonly identity: string;
  readonly fields: PeerFields;
  /** Keys of Services, sorted. Empty: left by a Go program, which did not mark the first ones. */
  readonly services: readonly string[];
}

/** A peer that shall be there. */
export interface WantedPeer extends Pick<FoundPeer, 'nodeName' | 'identity' | 'fields'> {
  /** Of the router among the Node's. */
  readonly index: number;
}

/** One change. */
export type PeerStep<P extends FoundPeer> =
  | { readonly kind: 'add'; readonly wanted: WantedPeer; readonly services: readonly string[] }
  | {
      readonly kind: 'update';
      readonly found: P;
      readonly fields: PeerFields;
      readonly services: readonly string[];
    }
  | { readonly kind: 'remove'; readonly found: P };

/** How a form of the configuration tells peers apart. */
export type IdentityOf = (speaker: Speaker, peer: BgpPeer, index: number) => string;

/** The peers that these speakers need. A second one of the same identity is none: MetalLB refuses everything then. */
export function wantedPeers(speakers: readonly Speaker[], identityOf: IdentityOf): readonly WantedPeer[] {
  const all = speakers.flatMap((speaker) =>
    speaker.peers.map((peer, index) => ({
      nodeName: speaker.nodeName,
      identity: identityOf(speaker, peer, index),
      index,
      fields: {
        myAsn: speaker.localAsn,
        peerAsn: peer.asn,
        peerAddress: peer.address,
        sourceAddress: speaker.sourceAddress,
        password: speaker.password,
      },
    })),
  );
  return [...new Map(all.map((wanted) => [wanted.identity, wanted])).values()];
}

/** Steps for a Service that is announced. Peers of Nodes of which nothing is known stay as they are. */
export function planPeers<P extends FoundPeer>(
  { service, unknownNodes = [], companions = [] }: Pick<Announcement, 'service' | 'unknownNodes' | 'companions'>,
  wanted: readonly WantedPeer[],
  found: readonly P[],
): readonly PeerStep<P>[] {
  const key = keyOfService(service);
  const missing = new Map(wanted.map((one) => [one.identity, one]));
  const steps: PeerStep<P>[] = [];
  for (const peer of found) {
    const want = missing.get(peer.identity);
    missing.delete(peer.identity);
    if (want) steps.push(...keep(peer, want, key));
    // What nobody claims is wanted by nobody, unless its Node may still speak.
    else if (!unknownNodes.includes(peer.nodeName)) steps.push(...leave(peer, key));
  }
  // Marked for all its users at once, a new peer is not written once more for each of them. Only those that are announced already count.
  const announced = new Set(found.flatMap(({ services }) => services));
  const users = [...companions.map(keyOfService).filter((one) => announced.has(one) && one !== key), key].toSorted();
  for (const want of missing.values()) steps.push({ kind: 'add', wanted: want, services: users });
  return steps;
}

/** Steps for a Service that is withdrawn. `isLast`: no other Service is announced any more, so unmarked peers go too. */
export function planPeersWithout<P extends FoundPeer>(
  service: ServiceName,
  found: readonly P[],
  isLast: boolean,
): readonly PeerStep<P>[] {
  const key = keyOfService(service);
  return found.filter(({ services }) => services.length > 0 || isLast).flatMap((peer) => leave(peer, key));
}

function keep<P extends FoundPeer>(found: P, { fields }: WantedPeer, key: string): readonly PeerStep<P>[] {
  const services = [...new Set([...found.services, key])].toSorted();
  const isRight = services.length === found.services.length && haveSameFields(found.fields, fields);
  return isRight ? [] : [{ kind: 'update', found, fields, services }];
}

function leave<P extends FoundPeer>(found: P, key: string): readonly PeerStep<P>[] {
  const services = found.services.filter((service) => service !== key);
  if (services.length === 0) return [{ kind: 'remove', found }];
  return services.length === found.services.length ? [] : [{ kind: 'update', found, fields: found.fields, services }];
}

/** Whether two peers mean the same; no password and an empty one do. */
export function haveSameFields(one: PeerFields, other: PeerFields): boolean {
  return (
    one.myAsn === other.myAsn &&
    one.peerAsn === other.peerAsn &&
    one.peerAddress === other.peerAddress &&
    one.sourceAddress === other.sourceAddress &&
    (one.password ?? '') === (other.password ?? '')
  );
}

/** The step in words, without a password. */
export function describePeerStep(step: PeerStep<FoundPeer>): string {
  const { nodeName, fields } = step.kind === 'add' ? step.wanted : step.found;
  const peer = `MetalLB peer ${fields.peerAddress} of node ${nodeName}`;
  switch (step.kind) {
    case 'add':
      return `${peer} added`;
    case 'update':
      return `${peer} updated`;
    case 'remove':
      return `${peer} removed`;
  }
}
