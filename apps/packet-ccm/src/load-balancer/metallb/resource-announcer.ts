// MetalLB from 0.13: pools, peers and an advertisement are objects of their own. Lists, plans, writes one object after the other, each with
// the version that was read; when somebody else was quicker, all of it once more. One of the two announcers of metallb/.
import { assertNever, backoff, dispositionOf, KeyedLock, messageOf, OperatorError } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import type { Announcement, Announcer, ServiceName } from '../announcer.ts';
import { describePeerStep, planPeers, planPeersWithout, wantedPeers } from './peers-plan.ts';
import { RecentReading } from './recent-reading.ts';
import { describeAdvertisementStep } from './resource-advertisement.ts';
import { changedPeerObject, newPeerObject, peerName, toObjectPeers } from './resource-peers.ts';
import {
  describePoolObjectStep,
  planPoolObjects,
  planPoolObjectsWithout,
  servicesOfPoolObject,
} from './resource-pools.ts';
import { orderForAnnouncing, orderForWithdrawal } from './resource-steps.ts';
import type { Found, ResourceStep } from './resource-steps.ts';
import { addressPools, bgpAdvertisements, bgpPeers } from './resources.ts';

/** Options of MetalLbResources. */
export interface MetalLbResourcesOptions {
  readonly client: Pick<KubeClient, 'list' | 'create' | 'replace' | 'remove'>;
  readonly namespace: string;
  /** With it the Services of a moment share what is read. */
  readonly clock?: Clock | undefined;
}

type Plan = (found: Found) => readonly ResourceStep[];

const MOST_ATTEMPTS = 10;

/** Announces by MetalLB's custom resources. */
export class MetalLbResources implements Announcer {
  readonly #options: MetalLbResourcesOptions;
  // Services of this process take turns; the versions guard against everybody else.
  readonly #lock = new KeyedLock<'all'>();
  readonly #recent: RecentReading<Found | undefined>;

  constructor(options: MetalLbResourcesOptions) {
    this.#options = options;
    this.#recent = new RecentReading(options.clock);
  }

  async announce(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]> {
    const work = this.#lock.run('all', () => this.#workAlone(planAnnouncement(announcement), signal), signal);
    const changes = await work.catch((error: unknown) => {
      throw withoutPasswords(error, announcement);
    });
    if (changes === 'missing') throw this.#missing();
    return changes;
  }

  async withdraw(service: ServiceName, signal: AbortSignal): Promise<readonly string[]> {
    return this.#workIfThere(planWithdrawal(service), signal);
  }

  async withdrawAddresses(addresses: readonly string[], signal: AbortSignal): Promise<readonly string[]> {
    const plan: Plan = (found) =>
      orderForWithdrawal(found, { peers: [], pools: planPoolObjectsWithout(addresses, found.pools) });
    return this.#workIfThere(plan, signal);
  }

  async preview(announcement: Announcement, signal: AbortSignal): Promise<readonly string[]> {
    const found = await this.#observe(signal);
    if (found === undefined) throw this.#missing();
    return planAnnouncement(announcement)(found).map(describeStep);
  }

