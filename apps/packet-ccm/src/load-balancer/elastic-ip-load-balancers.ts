// Load balancers of Services on elastic IPs, for all back ends that announce by BGP: find and reserve addresses (decide.ts, apply.ts), have
// them announced (announcer.ts), show them. The service controller calls `ensure` and `remove`, never two of them for one Service at a
// time. On the way out an address is withdrawn before it is released.
import type {
  LoadBalancerPlan,
  LoadBalancerResult,
  LoadBalancers,
  OrphanedBalancer,
  OrphanRemoval,
  Problem,
  RemovalResult,
} from '@longshore/cloud-provider';
import type { EventRecorder, KubeClient, KubeNode, KubeService, NeededRight } from '@longshore/k8s-runtime';
import { parseReservationId } from '@longshore/packet-api';
import type { PacketApi } from '@longshore/packet-api';
import { KeyedLock, OperatorError } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { readSettings } from '../annotations.ts';
import type { Config } from '../config.ts';
import { isControlPlaneService } from '../control-plane/control-plane-service.ts';
import type { Announcement } from './announcer.ts';
import type { Announcing } from './announcing.ts';
import { addressBehind, applySteps } from './apply.ts';
import type { ApplyContext, Reserved } from './apply.ts';
import { Claims } from './claims.ts';
import { ClusterIdentity } from './cluster-identity.ts';
import { decideAddresses } from './decide.ts';
import type { Decision } from './decide.ts';
import { describeStep, inWords } from './describe-step.ts';
import { ownerOf, problemsOfService } from './desired.ts';
import { leavingFacts } from './leaving.ts';
import { orphansAmong, reasonToKeep } from './orphans.ts';
import { planRemoval } from './plan.ts';
import type { Step } from './plan.ts';
import { refuseTooManyPrefixes, USUAL_MAX_PREFIXES } from './prefix-guard.ts';
import type { PrefixLimit } from './prefix-guard.ts';
import { QuotaPause } from './quota-pause.ts';
import { serviceInvalid } from './refusals.ts';
import { ReservationList } from './reservation-list.ts';
import { addressUses, isStaying, nameOf, shownAddresses } from './service-addresses.ts';
import type { AddressFacts } from './resolve.ts';

/** What these balancers need in the cluster. */
export const SERVICE_RIGHTS: readonly NeededRight[] = [
  { group: '', resource: 'namespaces', name: 'kube-system', verb: 'get', neededFor: 'the identity of the cluster' },
  { group: '', resource: 'services', verb: 'get', neededFor: 'the addresses of balancers on Services' },
  { group: '', resource: 'services', verb: 'patch', neededFor: 'the addresses of balancers on Services' },
];

/** Options of ElasticIpLoadBalancers. */
export interface ElasticIpOptions {
  readonly api: Pick<PacketApi, 'reservations'>;
  readonly config: Pick<Config, 'projectId' | 'metro' | 'facility' | 'annotations' | 'elasticIps'>;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What the cluster offers; there from `start` on. */
export interface Cluster {
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly services: { list(): readonly KubeService[] };
  readonly events: Pick<EventRecorder, 'warning'>;
}

type Started = Cluster & Announcing & { readonly identity: ClusterIdentity };
type InProgress = Extract<LoadBalancerResult, { kind: 'in-progress' }>;

const APPROVAL_CHECK_AGAIN_MS = 60_000;
const NODES_CHECK_AGAIN_MS = 60_000;

/** Load balancers on elastic IPs. */
export class ElasticIpLoadBalancers implements LoadBalancers {
  readonly ownAnnotations = ['spec.loadBalancerIP'];
  readonly #options: ElasticIpOptions;
  readonly #list: ReservationList;
  readonly #claims = new Claims();
  readonly #quota: QuotaPause;
  // Services that share an address must not reserve one each.
  readonly #turns = new KeyedLock<string>();
  readonly #told = new Map<string, string>();
  #started: Started | undefined;

  constructor(options: ElasticIpOptions) {
    const { api, config, clock } = options;
    this.#options = options;
    this.#list = new ReservationList({ calls: api.reservations, projectId: config.projectId, clock });
    this.#quota = new QuotaPause(clock);
  }

  /** From now on Services can be read and written, and addresses announced. */
  start(cluster: Cluster, announcing: Announcing): void {
    this.#started = { ...cluster, ...announcing, identity: new ClusterIdentity(cluster.client) };
  }

