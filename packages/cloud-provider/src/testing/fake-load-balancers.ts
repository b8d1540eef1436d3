// A scripted cloud for tests of controllers: it keeps balancers by Service UID, records the calls, and can wait, fail, or do the
// work and lose the answer. Surprising: like a careful provider it finds its balancer again, so a repeated ensure makes no second.
import { sleep } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeNode, KubeService } from '@longshore/k8s-runtime';
import type {
  LoadBalancerPlan,
  LoadBalancerResult,
  LoadBalancerStatus,
  LoadBalancers,
  OrphanedBalancer,
  OrphanRemoval,
  Problem,
  RemovalResult,
} from '../provider.ts';

/** One call as it came in. */
export interface FakeBalancerCall {
  readonly call: 'ensure' | 'remove' | 'plan' | 'orphans' | 'removeOrphan';
  readonly service: string;
  readonly uid: string;
  /** Names of the target Nodes. */
  readonly nodes: readonly string[];
  readonly atMs: number;
}

/** A balancer of the fake cloud. */
export interface FakeBalancer {
  readonly uid: string;
  readonly service: string;
  readonly status: LoadBalancerStatus;
  readonly nodes: readonly string[];
  readonly ports: readonly number[];
}

/** What a scripted call does instead of succeeding. `lose` does the work, then throws. */
export type FakeAnswer =
  | { readonly kind: 'fail'; readonly error: unknown }
  | { readonly kind: 'lose'; readonly error: unknown }
  | { readonly kind: 'wait'; readonly checkAgainMs: number; readonly waitingFor?: string }
  | { readonly kind: 'not-mine' }
  | { readonly kind: 'status'; readonly status: LoadBalancerStatus }
  | { readonly kind: 'unfinished'; readonly checkAgainMs: number; readonly waitingFor: string }
  | { readonly kind: 'work' };

/** Latency of each call and the pure parts; all optional. */
export interface FakeLoadBalancersOptions {
  readonly clock?: Clock;
  readonly latencyMs?: number;
  readonly problems?: (service: KubeService) => readonly Problem[];
  readonly ownAnnotations?: readonly string[];
  readonly isDisowned?: (service: KubeService) => boolean;
}

