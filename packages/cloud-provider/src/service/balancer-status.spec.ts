import { describe, expect, test } from '@jest/globals';
import { aService } from '../testing/a-service.ts';
import type { LoadBalancerIngress } from '../provider.ts';
import { judgeStatus } from './balancer-drift.ts';
import { describeStatus, hasOtherStatus, statusPatch, storedIngress } from './balancer-status.ts';
import { relevantFingerprint } from './relevant-change.ts';
import { nothingTold } from './service-memory.ts';
import type { Remembered } from './service-memory.ts';

const vip: LoadBalancerIngress = { ip: '192.0.2.1', ipMode: 'VIP' };

describe('hasOtherStatus', () => {
  test.each<[string, readonly LoadBalancerIngress[], readonly LoadBalancerIngress[], boolean]>([
    ['row S17 the mode is missing on one side', [vip], [{ ip: '192.0.2.1' }], false],
    ['row S18 the mode is Proxy', [vip], [{ ip: '192.0.2.1', ipMode: 'Proxy' }], true],
    ['row S18 a host name is the same', [{ hostname: 'lb.example' }], [{ hostname: 'lb.example' }], false],
    ['the address differs', [vip], [{ ip: '192.0.2.2' }], true],
    ['the order differs', [vip, { ip: '192.0.2.2' }], [{ ip: '192.0.2.2' }, vip], true],
    ['empty ports are no ports', [vip], [{ ...vip, ports: [] }], false],
    ['a port error appears', [vip], [{ ...vip, ports: [{ port: 80, protocol: 'TCP', error: 'x' }] }], true],
    ['both are empty', [], [], false],
  ])('%s', (_what, stored, wanted, differs) => {
    expect(hasOtherStatus(aService({ ingress: stored }), { ingress: wanted })).toBe(differs);
  });

  test('an absent status is an empty one', () => {
    expect(hasOtherStatus(aService(), undefined)).toBe(false);
    expect(storedIngress({})).toEqual([]);
  });
});

describe('statusPatch', () => {
  test('row S18 writes Proxy and host names as given, and fills in VIP', () => {
    const ingress: readonly LoadBalancerIngress[] = [
      { ip: '192.0.2.1', ipMode: 'Proxy' },
      { hostname: 'lb.example' },
      { ip: '192.0.2.2' },
    ];
    expect(statusPatch({ ingress })).toEqual({
      status: { loadBalancer: { ingress: [ingress[0], ingress[1], { ip: '192.0.2.2', ipMode: 'VIP' }] } },
    });
  });

  test('row S7 clears the list with null', () => {
    expect(statusPatch(undefined)).toEqual({ status: { loadBalancer: { ingress: null } } });
  });
});

test('a status reads as its addresses', () => {
  expect(describeStatus([vip, { hostname: 'lb.example' }])).toBe('192.0.2.1, lb.example');
  expect(describeStatus([])).toBe('none');
});

describe('judgeStatus', () => {
  const service = aService({ ingress: [vip] });
  const remembered: Remembered = {
    uid: 'uid-of-web',
    service,
    fingerprint: relevantFingerprint(service),
    targets: new Map(),
    progress: 'ready',
    goal: 'present',
    mayHaveBalancer: true,
    owes: 'nothing',
    told: nothingTold,
    status: { ingress: [{ ip: '192.0.2.1' }] },
    isStatusSeen: true,
    repairs: 0,
  };
  const edited = aService({ ingress: [{ ip: '198.51.100.66' }] });

  test('I17 a status edited by hand is repaired at once, and ever later while somebody writes against us', () => {
    expect(judgeStatus(edited, remembered)).toEqual({ kind: 'drifted', repairMs: 0 });
    expect(judgeStatus(edited, { ...remembered, repairs: 1 })).toEqual({ kind: 'drifted', repairMs: 2_000 });
    expect(judgeStatus(edited, { ...remembered, repairs: 30 })).toEqual({ kind: 'drifted', repairMs: 300_000 });
  });

  test('a cache that does not show our own write yet is merely old', () => {
    expect(judgeStatus(edited, { ...remembered, isStatusSeen: false })).toEqual({ kind: 'old' });
  });

  test.each<[string, Remembered | undefined]>([
    ['nothing is remembered', undefined],
    ['the balancer is not ready', { ...remembered, progress: 'pending' }],
    ['it is another Service of that name', { ...remembered, uid: 'other' }],
  ])('there is nothing to repair when %s', (_what, entry) => {
    expect(judgeStatus(edited, entry)).toEqual({ kind: 'of-no-interest' });
  });

  test('row S17 what the API server filled in is no drift', () => {
    expect(judgeStatus(service, remembered)).toEqual({ kind: 'as-wanted' });
  });
});
