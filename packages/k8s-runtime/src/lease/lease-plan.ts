// Leader election as decisions: what was seen of the Lease, and the local monotonic clock, to the next action. Pure; lease-elector.ts acts.
// Times written by others are never compared with our clock: a record counts from the moment at which this process saw it change.
import type { KubeLease } from '../client/resource-type.ts';

/** The record as this process last saw it change. */
export interface SeenLease {
  readonly record: string;
  readonly holder: string;
  readonly atMs: number;
  readonly expiresAtMs: number;
}

/** Who we are, and for how long a lease of ours holds. */
export interface Candidate {
  readonly identity: string;
  readonly leaseDurationMs: number;
}

/** What a candidate does next. */
export type CandidateAction =
  | { readonly kind: 'create' }
  | { readonly kind: 'take'; readonly lease: KubeLease }
  | { readonly kind: 'wait'; readonly holder: string; readonly untilMs: number };

/** What a leader does after its quick renewal failed and it has read the Lease. */
export type LeaderAction =
  | { readonly kind: 'create' }
  | { readonly kind: 'renew'; readonly lease: KubeLease }
  | { readonly kind: 'step-down'; readonly holder: string };

/** What stopping does to the Lease. */
export type ReleaseAction = { readonly kind: 'leave' } | { readonly kind: 'release'; readonly lease: KubeLease };

/** Folds what was read into what is known: the time moves only when the record (any field of it) changed. */
export function seeLease(found: KubeLease, before: SeenLease | undefined, nowMs: number): SeenLease {
  const record = JSON.stringify(found.spec ?? {}, Object.keys(found.spec ?? {}).sort());
  if (before?.record === record) return before;
  const durationMs = (found.spec?.leaseDurationSeconds ?? 0) * 1_000;
  return { record, holder: found.spec?.holderIdentity ?? '', atMs: nowMs, expiresAtMs: nowMs + durationMs };
}

/** A candidate creates a missing Lease, takes a free or expired one (or its own, after a lost answer), and waits otherwise. */
export function planCandidate(
  found: KubeLease | undefined,
  seen: SeenLease | undefined,
  { identity, nowMs }: { readonly identity: string; readonly nowMs: number },
): CandidateAction {
  if (!found || !seen) return { kind: 'create' };
  const isFree = seen.holder === '' || seen.holder === identity || seen.expiresAtMs <= nowMs;
  return isFree ? { kind: 'take', lease: found } : { kind: 'wait', holder: seen.holder, untilMs: seen.expiresAtMs };
}

/** True when nobody holds what a watch event shows. */
export function isFree(lease: KubeLease): boolean {
  return (lease.spec?.holderIdentity ?? '') === '';
}

/** A leader whose Lease names somebody else has lost it, however short ago it renewed. */
export function planLeader(found: KubeLease | undefined, identity: string): LeaderAction {
  if (!found) return { kind: 'create' };
  const holder = found.spec?.holderIdentity ?? '';
  return holder === identity || holder === '' ? { kind: 'renew', lease: found } : { kind: 'step-down', holder };
}

/** Only the holder releases. */
export function planRelease(found: KubeLease | undefined, identity: string): ReleaseAction {
  return found && found.spec?.holderIdentity === identity ? { kind: 'release', lease: found } : { kind: 'leave' };
}

/** A new Lease, held by us. */
export function newLease(
  name: { readonly namespace: string; readonly name: string },
  us: Candidate,
  wallMs: number,
): KubeLease {
  return {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: { name: name.name, namespace: name.namespace },
    spec: heldBy(us, { acquireTime: toMicroTime(wallMs), renewTime: toMicroTime(wallMs), leaseTransitions: 0 }),
  };
}

/** The Lease with us as its holder. A change of holder counts as a transition; renewing keeps acquire time and transitions. */
export function heldLease(found: KubeLease, us: Candidate, wallMs: number): KubeLease {
  const { holderIdentity, acquireTime, leaseTransitions = 0 } = found.spec ?? {};
  const now = toMicroTime(wallMs);
  const kept = { acquireTime: acquireTime ?? now, leaseTransitions };
  const terms = holderIdentity === us.identity ? kept : { acquireTime: now, leaseTransitions: leaseTransitions + 1 };
  return { ...found, spec: { ...found.spec, ...heldBy(us, { ...terms, renewTime: now }) } };
}

/** The Lease without a holder; candidates take it at once. */
export function releasedLease(found: KubeLease, wallMs: number): KubeLease {
  const now = toMicroTime(wallMs);
  return {
    ...found,
    spec: { ...found.spec, holderIdentity: '', leaseDurationSeconds: 1, acquireTime: now, renewTime: now },
  };
}

function heldBy(
  us: Candidate,
  terms: { readonly acquireTime: string; readonly renewTime: string; readonly leaseTransitions: number },
): NonNullable<KubeLease['spec']> {
  return { holderIdentity: us.identity, leaseDurationSeconds: Math.ceil(us.leaseDurationMs / 1_000), ...terms };
}

/** `2006-01-02T15:04:05.000000Z`: the API's MicroTime. */
export function toMicroTime(wallMs: number): string {
  return new Date(wallMs).toISOString().replace('Z', '000Z');
}