/** LoadBalancers in memory. */
export class FakeLoadBalancers implements LoadBalancers {
  readonly calls: FakeBalancerCall[] = [];
  readonly balancers = new Map<string, FakeBalancer>();
  /** Most calls that were running at one time. */
  mostInFlight = 0;
  /** Services that ever had two calls running at one time; must stay empty (I15). */
  readonly overlapping: string[] = [];
  readonly #options: FakeLoadBalancersOptions;
  readonly #inFlight: string[] = [];
  readonly #script: Record<'ensure' | 'remove' | 'removeOrphan', FakeAnswer[]> = {
    ensure: [],
    remove: [],
    removeOrphan: [],
  };
  #nextAddress = 1;

  constructor(options: FakeLoadBalancersOptions = {}) {
    this.#options = options;
  }

  get ownAnnotations(): readonly string[] {
    return this.#options.ownAnnotations ?? [];
  }

  isDisowned(service: KubeService): boolean {
    return this.#options.isDisowned?.(service) ?? false;
  }

  /** The next calls of this kind, of whichever Service, are answered so; afterwards calls succeed again. */
  script(call: 'ensure' | 'remove' | 'removeOrphan', ...answers: readonly FakeAnswer[]): this {
    this.#script[call].push(...answers);
    return this;
  }

  /** Calls of one kind, oldest first. */
  callsOf(call: FakeBalancerCall['call'], service?: string): readonly FakeBalancerCall[] {
    return this.calls.filter((made) => made.call === call && (service === undefined || made.service === service));
  }

  ensure(service: KubeService, nodes: readonly KubeNode[], signal: AbortSignal): Promise<LoadBalancerResult> {
    return this.#during(service, signal, async () => {
      this.#record('ensure', service, nodes);
      const answer = this.#script.ensure.shift() ?? { kind: 'work' };
      if (answer.kind === 'fail') throw answer.error;
      if (answer.kind === 'wait') return waiting(answer);
      if (answer.kind === 'not-mine') return { kind: 'not-mine' };
      const wanted = answer.kind === 'status' ? answer.status : undefined;
      const { balancer, changes } = this.#bringIntoLine(service, nodes, wanted);
      if (answer.kind === 'lose') throw answer.error;
      if (answer.kind === 'unfinished') return { kind: 'ready', status: balancer.status, changes, unfinished: answer };
      return { kind: 'ready', status: balancer.status, changes };
    });
  }

  remove(service: KubeService, signal: AbortSignal): Promise<RemovalResult> {
    return this.#during(service, signal, async () => {
      this.#record('remove', service, []);
      const answer = this.#script.remove.shift() ?? { kind: 'work' };
      if (answer.kind === 'fail') throw answer.error;
      if (answer.kind === 'wait') return waiting(answer);
      const existed = this.balancers.delete(uidOf(service));
      if (answer.kind === 'lose') throw answer.error;
      return { kind: 'removed', changes: existed ? ['removed'] : [] };
    });
  }

  async plan(service: KubeService, nodes: readonly KubeNode[]): Promise<LoadBalancerPlan> {
    this.#record('plan', service, nodes);
    const found = this.balancers.get(uidOf(service));
    const isLeaving = service.metadata?.deletionTimestamp !== undefined || service.spec?.type !== 'LoadBalancer';
    const wanted = isLeaving ? undefined : { nodes: namesOf(nodes), ports: portsOf(service) };
    const kind = stepKind(wanted, found);
    const steps = kind ? [{ kind, summary: `${kind} the load balancer of ${keyOf(service)}`, detail: wanted }] : [];
    return { ...(wanted ? { wanted } : {}), ...(found ? { found } : {}), steps, blockedBy: [] };
  }

  problems(service: KubeService): readonly Problem[] {
    return this.#options.problems?.(service) ?? [];
  }

  async orphans(services: readonly KubeService[]): Promise<readonly OrphanedBalancer[]> {
    this.#record('orphans', undefined, []);
    const owners = new Set(services.map(uidOf));
    const orphaned = [...this.balancers.values()].filter(({ uid }) => !owners.has(uid));
    return orphaned.map(({ uid, service }) => ({ id: uid, name: service, reason: `no Service has the UID ${uid}` }));
  }

  async removeOrphan({ id }: OrphanedBalancer, services: readonly KubeService[]): Promise<OrphanRemoval> {
    this.#record('removeOrphan', undefined, []);
    const answer = this.#script.removeOrphan.shift() ?? { kind: 'work' };
    if (answer.kind === 'fail') throw answer.error;
    if (answer.kind === 'wait') return { waitingFor: 'the cloud is working on it', ...answer, kind: 'in-progress' };
    const owner = services.find((service) => uidOf(service) === id);
    if (owner) return { kind: 'kept', reason: `it belongs to ${keyOf(owner)}` };
    this.balancers.delete(id);
    return { kind: 'removed' };
  }

  #bringIntoLine(
    service: KubeService,
    nodes: readonly KubeNode[],
    status: LoadBalancerStatus | undefined,
  ): { readonly balancer: FakeBalancer; readonly changes: readonly string[] } {
    const uid = uidOf(service);
    const found = this.balancers.get(uid);
    const fresh = (): LoadBalancerStatus => ({ ingress: [{ ip: `192.0.2.${this.#nextAddress++}` }] });
    const balancer: FakeBalancer = {
      uid,
      service: keyOf(service),
      status: status ?? found?.status ?? fresh(),
      nodes: namesOf(nodes),
      ports: portsOf(service),
    };
    this.balancers.set(uid, balancer);
    const kind = stepKind(balancer, found);
    return { balancer, changes: kind ? [kind] : [] };
  }

  #record(call: FakeBalancerCall['call'], service: KubeService | undefined, nodes: readonly KubeNode[]): void {
    const names = service ? { service: keyOf(service), uid: uidOf(service) } : { service: '', uid: '' };
    this.calls.push({ call, ...names, nodes: namesOf(nodes), atMs: this.#options.clock?.monotonicMs() ?? 0 });
  }

  async #during<T>(service: KubeService, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const key = keyOf(service);
    if (this.#inFlight.includes(key)) this.overlapping.push(key);
    this.#inFlight.push(key);
    this.mostInFlight = Math.max(this.mostInFlight, this.#inFlight.length);
    try {
      const { clock, latencyMs = 0 } = this.#options;
      if (clock && latencyMs > 0) await sleep(clock, latencyMs, signal);
      return await work();
    } finally {
      this.#inFlight.splice(this.#inFlight.indexOf(key), 1);
    }
  }
}

function waiting(answer: Extract<FakeAnswer, { kind: 'wait' }>): Extract<RemovalResult, { kind: 'in-progress' }> {
  const waitingFor = answer.waitingFor ?? 'the cloud is working on it';
  return { kind: 'in-progress', checkAgainMs: answer.checkAgainMs, waitingFor, changes: [] };
}

function stepKind(
  wanted: Pick<FakeBalancer, 'nodes' | 'ports'> | undefined,
  found: FakeBalancer | undefined,
): 'create' | 'update' | 'remove' | undefined {
  if (!wanted) return found ? 'remove' : undefined;
  if (!found) return 'create';
  const facts = ({ nodes, ports }: Pick<FakeBalancer, 'nodes' | 'ports'>): string => JSON.stringify([nodes, ports]);
  return facts(wanted) === facts(found) ? undefined : 'update';
}

function namesOf(nodes: readonly KubeNode[]): readonly string[] {
  return nodes.map(({ metadata }) => metadata?.name ?? '');
}

function portsOf(service: KubeService): readonly number[] {
  return (service.spec?.ports ?? []).map(({ port }) => port);
}

function uidOf(service: KubeService): string {
  return service.metadata?.uid ?? '';
}
