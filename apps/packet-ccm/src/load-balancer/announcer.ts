// The seam between the elastic IP of a Service (load-balancer/) and who brings its traffic in: BGP speakers on the Nodes (bgp/) and the
// program that drives them (metallb/; nobody for `empty://` and `kube-vip://`, which read the annotations of the Nodes). Types only.

/** A Service, by name: its object may be gone already. */
export interface ServiceName {
  readonly namespace: string;
  readonly name: string;
}

/** One router that a Node talks to. */
export interface BgpPeer {
  readonly asn: number;
  readonly address: string;
}

/** A Node that announces addresses: what its session with the routers needs. */
export interface Speaker {
  readonly nodeName: string;
  readonly localAsn: number;
  /** The Node's own address in the session: the device's private IPv4. */
  readonly sourceAddress: string;
  /** Sorted by address as text: the index is contract (`bgp-peers-0-…`, `NODE-0`). */
  readonly peers: readonly BgpPeer[];
  /** Never to be shown. */
  readonly password: string | undefined;
}

/** The addresses of one Service that the speakers shall announce. */
export interface Announcement {
  readonly service: ServiceName;
  /** Without a prefix length: `192.0.2.10`. */
  readonly addresses: readonly string[];
  readonly speakers: readonly Speaker[];
  /**
   * Nodes that should speak but of which nothing is known just now (the cloud does not answer): what is written for them stays. They are
   * not among the speakers.
   */
  readonly unknownNodes?: readonly string[];
  /** Other Services that have the same speakers: what is made new for a speaker serves them at once. */
  readonly companions?: readonly ServiceName[];
}

/** Announces and withdraws. Both are idempotent; both return in words what they changed, nothing when all was right. */
export interface Announcer {
  announce(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]>;
  /** Resolves only when the withdrawal is written: the address is released after that. */
  withdraw(service: ServiceName, signal: AbortSignal): Promise<readonly string[]>;
  /** What `announce` would change now, in words. Reads, never writes. */
  preview(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]>;
  /** Withdraws addresses whose Service is not known by name any more (`orphans --delete`), before they are released. Idempotent. */
  withdrawAddresses?(addresses: readonly string[], signal: AbortSignal): Promise<readonly string[]>;
}

/** Makes Nodes ready to announce: BGP of the project, a session for each device, the annotations of the Nodes. */
export interface Speakers {
  /**
   * The speakers among these Nodes, made ready. Remembered: Nodes that were ready cost no call of the cloud. A Node that cannot be made
   * ready is left out and named in `notReady`; it never stops the others.
   */
  ready(nodeNames: readonly string[], signal: AbortSignal): Promise<SpeakersResult>;
  /** What `ready` would find and change now. Reads, never writes. Absent: plans say nothing about the Nodes. */
  preview?(nodeNames: readonly string[], signal: AbortSignal): Promise<SpeakersResult>;
  /** The largest number of prefixes that the project may announce before its peerings drop; `undefined` where the API does not say. */
  maxPrefixes(signal: AbortSignal): Promise<number | undefined>;
}

/** What became of the Nodes. */
export interface SpeakersResult {
  readonly speakers: readonly Speaker[];
  readonly notReady: readonly { readonly nodeName: string; readonly reason: string }[];
  /** In words, empty when all were ready. */
  readonly changes: readonly string[];
}
