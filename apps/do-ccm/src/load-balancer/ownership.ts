// Which balancer is a Service's? Found by the ID annotation, else by name; taken only when something shows that it belongs to the
// Service. A balancer that an edited or copied annotation points at is somebody else's: never changed, never deleted. Pure; how several
// Services are told apart is in evidence.ts.
import type { OrphanedBalancer } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { LoadBalancer, LoadBalancerId } from '@longshore/digitalocean-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import {
  attemptOf,
  claimedIdOf,
  defaultName,
  hasClaim,
  nameOf,
  otherUserOf,
  ownerOfBalancer,
  ownerOfName,
  showsAddress,
} from './evidence.ts';
import type { Holders } from './evidence.ts';
import { nameOfService } from './service-facts.ts';

export { attemptOf, claimOf, claimOfAttempt, defaultName, nameOf } from './evidence.ts';

/** Balancers of the account, as far as they are asked for. */
export interface BalancerView {
  byId(id: LoadBalancerId): LoadBalancer | undefined;
  byName(name: string): readonly LoadBalancer[];
}

/** All that identity is decided from. */
export interface IdentityFacts {
  readonly service: KubeService;
  readonly settings: Settings;
  readonly view: BalancerView;
  /** All Services of the cluster; only those that claim the same balancer matter. */
  readonly services: readonly KubeService[];
  readonly clusterTag: string | undefined;
  /** The API's own word that the annotated ID does not exist (any more). */
  readonly isIdGone: boolean;
  /** Decisions of this process; absent: none. */
  readonly holders?: Holders | undefined;
}

/**
 * Whose balancer it is. `ask`: the list does not have the annotated ID; only the API can say whether it exists. `nameTakenBy`: the
 * wanted name is another Service's; `absent` then means that none may be made under it.
 */
export type Identity =
  | { readonly kind: 'own'; readonly balancer: LoadBalancer; readonly nameTakenBy?: KubeService }
  | { readonly kind: 'absent'; readonly nameTakenBy?: KubeService }
  | { readonly kind: 'ask'; readonly id: LoadBalancerId }
  | { readonly kind: 'foreign'; readonly balancer: LoadBalancer; readonly reason: string };

/** Finds the balancer of a Service. */
export function identify(facts: IdentityFacts): Identity {
  const identity = identifyBalancer(facts);
  const wanted = nameOf(facts.service, facts.settings);
  const isNew = identity.kind === 'absent' || (identity.kind === 'own' && identity.balancer.name !== wanted);
  const taker = isNew
    ? ownerOfName(wanted, facts.service, { ...facts, nameOfId: (id) => nameOfId(id, facts) })
    : undefined;
  return taker ? ({ ...identity, nameTakenBy: taker } as Identity) : identity;
}

function identifyBalancer(facts: IdentityFacts): Identity {
  const { service, settings, view } = facts;
  if (settings.loadBalancerId !== undefined && !facts.isIdGone) {
    const id = parseLoadBalancerId(settings.loadBalancerId);
    const balancer = view.byId(id);
    if (!balancer) return { kind: 'ask', id };
    return judge(balancer, reasonAgainstId(balancer, facts));
  }
  const [own] = oldestFirst(view.byName(defaultName(service)));
  if (own) return { kind: 'own', balancer: own };
  const names = [attemptOf(service), settings.name].filter((name) => name !== undefined);
  const [named] = names.flatMap((name) => oldestFirst(view.byName(name)));
  return named ? judge(named, reasonAgainstName(named, facts)) : { kind: 'absent' };
}

/**
 * All balancers that certainly are the Service's: what a removal removes. Duplicates by the default name are from a lost answer. One that
 * another Service uses is left to it.
 */
export function ownedBy(facts: IdentityFacts): readonly LoadBalancer[] {
  const { service, services, view } = facts;
  const identity = identify(facts);
  const claimed = view.byId(parseLoadBalancerId(claimedIdOf(service) ?? ''));
  const candidates = [
    ...(identity.kind === 'own' && isCertain(identity.balancer, facts) ? [identity.balancer] : []),
    ...(claimed && !ownerOfBalancer(claimed, service, facts) ? [claimed] : []),
    ...view.byName(defaultName(service)),
  ];
  const all = new Map(candidates.map((balancer) => [balancer.id, balancer]));
  return [...all.values()].filter((balancer) => !otherUserOf(balancer, service, services));
}

