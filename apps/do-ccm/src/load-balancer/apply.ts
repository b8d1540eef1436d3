// Steps of a plan to calls. Decides nothing; every answer is told to the shared list. One log line per step.
import { keyOf, parseKey, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeService } from '@longshore/k8s-runtime';
import { CloudApiError } from '@longshore/cloud-http';
import { backoff, onChange, OperatorError } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { isLoadBalancerBusy } from '@longshore/digitalocean-api';
import type { LoadBalancer, LoadBalancers, Projects } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import type { BalancerList } from './observe.ts';
import { SIZE } from './differences.ts';
import { claimOf, claimOfAttempt } from './evidence.ts';
import { describeStep } from './plan.ts';
import type { NoteAttemptStep, NoteStep, Step } from './plan.ts';
import { nameOfService } from './service-facts.ts';

/** The calls that steps become. */
export type BalancerCalls = Pick<LoadBalancers, 'list' | 'get' | 'create' | 'update' | 'remove' | 'removeDroplets'>;

/** What applying needs. */
export interface ApplyContext {
  readonly calls: BalancerCalls;
  readonly projects: Pick<Projects, 'assign'>;
  readonly list: BalancerList;
  /** For the annotations of the Service. */
  readonly client: Pick<KubeClient, 'patch'>;
  readonly service: KubeService;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/**
 * What a step came to: the balancer as the API shows it, nothing new about it, the API's word that it is gone, or a removal begun. Or
 * nothing, because the API still works on an earlier change, or takes no new size yet (in its words).
 */
export type Applied =
  LoadBalancer | 'as-before' | 'gone' | 'deleting' | 'busy' | { readonly kind: 'size-refused'; readonly words: string };

/** Applies a step; `latest` is the balancer as the steps before it left it. */
export async function applyStep(step: Step, latest: LoadBalancer | undefined, context: ApplyContext): Promise<Applied> {
  const { list, log } = context;
  const service = nameOfService(context.service);
  try {
    const applied = await call(step, latest, context);
    if (isBalancer(applied)) list.learn(applied);
    const id = isBalancer(applied) ? applied.id : latest?.id;
    log.info('load balancer step applied', { service, id, step: describeStep(step).summary });
    return applied;
  } catch (error) {
    list.distrust();
    if (isLoadBalancerBusy(error)) return 'busy';
    const words = sizeRefusal(step, error);
    if (words === undefined) throw error;
    log.info('load balancer cannot be resized yet', { service, id: latest?.id, reason: words });
    return { kind: 'size-refused', words };
  }
}

/** A step has told what the balancer is like. */
export function isBalancer(applied: Applied | undefined): applied is LoadBalancer {
  return typeof applied === 'object' && 'id' in applied;
}

// A balancer can be resized again only some time after it was created or resized; the API answers 422, which else means that the user has
// to change something.
function sizeRefusal(step: Step, error: unknown): string | undefined {
  if (step.kind !== 'update' || !step.changes.some(({ field }) => field === SIZE)) return undefined;
  const isRefused = error instanceof CloudApiError && error.code === 'CLOUD_REJECTED';
  return isRefused && /\b(re)?siz/i.test(error.message) ? error.message : undefined;
}

async function call(step: Step, latest: LoadBalancer | undefined, context: ApplyContext): Promise<Applied> {
  const { calls, list, signal } = context;
  switch (step.kind) {
    case 'create':
      return calls.create(step.spec, signal);
    case 'update':
      return (await calls.update(step.id, step.spec, signal)) ?? forget(step, list);
    case 'remove-targets':
      await calls.removeDroplets(step.id, step.dropletIds, signal);
      return (await calls.get(step.id, signal)) ?? forget(step, list);
    case 'move-project':
      return moveProject(step, latest, context);
    case 'delete':
      return remove(step, context);
    case 'note-attempt':
    case 'note-identity':
      await note(step, latest, context);
      return 'as-before';
  }
}

async function remove(
  { id }: Extract<Step, { kind: 'delete' }>,
  { calls, list, signal }: ApplyContext,
): Promise<Applied> {
  const removal = await calls.remove(id, signal);
  list.learnGone(id);
  return removal === 'absent' ? 'gone' : 'deleting';
}

async function moveProject(
  { id, to }: Extract<Step, { kind: 'move-project' }>,
  latest: LoadBalancer | undefined,
  { projects, signal }: ApplyContext,
): Promise<Applied> {
  const urn = `do:loadbalancer:${id}`;
  const answer = await projects.assign(to, [urn], signal);
  const status = answer?.find((assignment) => assignment.urn === urn)?.status;
  if (answer && status !== undefined && DONE.has(status)) {
    return latest ? { ...latest, projectId: to } : 'as-before';
  }
  const { key } = ANNOTATIONS.projectId;
  if (!answer) throw new OperatorError('PROJECT_NOT_FOUND', `annotation ${key}: there is no project ${to}`, onChange);
  const message = `load balancer ${id} could not be moved to project ${to} (${status ?? 'no answer about it'})`;
  throw new OperatorError('PROJECT_NOT_ASSIGNED', message, backoff);
}

const DONE = new Set<string>(['ok', 'assigned', 'already_assigned']);

function forget({ id }: Extract<Step, { kind: 'update' | 'remove-targets' }>, list: BalancerList): 'gone' {
  list.learnGone(id);
  return 'gone';
}

async function note(
  step: NoteStep | NoteAttemptStep,
  latest: LoadBalancer | undefined,
  context: ApplyContext,
): Promise<void> {
  if (step.kind === 'note-attempt') {
    return annotate(context, { [ANNOTATIONS.claim.key]: claimOfAttempt(context.service, step.name) });
  }
  const id = step.id === 'created' ? latest?.id : step.id;
  if (id === undefined) return;
  await annotate(context, {
    [ANNOTATIONS.loadBalancerId.key]: id,
    [ANNOTATIONS.claim.key]: claimOf(context.service, id),
    ...(step.type === undefined ? {} : { [ANNOTATIONS.type.key]: step.type }),
  });
}

async function annotate(context: ApplyContext, annotations: Readonly<Record<string, string>>): Promise<void> {
  const { client, service, signal } = context;
  const patch = { kind: 'merge', body: { metadata: { annotations } } } as const;
  await client.patch(services, parseKey(keyOf(service)), patch, { signal });
}
