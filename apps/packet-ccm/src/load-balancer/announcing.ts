// Where the two sides of announcer.ts meet: which speakers and which announcer a BGP back end gets. Called once, when this process leads.
// A new back end is one more row in ANNOUNCERS.
import type { ProviderContext } from '@longshore/cloud-provider';
import type { Announcer, Speakers } from './announcer.ts';
import type { Backend } from './backend-setting.ts';
import type { LoadBalancerParts } from './create-load-balancers.ts';
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

// metallb/ puts its two rows here.
const ANNOUNCERS: { readonly [K in BgpBackend['kind']]?: MakeAnnouncer<K> } = {
  empty: () => silentAnnouncer,
  'kube-vip': () => silentAnnouncer,
};

/** Whether the back end can be used. */
export function hasAnnouncer({ kind }: BgpBackend): boolean {
  return ANNOUNCERS[kind] !== undefined;
}

/** Makes both sides. */
export function makeAnnouncing(backend: BgpBackend, parts: LoadBalancerParts, context: ProviderContext): Announcing {
  const make = ANNOUNCERS[backend.kind] as MakeAnnouncer<BgpBackend['kind']> | undefined;
  return {
    speakers: makeSpeakers(parts, context),
    announcer: make?.(backend, parts, context) ?? silentAnnouncer,
  };
}

// bgp/ takes the place of this: then Nodes get their sessions and annotations, and the limit of the project is known.
function makeSpeakers(_parts: LoadBalancerParts, _context: ProviderContext): Speakers {
  return {
    ready: () => Promise.resolve({ speakers: [], notReady: [], changes: [] }),
    maxPrefixes: () => Promise.resolve(undefined),
  };
}