// A name of the user's choice alone shows a wish, not that the wish was ever fulfilled: it adopts, and does not delete.
function isCertain(balancer: LoadBalancer, { service, settings, clusterTag }: IdentityFacts): boolean {
  if (settings.loadBalancerId === balancer.id || balancer.name === defaultName(service)) return true;
  if (attemptOf(service) === balancer.name || showsAddress(service, balancer)) return true;
  return clusterTag !== undefined && balancer.tags.includes(clusterTag);
}

/** Balancers of the cluster that none of the Services owns. */
export function orphansAmong(
  balancers: readonly LoadBalancer[],
  services: readonly KubeService[],
  clusterTag: string,
): readonly OrphanedBalancer[] {
  const names = new Set<string>();
  const ids = new Set<string>();
  for (const service of services) {
    const { settings } = readSettings(service.metadata?.annotations);
    names.add(defaultName(service)).add(nameOf(service, settings));
    if (settings.loadBalancerId !== undefined) ids.add(settings.loadBalancerId);
  }
  return balancers
    .filter(({ id, name, tags }) => tags.includes(clusterTag) && !names.has(name) && !ids.has(id))
    .map(({ id, name }) => ({ id, name, reason: `it has the tag ${clusterTag}, and no Service has its name or ID` }));
}

/** What a Service is told whose annotations point at somebody else's balancer. */
export function foreignBalancer(
  service: KubeService,
  { balancer, reason }: Extract<Identity, { kind: 'foreign' }>,
): OperatorError {
  const message = `load balancer ${balancer.id} (${balancer.name}) is left alone, because ${reason}; else correct the annotations of Service ${nameOfService(service)}`;
  return new OperatorError('LOAD_BALANCER_FOREIGN', message, onChange);
}

/** What a Service is told whose wanted name is another Service's. */
export function nameTaken(name: string, taker: KubeService): string {
  return `the load balancer name ${JSON.stringify(name)} is that of Service ${nameOfService(taker)}: choose another in annotation ${ANNOTATIONS.name.key}`;
}

/** The same as the error of a Service that has no balancer yet. */
export function nameTakenError(name: string, taker: KubeService): OperatorError {
  return new OperatorError('LOAD_BALANCER_NAME_TAKEN', nameTaken(name, taker), onChange);
}

function judge(balancer: LoadBalancer, reason: string | undefined): Identity {
  return reason === undefined ? { kind: 'own', balancer } : { kind: 'foreign', balancer, reason };
}

function reasonAgainstId(balancer: LoadBalancer, facts: IdentityFacts): string | undefined {
  const { service, settings, clusterTag } = facts;
  if (balancer.name === defaultName(service)) return undefined;
  const owner = ownerOfBalancer(balancer, service, facts);
  if (owner) return `it belongs to Service ${nameOfService(owner)}`;
  if (hasClaim(service, balancer) || showsAddress(service, balancer)) return undefined;
  if (balancer.name === settings.name) return undefined;
  if (clusterTag !== undefined && balancer.tags.includes(clusterTag)) return undefined;
  return `nothing shows that it belongs to this Service; to take it over, set annotation ${ANNOTATIONS.name.key} to its name ${JSON.stringify(balancer.name)} as well`;
}

// Found by a name that users choose: another cluster in the same account may have chosen it, too.
function reasonAgainstName(balancer: LoadBalancer, facts: IdentityFacts): string | undefined {
  const owner = ownerOfBalancer(balancer, facts.service, facts);
  if (owner) return `it belongs to Service ${nameOfService(owner)}`;
  const { clusterTag } = facts;
  const otherCluster = balancer.tags.find((tag) => tag.startsWith('k8s:') && tag !== clusterTag);
  const isOurs = clusterTag !== undefined && balancer.tags.includes(clusterTag);
  if (clusterTag === undefined || isOurs || otherCluster === undefined) return undefined;
  return `it has the tag ${otherCluster} of another cluster; to take it over, set annotation ${ANNOTATIONS.loadBalancerId.key} to its ID ${balancer.id} as well`;
}

function nameOfId(id: string, { view }: IdentityFacts): string | undefined {
  return id === '' ? undefined : view.byId(parseLoadBalancerId(id))?.name;
}

function oldestFirst(balancers: readonly LoadBalancer[]): readonly LoadBalancer[] {
  const key = ({ createdAt, id }: LoadBalancer): string => `${createdAt ?? ''} ${id}`;
  return [...balancers].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
