// Steps of a plan to calls. Decides nothing; every answer is told to the shared list. One log line per step.
import { keyOf, parseKey, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeService } from '@longshore/k8s-runtime';
import { CloudApiError } from '@longshore/cloud-http';
import { OperatorError, retryAfter } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import type { LoadBalancer, LoadBalancerId, LoadBalancers } from '@longshore/digitalocean-api';
import { ANNOTATIONS } from '../annotations.ts';
import type { BalancerList } from './observe.ts';
import { claimOf, claimOfAttempt } from './ownership.ts';
import { describeStep } from './plan.ts';
import type { NoteStep, Step } from './plan.ts';
import { nameOfService } from './service-facts.ts';

/** The calls that steps become. */
export type BalancerCalls = Pick<LoadBalancers, 'list' | 'get' | 'create' | 'update' | 'remove' | 'removeDroplets'>;

/** What applying needs. */
export interface ApplyContext {
  readonly calls: BalancerCalls;
  readonly list: BalancerList;
  /** For the annotations of the Service. */
  readonly client: Pick<KubeClient, 'patch'>;
  readonly service: KubeService;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** What a step came to: the balancer as the API shows it, nothing new about it, the API's word that it is gone, or a removal begun. */
export type Applied = LoadBalancer | 'as-before' | 'gone' | 'deleting';

/** Applies a step; `latest` is the balancer as the steps before it left it. */
export async function applyStep(step: Step, latest: LoadBalancer | undefined, context: ApplyContext): Promise<Applied> {
  const { list, log } = context;
  const service = nameOfService(context.service);
  try {
    const applied = await call(step, latest, context);
    if (typeof applied === 'object') list.learn(applied);
    const id = typeof applied === 'object' ? applied.id : latest?.id;
    log.info('load balancer step applied', { service, id, step: describeStep(step).summary });
    return applied;
  } catch (error) {
    list.distrust();
    throw isResizeRefused(step, error) ? resizedTooSoon(step.id, error) : error;
  }
}

// A balancer can be resized again only some time after it was created or resized (an hour once, a minute since 2023); the API answers 422,
// which else means that the user has to change something.
const RESIZE_RETRY_MS = 60_000;

function isResizeRefused(step: Step, error: unknown): step is Extract<Step, { kind: 'update' }> {
  if (step.kind !== 'update' || !step.changes.some(({ field }) => field === 'size')) return false;
  return error instanceof CloudApiError && error.code === 'CLOUD_REJECTED' && /\b(re)?siz/i.test(error.message);
}

function resizedTooSoon(id: LoadBalancerId, cause: unknown): OperatorError {
  const message = `load balancer ${id} cannot be resized yet, it is tried again in a minute`;
  return new OperatorError('LOAD_BALANCER_RESIZED_TOO_SOON', message, retryAfter(RESIZE_RETRY_MS), { cause });
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
    case 'delete': {
      const removal = await calls.remove(step.id, signal);
      list.learnGone(step.id);
      return removal === 'absent' ? 'gone' : 'deleting';
    }
    case 'note-attempt':
      await annotate(context, { [ANNOTATIONS.claim.key]: claimOfAttempt(context.service, step.name) });
      return 'as-before';
    case 'note-identity':
      await noteIdentity(step, latest, context);
      return 'as-before';
  }
}

function forget({ id }: Extract<Step, { kind: 'update' | 'remove-targets' }>, list: BalancerList): 'gone' {
  list.learnGone(id);
  return 'gone';
}

async function noteIdentity(step: NoteStep, latest: LoadBalancer | undefined, context: ApplyContext): Promise<void> {
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
