// Steps of a plan to calls, one after another: the API works on one change of a balancer at a time. Decides nothing; every write makes the
// shared lists of its kind be read again. One log line per step.
import { keyOf, parseKey, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancer, PoolId } from '@longshore/cloudscale-api';
import type { Logger } from '@longshore/reconciler-core';
import { describeStep } from './describe-step.ts';
import type { ListKind, ObservedApi, ProjectLists } from './observe.ts';
import type { PoolRef, Step } from './plan.ts';

/** What applying needs. */
export interface ApplyContext {
  readonly api: ObservedApi;
  readonly lists: ProjectLists;
  readonly client: Pick<KubeClient, 'patch'>;
  readonly service: KubeService;
  readonly tags: Readonly<Record<string, string>>;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Pools that earlier steps of the plan have made, by name. */
type Made = Map<string, PoolId>;

/** Applies the steps in order; `changes` gets a sentence for each as it is done. */
export async function applySteps(steps: readonly Step[], changes: string[], context: ApplyContext): Promise<void> {
  const made: Made = new Map();
  for (const step of steps) {
    try {
      await applyStep(step, made, context);
    } finally {
      // Also after a failure: its answer may be lost and the work done.
      context.lists.invalidate(...TOUCHED[step.kind]);
    }
    const { summary } = describeStep(step);
    if (step.kind !== 'note-identity') changes.push(summary);
    context.log.info('step applied', { service: keyOf(context.service), step: step.kind, summary });
  }
}

const TOUCHED: Readonly<Record<Step['kind'], readonly ListKind[]>> = {
  'create-balancer': ['loadBalancers'],
  'rename-balancer': ['loadBalancers'],
  'create-pool': ['pools'],
  'delete-pool': ['pools', 'listeners', 'healthMonitors'],
  'create-member': [],
  'delete-member': [],
  'create-listener': ['listeners'],
  'delete-listener': ['listeners'],
  'set-listener': ['listeners'],
  'create-monitor': ['healthMonitors'],
  'delete-monitor': ['healthMonitors'],
  'set-monitor': ['healthMonitors'],
  'assign-floating-ip': ['floatingIps'],
  'note-identity': [],
};

/** Creates the balancer, which is `changing` for a while. */
export async function createBalancer(
  { wanted }: Extract<Step, { kind: 'create-balancer' }>,
  { api, lists, tags, log, service, signal }: ApplyContext,
): Promise<LoadBalancer> {
  const { name, flavor, zone, vipAddresses } = wanted;
  try {
    const spec = { name, flavor, vipAddresses, tags, ...(zone === undefined ? {} : { zone }) };
    const balancer = await api.loadBalancers.create(spec, signal);
    lists.noteBare(balancer.id);
    log.info('load balancer created', { service: keyOf(service), id: balancer.id, name });
    return balancer;
  } finally {
    // Also after a failure: its answer may be lost and the balancer made.
    lists.invalidate('loadBalancers');
  }
}

async function applyStep(step: Step, made: Made, context: ApplyContext): Promise<void> {
  const { api, lists, tags, signal } = context;
  switch (step.kind) {
    case 'create-balancer':
      await createBalancer(step, context);
      return;
    case 'rename-balancer':
      await api.loadBalancers.rename(step.id, step.name, signal);
      return;
    case 'assign-floating-ip':
      await api.floatingIps.assignToLoadBalancer(step.address, step.balancer, signal);
      return;
    case 'note-identity':
      return annotate(step.annotations, context);
    case 'create-pool': {
      const { name, algorithm, protocol } = step.pool;
      // Before the call: its answer may be lost.
      lists.noteParts(step.balancer);
      const spec = { name, algorithm, protocol, loadBalancerId: step.balancer, tags };
      made.set(name, (await api.pools.create(spec, signal)).id);
      return;
    }
    case 'delete-pool':
      await api.pools.remove(step.id, signal);
      return;
    default:
      return applyPartStep(step, made, context);
  }
}

type PartStep = Extract<Step, { kind: `${'create' | 'delete' | 'set'}-${'member' | 'listener' | 'monitor'}` }>;

async function applyPartStep(step: PartStep, made: Made, context: ApplyContext): Promise<void> {
  const { api, signal } = context;
  switch (step.kind) {
    case 'delete-member':
      await api.members.remove(step.pool, step.id, signal);
      return;
    case 'delete-listener':
      await api.listeners.remove(step.id, signal);
      return;
    case 'delete-monitor':
      await api.healthMonitors.remove(step.id, signal);
      return;
    case 'set-listener':
      await api.listeners.set(step.id, step.change, signal);
      return;
    case 'set-monitor':
      await api.healthMonitors.set(step.id, step.change, signal);
      return;
    default:
      return createPart(step, idOf(step.pool, made), context);
  }
}

async function createPart(
  step: Extract<PartStep, { kind: `create-${string}` }>,
  poolId: PoolId,
  { api, tags, signal }: ApplyContext,
): Promise<void> {
  switch (step.kind) {
    case 'create-member': {
      const { subnet, ...member } = step.member;
      await api.members.create(poolId, { ...member, subnet: subnet.id, tags }, signal);
      return;
    }
    case 'create-listener':
      await api.listeners.create({ ...step.listener, poolId, tags }, signal);
      return;
    case 'create-monitor': {
      const { http = {}, ...monitor } = step.monitor;
      await api.healthMonitors.create({ ...monitor, http, poolId, tags }, signal);
    }
  }
}

function idOf(pool: PoolRef, made: Made): PoolId {
  const id = pool.kind === 'found' ? pool.id : made.get(pool.name);
  if (id === undefined) throw new Error(`the plan uses pool ${JSON.stringify(pool)} before it is made`);
  return id;
}

async function annotate(annotations: Readonly<Record<string, string>>, context: ApplyContext): Promise<void> {
  const { client, service, signal } = context;
  const patch = { kind: 'merge', body: { metadata: { annotations } } } as const;
  await client.patch(services, parseKey(keyOf(service)), patch, { signal });
}