  async #workIfThere(plan: Plan, signal: AbortSignal): Promise<readonly string[]> {
    const work = async (): Promise<readonly string[] | 'missing'> => {
      // An address is given back after this: what is there now counts.
      this.#recent.forget();
      return this.#workAlone(plan, signal);
    };
    const changes = await this.#lock.run('all', work, signal);
    return changes === 'missing' ? [] : changes;
  }

  async #workAlone(plan: Plan, signal: AbortSignal): Promise<readonly string[] | 'missing'> {
    const changes = new Set<string>();
    for (let attempt = 1; ; attempt += 1) {
      const found = await this.#recent.get(() => this.#observe(signal));
      if (found === undefined) {
        this.#recent.forget();
        return 'missing';
      }
      try {
        for (const step of plan(found)) {
          this.#recent.forget();
          await this.#apply(step, signal);
          changes.add(describeStep(step));
        }
        return [...changes];
      } catch (error) {
        this.#recent.forget();
        if (isNamespaceMissing(error)) return 'missing';
        if (!isRace(error) || attempt >= MOST_ATTEMPTS) throw error;
      }
    }
  }

  async #observe(signal: AbortSignal): Promise<Found | undefined> {
    try {
      const [pools, peers, advertisements] = await Promise.all([
        this.#list(addressPools, signal),
        this.#list(bgpPeers, signal),
        this.#list(bgpAdvertisements, signal),
      ]);
      return { pools, peers: toObjectPeers(peers), peerObjects: peers, advertisements };
    } catch (error) {
      signal.throwIfAborted();
      // A list of a kind that is there is never a 404, however empty.
      if (error instanceof KubeApiError && error.status === 404) return undefined;
      throw error;
    }
  }

  async #list<T extends KubeObject>(type: ResourceType<T>, signal: AbortSignal): Promise<readonly T[]> {
    const { client, namespace } = this.#options;
    return (await client.list(type, { namespace, signal })).items;
  }

  async #apply(step: ResourceStep, signal: AbortSignal): Promise<void> {
    switch (step.kind) {
      case 'create-pool':
        return this.#create(addressPools, step.object, signal);
      case 'update-pool':
        return this.#replace(addressPools, step.object, signal);
      case 'remove-pool':
        return this.#remove(addressPools, step.object, signal);
      case 'create-advertisement':
        return this.#create(bgpAdvertisements, step.object, signal);
      case 'update-advertisement':
        return this.#replace(bgpAdvertisements, step.object, signal);
      case 'remove-advertisement':
        return this.#remove(bgpAdvertisements, step.object, signal);
      case 'add':
        return this.#create(bgpPeers, newPeerObject(step), signal);
      case 'update':
        return this.#replace(bgpPeers, changedPeerObject(step), signal);
      case 'remove':
        return this.#remove(bgpPeers, step.found.object, signal);
      default:
        return assertNever(step);
    }
  }

  async #create<T extends KubeObject>(type: ResourceType<T>, object: T, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options;
    const placed: T = { ...object, metadata: { ...object.metadata, namespace } };
    await client.create(type, placed, { discardAnswer: true, signal });
  }

  async #replace<T extends KubeObject>(type: ResourceType<T>, object: T, signal: AbortSignal): Promise<void> {
    await this.#options.client.replace(type, object, { discardAnswer: true, signal });
  }

  async #remove<T extends KubeObject>(type: ResourceType<T>, object: T, signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options;
    const { name = '', resourceVersion } = object.metadata ?? {};
    const preconditions = resourceVersion === undefined ? {} : { resourceVersion };
    await client.remove(type, { namespace, name }, { preconditions, discardAnswer: true, signal });
  }

  #missing(): OperatorError {
    const { namespace } = this.#options;
    const message = `MetalLB's custom resources (metallb.io/v1beta1) or its namespace ${namespace} are not there, so the address is not announced: install MetalLB 0.13 or newer, name its namespace by METAL_LOAD_BALANCER=metallb:///<namespace>?crdConfiguration=true, or leave crdConfiguration out for an older MetalLB`;
    return new OperatorError('METALLB_RESOURCES_MISSING', message, backoff);
  }
}

function planAnnouncement(announcement: Announcement): Plan {
  const { service, addresses, speakers } = announcement;
  const wanted = wantedPeers(speakers, (speaker, _peer, index) => peerName(speaker, index));
  return (found) =>
    orderForAnnouncing(found, {
      peers: planPeers(announcement, wanted, found.peers),
      pools: planPoolObjects(service, addresses, found.pools),
    });
}

function planWithdrawal(service: ServiceName): Plan {
  return (found) => {
    const pools = planPoolObjects(service, [], found.pools);
    const left = found.pools.filter((pool) => servicesOfPoolObject(pool).length > 0).length;
    const isLast = left <= pools.filter(({ kind }) => kind === 'remove-pool').length;
    return orderForWithdrawal(found, { peers: planPeersWithout(service, found.peers, isLast), pools });
  };
}

function describeStep(step: ResourceStep): string {
  switch (step.kind) {
    case 'add':
    case 'update':
    case 'remove':
      return describePeerStep(step);
    case 'create-advertisement':
    case 'update-advertisement':
    case 'remove-advertisement':
      return describeAdvertisementStep(step);
    default:
      return describePoolObjectStep(step);
  }
}

// Somebody changed, made or removed the object between our reading and our writing.
function isRace(error: unknown): boolean {
  return error instanceof KubeApiError && (error.status === 409 || error.status === 404);
}

function isNamespaceMissing(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 404 && /namespaces "[^"]*" not found/.test(error.message);
}

// The API server and MetalLB's own webhook may repeat what they refuse.
function withoutPasswords(error: unknown, { speakers }: Announcement): unknown {
  const message = messageOf(error);
  const passwords = speakers.map(({ password }) => password).filter((password) => password !== undefined);
  const shown = passwords.reduce((text, password) => text.replaceAll(password, '<masked>'), message);
  return shown === message ? error : new OperatorError('METALLB_REFUSED', shown, dispositionOf(error));
}
