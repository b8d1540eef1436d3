// Gathers what a decision about the firewall needs (the firewall, and the balancers that Services name), and has it made. Used by the
// controller and by `plan`.
import type { KubeService } from '@longshore/k8s-runtime';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { Firewall, LoadBalancer, LoadBalancerId } from '@longshore/digitalocean-api';
import type { Logger } from '@longshore/reconciler-core';
import { ANNOTATIONS } from '../annotations.ts';
import { desiredPublicFirewall } from './desired.ts';
import type { FirewallSettings, ServiceProblem, WantedFirewall } from './desired.ts';
import { planFirewall } from './plan.ts';
import type { FirewallStep } from './plan.ts';

/** Balancers by ID, as a list has them that is at most this old. */
export type LookUpBalancers = (
  maxAgeMs: number,
  signal: AbortSignal,
) => Promise<{ byId(id: LoadBalancerId): LoadBalancer | undefined }>;

/** Whom to ask. */
export interface FirewallSources {
  readonly settings: FirewallSettings;
  readonly defaultType: 'REGIONAL' | 'REGIONAL_NETWORK';
  readonly find: (signal: AbortSignal) => Promise<Firewall | undefined>;
  readonly balancers: LookUpBalancers;
  /** The last pass failed, perhaps because of a balancer that is gone by now: a list of this moment is needed. */
  readonly isAfterFailure: boolean;
  readonly log: Logger;
}

/** What is wanted, and the way to it. */
export interface FirewallDecision {
  readonly wanted: WantedFirewall;
  readonly problems: readonly ServiceProblem[];
  readonly step: FirewallStep | undefined;
}

// The service controller lists balancers this often anyway; a younger list is needed only for an ID that it does not have.
const USUAL_AGE_MS = 600_000;
const YOUNG_AGE_MS = 30_000;

/** Decides. Rejects when nobody can tell which firewalls there are. */
export async function decideFirewall(
  services: readonly KubeService[],
  sources: FirewallSources,
  signal: AbortSignal,
): Promise<FirewallDecision> {
  const { settings, defaultType } = sources;
  const found = await sources.find(signal);
  const balancers = await balancersOf(services, sources, signal);
  const { wanted, problems } = desiredPublicFirewall({ settings, defaultType, services, balancers });
  return { wanted, problems, step: planFirewall(wanted, found) };
}

async function balancersOf(
  services: readonly KubeService[],
  { balancers, isAfterFailure, log }: FirewallSources,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<LookUpBalancers>> | undefined> {
  const ids = services.flatMap(({ metadata }) => metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key] ?? []);
  if (ids.length === 0) return undefined;
  try {
    const view = await balancers(isAfterFailure ? 0 : USUAL_AGE_MS, signal);
    const isKnown = ids.every((id) => view.byId(parseLoadBalancerId(id.trim())) !== undefined);
    return isKnown ? view : await balancers(YOUNG_AGE_MS, signal);
  } catch (error) {
    signal.throwIfAborted();
    // The annotations say nearly the same; ports of new Services shall not wait for the list.
    log.warn('load balancers could not be listed: the firewall goes by the annotations of Services', { error });
    return undefined;
  }
}
