// Where the two sides of announcer.ts meet: which speakers and which announcer a BGP back end gets. Called once, when this process leads.
// A new back end is one more row in ANNOUNCERS.
import type { ProviderContext } from '@longshore/cloud-provider';
import type { NeededRight } from '@longshore/k8s-runtime';
import { KeptAnnouncing } from '../bgp/kept-announcing.ts';
import { PacketSpeakers, SPEAKER_RIGHTS } from '../bgp/speakers.ts';
import type { Announcer, Speakers } from './announcer.ts';
import type { Backend } from './backend-setting.ts';
import type { LoadBalancerParts } from './create-load-balancers.ts';
import { configMapRights, MetalLbConfigMap } from './metallb/config-map-announcer.ts';
import { MetalLbResources } from './metallb/resource-announcer.ts';
import { resourceRights } from './metallb/resources.ts';
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
  'metallb-config-map': ({ namespace, configMap }, _parts, { client }) =>
    new MetalLbConfigMap({ client, namespace, name: configMap }),
  'metallb-resources': ({ namespace }, _parts, { client }) => new MetalLbResources({ client, namespace }),
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
