// Services to the firewall that shall be. Pure. Composes the parts of all Services (service-rules.ts); what depends on the firewall as it
// is (what stays, what others have put in) is plan.ts's.
import type { Problem } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import type { FirewallRule } from '@longshore/digitalocean-api';
import { ANYWHERE, normalRules } from './rules.ts';
import { rulesOfService } from './service-rules.ts';
import type { Kept, ServiceSurroundings } from './service-rules.ts';

/** Name and tags, from the environment. */
export interface FirewallSettings {
  readonly name: string;
  readonly tags: readonly string[];
}

/** A Service that must be changed, and how. */
export type ServiceProblem = Problem & { readonly service: KubeService };

/** What the cluster wants of the firewall. */
export interface WantedFirewall extends FirewallSettings {
  /** In normal form (rules.ts). */
  readonly inboundRules: readonly FirewallRule[];
  readonly outboundRules: readonly FirewallRule[];
  /** Of Services that are wrong. */
  readonly kept: readonly Kept[];
}

/** All that it depends on. */
export interface FirewallFacts extends ServiceSurroundings {
  readonly settings: FirewallSettings;
  readonly services: readonly KubeService[];
}

/** The wanted firewall, and what is wrong with Services; one wrong Service changes nothing for the others. */
export function desiredPublicFirewall({ settings, services, ...around }: FirewallFacts): {
  readonly wanted: WantedFirewall;
  readonly problems: readonly ServiceProblem[];
} {
  const parts = services.map((service) => ({ service, ...rulesOfService(service, around) }));
  return {
    wanted: {
      name: settings.name,
      tags: settings.tags,
      inboundRules: normalRules(parts.flatMap(({ rules }) => rules)),
      outboundRules: OUTBOUND,
      kept: parts.flatMap(({ kept }) => (kept ? [kept] : [])),
    },
    problems: parts.flatMap(({ service, problems }) => problems.map((problem) => ({ ...problem, service }))),
  };
}

// A firewall without outbound rules would cut the nodes off.
const OUTBOUND = normalRules([
  { protocol: 'tcp', ports: 'all', peers: { addresses: ANYWHERE } },
  { protocol: 'udp', ports: 'all', peers: { addresses: ANYWHERE } },
  { protocol: 'icmp', peers: { addresses: ANYWHERE } },
]);
