// MetalLB's custom resources as far as they are written here, with their names and labels: contract with the Go program, which must be able
// to go on with them.
import { resourceType } from '@longshore/k8s-runtime';
import type { KubeObject, NeededRight } from '@longshore/k8s-runtime';
import type { MatchLabels } from './markers.ts';

/** Any of them. `spec` may have more fields than are named here; they are kept. */
export interface MetalLbObject<S extends object> extends KubeObject {
  readonly metadata: NonNullable<KubeObject['metadata']> & {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
  };
  readonly spec: S;
}

/** IPAddressPool. */
export type AddressPool = MetalLbObject<{
  readonly addresses?: readonly string[];
  readonly autoAssign?: boolean;
  readonly avoidBuggyIPs?: boolean;
}>;

/** BGPPeer. */
export type BgpPeerObject = MetalLbObject<{
  readonly myASN?: number;
  readonly peerASN?: number;
  readonly peerAddress?: string;
  readonly peerPort?: number;
  readonly sourceAddress?: string;
  /** Never to be shown. */
  readonly password?: string;
  readonly nodeSelectors?: readonly { readonly matchLabels?: MatchLabels; readonly matchExpressions?: unknown }[];
}>;

/** BGPAdvertisement. */
export type BgpAdvertisement = MetalLbObject<{ readonly ipAddressPools?: readonly string[] }>;

const GROUP = 'metallb.io';
const METALLB = { group: GROUP, version: 'v1beta1', isNamespaced: true } as const;

/** ipaddresspools */
export const addressPools = resourceType<AddressPool>({ ...METALLB, kind: 'IPAddressPool', plural: 'ipaddresspools' });
/** bgppeers */
export const bgpPeers = resourceType<BgpPeerObject>({ ...METALLB, kind: 'BGPPeer', plural: 'bgppeers' });
/** bgpadvertisements */
export const bgpAdvertisements = resourceType<BgpAdvertisement>({
  ...METALLB,
  kind: 'BGPAdvertisement',
  plural: 'bgpadvertisements',
});

/** On everything that is ours. */
export const OWN_LABEL = { key: 'cloud-provider', value: 'equinix-metal' } as const;
/** The advertisement that is made where there is none. */
export const DEFAULT_ADVERTISEMENT = 'equinix-metal-bgp-adv';

/** Whether an object is ours. */
export function isOurs({ metadata }: MetalLbObject<object>): boolean {
  return metadata.labels?.[OWN_LABEL.key] === OWN_LABEL.value;
}

/** What the announcer by custom resources needs in the cluster. */
export function resourceRights(namespace: string): readonly NeededRight[] {
  const verbs = ['list', 'create', 'update', 'delete'];
  const kinds = [addressPools, bgpPeers, bgpAdvertisements];
  const neededFor = 'announcing addresses by MetalLB';
  return kinds.flatMap(({ plural }) =>
    verbs.map((verb) => ({ group: GROUP, resource: plural, namespace, verb, neededFor })),
  );
}
