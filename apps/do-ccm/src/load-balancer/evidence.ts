// Who of several Services has a balancer, or a name? Compared by what shows it, the strongest first; without any, the older Service has it.
// Every Service comes to the same answer, whichever is asked first. Pure.
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancer, LoadBalancerId } from '@longshore/digitalocean-api';
import { ANNOTATIONS, readSettings } from '../annotations.ts';
import type { Settings } from '../annotations.ts';
import { uidOf } from './service-facts.ts';

/** What this process has decided before: annotations that say it may not be in the cache yet. */
export interface Holders {
  isHeld(key: string, uid: string): boolean;
}

/** Key of a balancer for `Holders`. */
export function idKey(id: LoadBalancerId): string {
  return `id ${id}`;
}

/** Key of a name for `Holders`. */
export function nameKey(name: string): string {
  return `name ${name}`;
}

/** The name that balancers get without an annotation; a contract with the Go programs. */
export function defaultName(service: KubeService): string {
  return `a${uidOf(service).replaceAll('-', '')}`.slice(0, 32);
}

/** The name that the balancer shall have. */
export function nameOf(service: KubeService, settings: Settings): string {
  return settings.name ?? defaultName(service);
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
  return afterPrefix(claimText(service), claimOfAttempt(service, ''));
}

/** The balancer that the controller has noted, whatever the ID annotation says now. */
export function claimedIdOf(service: KubeService): string | undefined {
  return attemptOf(service) === undefined ? afterPrefix(claimText(service), `${uidOf(service)} `) : undefined;
}

/** The controller has noted that this balancer is the Service's. */
export function hasClaim(service: KubeService, { id }: Pick<LoadBalancer, 'id'>): boolean {
  return claimText(service) === claimOf(service, id);
}

/** Only this balancer's Service can show its address: the status is written by controllers, not by users. */
export function showsAddress(service: KubeService, balancer: LoadBalancer): boolean {
  const shown = (service.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  return [balancer.ip, balancer.ipv6].some((ip) => ip !== undefined && shown.includes(ip));
}

/** Another Service with more to show for this balancer than `service`. */
export function ownerOfBalancer(
  balancer: LoadBalancer,
  service: KubeService,
  { services, holders }: { readonly services: readonly KubeService[]; readonly holders?: Holders | undefined },
): KubeService | undefined {
  const shows = (each: KubeService): readonly boolean[] => [
    defaultName(each) === balancer.name,
    hasClaim(each, balancer) || (attemptOf(each) === balancer.name && idOf(each) === undefined),
    showsAddress(each, balancer),
    holders?.isHeld(idKey(balancer.id), uidOf(each)) ?? false,
  ];
  const rivals = services.filter((other) => pointsAt(other, balancer) && isRival(other, service));
  return rivals.find((other) => isBefore(other, service, shows));
}

/** Another Service with more to show for this name than `service`; `named` finds the balancer of an ID. */
export function ownerOfName(
  name: string,
  service: KubeService,
  facts: {
    readonly services: readonly KubeService[];
    readonly holders?: Holders | undefined;
    readonly nameOfId: (id: string) => string | undefined;
  },
): KubeService | undefined {
  const shows = (each: KubeService): readonly boolean[] => [
    defaultName(each) === name,
    facts.nameOfId(idOf(each) ?? '') === name,
    attemptOf(each) === name,
    facts.holders?.isHeld(nameKey(name), uidOf(each)) ?? false,
  ];
  const rivals = facts.services.filter((other) => namesOf(other).includes(name) && isRival(other, service));
  return rivals.find((other) => isBefore(other, service, shows));
}

/** Another Service that surely uses the balancer: a removal leaves it to that one. */
export function otherUserOf(
  balancer: LoadBalancer,
  service: KubeService,
  services: readonly KubeService[],
): KubeService | undefined {
  const isUser = (other: KubeService): boolean => hasClaim(other, balancer) || showsAddress(other, balancer);
  return services.find((other) => idOf(other) === balancer.id && isUser(other) && isRival(other, service));
}

// A Service with a class, or that its owner has taken out of our hands, has no say.
function isRival(other: KubeService, service: KubeService): boolean {
  if (uidOf(other) === uidOf(service) || other.spec?.type !== 'LoadBalancer') return false;
  if (other.spec.loadBalancerClass !== undefined) return false;
  return readSettings(other.metadata?.annotations).settings.disown !== true;
}

function pointsAt(other: KubeService, { id, name }: LoadBalancer): boolean {
  const noted = idOf(other);
  if (defaultName(other) === name || noted === id) return true;
  return noted === undefined && namesOf(other).includes(name);
}

function namesOf(service: KubeService): readonly (string | undefined)[] {
  const name = service.metadata?.annotations?.[ANNOTATIONS.name.key]?.trim();
  return [name, attemptOf(service), defaultName(service)];
}

function isBefore(other: KubeService, service: KubeService, shows: (each: KubeService) => readonly boolean[]): boolean {
  const [theirs, ours] = [shows(other), shows(service)];
  const at = theirs.findIndex((shown, index) => shown !== ours[index]);
  return at < 0 ? ageOf(other) < ageOf(service) : theirs[at] === true;
}

function ageOf({ metadata }: KubeService): string {
  const created = metadata?.creationTimestamp;
  return `${created === undefined ? '' : new Date(created).toISOString()} ${metadata?.uid ?? ''}`;
}

function idOf({ metadata }: KubeService): string | undefined {
  return metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key]?.trim() || undefined;
}

function claimText({ metadata }: KubeService): string | undefined {
  return metadata?.annotations?.[ANNOTATIONS.claim.key];
}

function afterPrefix(text: string | undefined, prefix: string): string | undefined {
  return text?.startsWith(prefix) ? text.slice(prefix.length) : undefined;
}
