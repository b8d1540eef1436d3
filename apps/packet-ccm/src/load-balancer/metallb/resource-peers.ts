// BGPPeer objects as peers, and peers as BGPPeer objects. Pure; what to do about them is decided in peers-plan.ts.
import type { Speaker } from '../announcer.ts';
import { isMarker, markersOf, nodeSelector, nodesIn, servicesIn } from './markers.ts';
import { haveSameFields } from './peers-plan.ts';
import type { FoundPeer, PeerFields, PeerStep } from './peers-plan.ts';
import { isOurs, OWN_LABEL } from './resources.ts';
import type { BgpPeerObject } from './resources.ts';

/** A peer with its object. */
export interface ObjectPeer extends FoundPeer {
  readonly object: BgpPeerObject;
}

const BGP_PORT = 179;

/** Name of the object: the Node and the number of its router. */
export function peerName({ nodeName }: Pick<Speaker, 'nodeName'>, index: number): string {
  return `${nodeName}-${index}`;
}

/** Those of ours. */
export function toObjectPeers(objects: readonly BgpPeerObject[]): readonly ObjectPeer[] {
  return objects.filter(isOurs).map((object) => {
    const { spec, metadata } = object;
    const labels = (spec.nodeSelectors ?? []).map(({ matchLabels = {} }) => matchLabels);
    return {
      object,
      identity: metadata.name ?? '',
      nodeName: nodesIn(labels)[0] ?? '',
      services: servicesIn(labels),
      fields: {
        myAsn: spec.myASN ?? 0,
        peerAsn: spec.peerASN ?? 0,
        peerAddress: spec.peerAddress ?? '',
        sourceAddress: spec.sourceAddress ?? '',
        password: spec.password,
      },
    };
  });
}

/** The object of a new peer. */
export function newPeerObject({ wanted, services }: PeerStep<ObjectPeer> & { kind: 'add' }): BgpPeerObject {
  const selectors = [nodeSelector(wanted.nodeName), ...markersOf(services)];
  return {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'BGPPeer',
    metadata: { name: wanted.identity, labels: { [OWN_LABEL.key]: OWN_LABEL.value } },
    spec: {
      ...specOf(wanted.fields),
      peerPort: BGP_PORT,
      nodeSelectors: selectors.map((matchLabels) => ({ matchLabels })),
    },
  };
}

/** The object after an update; fields of others stay. */
export function changedPeerObject({
  found,
  fields,
  services,
}: PeerStep<ObjectPeer> & { kind: 'update' }): BgpPeerObject {
  const { password: former, ...spec } = found.object.spec;
  const kept = (spec.nodeSelectors ?? []).filter(({ matchLabels = {} }) => !isMarker(matchLabels));
  const markers = markersOf(services).map((matchLabels) => ({ matchLabels }));
  const ours = haveSameFields(fields, found.fields)
    ? { ...(former === undefined ? {} : { password: former }) }
    : specOf(fields);
  return { ...found.object, spec: { ...spec, ...ours, nodeSelectors: [...kept, ...markers] } };
}

function specOf({ myAsn, peerAsn, peerAddress, sourceAddress, password }: PeerFields): BgpPeerObject['spec'] {
  return {
    myASN: myAsn,
    peerASN: peerAsn,
    peerAddress,
    sourceAddress,
    ...(password === undefined ? {} : { password }),
  };
}
