// Which balancer is a Service's? Found by the ID annotation, else by name; taken only when something shows that it belongs to the
// Service. A balancer that an edited or copied annotation points at is somebody else's: never changed, never deleted. Pure.
import type { OrphanedBalancer } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { LoadBalancer, LoadBalancerId } from '@longshore/digitalocean-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { nameOfService, uidOf } from './service-facts.ts';

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
}

/** Whose balancer it is. `ask`: the list does not have the annotated ID; only the API can say whether it exists. */
export type Identity =
  | { readonly kind: 'own'; readonly balancer: LoadBalancer }
  | { readonly kind: 'absent' }
  | { readonly kind: 'ask'; readonly id: LoadBalancerId }
  | { readonly kind: 'foreign'; readonly balancer: LoadBalancer; readonly reason: string };

/** The name that balancers get without an annotation; a contract with the Go programs. */
export function defaultName(service: KubeService): string {
  return `a${uidOf(service).replaceAll('-', '')}`.slice(0, 32);
}

/** The name that the balancer shall have. */
export function nameOf(service: KubeService, settings: Settings): string {
  return settings.name ?? defaultName(service);
}

/** Finds the balancer of a Service. */
export function identify(facts: IdentityFacts): Identity {
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

/** All balancers that certainly are the Service's: what a removal removes. Duplicates by name are from a lost answer. */
export function ownedBy(facts: IdentityFacts): readonly LoadBalancer[] {
  const identity = identify(facts);
  const named = facts.view.byName(defaultName(facts.service));
  const all = identity.kind === 'own' ? [identity.balancer, ...named] : named;
  return [...new Map(all.map((balancer) => [balancer.id, balancer])).values()];
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

function judge(balancer: LoadBalancer, reason: string | undefined): Identity {
  return reason === undefined ? { kind: 'own', balancer } : { kind: 'foreign', balancer, reason };
}

function reasonAgainstId(balancer: LoadBalancer, facts: IdentityFacts): string | undefined {
  const { service, settings, clusterTag } = facts;
  if (balancer.name === defaultName(service) || hasClaim(service, balancer)) return undefined;
  const owner = ownerAmong(balancer, facts);
  if (owner) return `it belongs to Service ${nameOfService(owner)}`;
  if (balancer.name === settings.name || showsAddress(service, balancer)) return undefined;
  if (clusterTag !== undefined && balancer.tags.includes(clusterTag)) return undefined;
  return `nothing shows that it belongs to this Service; to take it over, set annotation ${ANNOTATIONS.name.key} to its name ${JSON.stringify(balancer.name)} as well`;
}

// Found by a name that users choose: another cluster in the same account may have chosen it, too.
function reasonAgainstName(balancer: LoadBalancer, facts: IdentityFacts): string | undefined {
  const owner = ownerAmong(balancer, facts);
  if (owner) return `it belongs to Service ${nameOfService(owner)}`;
  const { clusterTag } = facts;
  const otherCluster = balancer.tags.find((tag) => tag.startsWith('k8s:') && tag !== clusterTag);
  const isOurs = clusterTag !== undefined && balancer.tags.includes(clusterTag);
  if (clusterTag === undefined || isOurs || otherCluster === undefined) return undefined;
  return `it has the tag ${otherCluster} of another cluster; to take it over, set annotation ${ANNOTATIONS.loadBalancerId.key} to its ID ${balancer.id} as well`;
}

/** Another Service with the better claim: its default name, or the same ID and the address in its status, or the greater age. */
function ownerAmong(balancer: LoadBalancer, { service, services }: IdentityFacts): KubeService | undefined {
  const others = services.filter((other) => uidOf(other) !== uidOf(service) && other.spec?.type === 'LoadBalancer');
  return others.find((other) => {
    const isNamed = defaultName(other) === balancer.name;
    if (!isNamed && idOf(other) !== balancer.id) return false;
    return !isDisowned(other) && (isNamed || hasBetterClaim(other, service, balancer));
  });
}

function idOf({ metadata }: KubeService): string | undefined {
  return metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key];
}

function isDisowned({ metadata }: KubeService): boolean {
  return readSettings(metadata?.annotations).settings.disown === true;
}

function hasBetterClaim(other: KubeService, service: KubeService, balancer: LoadBalancer): boolean {
  for (const shows of [hasClaim, showsAddress]) {
    const [theirs, ours] = [shows(other, balancer), shows(service, balancer)];
    if (theirs !== ours) return theirs;
  }
  const age = (each: KubeService): string => `${String(each.metadata?.creationTimestamp ?? '')} ${uidOf(each)}`;
  return age(other) < age(service);
}

/** What the controller notes on a Service beside the ID: a copy has another UID, an edited ID is another ID. */
export function claimOf(service: KubeService, id: LoadBalancerId): string {
  return `${uidOf(service)} ${id}`;
}

/** What is noted before a balancer is asked for under a name of the user's choice, which may change before an answer comes. */
export function claimOfAttempt(service: KubeService, name: string): string {
  return `${uidOf(service)} name ${name}`;
}

/** The name under which a balancer was last asked for. */
export function attemptOf(service: KubeService): string | undefined {
  const claim = service.metadata?.annotations?.[ANNOTATIONS.claim.key];
  const prefix = claimOfAttempt(service, '');
  return claim?.startsWith(prefix) ? claim.slice(prefix.length) : undefined;
}

function hasClaim(service: KubeService, { id }: LoadBalancer): boolean {
  return service.metadata?.annotations?.[ANNOTATIONS.claim.key] === claimOf(service, id);
}

// Only this balancer's Service can show its address: the status is written by controllers, not by users.
function showsAddress(service: KubeService, balancer: LoadBalancer): boolean {
  const shown = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  return [balancer.ip, balancer.ipv6].some((ip) => ip !== undefined && shown.includes(ip));
}

function oldestFirst(balancers: readonly LoadBalancer[]): readonly LoadBalancer[] {
  const key = ({ createdAt, id }: LoadBalancer): string => `${createdAt ?? ''} ${id}`;
  return [...balancers].sort((a, b) => (key(a) < key(b) ? -1 : 1));
}
