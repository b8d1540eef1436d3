// Where the two sides of announcer.ts meet: which speakers and which announcer a BGP back end gets. Called once, when this process leads.
// A new back end is one more row in ANNOUNCERS.
import type { ProviderContext } from '@longshore/cloud-provider';
import type { NeededRight } from '@longshore/k8s-runtime';
import { KeptAnnouncing } from '../bgp/kept-announcing.ts';
import { PacketSpeakers, SPEAKER_RIGHTS } from '../bgp/speakers.ts';
import { SessionOrphans } from '../bgp/session-orphans.ts';
import { addressOf } from './address-block.ts';
import type { Announcer, Speakers } from './announcer.ts';
import type { Backend } from './backend-setting.ts';
import type { LoadBalancerParts } from './create-load-balancers.ts';
import { configMapRights, MetalLbConfigMap } from './metallb/config-map-announcer.ts';
import { MetalLbResources } from './metallb/resource-announcer.ts';
import { resourceRights } from './metallb/resources.ts';
import { ClusterIdentity } from './cluster-identity.ts';
import { isAutomatic, isOfCluster } from './reservation-tags.ts';
import { silentAnnouncer } from './silent-announcer.ts';

/** A back end with elastic IPs. */
export type BgpBackend = Exclude<Backend, { readonly kind: 'off' | 'emlb' }>;

/** What announces addresses. */
export interface Announcing {
  readonly speakers: Speakers;
  readonly announcer: Announcer;
}

type MakeAnnouncer<K extends BgpBackend['kind']> = (
  backend: Extract<BgpBackend, { readonly kind: K }>,
  parts: LoadBalancerParts,
  context: ProviderContext,
) => Announcer;

const ANNOUNCERS: { readonly [K in BgpBackend['kind']]: MakeAnnouncer<K> } = {
  empty: () => silentAnnouncer,
  'kube-vip': () => silentAnnouncer,
  'metallb-config-map': ({ namespace, configMap }, { clock }, { client }) =>
    new MetalLbConfigMap({ client, namespace, name: configMap, clock }),
  'metallb-resources': ({ namespace }, { clock }, { client }) => new MetalLbResources({ client, namespace, clock }),
};

/** What speakers and announcer of a back end need in the cluster. */
export function announcingRights(backend: BgpBackend): readonly NeededRight[] {
  switch (backend.kind) {
    case 'metallb-config-map':
      return [...SPEAKER_RIGHTS, ...configMapRights(backend.namespace, backend.configMap)];
    case 'metallb-resources':
      return [...SPEAKER_RIGHTS, ...resourceRights(backend.namespace)];
    default:
      return SPEAKER_RIGHTS;
  }
}

/** Makes both sides, and the loop that keeps them up to date. */
export function makeAnnouncing(backend: BgpBackend, parts: LoadBalancerParts, context: ProviderContext): Announcing {
  const { api, config, clock, log, secrets } = parts;
  const { projectId, bgp: settings, annotations } = config;
  const speakers = new PacketSpeakers({
    bgp: api.bgp,
    devices: api.devices,
    projectId,
    settings,
    annotations,
    clock,
    log,
    secrets,
  });
  speakers.start(context);
  const make = ANNOUNCERS[backend.kind] as MakeAnnouncer<BgpBackend['kind']>;
  const kept = new KeptAnnouncing({ speakers, announcer: make(backend, parts, context), clock, log });
  context.keepRunning(kept.loop);
  return kept;
}

/** What finds and ends BGP sessions that nothing needs. */
export function makeSessionOrphans(parts: LoadBalancerParts, { client }: ProviderContext): SessionOrphans {
  const { api, config } = parts;
  const { projectId, bgp, annotations: keys } = config;
  const identity = new ClusterIdentity(client);
  const ownAddresses = async (signal: AbortSignal): Promise<ReadonlySet<string>> => {
    const clusterId = await identity.read(signal);
    const reservations = await api.reservations.list(projectId, signal);
    const own = reservations.filter((one) => isAutomatic(one) && isOfCluster(one, clusterId));
    return new Set(own.map(addressOf).filter((address) => address !== undefined));
  };
  return new SessionOrphans({ bgp: api.bgp, projectId, selector: bgp.nodes, keys, client, ownAddresses });
}
