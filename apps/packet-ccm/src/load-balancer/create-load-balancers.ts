// The setting of the back end to the load balancers of the provider. Called once at the start, by provider.ts; talks to nobody. With
// `off` there are none, so the service controller does not run and nothing ever asks about BGP.
import type { CloudProvider, LoadBalancers, ProviderContext } from '@longshore/cloud-provider';
import type { EmlbApi, PacketApi } from '@longshore/packet-api';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import type { Config } from '../config.ts';
import type { PacketInstances } from '../instances/instances.ts';
import { announcingRights, makeAnnouncing, makeSessionOrphans } from './announcing.ts';
import type { BgpBackend } from './announcing.ts';
import { ElasticIpLoadBalancers, SERVICE_RIGHTS } from './elastic-ip-load-balancers.ts';
import { createEmlbBalancers } from './emlb/create-emlb.ts';
import { orphanSweep } from './orphan-sweep.ts';
import type { SessionOrphans } from '../bgp/session-orphans.ts';
import { withOrphanedSessions } from './with-orphaned-sessions.ts';

/** What load balancers are made from. */
export interface LoadBalancerParts {
  readonly config: Config;
  readonly api: PacketApi;
  /** Only with `emlb:///…`. */
  readonly emlb?: EmlbApi | undefined;
  readonly instances: PacketInstances;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Keeps what the cloud tells about passwords out of everything that is printed. */
  readonly secrets?: { add(...secrets: readonly (string | undefined)[]): void } | undefined;
}

/** The load balancers of one back end, and what goes with them. */
export interface ServiceBalancers {
  readonly loadBalancers: LoadBalancers;
  readonly serviceRights: NonNullable<CloudProvider['serviceRights']>;
  /** Called once as leader, before anything but `problems` is asked. */
  start(context: ProviderContext): Promise<void>;
}

/** The load balancers; `undefined` where there are none. */
export function createLoadBalancers(parts: LoadBalancerParts): ServiceBalancers | undefined {
  const { backend } = parts.config;
  switch (backend.kind) {
    case 'off':
      return undefined;
    case 'emlb':
      return parts.emlb && createEmlbBalancers(backend.metro, parts.emlb, parts);
    default:
      return withElasticIps(backend, parts);
  }
}

function withElasticIps(backend: BgpBackend, parts: LoadBalancerParts): ServiceBalancers {
  const loadBalancers = new ElasticIpLoadBalancers(parts);
  let sessions: SessionOrphans | undefined;
  return {
    loadBalancers: withOrphanedSessions(loadBalancers, () => sessions),
    serviceRights: [...SERVICE_RIGHTS, ...announcingRights(backend)],
    start(context) {
      sessions = makeSessionOrphans(parts, context);
      loadBalancers.start(context, makeAnnouncing(backend, parts, context));
      const { clock, log, config } = parts;
      if (config.elasticIps.sweepsOrphans) {
        context.keepRunning(orphanSweep({ loadBalancers, client: context.client, clock, log }));
      }
      return Promise.resolve();
    },
  };
}