  problems(service: KubeService): readonly Problem[] {
    return problemsOfService(service, this.#options.config.annotations);
  }

  /** The Service of the control plane is made and kept by another part of this program. */
  isDisowned(service: KubeService): boolean {
    return isControlPlaneService(service);
  }

  async ensure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerResult> {
    if (service.spec?.loadBalancerClass !== undefined || isControlPlaneService(service)) return { kind: 'not-mine' };
    this.#refuseInvalid(service);
    const progress = { reserved: new Map() as Reserved, changes: [] as string[] };
    const addresses = await this.#inTurn(service, () => this.#haveAddresses(service, progress, signal), signal);
    if (!('decision' in addresses)) return addresses;
    const { decision, context } = addresses;
    const shown = decision.plan.announce.map((address) => addressBehind(address, progress.reserved));
    const notReady = await this.#announce(service, { nodes, addresses: shown, changes: progress.changes }, signal);
    await applySteps(decision.plan.after, progress, context);
    const status = { ingress: shown.map((ip) => ({ ip })) };
    const ready = { kind: 'ready', status, changes: progress.changes } as const;
    if (notReady === undefined) return ready;
    return { ...ready, unfinished: { checkAgainMs: NODES_CHECK_AGAIN_MS, waitingFor: notReady } };
  }

  async remove(service: KubeService, signal: AbortSignal): Promise<RemovalResult> {
    if (isControlPlaneService(service)) return { kind: 'removed', changes: [] };
    return this.#inTurn(service, () => this.#removeInTurn(service, signal), signal);
  }

  async plan(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    if (service.spec?.loadBalancerClass !== undefined || isControlPlaneService(service))
      return { steps: [], blockedBy: [] };
    try {
      return isStaying(service)
        ? await this.#planEnsure(service, nodes, signal)
        : await this.#planRemoval(service, signal);
    } catch (error) {
      if (!(error instanceof OperatorError) || !isRefusal(error)) throw error;
      return { steps: [], blockedBy: [error.message] };
    }
  }

  async orphans(services: readonly KubeService[], signal: AbortSignal): Promise<readonly OrphanedBalancer[]> {
    const clusterId = await this.#running().identity.read(signal);
    const { annotations: keys } = this.#options.config;
    return orphansAmong(await this.#list.all(signal), { services, clusterId, keys });
  }

  async removeOrphan(
    { id }: OrphanedBalancer,
    services: readonly KubeService[],
    signal: AbortSignal,
  ): Promise<OrphanRemoval> {
    const { identity, announcer } = this.#running();
    const { api, config } = this.#options;
    const reservationId = parseReservationId(id);
    const clusterId = await identity.read(signal);
    // The list may be some seconds old; what is given back is gone for good.
    const now = reservationId && (await api.reservations.get(reservationId, signal));
    if (now === undefined) return { kind: 'removed' };
    const reason = reasonToKeep(now, { services, clusterId, keys: config.annotations });
    if (reason !== undefined) return { kind: 'kept', reason };
    if (now.address !== undefined) await announcer.withdrawAddresses?.([now.address], signal);
    try {
      await api.reservations.release(now.id, signal);
      this.#list.drop(now.id);
    } catch (error) {
      this.#list.invalidate();
      throw error;
    }
    return { kind: 'removed' };
  }

  async #haveAddresses(
    service: KubeService,
    progress: { readonly reserved: Reserved; readonly changes: string[] },
    signal: AbortSignal,
  ): Promise<InProgress | { readonly decision: Decision; readonly context: ApplyContext }> {
    const context = await this.#context(service, signal);
    const decision = await this.#decide(service, { clusterId: context.clusterId, isClaimed: true }, signal);
    this.#tell(service, decision.warnings);
    if (decision.waiting !== undefined) return approval(decision.waiting.id, progress.changes);
    try {
      const pending = await applySteps(decision.plan.before, progress, context);
      if (pending !== undefined) return approval(pending.id, progress.changes);
    } catch (error) {
      // What was asked for may be there all the same; then its tags count it.
      if (progress.reserved.size === 0) this.#claims.drop(service);
      throw error;
    }
    this.#claims.settle(
      service,
      decision.plan.announce.map((address) => addressBehind(address, progress.reserved)),
    );
    return { decision, context };
  }

