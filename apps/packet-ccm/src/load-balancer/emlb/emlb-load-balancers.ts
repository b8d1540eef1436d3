// Load balancers of Services as Equinix Metal Load Balancers: find the own one (identity.ts), plan (desired.ts, plan.ts), apply (apply.ts).
// The service controller calls `ensure` and `remove`, never two of them for one Service at a time. No BGP, no elastic IP.
import { mayOwnBalancer } from '@longshore/cloud-provider';
import type {
  LoadBalancerPlan,
  LoadBalancerResult,
  LoadBalancers,
  OrphanedBalancer,
  OrphanRemoval,
  Problem,
  RemovalResult,
} from '@longshore/cloud-provider';
import type { EventRecorder, KubeClient, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { parseEmlbBalancerId, parseEmlbPoolId } from '@longshore/packet-api';
import type { EmlbBalancer, EmlbBalancerId, ProjectId } from '@longshore/packet-api';
import { backoff, KeyedLock, onChange, OperatorError } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { isControlPlaneService } from '../../control-plane/control-plane-service.ts';
import { applySteps } from './apply.ts';
import type { ApplyContext } from './apply.ts';
import { balancerNameOf } from './balancer-name.ts';
import { describeStep } from './describe-step.ts';
import { desiredBalancer, EMLB_ANNOTATIONS, notedIdOf, problemsOf } from './desired.ts';
import type { WantedBalancer } from './desired.ts';
import { balancersNamed, orphansAmong, ownByNote } from './identity.ts';
import type { OwnBalancer, OwnedNames } from './identity.ts';
import { observeBalancer, observeOwnPools } from './observe.ts';
import type { EmlbCalls } from './observe.ts';
import { planBalancer, planRemoval } from './plan.ts';
import type { Step } from './plan.ts';
import { removeOrphanedPart } from './orphan-removal.ts';
import { warningsOf } from './warnings.ts';
import type { Warning } from './warnings.ts';

/** What the cluster offers; there from `start` on. */
export interface EmlbCluster {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly events: EventRecorder;
  /** UID of namespace kube-system. */
  readonly clusterId: (signal: AbortSignal) => Promise<string>;
}

/** Options of EmlbLoadBalancers. */
export interface EmlbOptions {
  readonly api: EmlbCalls;
  readonly projectId: ProjectId;
  /** Of new balancers. */
  readonly metro: string;
  /** The Service of the control plane is served like all others: its balancer is the one that METAL_LOAD_BALANCER_ID names. */
  readonly servesControlPlane: boolean;
  readonly log: Logger;
}

const ADDRESS_CHECK_AGAIN_MS = 5_000;
const REMOVAL_CHECK_AGAIN_MS = 2_000;

interface Decision {
  readonly name: string;
  readonly wanted: WantedBalancer;
}

/** Load balancers of the load balancer service. */
export class EmlbLoadBalancers implements LoadBalancers {
  readonly ownAnnotations = Object.values(EMLB_ANNOTATIONS);
  readonly #options: EmlbOptions;
  // Two Services can name one balancer that is lent to both.
  readonly #turns = new KeyedLock<EmlbBalancerId>();
  readonly #told = new Map<string, string>();
  #cluster: EmlbCluster | undefined;

  constructor(options: EmlbOptions) {
    this.#options = options;
  }

  /** From now on annotations can be written. */
  start(cluster: EmlbCluster): void {
    this.#cluster = cluster;
  }

  problems(service: KubeService): readonly Problem[] {
    return problemsOf(service);
  }

  isDisowned(service: KubeService): boolean {
    return isControlPlaneService(service) && !this.#options.servesControlPlane;
  }

  async ensure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerResult> {
    if (service.spec?.loadBalancerClass !== undefined || this.isDisowned(service)) return { kind: 'not-mine' };
    const changes: string[] = [];
    const decision = await this.#decide(service, nodes, signal);
    const own =
      (await this.#find(service, decision.name, signal)) ?? (await this.#create(service, decision, changes, signal));
    this.#tell(service, warningsOf(decision.wanted, nodes, own));
    await this.#turns.run(own.balancer.id, () => this.#align(service, decision, own, { changes, signal }), signal);
    const { ips } = own.balancer;
    if (ips.length > 0) return { kind: 'ready', status: { ingress: ips.map((ip) => ({ ip })) }, changes };
    return { kind: 'in-progress', checkAgainMs: ADDRESS_CHECK_AGAIN_MS, waitingFor: NO_ADDRESS, changes };
  }

  async remove(service: KubeService, signal: AbortSignal): Promise<RemovalResult> {
    this.#told.delete(service.metadata?.uid ?? '');
    const changes: string[] = [];
    if (this.isDisowned(service)) return { kind: 'removed', changes };
    for (const steps of await this.#removalSteps(service, signal)) {
      await applySteps(steps, changes, this.#context(signal, service));
    }
    // "Accepted" is not "gone": the finalizer stays until another look finds nothing.
    if (changes.length === 0) return { kind: 'removed', changes };
    const left = (await this.#removalSteps(service, signal)).flat();
    if (left.length === 0) return { kind: 'removed', changes };
    const waitingFor = 'the load balancer service removes the load balancer';
    return { kind: 'in-progress', checkAgainMs: REMOVAL_CHECK_AGAIN_MS, waitingFor, changes };
  }

  async plan(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    if (this.isDisowned(service)) return { steps: [], blockedBy: [] };
    try {
      const isLeaving = service.metadata?.deletionTimestamp !== undefined || service.spec?.type !== 'LoadBalancer';
      if (!isLeaving) return await this.#planEnsure(service, nodes, signal);
      const steps = (await this.#removalSteps(service, signal)).flat().map(describeStep);
      return { steps, blockedBy: [], status: { ingress: [] } };
    } catch (error) {
      if (!(error instanceof OperatorError) || error.disposition.retry !== 'on-change') throw error;
      return { steps: [], blockedBy: [error.message] };
    }
  }

  async orphans(services: readonly KubeService[], signal: AbortSignal): Promise<readonly OrphanedBalancer[]> {
    const { api, projectId } = this.#options;
    const owned = await this.#ownedBy(services, signal);
    const [balancers, pools] = await Promise.all([
      api.balancers.list(projectId, signal),
      api.pools.list(projectId, signal),
    ]);
    return orphansAmong({ balancers, pools }, owned);
  }

  async removeOrphan(
    { id }: OrphanedBalancer,
    services: readonly KubeService[],
    signal: AbortSignal,
  ): Promise<OrphanRemoval> {
    const owned = await this.#ownedBy(services, signal);
    return removeOrphanedPart(
      { id, balancerId: parseEmlbBalancerId(id), poolId: parseEmlbPoolId(id) },
      owned,
      this.#context(signal),
    );
  }

  async #planEnsure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    const { name, wanted } = await this.#decide(service, nodes, signal);
    const own = await this.#find(service, name, signal);
    if (own === undefined) {
      const steps = [describeStep({ kind: 'create-balancer', wanted })];
      return { wanted, steps, blockedBy: ['the load balancer is not there yet'] };
    }
    const steps = (await this.#steps(service, { name, wanted }, own, signal)).map(describeStep);
    const { ips } = own.balancer;
    if (ips.length === 0) return { wanted, found: own.balancer, steps, blockedBy: [NO_ADDRESS] };
    return { wanted, found: own.balancer, steps, blockedBy: [], status: { ingress: ips.map((ip) => ({ ip })) } };
  }

  async #decide(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<Decision> {
    const errors = problemsOf(service).filter(({ severity }) => severity === 'error');
    if (errors.length > 0) throw serviceInvalid(errors);
    const name = await this.#nameOf(service, signal);
    return { name, wanted: desiredBalancer({ service, nodes, name, metro: this.#options.metro }) };
  }

  /** By the note; where it leads nowhere, by name. */
  async #find(service: KubeService, name: string, signal: AbortSignal): Promise<OwnBalancer | undefined> {
    const { api, projectId } = this.#options;
    const id = notedIdOf(service);
    const noted = ownByNote(id === undefined ? undefined : await api.balancers.get(id, signal), name);
    if (noted !== undefined) return noted;
    const [balancer] = balancersNamed(name, await api.balancers.list(projectId, signal));
    return balancer && { balancer, isOurs: true };
  }

  // Names are not unique, so an answer that was lost a moment ago must not make a second one: `#find` has just looked.
  async #create(
    service: KubeService,
    { wanted }: Decision,
    changes: string[],
    signal: AbortSignal,
  ): Promise<OwnBalancer> {
    const { api, projectId, log } = this.#options;
    if (isControlPlaneService(service)) throw lentBalancerMissing(service);
    const { name, metro } = wanted;
    const id = await api.balancers.create(projectId, { name, metro }, signal);
    log.info('load balancer created', { id, name, metro });
    changes.push(describeStep({ kind: 'create-balancer', wanted }).summary);
    const made = await api.balancers.get(id, signal);
    return { balancer: made ?? emptyBalancer(id, wanted), isOurs: true };
  }

  async #align(
    service: KubeService,
    decision: Decision,
    own: OwnBalancer,
    { changes, signal }: { readonly changes: string[]; readonly signal: AbortSignal },
  ): Promise<void> {
    const steps = await this.#steps(service, decision, own, signal);
    await applySteps(steps, changes, this.#context(signal, service));
  }

  async #steps(
    service: KubeService,
    { name, wanted }: Decision,
    own: OwnBalancer,
    signal: AbortSignal,
  ): Promise<readonly Step[]> {
    const poolNames = wanted.ports.map(({ poolName }) => poolName);
    const found = await observeBalancer(own, { name, poolNames }, { ...this.#options, signal });
    return [...noteSteps(service, own.balancer), ...planBalancer(wanted, found)];
  }

  /** One plan for each balancer that goes with the Service; pools that are left over go with the last. */
  async #removalSteps(service: KubeService, signal: AbortSignal): Promise<readonly (readonly Step[])[]> {
    const { api, projectId } = this.#options;
    const name = await this.#nameOf(service, signal);
    const id = notedIdOf(service);
    const noted = ownByNote(id === undefined ? undefined : await api.balancers.get(id, signal), name);
    const named = balancersNamed(name, await api.balancers.list(projectId, signal));
    const others = named.filter((balancer) => balancer.id !== noted?.balancer.id);
    const all = [...(noted ? [noted] : []), ...others.map((balancer): OwnBalancer => ({ balancer, isOurs: true }))];
    const pools = await observeOwnPools(name, { api, projectId, signal });
    const leftPools = pools.map((pool) => ({ kind: 'delete-pool', id: pool.id, name: pool.name }) as const);
    return [...all.map((own) => planRemoval(name, { ...own, pools: [] })), leftPools];
  }

  async #ownedBy(services: readonly KubeService[], signal: AbortSignal): Promise<OwnedNames> {
    const clusterId = await this.#started().clusterId(signal);
    const owners = services.filter(mayOwnBalancer);
    return {
      owned: new Set(owners.map((service) => balancerNameOf(service, clusterId))),
      noted: new Set(owners.map(notedIdOf)),
      clusterId,
    };
  }

  async #nameOf(service: KubeService, signal: AbortSignal): Promise<string> {
    return balancerNameOf(service, await this.#started().clusterId(signal));
  }

  #tell(service: KubeService, warnings: readonly Warning[]): void {
    const uid = service.metadata?.uid ?? '';
    const text = JSON.stringify(warnings);
    if (this.#told.get(uid) === text) return;
    this.#told.set(uid, text);
    for (const { reason, message } of warnings) this.#started().events.warning(service, reason, message);
  }

  #context(signal: AbortSignal, service?: KubeService): ApplyContext {
    const { api, projectId, log } = this.#options;
    const { client } = this.#started();
    return { api, projectId, log, client, signal, ...(service ? { service } : {}) };
  }

  #started(): EmlbCluster {
    if (!this.#cluster) throw new Error('start() comes before everything but problems()');
    return this.#cluster;
  }
}

const NO_ADDRESS = 'the load balancer has no address yet';

function noteSteps({ metadata }: KubeService, { id, metro }: EmlbBalancer): readonly Step[] {
  const wanted = { [EMLB_ANNOTATIONS.id]: id, ...(metro === undefined ? {} : { [EMLB_ANNOTATIONS.metro]: metro }) };
  const differing = Object.entries(wanted).filter(([key, value]) => metadata?.annotations?.[key] !== value);
  return differing.length === 0 ? [] : [{ kind: 'note-identity', annotations: Object.fromEntries(differing) }];
}

function emptyBalancer(id: EmlbBalancerId, { name, metro }: WantedBalancer): EmlbBalancer {
  return { id, name, metro, locationId: undefined, createdAt: undefined, ports: [], ips: [] };
}

function serviceInvalid(problems: readonly Problem[]): OperatorError {
  return new OperatorError('SERVICE_INVALID', problems.map(({ message }) => message).join('; '), onChange);
}

// It is the administrators': a new one would have another address than everybody uses.
function lentBalancerMissing(service: KubeService): OperatorError {
  const id = notedIdOf(service) ?? 'none';
  const message = `the load balancer of the control plane (${id}) is not there: correct METAL_LOAD_BALANCER_ID`;
  return new OperatorError('CONTROL_PLANE_BALANCER_MISSING', message, backoff);
}
