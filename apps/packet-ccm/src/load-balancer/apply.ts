// Steps to calls, one after another. Decides nothing. Every write goes into the shared list; after a write whose end nobody knows the list
// is read again, and a reservation whose answer was lost is found by its tags. One log line per step.
import { CloudApiError } from '@longshore/cloud-http';
import { keyOf, services } from '@longshore/k8s-runtime';
import type { KubeClient, KubeService } from '@longshore/k8s-runtime';
import type { IpReservation, IpReservations, ProjectId } from '@longshore/packet-api';
import { backoff, OperatorError } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import type { Family } from '../annotation-values.ts';
import { addressOf } from './address-block.ts';
import { describeStep } from './describe-step.ts';
import { mayBeReleased } from './orphans.ts';
import type { AddressRef, Step } from './plan.ts';
import type { QuotaPause } from './quota-pause.ts';
import type { ReservationList } from './reservation-list.ts';
import { clusterTag, isForeign, ownReservations } from './reservation-tags.ts';
import type { Owner } from './reservation-tags.ts';
import { foreignAddress } from './refusals.ts';
import { nameOf, notedAddress } from './service-addresses.ts';

/** The calls that are needed. */
export type ReservationCalls = Pick<IpReservations, 'list' | 'get' | 'reserve' | 'update' | 'release'>;

/** What applying needs. */
export interface ApplyContext {
  readonly calls: ReservationCalls;
  readonly list: ReservationList;
  readonly quota: QuotaPause;
  readonly client: Pick<KubeClient, 'get' | 'patch'>;
  readonly projectId: ProjectId;
  readonly clusterId: string;
  readonly service: KubeService;
  readonly owner: Owner;
  readonly log: Logger;
  readonly signal: AbortSignal;
}

/** Addresses that steps have brought, by family. */
export type Reserved = Map<Family, string>;

/** Applies the steps in order; `changes` gets a sentence for each. Ends early, with the reservation, when the cloud has to grant it first. */
export async function applySteps(
  steps: readonly Step[],
  progress: { readonly reserved: Reserved; readonly changes: string[] },
  context: ApplyContext,
): Promise<IpReservation | undefined> {
  for (const step of steps) {
    const made = await applyStep(step, progress.reserved, context);
    if (made === 'skipped') continue;
    const { summary } = describeStep(step);
    progress.changes.push(summary);
    context.log.info('step applied', { service: keyOf(context.service), step: step.kind, summary });
    if (made === undefined || step.kind !== 'reserve') continue;
    const address = addressOf(made);
    if (address === undefined) return made;
    progress.reserved.set(step.family, address);
  }
  return undefined;
}

/** The address that a reference stands for. */
export function addressBehind(address: AddressRef, reserved: Reserved): string {
  const found = address.kind === 'known' ? address.address : reserved.get(address.family);
  if (found === undefined) throw new Error(`the plan uses the IPv${address.family} address before it is reserved`);
  return found;
}

type StepEnd = IpReservation | 'skipped' | undefined;

async function applyStep(step: Step, reserved: Reserved, context: ApplyContext): Promise<StepEnd> {
  switch (step.kind) {
    case 'reserve':
      return reserve(step, context);
    case 'claim-block':
      return claimBlock(step, context);
    case 'note-address':
      return note(addressBehind(step.address, reserved), context);
    case 'clear-note':
      return clearNote(step.address, context);
    case 'release':
      return release(step, context);
  }
}

async function reserve(
  { wish, family }: Extract<Step, { kind: 'reserve' }>,
  { calls, list, quota, projectId, clusterId, owner, signal }: ApplyContext,
): Promise<IpReservation> {
  quota.check(wish.type);
  try {
    const made = await calls.reserve(projectId, wish, signal);
    list.put(made);
    return made;
  } catch (error) {
    quota.note(wish.type, error);
    if (!isEndUnknown(error)) throw error;
    list.invalidate();
    signal.throwIfAborted();
    const own = ownReservations(await list.all(signal), owner, clusterId);
    const found = own.find((one) => one.family === family && one.type === wish.type);
    if (found === undefined) throw error;
    return found;
  }
}

async function claimBlock(
  { id, address }: Extract<Step, { kind: 'claim-block' }>,
  { calls, list, clusterId, signal }: ApplyContext,
): Promise<undefined> {
  const refuseForeign = (now: IpReservation | undefined): readonly string[] => {
    if (now === undefined) list.drop(id);
    else list.put(now);
    if (now !== undefined && !isForeign(now, clusterId)) return now.tags;
    throw foreignAddress(address, 'has just gone to another cluster', 'the next try takes another one');
  };
  // Tags are written as a whole and without a condition, so the cloud is asked right before, and again after it.
  const tags = new Set([...refuseForeign(await calls.get(id, signal)), clusterTag(clusterId)]);
  await calls.update(id, { tags: [...tags] }, signal).catch((error: unknown) => {
    list.invalidate();
    throw error;
  });
  refuseForeign(await calls.get(id, signal));
  return undefined;
}

async function release(
  { id }: Extract<Step, { kind: 'release' }>,
  { calls, list, quota, clusterId, signal }: ApplyContext,
): Promise<StepEnd> {
  try {
    // It cannot be undone, so the list, which may be some seconds old, does not do.
    const now = await calls.get(id, signal);
    if (now !== undefined && !mayBeReleased(now, clusterId)) {
      list.put(now);
      return 'skipped';
    }
    if (now !== undefined) await calls.release(id, signal);
    list.drop(id);
    quota.end();
  } catch (error) {
    list.invalidate();
    throw error;
  }
  return undefined;
}

// Somebody may write the Service at the same moment, so it is read again, and the write holds for what was read only.
async function note(address: string, context: ApplyContext): Promise<StepEnd> {
  const { client, service, signal } = context;
  const now = await client.get(services, nameOf(service), { signal });
  if (now === undefined || notedAddress(now) === address) return 'skipped';
  const isSame = now.spec?.loadBalancerIP === service.spec?.loadBalancerIP;
  if (!isSame || !isSameService(now, service)) throw changedMeanwhile(service);
  await patchNote(now, address, context);
  return undefined;
}

async function clearNote(address: string, context: ApplyContext): Promise<StepEnd> {
  const { client, service, signal } = context;
  const now = await client.get(services, nameOf(service), { signal });
  if (now === undefined || !isSameService(now, service) || notedAddress(now) !== address) return 'skipped';
  await patchNote(now, null, context);
  return undefined;
}

function isSameService(one: KubeService, other: KubeService): boolean {
  return one.metadata?.uid === other.metadata?.uid && one.spec?.type === other.spec?.type;
}

async function patchNote(now: KubeService, address: string | null, { client, signal }: ApplyContext): Promise<void> {
  const { resourceVersion, uid } = now.metadata ?? {};
  const body = { metadata: { resourceVersion, uid }, spec: { loadBalancerIP: address } };
  await client.patch(services, nameOf(now), { kind: 'merge', body }, { signal });
}

function isEndUnknown(error: unknown): boolean {
  return !(error instanceof CloudApiError) || error.isLostAnswer;
}

function changedMeanwhile(service: KubeService): OperatorError {
  const message = `service ${keyOf(service)} was changed while its address was being written: it is looked at again`;
  return new OperatorError('SERVICE_CHANGED', message, backoff);
}