  // Between the last pause and the claim nothing else runs: what is decided holds.
  async #decide(
    service: KubeService,
    { clusterId, isClaimed }: { readonly clusterId: string; readonly isClaimed: boolean },
    signal: AbortSignal,
  ): Promise<Decision> {
    const reservations = await this.#list.all(signal);
    const first = decideAddresses(this.#facts(service, reservations, clusterId));
    const limit = first.hasNewAddress ? await this.#prefixLimit(signal) : undefined;
    const facts = this.#facts(service, limit === undefined ? reservations : await this.#list.all(signal), clusterId);
    const decision = limit === undefined ? first : decideAddresses(facts);
    if (limit !== undefined) refuseTooManyPrefixes(decision.addresses, facts, limit);
    if (isClaimed) this.#claims.set(service, decision.addresses);
    return decision;
  }

  #facts(service: KubeService, reservations: AddressFacts['reservations'], clusterId: string): AddressFacts {
    const { metro, facility, annotations: keys } = this.#options.config;
    const services = this.#running().services.list();
    return {
      service,
      settings: readSettings(service.metadata?.annotations, keys).settings,
      keys,
      clusterId,
      reservations,
      services,
      uses: addressUses(services, service, keys).filter((use) => !this.#claims.isWithdrawn(use.service)),
      claimed: this.#claims.ofOthers(service),
      place: { metro, facility },
    };
  }

  async #prefixLimit(signal: AbortSignal): Promise<PrefixLimit> {
    const { maxPrefixes } = this.#options.config.elasticIps;
    if (maxPrefixes !== undefined) return { most: maxPrefixes, source: 'setting' };
    return { most: (await this.#running().speakers.maxPrefixes(signal)) ?? USUAL_MAX_PREFIXES, source: 'project' };
  }

  /** Why not all Nodes announce; `undefined` when they do. */
  async #announce(
    service: KubeService,
    work: { readonly nodes: readonly KubeNode[]; readonly addresses: readonly string[]; readonly changes: string[] },
    signal: AbortSignal,
  ): Promise<string | undefined> {
    const { speakers, announcer } = this.#running();
    const found = await speakers.ready(namesOf(work.nodes), signal);
    work.changes.push(...found.changes);
    work.changes.push(...(await announcer.announce(announcementOf(service, work.addresses, found), signal)));
    if (found.notReady.length === 0) return undefined;
    return found.notReady.map(({ nodeName, reason }) => `BGP of node ${nodeName}: ${reason}`).join('; ');
  }

  async #removeInTurn(service: KubeService, signal: AbortSignal): Promise<RemovalResult> {
    const { announcer } = this.#running();
    const changes = [...(await announcer.withdraw(nameOf(service), signal))];
    this.#claims.end(service);
    this.#told.delete(service.metadata?.uid ?? '');
    const context = await this.#context(service, signal);
    const steps = await this.#leavingSteps(service, context.clusterId, signal);
    await applySteps(steps, { reserved: new Map(), changes }, context);
    return { kind: 'removed', changes };
  }

