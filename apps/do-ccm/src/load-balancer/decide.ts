// Gathers what a decision about one balancer needs beyond the Service (droplets of nodes, certificates), and has it made.
import type { Instances } from '@longshore/cloud-provider';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type { DropletId, LoadBalancer, LoadBalancerSpec } from '@longshore/digitalocean-api';
import type { Settings } from '../annotations.ts';
import { parseProviderId } from '../instances/provider-id.ts';
import type { CertificateList } from './certificate-list.ts';
import { desiredBalancer } from './desired.ts';
import { certificatesNamedIn } from './global.ts';
import { nameTaken, nameTakenError } from './ownership.ts';
import { immutableConflicts, reachOf, unsupportedType } from './placement.ts';
import type { BalancerConfig } from './placement.ts';
import { planBalancer } from './plan.ts';
import type { BalancerPlan } from './plan.ts';
import { errorsAmong, serviceInvalid } from './problems.ts';
import { mayBecomeReachable, selectBackends } from './targets.ts';

/** What is known already. */
export interface DecisionFacts {
  readonly service: KubeService;
  readonly nodes: readonly KubeNode[];
  readonly settings: Settings;
  readonly found: LoadBalancer | undefined;
  readonly config: BalancerConfig;
  readonly nowMs: number;
  /** The wanted name is another Service's. */
  readonly nameTakenBy?: KubeService | undefined;
  readonly resizeRefusal?: string | undefined;
}

/** Whom to ask for the rest. */
export interface DecisionSources {
  readonly certificates: Pick<CertificateList, 'choose' | 'find'>;
  readonly instances: Pick<Instances, 'lookup'>;
}

/** The wanted balancer and the way to it. */
export interface Decision {
  readonly wanted: LoadBalancerSpec;
  readonly plan: BalancerPlan;
}

/** Decides about one balancer. Throws when the Service has to be changed first. */
export async function decideBalancer(
  facts: DecisionFacts,
  { certificates, instances }: DecisionSources,
  signal: AbortSignal,
): Promise<Decision> {
  const { service, settings, found, config, nodes } = facts;
  const reach = reachOf(settings, config, found);
  const unsupported = found && unsupportedType(found);
  if (unsupported) throw unsupported;
  const asksCertificate = reach.type === 'REGIONAL';
  const certificateId = asksCertificate ? await certificates.choose(settings, found, signal) : undefined;
  const certificateIds = await certificates.find(certificatesNamedIn(settings), signal);
  const dropletIdOf = await knowDroplets(nodes, instances, signal);
  const backends = selectBackends(nodes, reach, dropletIdOf);
  const desired = desiredBalancer({ service, settings, config, backends, certificateId, certificateIds, found });
  const { wanted, nameConflicts } = named(desired.value, facts);
  const errors = errorsAmong(desired.problems);
  if (errors.length > 0) throw serviceInvalid(errors);
  const plan = planBalancer({
    wanted,
    found,
    service,
    conflicts: [...nameConflicts, ...(found ? immutableConflicts(settings, config, found) : [])],
    resizeRefusal: facts.resizeRefusal,
    goneId: found ? undefined : settings.loadBalancerId,
    unreachable: backends.unreachable.map((node) => node.metadata?.name ?? ''),
    mayBecomeReachable: mayBecomeReachable(backends.unreachable, facts.nowMs),
  });
  return { wanted, plan };
}

// A name that another Service has is not taken away from it: a balancer that exists keeps its own.
function named(
  wanted: LoadBalancerSpec,
  { found, nameTakenBy }: DecisionFacts,
): { readonly wanted: LoadBalancerSpec; readonly nameConflicts: readonly string[] } {
  if (!nameTakenBy) return { wanted, nameConflicts: [] };
  if (!found) throw nameTakenError(wanted.name, nameTakenBy);
  return { wanted: { ...wanted, name: found.name }, nameConflicts: [nameTaken(wanted.name, nameTakenBy)] };
}

// Nodes get their provider ID when they are initialized; for those that have none yet the droplet is looked up by name.
async function knowDroplets(
  nodes: readonly KubeNode[],
  instances: Pick<Instances, 'lookup'>,
  signal: AbortSignal,
): Promise<(node: KubeNode) => DropletId | undefined> {
  const nameless = nodes.filter((node) => parseProviderId(node.spec?.providerID).kind === 'absent');
  const findings = nameless.length > 0 ? await instances.lookup(nameless, signal) : undefined;
  return (node) => {
    const finding = findings?.get(node.metadata?.name ?? '');
    const known = finding && 'metadata' in finding ? finding.metadata.providerId : node.spec?.providerID;
    const parsed = parseProviderId(known);
    return parsed.kind === 'droplet' ? parsed.id : undefined;
  };
}
