// What leader election decides, as tables. The clock is a number; the wall clock appears only in what is written.
import { describe, expect, test } from '@jest/globals';
import type { KubeLease } from '../client/resource-type.ts';
import { newIdentity } from './identity.ts';
import {
  heldLease,
  newLease,
  planCandidate,
  planLeader,
  planRelease,
  releasedLease,
  seeLease,
  toMicroTime,
} from './lease-plan.ts';

const us = { identity: 'a', leaseDurationMs: 15_000 };
const wallMs = Date.UTC(2026, 10, 21, 10, 0, 0, 123);

function aLease(spec: Partial<NonNullable<KubeLease['spec']>> = {}): KubeLease {
  const held = { holderIdentity: 'b', leaseDurationSeconds: 15, leaseTransitions: 3 };
  return { metadata: { name: 'ccm', namespace: 'kube-system' }, spec: { ...held, ...spec } };
}

describe('seeLease', () => {
  test('an unchanged record keeps the time at which it was first seen', () => {
    const first = seeLease(aLease(), undefined, 1_000);
    expect(seeLease(aLease(), first, 9_000)).toBe(first);
  });

  test.each([
    { what: 'the holder', spec: { holderIdentity: 'c' } },
    { what: 'the renew time', spec: { renewTime: '2026-01-01T00:00:00.000000Z' } },
    { what: 'the transitions', spec: { leaseTransitions: 4 } },
  ])('a change of $what starts the time anew', ({ spec }) => {
    const first = seeLease(aLease(), undefined, 1_000);
    expect(seeLease(aLease(spec), first, 9_000)).toMatchObject({ atMs: 9_000, expiresAtMs: 24_000 });
  });

  test('the duration that counts is the one in the record, not ours', () => {
    expect(seeLease(aLease({ leaseDurationSeconds: 60 }), undefined, 1_000).expiresAtMs).toBe(61_000);
  });
});

describe('planCandidate', () => {
  test.each([
    { when: 'there is no lease', lease: undefined, nowMs: 0, kind: 'create' },
    { when: 'somebody holds it', lease: aLease(), nowMs: 15_999, kind: 'wait' },
    { when: 'it ran out', lease: aLease(), nowMs: 16_000, kind: 'take' },
    { when: 'it was released', lease: aLease({ holderIdentity: '' }), nowMs: 1_001, kind: 'take' },
    { when: 'it is ours after a lost answer', lease: aLease({ holderIdentity: 'a' }), nowMs: 1_001, kind: 'take' },
    { when: 'it was made by somebody who left the spec out', lease: { metadata: {} }, nowMs: 1_001, kind: 'take' },
  ])('when $when: $kind', ({ lease, nowMs, kind }) => {
    const seen = lease && seeLease(lease, undefined, 1_000);
    expect(planCandidate(lease, seen, { identity: 'a', nowMs }).kind).toBe(kind);
  });
});

describe('planLeader', () => {
  test.each([
    { when: 'it is ours', lease: aLease({ holderIdentity: 'a' }), kind: 'renew' },
    { when: 'somebody emptied it', lease: aLease({ holderIdentity: '' }), kind: 'renew' },
    { when: 'somebody deleted it', lease: undefined, kind: 'create' },
    { when: 'somebody else holds it', lease: aLease(), kind: 'step-down' },
  ])('when $when: $kind', ({ lease, kind }) => {
    expect(planLeader(lease, 'a').kind).toBe(kind);
  });
});

describe('what is written', () => {
  test('taking over counts a transition and sets both times', () => {
    expect(heldLease(aLease(), us, wallMs).spec).toEqual({
      holderIdentity: 'a',
      leaseDurationSeconds: 15,
      acquireTime: '2026-11-21T10:00:00.123000Z',
      renewTime: '2026-11-21T10:00:00.123000Z',
      leaseTransitions: 4,
    });
  });

  test('renewing keeps acquire time and transitions, and fields of others', () => {
    const ours = aLease({
      holderIdentity: 'a',
      acquireTime: '2026-01-01T00:00:00.000000Z',
      strategy: 'OldestEmulationVersion',
    });
    expect(heldLease(ours, us, wallMs).spec).toMatchObject({
      acquireTime: '2026-01-01T00:00:00.000000Z',
      leaseTransitions: 3,
      strategy: 'OldestEmulationVersion',
    });
  });

  test('a new lease starts with no transition', () => {
    expect(newLease({ namespace: 'kube-system', name: 'ccm' }, us, wallMs)).toMatchObject({
      metadata: { name: 'ccm', namespace: 'kube-system' },
      spec: { holderIdentity: 'a', leaseTransitions: 0 },
    });
  });

  test('releasing empties the holder, sets one second, keeps the transitions', () => {
    expect(releasedLease(aLease({ holderIdentity: 'a' }), wallMs).spec).toMatchObject({
      holderIdentity: '',
      leaseDurationSeconds: 1,
      leaseTransitions: 3,
    });
  });

  test('only the holder releases', () => {
    expect(planRelease(aLease(), 'a').kind).toBe('leave');
    expect(planRelease(undefined, 'a').kind).toBe('leave');
    expect(planRelease(aLease({ holderIdentity: 'a' }), 'a').kind).toBe('release');
  });

  test('times have microseconds', () => {
    expect(toMicroTime(wallMs)).toBe('2026-11-21T10:00:00.123000Z');
  });
});

test('every start of a replica is a candidate of its own', () => {
  expect(newIdentity('host')).toMatch(/^host_[0-9a-f-]{36}$/);
  expect(newIdentity('host')).not.toBe(newIdentity('host'));
});
