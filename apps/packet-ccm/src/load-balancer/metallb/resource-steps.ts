// The order of changes to MetalLB's objects: peers, pools, advertisement when a Service comes, the other way round when it goes, so that
// what is advertised has always its pool and its peers. Pure.
import { OperatorError, backoff } from '@longshore/reconciler-core';
import { planAdvertisement } from './resource-advertisement.ts';
import type { AdvertisementStep } from './resource-advertisement.ts';
import type { PeerStep } from './peers-plan.ts';
import type { ObjectPeer } from './resource-peers.ts';
import { servicesOfPoolObject } from './resource-pools.ts';
import type { ResourcePoolStep } from './resource-pools.ts';
import { isOurs } from './resources.ts';
import type { AddressPool, BgpAdvertisement, BgpPeerObject } from './resources.ts';

/** Everything of MetalLB in its namespace, users' own objects too. */
export interface Found {
  readonly pools: readonly AddressPool[];
  readonly peers: readonly ObjectPeer[];
  readonly peerObjects: readonly BgpPeerObject[];
  readonly advertisements: readonly BgpAdvertisement[];
}

/** One change to one object. */
export type ResourceStep = PeerStep<ObjectPeer> | ResourcePoolStep | AdvertisementStep;

interface Changes {
  readonly peers: readonly PeerStep<ObjectPeer>[];
  readonly pools: readonly ResourcePoolStep[];
}

/** All steps for a Service that comes or changes. Throws when a user's object has a name that is needed. */
export function orderForAnnouncing(found: Found, { peers, pools }: Changes): readonly ResourceStep[] {
  refuseTakenNames(found, peers);
  // An address that changes its pool must leave the old one first: MetalLB allows no overlap.
  const [going, coming] = splitBy(pools, ({ kind }) => kind === 'remove-pool');
  return [...peers, ...going, ...coming, ...advertise(found, pools)];
}

/** All steps for a Service that goes. */
export function orderForWithdrawal(found: Found, { peers, pools }: Changes): readonly ResourceStep[] {
  return [...advertise(found, pools), ...pools, ...peers];
}

function advertise({ pools, advertisements }: Found, steps: readonly ResourcePoolStep[]): readonly AdvertisementStep[] {
  const isAnnounced = (pool: AddressPool): boolean => isOurs(pool) && servicesOfPoolObject(pool).length > 0;
  const nameOf = ({ metadata }: AddressPool): string => metadata.name ?? '';
  const ours = new Set(pools.filter(isAnnounced).map(nameOf));
  for (const { kind, object } of steps) {
    if (kind === 'remove-pool') ours.delete(nameOf(object));
    else ours.add(nameOf(object));
  }
  const others = pools.filter((pool) => !isAnnounced(pool)).map(nameOf);
  return planAdvertisement({ ours: [...ours], others }, advertisements);
}

function refuseTakenNames({ peerObjects }: Found, steps: readonly PeerStep<ObjectPeer>[]): void {
  const names = new Set(steps.flatMap((step) => (step.kind === 'add' ? [step.wanted.identity] : [])));
  const taken = peerObjects.find((object) => !isOurs(object) && names.has(object.metadata.name ?? ''));
  if (taken === undefined) return;
  const { name = '', namespace = '' } = taken.metadata;
  const message = `BGPPeer ${namespace}/${name} of MetalLB is not ours but has the name of one that is needed: rename or remove it, or label it cloud-provider=equinix-metal to hand it over`;
  throw new OperatorError('METALLB_NAME_TAKEN', message, backoff);
}

function splitBy<T>(items: readonly T[], isFirst: (item: T) => boolean): readonly [readonly T[], readonly T[]] {
  return [items.filter(isFirst), items.filter((item) => !isFirst(item))];
}
