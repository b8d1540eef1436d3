// Load balancers of Services: find the own one (identity.ts), decide (decide.ts, desired.ts, plan.ts), apply (apply.ts). The service
// controller calls `ensure` and `remove`, never two of them for one Service at a time. Waiting for the cloud is an answer, never a worker.
import type {
  LoadBalancerPlan,
  LoadBalancerResult,
  LoadBalancers,
  OrphanedBalancer,
  OrphanRemoval,
  Problem,
  RemovalResult,
} from '@longshore/cloud-provider';
import { CloudApiError } from '@longshore/cloud-http';
import type { EventRecorder, KubeClient, KubeNode, KubeService } from '@longshore/k8s-runtime';
import { toId } from '@longshore/cloudscale-api';
import type { LoadBalancer, LoadBalancerId } from '@longshore/cloudscale-api';
import { KeyedLock, OperatorError } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { OWN_ANNOTATIONS, readSettings } from '../annotations.ts';
import type { ServerInstances } from '../instances/instances.ts';
import { applySteps, createBalancer } from './apply.ts';
import type { ApplyContext } from './apply.ts';
import { BuildingWaits } from './building-waits.ts';
import { decideBalancer, isNoted, problemsOfService, requireValid } from './decide.ts';
import type { Decision } from './decide.ts';
import { defaultNameOf } from './desired.ts';
import { describeStep } from './describe-step.ts';
import { balancersToRemove, orphansAmong, ownBalancer, tagsOf } from './identity.ts';
import type { IdentityFacts } from './identity.ts';
import { LISTS_MAX_AGE_MS, ProjectLists } from './observe.ts';
import type { ObservedApi } from './observe.ts';
import { removeOrphanedBalancer } from './orphan-removal.ts';
import type { Step } from './plan.ts';
import { statusOf } from './published-status.ts';

/** What the cluster offers; there from `start` on. */
export interface Cluster {
  readonly client: Pick<KubeClient, 'patch'>;
  readonly services: { list(): readonly KubeService[] };
  readonly events: EventRecorder;
}

/** Options of CloudscaleLoadBalancers. */
export interface LoadBalancersOptions {
  readonly api: ObservedApi;
  readonly instances: Pick<ServerInstances, 'serversOf'>;
  readonly clusterId: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const NODES_CHECK_AGAIN_MS = 15_000;
const REMOVAL_CHECK_AGAIN_MS = 2_000;
// Between a list and what follows from it in the same pass.
const JUST_NOW_MS = 1_000;

type InProgress = Extract<LoadBalancerResult, { kind: 'in-progress' }>;

/** Load balancers at cloudscale.ch. */
export class CloudscaleLoadBalancers implements LoadBalancers {
  readonly ownAnnotations = OWN_ANNOTATIONS;
  readonly #options: LoadBalancersOptions;
  /** What the project has; shared with others that only look. */
  readonly lists: ProjectLists;
  // Two Services can name one balancer for a moment; the API wants one change of a balancer at a time.
  readonly #turns = new KeyedLock<LoadBalancerId>();
  readonly #told = new Map<string, string>();
  readonly #toldNodes = new Set<string>();
  readonly #waits = new BuildingWaits();
  #cluster: Cluster | undefined;

  constructor(options: LoadBalancersOptions) {
    this.#options = options;
    this.lists = new ProjectLists(options.api, options.clock);
  }

  /** From now on annotations can be written and Services compared. */
  start(cluster: Cluster): void {
    this.#cluster = cluster;
  }

  problems(service: KubeService): readonly Problem[] {
    return problemsOfService(service);
  }