  async #leavingSteps(service: KubeService, clusterId: string, signal: AbortSignal): Promise<readonly Step[]> {
    const reservations = await this.#list.all(signal);
    const services = this.#running().services.list();
    const { annotations: keys } = this.#options.config;
    const isWithdrawn = (other: KubeService): boolean => this.#claims.isWithdrawn(other);
    return planRemoval(leavingFacts({ service, reservations, services, clusterId, keys, isWithdrawn }));
  }

  async #planRemoval(service: KubeService, signal: AbortSignal): Promise<LoadBalancerPlan> {
    const clusterId = await this.#running().identity.read(signal);
    const steps = await this.#leavingSteps(service, clusterId, signal);
    const addresses = shownAddresses(service);
    const withdrawal = { kind: 'withdraw', summary: `withdraw ${addresses.join(', ')}` };
    return {
      steps: [...(addresses.length === 0 ? [] : [withdrawal]), ...steps.map(describeStep)],
      blockedBy: [],
      status: { ingress: [] },
    };
  }

  async #planEnsure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerPlan> {
    this.#refuseInvalid(service);
    const clusterId = await this.#running().identity.read(signal);
    const { wishes, addresses, plan, waiting } = await this.#decide(service, { clusterId, isClaimed: false }, signal);
    const known = plan.announce.flatMap((one) => (one.kind === 'known' ? [one.address] : []));
    const steps = waiting === undefined ? [...plan.before, ...plan.after].map(describeStep) : [];
    const summary = `announce ${plan.announce.map(inWords).join(', ')}`;
    const isWhole = known.length === plan.announce.length;
    const announcing = isWhole
      ? await this.#previewAnnouncing(service, { nodes, addresses: known }, signal)
      : [{ kind: 'announce', summary }];
    return {
      wanted: { addresses: wishes },
      found: { addresses: addresses.filter(({ kind }) => kind === 'found') },
      steps: waiting === undefined ? [...steps, ...announcing] : [],
      blockedBy: waiting === undefined ? [] : [approval(waiting.id, []).waitingFor],
      ...(isWhole ? { status: { ingress: known.map((ip) => ({ ip })) } } : {}),
    };
  }

  async #previewAnnouncing(
    service: KubeService,
    { nodes, addresses }: { readonly nodes: readonly KubeNode[]; readonly addresses: readonly string[] },
    signal: AbortSignal,
  ): Promise<LoadBalancerPlan['steps']> {
    const { speakers, announcer } = this.#running();
    const found = await speakers.preview?.(namesOf(nodes), signal);
    if (found === undefined) return [];
    const changes = await announcer.preview(announcementOf(service, addresses, found), signal);
    return [
      ...found.changes.map((summary) => ({ kind: 'make-ready', summary })),
      ...changes.map((summary) => ({ kind: 'announce', summary })),
    ];
  }

  #refuseInvalid(service: KubeService): void {
    const errors = this.problems(service).filter(({ severity }) => severity === 'error');
    if (errors.length > 0) throw serviceInvalid(errors.map(({ message }) => message));
  }

  #inTurn<T>(service: KubeService, work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    const { settings } = readSettings(service.metadata?.annotations, this.#options.config.annotations);
    if (settings.shared === undefined) return work();
    return this.#turns.run(`${service.metadata?.namespace ?? ''}/${settings.shared}`, work, signal);
  }

  async #context(service: KubeService, signal: AbortSignal): Promise<ApplyContext> {
    const { api, config, log } = this.#options;
    const { client, identity } = this.#running();
    const { settings } = readSettings(service.metadata?.annotations, config.annotations);
    return {
      calls: api.reservations,
      list: this.#list,
      quota: this.#quota,
      client,
      projectId: config.projectId,
      clusterId: await identity.read(signal),
      service,
      owner: ownerOf(service, settings),
      log,
      signal,
    };
  }

  // After a start, what is said of a Service that has its address was said before.
  #tell(service: KubeService, warnings: readonly string[]): void {
    const uid = service.metadata?.uid ?? '';
    const text = JSON.stringify(warnings);
    const before = this.#told.get(uid);
    this.#told.set(uid, text);
    if (before === text || (before === undefined && shownAddresses(service).length > 0)) return;
    for (const message of warnings) this.#running().events.warning(service, 'LoadBalancerWarning', message);
  }

  #running(): Started {
    if (!this.#started) throw new Error('start() comes before everything but problems()');
    return this.#started;
  }
}

function namesOf(nodes: readonly KubeNode[]): readonly string[] {
  return nodes.map(({ metadata }) => metadata?.name ?? '');
}

function announcementOf(
  service: KubeService,
  addresses: readonly string[],
  { speakers, notReady }: Awaited<ReturnType<Announcing['speakers']['ready']>>,
): Announcement {
  return {
    service: nameOf(service),
    addresses,
    speakers,
    ...(notReady.length === 0 ? {} : { unknownNodes: notReady.map(({ nodeName }) => nodeName) }),
  };
}

function approval(id: string, changes: readonly string[]): InProgress {
  const waitingFor = `the cloud grants the address of reservation ${id}`;
  return { kind: 'in-progress', checkAgainMs: APPROVAL_CHECK_AGAIN_MS, waitingFor, changes };
}

// What a person has to change or wait for, as opposed to a cloud that does not answer.
function isRefusal({ code, disposition }: OperatorError): boolean {
  return disposition.retry === 'on-change' || REFUSALS.has(code);
}

const REFUSALS: ReadonlySet<string> = new Set(['BGP_PREFIX_LIMIT', 'ELASTIC_IP_POOL_EMPTY', 'ELASTIC_IP_DENIED']);
