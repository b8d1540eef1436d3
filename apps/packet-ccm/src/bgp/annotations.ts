// What other programs (kube-vip) read about BGP on a Node: six annotations for each peer and one for the network, with the keys of the
// settings. Pure. They are our memory as well: a Node whose annotations say what the project says needs no question about its routers.
import type { AnnotationKeys } from '../config.ts';
import { PEER_NUMBER } from '../config-values.ts';
import type { BgpPeer, Speaker } from '../load-balancer/announcer.ts';
import type { SpeakerDevice } from './device-facts.ts';
import type { ProjectBgp } from './project-plan.ts';

/** Annotations of a Node. */
export type Annotations = Readonly<Record<string, string>>;

/** Changes as a merge patch has them: `null` removes. */
export type AnnotationPatch = Readonly<Record<string, string | null>>;

const PEER_KEYS = ['localAsn', 'peerAsn', 'peerIp', 'sourceIp', 'bgpPassword'] as const;
type PeerKey = (typeof PEER_KEYS)[number];

// As all versions did. The figure is far above what a device can have.
const MOST_PEERS = 100;

/** What a speaker's Node shall show. */
export function wantedAnnotations(
  speaker: Speaker,
  { privateNetwork }: Pick<SpeakerDevice, 'privateNetwork'>,
  keys: AnnotationKeys,
): Annotations {
  const wanted: Record<string, string> = privateNetwork === undefined ? {} : { [keys.privateNetwork]: privateNetwork };
  const values = (peer: BgpPeer): Readonly<Record<PeerKey, string | undefined>> => ({
    localAsn: String(speaker.localAsn),
    peerAsn: String(peer.asn),
    peerIp: peer.address,
    sourceIp: speaker.sourceAddress,
    bgpPassword: speaker.password === undefined ? undefined : toBase64(speaker.password),
  });
  for (const [index, peer] of speaker.peers.entries()) {
    const ofPeer = values(peer);
    for (const name of PEER_KEYS) {
      const value = ofPeer[name];
      // A key without a number has room for the first peer only.
      if (value !== undefined && (index === 0 || isNumbered(keys[name]))) wanted[keyOf(keys[name], index)] = value;
    }
  }
  return wanted;
}

/** What is missing, wrong or left over; empty when all is right. Annotations under other keys are nobody's business here. */
export function planAnnotations(found: Annotations, wanted: Annotations, keys: AnnotationKeys): AnnotationPatch {
  const missing = Object.entries(wanted).filter(([key, value]) => found[key] !== value);
  const isOurs = PEER_KEYS.map((name) => patternOf(keys[name]));
  const stale = Object.entries(found).filter(
    // The Go programs wrote an empty password where there was none.
    ([key, value]) => wanted[key] === undefined && value !== '' && isOurs.some((pattern) => pattern.test(key)),
  );
  return { ...Object.fromEntries(missing), ...Object.fromEntries(stale.map(([key]) => [key, null])) };
}

/** The speaker that a Node's annotations describe; `undefined` when they are incomplete, or have no room for all peers. */
export function readAnnotations(nodeName: string, found: Annotations, keys: AnnotationKeys): Speaker | undefined {
  if (!isNumbered(keys.peerAsn) || !isNumbered(keys.peerIp)) return undefined;
  const textOf = (key: string, index = 0): string => found[keyOf(key, index)] ?? '';
  const peers: BgpPeer[] = [];
  for (let index = 0; index < MOST_PEERS; index += 1) {
    const peer = { asn: Number(textOf(keys.peerAsn, index)), address: textOf(keys.peerIp, index) };
    if (!isComplete(peer.asn, peer.address)) break;
    peers.push(peer);
  }
  const localAsn = Number(textOf(keys.localAsn));
  const sourceAddress = textOf(keys.sourceIp);
  if (peers.length === 0 || !isComplete(localAsn, sourceAddress)) return undefined;
  const password = fromBase64(textOf(keys.bgpPassword));
  return { nodeName, localAsn, sourceAddress, peers, password: password === '' ? undefined : password };
}

function isComplete(asn: number, address: string): boolean {
  return Number.isInteger(asn) && asn > 0 && address !== '';
}

/** Whether what the annotations say fits what project and device say now: then their peers are worth believing, too. */
export function isUpToDate(read: Speaker, device: SpeakerDevice, project: ProjectBgp): boolean {
  return (
    read.localAsn === project.asn &&
    read.password === project.password &&
    read.sourceAddress === device.privateAddress &&
    read.peers.every(({ address }, index) => index === 0 || (read.peers[index - 1]?.address ?? '') < address)
  );
}

function isNumbered(key: string): boolean {
  return key.includes(PEER_NUMBER);
}

function keyOf(key: string, index: number): string {
  return key.replaceAll(PEER_NUMBER, String(index));
}

function patternOf(key: string): RegExp {
  const parts = key.split(PEER_NUMBER).map((part) => part.replaceAll(/[.*+?^${}()|[\]\\/-]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(String.raw`\d+`)}$`);
}

function toBase64(text: string): string {
  return Buffer.from(text).toString('base64');
}

function fromBase64(text: string): string {
  return Buffer.from(text, 'base64').toString();
}