  async ensure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerResult> {
    if (service.spec?.loadBalancerClass !== undefined) return { kind: 'not-mine' };
    const changes: string[] = [];
    const known = await this.#find(service, signal);
    if (isOnlyAwaited(service, known)) {
      requireValid(service);
      return this.#building(service, changes);
    }
    const decision = await this.#decide(service, nodes, known, signal);
    this.#tell(service, decision);
    const balancer = known ?? (await this.#create(service, decision, changes, signal));
    if (balancer === undefined) return withoutNodes(changes);
    const applied = await this.#apply(decision.steps(balancer), balancer, this.#context(service, signal), changes);
    // What has just been made is looked at anew: an answer to its creation tells nothing about its parts.
    const isFinished = applied === 'done' && known !== undefined && balancer.status !== 'changing';
    if (!isFinished) return this.#building(service, changes);
    this.#waits.end(uidOf(service));
    return { kind: 'ready', status: statusOf(balancer, decision.settings), changes };
  }

  async remove(service: KubeService, signal: AbortSignal): Promise<RemovalResult> {
    const changes: string[] = [];
    this.#told.delete(uidOf(service));
    this.#waits.end(uidOf(service));
    const own = balancersToRemove(await this.#identity(service, signal));
    for (const { id, name } of own) {
      const removal = await this.#turns.run(id, () => this.#removeOne(id, signal), signal);
      if (removal === 'removed') changes.push(`delete load balancer ${name} (${id})`);
      if (removal !== 'gone') return leaving(changes);
    }
    return { kind: 'removed', changes };
  }

  async plan(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    try {
      const isLeaving = service.metadata?.deletionTimestamp !== undefined || service.spec?.type !== 'LoadBalancer';
      if (isLeaving) return await this.#planRemoval(service, signal);
      return await this.#planEnsure(service, nodes, signal);
    } catch (error) {
      if (!(error instanceof OperatorError) || error.disposition.retry !== 'on-change') throw error;
      return { steps: [], blockedBy: [error.message] };
    }
  }

  /** Balancers with the tag of this cluster whose Service is not there. Without a cluster ID nothing tells them from another's. */
  async orphans(services: readonly KubeService[], signal: AbortSignal): Promise<readonly OrphanedBalancer[]> {
    const { clusterId } = this.#options;
    return clusterId === undefined ? [] : orphansAmong(await this.lists.balancers(signal), services, clusterId);
  }

  /** Removes one of them, unless the API or a Service shows by now that it belongs to somebody. */
  async removeOrphan(
    { id: orphan }: OrphanedBalancer,
    services: readonly KubeService[],
    signal: AbortSignal,
  ): Promise<OrphanRemoval> {
    const id = toId<LoadBalancerId>(orphan);
    if (id === undefined) return { kind: 'kept', reason: 'its ID is no UUID' };
    const { api, clusterId } = this.#options;
    try {
      const facts = { id, services, clusterId };
      return await this.#turns.run(id, () => removeOrphanedBalancer(facts, api.loadBalancers, signal), signal);
    } finally {
      this.lists.invalidate('loadBalancers', 'pools', 'listeners', 'healthMonitors', 'floatingIps');
    }
  }

  async #planRemoval(service: KubeService, signal: AbortSignal): Promise<LoadBalancerPlan> {
    const own = balancersToRemove(await this.#identity(service, signal));
    const steps = own.map(({ id, name }) => {
      return { kind: 'delete-balancer', summary: `delete load balancer ${name} (${id})` };
    });
    return { steps, blockedBy: [], status: { ingress: [] } };
  }

  async #planEnsure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    const found = await this.#find(service, signal);
    const decision = await this.#decide(service, nodes, found, signal);
    const { wanted, settings } = decision;
    if (found === undefined) {
      const blockedBy = wanted.zone === undefined ? ['no node, so no zone'] : ['the load balancer is not built yet'];
      const step = describeStep({ kind: 'create-balancer', wanted });
      return { wanted, steps: wanted.zone === undefined ? [] : [step], blockedBy };
    }
    const steps = decision.steps(found).map(describeStep);
    if (found.status === 'changing') return { wanted, found, steps, blockedBy: ['the load balancer is being built'] };
    return { wanted, found, steps, blockedBy: [], status: statusOf(found, settings) };
  }

  async #apply(
    steps: readonly Step[],
    { id }: LoadBalancer,
    context: ApplyContext,
    changes: string[],
  ): Promise<'done' | 'busy'> {
    try {
      await this.#turns.run(id, () => applySteps(steps, changes, context), context.signal);
      return 'done';
    } catch (error) {
      if (!(error instanceof CloudApiError) || error.code !== 'CLOUD_REJECTED') throw error;
      // The list may be older than a change that somebody else has begun: then nothing is wrong with the Service.
      const now = await this.#options.api.loadBalancers.get(id, context.signal);
      if (now?.status !== 'changing') throw error;
      this.lists.invalidate('loadBalancers');
      return 'busy';
    }
  }

  async #removeOne(id: LoadBalancerId, signal: AbortSignal): Promise<'gone' | 'removed' | 'busy'> {
    const { loadBalancers } = this.#options.api;
    try {
      const removal = await loadBalancers.remove(id, signal);
      if (removal === 'absent') return 'gone';
      if (removal === 'busy') return 'busy';
      // "Accepted" is not "gone".
      return (await loadBalancers.get(id, signal)) === undefined ? 'gone' : 'removed';
    } finally {
      this.lists.invalidate('loadBalancers', 'pools', 'listeners', 'healthMonitors', 'floatingIps');
    }
  }

