// Steps of a plan to calls, one after another. Decides nothing. One log line per step.
import { keyOf, parseKey, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeService } from '@longshore/k8s-runtime';
import type { EmlbPoolId } from '@longshore/packet-api';
import type { Logger } from '@longshore/reconciler-core';
import { describeStep } from './describe-step.ts';
import type { Observation } from './observe.ts';
import type { PoolRef, Step } from './plan.ts';

/** What applying needs. */
export interface ApplyContext extends Observation {
  readonly client: Pick<KubeClient, 'patch'>;
  /** Absent where nothing is noted: in the removal of orphans. */
  readonly service?: KubeService;
  readonly log: Logger;
}

/** Steps that are applied to a balancer that is there. */
export type PartStep = Exclude<Step, { kind: 'create-balancer' }>;

/** Pools that earlier steps of the plan have made, by name. */
type Made = Map<string, EmlbPoolId>;

/** Applies the steps in order; `changes` gets a sentence for each as it is done. */
export async function applySteps(steps: readonly Step[], changes: string[], context: ApplyContext): Promise<void> {
  const made: Made = new Map();
  for (const step of steps) {
    if (step.kind === 'create-balancer') throw new Error('the plan creates a balancer that is there');
    await applyStep(step, made, context);
    const { summary } = describeStep(step);
    if (step.kind !== 'note-identity') changes.push(summary);
    const service = context.service && keyOf(context.service);
    context.log.info('step applied', { service, step: step.kind, summary });
  }
}

async function applyStep(step: PartStep, made: Made, context: ApplyContext): Promise<void> {
  const { api, projectId, signal } = context;
  switch (step.kind) {
    case 'rename-balancer':
      return void (await api.balancers.rename(step.id, step.name, signal));
    case 'delete-balancer':
      return void (await api.balancers.remove(step.id, signal));
    case 'create-pool':
      return void made.set(step.name, await api.pools.create(projectId, { name: step.name, protocol: 'tcp' }, signal));
    case 'set-pool-protocol':
      return void (await api.pools.update(step.id, { protocol: 'tcp' }, signal));
    case 'delete-pool':
      return void (await api.pools.remove(step.id, signal));
    case 'note-identity':
      return annotate(step.annotations, context);
    default:
      return applyMember(step, made, context);
  }
}

type MemberStep = Extract<PartStep, { kind: `${string}-origin` | 'create-port' | 'delete-port' | 'set-port-pools' }>;

async function applyMember(step: MemberStep, made: Made, { api, signal }: ApplyContext): Promise<void> {
  switch (step.kind) {
    case 'create-origin':
      return void (await api.origins.create(idOf(step.pool, made), step.origin, signal));
    case 'activate-origin':
      return void (await api.origins.update(step.id, { isActive: true }, signal));
    case 'delete-origin':
      return void (await api.origins.remove(step.id, signal));
    case 'create-port': {
      const { balancer, number, name, pool } = step;
      return void (await api.ports.create(balancer, { number, name, poolIds: [idOf(pool, made)] }, signal));
    }
    case 'set-port-pools': {
      const change = { addPoolIds: step.add.map((pool) => idOf(pool, made)), removePoolIds: step.remove };
      return void (await api.ports.update(step.id, change, signal));
    }
    case 'delete-port':
      return void (await api.ports.remove(step.id, signal));
  }
}

function idOf(pool: PoolRef, made: Made): EmlbPoolId {
  const id = pool.kind === 'found' ? pool.id : made.get(pool.name);
  if (id === undefined) throw new Error(`the plan uses pool ${JSON.stringify(pool)} before it is made`);
  return id;
}

async function annotate(annotations: Readonly<Record<string, string>>, context: ApplyContext): Promise<void> {
  const { client, service, signal } = context;
  if (service === undefined) throw new Error('there is no Service to note anything on');
  const patch = { kind: 'merge', body: { metadata: { annotations } } } as const;
  await client.patch(services, parseKey(keyOf(service)), patch, { signal });
}
