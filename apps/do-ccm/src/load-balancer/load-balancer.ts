// Load balancers of Services: find the own one (balancer-finder.ts, ownership.ts), decide (decide.ts, desired.ts, plan.ts), apply
// (apply.ts). The service controller calls `ensure` and `remove`, never two of them for one Service at a time. Nothing that is
// remembered here is needed after a restart.
import type {
  LoadBalancerPlan,
  LoadBalancerResult,
  LoadBalancers,
  OrphanedBalancer,
  OrphanRemoval,
  Problem,
  RemovalResult,
} from '@longshore/cloud-provider';
import type { KubeClient, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { OperatorError } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { parseLoadBalancerId } from '@longshore/digitalocean-api';
import type { Certificates, LoadBalancer, LoadBalancerId, Projects } from '@longshore/digitalocean-api';
import { ANNOTATIONS, OWN_ANNOTATIONS, readSettings } from '../annotations.ts';
import type { AnnotationName, Settings } from '../annotations.ts';
import type { DropletInstances } from '../instances/instances.ts';
import { applyStep, isBalancer } from './apply.ts';
import type { Applied, ApplyContext, BalancerCalls } from './apply.ts';
import { BalancerFinder, STEADY_MAX_AGE_MS } from './balancer-finder.ts';
import type { Wanted } from './balancer-finder.ts';
import { CertificateList } from './certificate-list.ts';
import { decideBalancer } from './decide.ts';
import type { Decision } from './decide.ts';
import { problemsOfService } from './desired.ts';
import { SIZE } from './differences.ts';
import { Holdings } from './holdings.ts';
import { BalancerList } from './observe.ts';
import { removeOrphanedBalancer } from './orphan-removal.ts';
import { foreignBalancer, orphansAmong } from './ownership.ts';
import type { BalancerView } from './ownership.ts';
import { Pending } from './pending.ts';
import type { BalancerConfig } from './placement.ts';
import { describeStep, planRemoval, resizeWait } from './plan.ts';
import type { BalancerPlan, Step } from './plan.ts';
import { ResizePauses } from './resize-pauses.ts';
import { errorsAmong, serviceInvalid } from './problems.ts';
import { publishedStatus } from './published-status.ts';
import { uidOf } from './service-facts.ts';
import { keepShownModes } from './shown-modes.ts';

/** What the cluster offers; there from `start` on. */
export interface Cluster {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly services: { list(): readonly KubeService[] };
  /** Where balancers are made. */
  readonly region: string;
}

/** Options of DigitalOceanLoadBalancers. */
export interface LoadBalancersOptions {
  readonly calls: BalancerCalls;
  readonly certificates: Pick<Certificates, 'list'>;
  readonly projects: Pick<Projects, 'assign'>;
  readonly instances: Pick<DropletInstances, 'lookup'>;
  readonly config: Omit<BalancerConfig, 'region'>;
  readonly clock: Clock;
  readonly log: Logger;
}

type InProgress = Extract<LoadBalancerResult, { kind: 'in-progress' }>;

const BUSY_CHECK_AGAIN_MS = 2_000;
const NODES_CHECK_AGAIN_MS = 15_000;
const REMOVAL_CHECK_AGAIN_MS = 1_000;

/** Load balancers at DigitalOcean. */
export class DigitalOceanLoadBalancers implements LoadBalancers {
  readonly ownAnnotations = OWN_ANNOTATIONS;
  readonly #options: LoadBalancersOptions;
  readonly #list: BalancerList;
  readonly #finder: BalancerFinder;
  readonly #certificates: CertificateList;
  readonly #pending: Pending;
  readonly #holdings = new Holdings();
  readonly #resizes: ResizePauses;
  #cluster: Cluster | undefined;

  constructor(options: LoadBalancersOptions) {
    const { calls, certificates, clock, log, config } = options;
    this.#options = options;
    this.#list = new BalancerList({ loadBalancers: calls, clock });
    const services = (): readonly KubeService[] => this.#cluster?.services.list() ?? [];
    const { clusterTag } = config;
    const holdings = this.#holdings;
    this.#finder = new BalancerFinder({ calls, list: this.#list, services, clusterTag, holdings, log });
    this.#resizes = new ResizePauses(clock);
    this.#certificates = new CertificateList({ certificates, clock });
    this.#pending = new Pending({ clock, list: this.#list });
  }

  /** From now on annotations can be written and Services compared. */
  start(cluster: Cluster): void {
    this.#cluster = cluster;
  }

  problems(service: KubeService): readonly Problem[] {
    return problemsOfService(service, this.#options.config);
  }

  isDisowned(service: KubeService): boolean {
    return readSettings(service.metadata?.annotations).settings.disown === true;
  }

  async ensure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerResult> {
    const settings = requireSettings(service);
    if (settings.disown === true) return { kind: 'not-mine' };
    const { plan, found } = await this.#decide({ service, settings, mode: 'act' }, nodes, signal);
    const changes: string[] = [];
    const applied = await this.#apply(plan.steps, found, { service, changes }, signal);
    if (applied === 'busy') return busy(changes);
    if (applied === 'gone') return this.#waiting(service, 'the load balancer to be created again', changes);
    if (plan.refusal) throw plan.refusal;
    return this.#result(service, { settings, latest: applied, plan, changes });
  }

  async remove(service: KubeService, signal: AbortSignal): Promise<RemovalResult> {
    const settings = requireSettings(service, NAMES_FOR_REMOVAL);
    this.#pending.end(uidOf(service));
    this.#holdings.release(uidOf(service));
    const changes: string[] = [];
    if (settings.disown === true) return { kind: 'removed', changes };
    const steps = planRemoval(await this.#finder.findOwned({ service, settings }, signal));
    if ((await this.#apply(steps, undefined, { service, changes }, signal)) === 'busy') return busy(changes);
    // "Accepted" is not "gone": a list that begins now has to be without it.
    const ids = steps.flatMap((step): LoadBalancerId[] => (step.kind === 'delete' ? [step.id] : []));
    const left = ids.length > 0 ? await this.#list.stillThere(ids, signal) : [];
    if (left.length === 0) return { kind: 'removed', changes };
    const waitingFor = 'DigitalOcean removes the load balancer';
    return { kind: 'in-progress', checkAgainMs: REMOVAL_CHECK_AGAIN_MS, waitingFor, changes };
  }

  async plan(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    try {
      const isLeaving = service.metadata?.deletionTimestamp !== undefined || service.spec?.type !== 'LoadBalancer';
      return isLeaving ? await this.#planRemoval(service, signal) : await this.#planEnsure(service, nodes, signal);
    } catch (error) {
      if (!(error instanceof OperatorError) || error.disposition.retry !== 'on-change') throw error;
      return { steps: [], blockedBy: [error.message] };
    }
  }

  async orphans(services: readonly KubeService[], signal: AbortSignal): Promise<readonly OrphanedBalancer[]> {
    const { clusterTag } = this.#options.config;
    // Without a cluster ID nothing tells a balancer of this cluster from another's.
    if (clusterTag === undefined) return [];
    return orphansAmong((await this.#list.get(STEADY_MAX_AGE_MS, signal)).all, services, clusterTag);
  }

  removeOrphan(
    { id }: OrphanedBalancer,
    services: readonly KubeService[],
    signal: AbortSignal,
  ): Promise<OrphanRemoval> {
    const { calls, config } = this.#options;
    const facts = { id: parseLoadBalancerId(id), services, clusterTag: config.clusterTag };
    return removeOrphanedBalancer(facts, calls, signal);
  }

  /** The balancers of the account, from the list that is shared with all Services. */
  view(maxAgeMs: number, signal: AbortSignal): Promise<BalancerView> {
    return this.#list.get(maxAgeMs, signal);
  }

  async #planEnsure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    const settings = requireSettings(service);
    if (settings.disown === true) return disowned;
    const { wanted, found, plan } = await this.#decide({ service, settings, mode: 'look' }, nodes, signal);
    const reasons = [plan.waitingFor, plan.unfinished, plan.refusal?.message];
    const blockedBy = reasons.filter((text) => text !== undefined);
    const shown = found && publishedStatus(found, settings);
    const status = shown && keepShownModes(shown, service, { isChanged: plan.steps.some(isTold) });
    const steps = plan.steps.map(describeStep);
    return { wanted, ...(found ? { found } : {}), steps, blockedBy, ...(status ? { status } : {}) };
  }

  async #planRemoval(service: KubeService, signal: AbortSignal): Promise<LoadBalancerPlan> {
    const settings = requireSettings(service, NAMES_FOR_REMOVAL);
    // What `remove` does then: nothing, so that the Service can go.
    if (settings.disown === true) return { steps: [], blockedBy: [], status: noAddress };
    const owned = await this.#finder.findOwned({ service, settings }, signal);
    return { steps: planRemoval(owned).map(describeStep), blockedBy: [], status: noAddress };
  }

  async #decide(
    { service, settings, mode }: Wanted & { readonly mode: 'act' | 'look' },
    nodes: readonly KubeNode[],
    signal: AbortSignal,
  ): Promise<Decision & { readonly found: LoadBalancer | undefined }> {
    const { instances, clock } = this.#options;
    const config = { ...this.#options.config, region: this.#started().region };
    const maxAgeMs = this.#pending.maxAgeMs(uidOf(service));
    const find = mode === 'act' ? 'findAndHold' : 'find';
    const identity = await this.#finder[find]({ service, settings }, maxAgeMs, signal);
    if (identity.kind === 'foreign') throw foreignBalancer(service, identity);
    const found = identity.kind === 'own' ? identity.balancer : undefined;
    const resizeRefusal = found && this.#resizes.current(found.id)?.refusal;
    const place = { config, nowMs: clock.nowMs(), nameTakenBy: identity.nameTakenBy };
    const facts = { service, nodes, settings, found, resizeRefusal, ...place };
    const decision = await decideBalancer(facts, { certificates: this.#certificates, instances }, signal);
    return { ...decision, found };
  }

  /** Applies the steps in order; returns the balancer as it is then. */
  async #apply(
    steps: readonly Step[],
    found: LoadBalancer | undefined,
    { service, changes }: { readonly service: KubeService; readonly changes: string[] },
    signal: AbortSignal,
  ): Promise<LoadBalancer | 'busy' | 'gone' | undefined> {
    let latest = found;
    for (const step of steps) {
      const applied = await applyStep(step, latest, this.#applyContext(service, signal));
      if (applied === 'busy') return applied;
      if (isSizeRefusal(applied)) {
        this.#noteResize(step, applied.words);
        continue;
      }
      this.#noteResize(step, undefined);
      if (isTold(step)) changes.push(describeStep(step).summary);
      if (applied === 'gone' && step.kind !== 'delete') return applied;
      if (isBalancer(applied)) latest = applied;
    }
    return latest;
  }

  #noteResize(step: Step, refusal: string | undefined): void {
    if (refusal !== undefined && step.kind === 'update') this.#resizes.refuse(step.id, refusal);
    else if (step.kind === 'delete' || isResize(step)) this.#resizes.forget(step.id);
  }

  #applyContext(service: KubeService, signal: AbortSignal): ApplyContext {
    const { calls, projects, log } = this.#options;
    return { calls, projects, list: this.#list, client: this.#started().client, service, log, signal };
  }

  #started(): Cluster {
    if (!this.#cluster) throw new Error('start() comes before everything but problems()');
    return this.#cluster;
  }

  #result(
    service: KubeService,
    facts: {
      readonly settings: Settings;
      readonly latest: LoadBalancer | undefined;
      readonly plan: BalancerPlan;
      readonly changes: readonly string[];
    },
  ): LoadBalancerResult {
    const { settings, latest, plan, changes } = facts;
    const { waitingFor = 'DigitalOcean creates the load balancer' } = plan;
    if (!latest) return { kind: 'in-progress', checkAgainMs: NODES_CHECK_AGAIN_MS, waitingFor, changes };
    const status = publishedStatus(latest, settings);
    if (!status) return this.#waiting(service, waitingFor, changes);
    this.#pending.end(uidOf(service));
    const published = keepShownModes(status, service, { isChanged: changes.length > 0 });
    const unfinished = this.#unfinished(latest, plan);
    return { kind: 'ready', status: published, changes, ...(unfinished ? { unfinished } : {}) };
  }

  #unfinished({ id }: LoadBalancer, { steps, unfinished }: BalancerPlan): Unfinished | undefined {
    const pause = this.#resizes.current(id);
    if (!pause) return undefined;
    const resize = steps.flatMap((step) => (step.kind === 'update' && isResize(step) ? step.changes : []));
    const waitingFor = unfinished ?? (resize.length > 0 ? resizeWait(resize, pause.refusal) : undefined);
    return waitingFor === undefined ? undefined : { checkAgainMs: pause.leftMs, waitingFor };
  }

  #waiting(service: KubeService, waitingFor: string, changes: readonly string[]): InProgress {
    return { kind: 'in-progress', checkAgainMs: this.#pending.wait(uidOf(service)), waitingFor, changes };
  }
}

type Unfinished = NonNullable<Extract<LoadBalancerResult, { kind: 'ready' }>['unfinished']>;

const noAddress = { ingress: [] };

const disowned: LoadBalancerPlan = { steps: [], blockedBy: [`annotation ${ANNOTATIONS.disown.key} is true`] };

/** The annotations that a removal reads; others may be wrong, a Service must not be kept from leaving by them. */
const NAMES_FOR_REMOVAL: readonly AnnotationName[] = ['disown', 'name', 'loadBalancerId'];

function requireSettings(service: KubeService, names?: readonly AnnotationName[]): Settings {
  const { settings, problems } = readSettings(service.metadata?.annotations);
  const keys = names && new Set<string>(names.map((name) => ANNOTATIONS[name].key));
  const errors = errorsAmong(problems).filter(({ field }) => keys?.has(field) ?? true);
  if (errors.length > 0) throw serviceInvalid(errors);
  return settings;
}

function isResize(step: Step): step is Extract<Step, { kind: 'update' }> {
  return step.kind === 'update' && step.changes.some(({ field }) => field === SIZE);
}

function isSizeRefusal(applied: Applied): applied is Extract<Applied, { kind: 'size-refused' }> {
  return typeof applied === 'object' && 'kind' in applied;
}

// Notes in annotations are means, not changes that a user asked for.
function isTold({ kind }: Step): boolean {
  return kind !== 'note-identity' && kind !== 'note-attempt';
}

function busy(changes: readonly string[]): InProgress {
  const waitingFor = 'DigitalOcean finishes an earlier change of the load balancer';
  return { kind: 'in-progress', checkAgainMs: BUSY_CHECK_AGAIN_MS, waitingFor, changes };
}