  /** The Service's balancer as it is now. One that is not finished is looked for in a new list, which all that are built at once share. */
  async #find(service: KubeService, signal: AbortSignal): Promise<LoadBalancer | undefined> {
    const found = ownBalancer(await this.#identity(service, signal));
    if (found?.status !== 'changing') return found;
    return ownBalancer(await this.#identity(service, signal, JUST_NOW_MS));
  }

  async #identity(service: KubeService, signal: AbortSignal, maxAgeMs = LISTS_MAX_AGE_MS): Promise<IdentityFacts> {
    const { settings } = readSettings(service.metadata?.annotations);
    const { uuid } = settings;
    let balancers = await this.lists.balancers(signal, maxAgeMs);
    if (uuid !== undefined && !balancers.some(({ id }) => id === uuid)) {
      // Made a moment ago, or really gone: only a direct answer tells.
      const noted = await this.#options.api.loadBalancers.get(uuid, signal);
      if (noted !== undefined) balancers = [...balancers, noted];
    }
    const services = this.#started().services.list();
    return { service, uuid, name: settings.name ?? defaultNameOf(service), balancers, services };
  }

  #decide(
    service: KubeService,
    nodes: readonly KubeNode[],
    found: LoadBalancer | undefined,
    signal: AbortSignal,
  ): Promise<Decision> {
    const services = this.#started().services.list();
    const facts = { service, nodes, found, services };
    return decideBalancer(facts, { lists: this.lists, instances: this.#options.instances }, signal);
  }

  async #create(
    service: KubeService,
    { wanted }: Decision,
    changes: string[],
    signal: AbortSignal,
  ): Promise<LoadBalancer | undefined> {
    if (wanted.zone === undefined) return undefined;
    // Names are not unique: an answer that was lost a moment ago must not make a second one.
    const found = ownBalancer(await this.#identity(service, signal, JUST_NOW_MS));
    if (found !== undefined) return found;
    const made = await createBalancer({ kind: 'create-balancer', wanted }, this.#context(service, signal));
    changes.push(`create load balancer ${made.name} (${made.id})`);
    return made;
  }

  #tell(service: KubeService, { warnings, unreachable }: Pick<Decision, 'warnings' | 'unreachable'>): void {
    const { events } = this.#started();
    for (const { node, server } of unreachable) {
      const uid = node.metadata?.uid ?? '';
      if (this.#toldNodes.has(uid)) continue;
      this.#toldNodes.add(uid);
      const message = `load balancers cannot reach server ${server}: it has no private address: attach it to a private network`;
      events.warning(node, 'NoPrivateAddress', message);
    }
    const uid = uidOf(service);
    const text = JSON.stringify(warnings);
    if (this.#told.get(uid) === text) return;
    this.#told.set(uid, text);
    for (const { reason, message } of warnings) events.warning(service, reason, message);
  }

  #building(service: KubeService, changes: readonly string[]): InProgress {
    const waitingFor = 'cloudscale.ch builds the load balancer';
    return { kind: 'in-progress', checkAgainMs: this.#waits.next(uidOf(service)), waitingFor, changes };
  }

  #context(service: KubeService, signal: AbortSignal): ApplyContext {
    const { api, log, clusterId } = this.#options;
    const { client } = this.#started();
    return { api, lists: this.lists, client, service, tags: tagsOf(service, clusterId), log, signal };
  }

  #started(): Cluster {
    if (!this.#cluster) throw new Error('start() comes before everything but problems()');
    return this.#cluster;
  }
}

// It is being built and the Service says so: nothing can be done about it yet.
function isOnlyAwaited(service: KubeService, known: LoadBalancer | undefined): boolean {
  return known?.status === 'changing' && isNoted(service, known);
}

function uidOf({ metadata }: KubeService): string {
  return metadata?.uid ?? '';
}

function withoutNodes(changes: readonly string[]): InProgress {
  const waitingFor = 'a node, whose zone the load balancer gets';
  return { kind: 'in-progress', checkAgainMs: NODES_CHECK_AGAIN_MS, waitingFor, changes };
}

function leaving(changes: readonly string[]): Extract<RemovalResult, { kind: 'in-progress' }> {
  const waitingFor = 'cloudscale.ch removes the load balancer';
  return { kind: 'in-progress', checkAgainMs: REMOVAL_CHECK_AGAIN_MS, waitingFor, changes };
}
