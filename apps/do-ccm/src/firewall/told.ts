// What people are told: log lines for each change, a Warning event on a Service that is wrong, and one about the firewall when somebody else
// has changed it. Remembers what was told, so that a check each five minutes does not repeat it.
import type { EventRecorder, KubeObject, KubeService } from '@longshore/k8s-runtime';
import type { FirewallId } from '@longshore/digitalocean-api';
import type { Logger } from '@longshore/reconciler-core';
import { nameOfService, uidOf } from '../load-balancer/service-facts.ts';
import type { ServiceProblem, WantedFirewall } from './desired.ts';
import { describeDifference, describeFirewallStep } from './plan.ts';
import type { FirewallStep } from './plan.ts';

/** A Service that the firewall cannot follow. */
export const REASON_SERVICE = 'PublicAccessFirewallConfigError';
/** Somebody else changed or removed the firewall. */
export const REASON_REPAIRED = 'PublicAccessFirewallRepaired';

// A firewall is no object of the cluster; people look for its events where the system's are.
const ABOUT_FIREWALL: KubeObject = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'kube-system' } };

/** Tells each thing once. */
export class FirewallTold {
  readonly #options: { readonly events: EventRecorder; readonly log: Logger; readonly name: string };
  #problems = new Map<string, string>();
  #inLine: string | undefined;

  constructor(options: { readonly events: EventRecorder; readonly log: Logger; readonly name: string }) {
    this.#options = options;
  }

  /** What is wrong with Services now. */
  problems(problems: readonly ServiceProblem[]): void {
    const now = new Map<string, string>();
    for (const [service, found] of Map.groupBy(problems, (problem) => problem.service)) {
      const text = found.map(({ message }) => message).join('; ');
      const key = uidOf(service) || nameOfService(service);
      now.set(key, text);
      if (this.#problems.get(key) !== text) this.#tellProblem(service, text, found);
    }
    this.#problems = now;
  }

  /** All is as wanted. */
  inLine(wanted: WantedFirewall): void {
    this.#inLine = JSON.stringify(wanted);
  }

  /** A step was carried out. When the cluster wants what it wanted before, somebody else has changed the firewall. */
  applied(step: FirewallStep, id: FirewallId, wanted: WantedFirewall): void {
    const { log, name } = this.#options;
    const isRepair = this.#inLine === JSON.stringify(wanted);
    this.inLine(wanted);
    const { summary } = describeFirewallStep(step);
    const fields = step.kind === 'update-firewall' ? step.differences.map(({ field }) => field) : [];
    if (!isRepair) return log.info('firewall changed', { firewall: name, id, step: step.kind, summary });
    log.warn('firewall was changed by somebody else: put right', { firewall: name, id, fields, summary });
    this.#options.events.warning(ABOUT_FIREWALL, REASON_REPAIRED, repairMessage(step, name, id));
  }

  #tellProblem(service: KubeService, text: string, problems: readonly ServiceProblem[]): void {
    const isLeftOut = problems.some(({ severity }) => severity === 'error');
    const end = isLeftOut ? `; the firewall ${this.#options.name} keeps what is open for this Service` : '';
    this.#options.log.warn('Service is wrong for the firewall', { service: nameOfService(service), problem: text });
    this.#options.events.warning(service, REASON_SERVICE, `${text}${end}`);
  }
}

function repairMessage(step: FirewallStep, name: string, id: FirewallId): string {
  if (step.kind === 'create-firewall')
    return `the firewall ${name} was removed by somebody else; created again as ${id}`;
  const what = step.differences.map(describeDifference).join('; ');
  return `the firewall ${name} (${id}) was changed by somebody else; put right: ${what}`;
}
