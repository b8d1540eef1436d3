// Who shall have the elastic IP: the tables.
import { describe, expect, test } from '@jest/globals';
import type { AssignmentId, DeviceId, IpReservation } from '@longshore/packet-api';
import { uuidOf } from '../test-support/builders.ts';
import { apiServerPorts, holderOf, ownAddresses, reservationByTag } from './eip-facts.ts';
import { describeEipStep, judgeHolder, planMove } from './eip-plan.ts';
import type { CheckedNode, ControlPlaneNode, Holder, HolderFacts } from './eip-plan.ts';

const ADDRESS = '192.0.2.10';
const assignmentId = 'a1' as AssignmentId;

function aControlPlaneNode(name: string, wish: Partial<ControlPlaneNode> = {}): ControlPlaneNode {
  return { name, deviceId: `device-${name}` as DeviceId, isSchedulable: true, isLeaving: false, ...wish };
}

function checked(name: string, wish: Partial<CheckedNode> = {}): CheckedNode {
  return { ...aControlPlaneNode(name), isHealthy: true, hasFailedBefore: false, ...wish };
}

const onA = (wish: Partial<ControlPlaneNode> = {}): Holder => ({
  kind: 'node',
  node: aControlPlaneNode('a', wish),
  assignmentId,
});
const stranger: Holder = { kind: 'stranger', deviceId: 'device-x' as DeviceId, assignmentId };

describe('judgeHolder', () => {
  const facts: HolderFacts = { holder: onA(), failures: 0, failuresToMove: 3, wasNode: false };
  test.each([
    { when: 'all is well', given: {}, then: { kind: 'keep' } },
    {
      when: 'PK row 62 nobody has it',
      given: { holder: { kind: 'nobody' } as Holder },
      then: { kind: 'leave', reason: 'unassigned' },
    },
    { when: 'PK row 67 one check failed', given: { failures: 1 }, then: { kind: 'wait', failures: 1 } },
    { when: 'PK row 67 two checks failed', given: { failures: 2 }, then: { kind: 'wait', failures: 2 } },
    {
      when: 'PK row 63 as many failed as it takes',
      given: { failures: 3 },
      then: { kind: 'leave', reason: 'unhealthy' },
    },
    {
      when: 'PK row 65 it is cordoned',
      given: { holder: onA({ isSchedulable: false }) },
      then: { kind: 'leave', reason: 'cordoned' },
    },
    {
      when: 'PK row 65 it is being deleted',
      given: { holder: onA({ isLeaving: true }) },
      then: { kind: 'leave', reason: 'deleted' },
    },
    {
      when: 'PK row 65 its Node is gone',
      given: { holder: stranger, wasNode: true },
      then: { kind: 'leave', reason: 'deleted' },
    },
    { when: 'it was never a Node, and is well', given: { holder: stranger }, then: { kind: 'keep' } },
    {
      when: 'it was never a Node, and fails',
      given: { holder: stranger, failures: 3 },
      then: { kind: 'leave', reason: 'unhealthy' },
    },
    {
      when: 'PK row 66 two devices have it',
      given: { holder: { kind: 'several', count: 2 } as Holder, failures: 9 },
      then: { kind: 'hands-off' },
    },
  ])('when $when', ({ given, then }) => {
    expect(judgeHolder({ ...facts, ...given })).toMatchObject(then);
  });
});

describe('planMove', () => {
  const nobody: Holder = { kind: 'nobody' };
  test.each([
    {
      when: 'PK row 62 to the healthy one',
      holder: nobody,
      reason: 'unassigned' as const,
      others: [checked('a', { isHealthy: false }), checked('b'), checked('c', { isHealthy: false })],
      steps: ['assign 192.0.2.10 to b'],
    },
    {
      when: 'PK row 63 off first, then to the next',
      holder: onA(),
      reason: 'unhealthy' as const,
      others: [checked('c'), checked('b')],
      steps: ['take it off a', 'assign 192.0.2.10 to b'],
    },
    {
      when: 'PK row 64 nobody is healthy',
      holder: onA(),
      reason: 'unhealthy' as const,
      others: [checked('b', { isHealthy: false })],
      steps: [],
    },
    {
      when: 'schedulable ones are preferred',
      holder: onA(),
      reason: 'deleted' as const,
      others: [checked('b', { isSchedulable: false }), checked('c')],
      steps: ['take it off a', 'assign 192.0.2.10 to c'],
    },
    {
      when: 'a cordoned one is better than none',
      holder: onA(),
      reason: 'unhealthy' as const,
      others: [checked('b', { isSchedulable: false })],
      steps: ['take it off a', 'assign 192.0.2.10 to b'],
    },
    {
      when: 'a cordoned holder stays when all others are cordoned, too',
      holder: onA({ isSchedulable: false }),
      reason: 'cordoned' as const,
      others: [checked('b', { isSchedulable: false })],
      steps: [],
    },
    {
      when: 'one that failed as holder comes last',
      holder: onA(),
      reason: 'unhealthy' as const,
      others: [checked('b', { hasFailedBefore: true }), checked('c')],
      steps: ['take it off a', 'assign 192.0.2.10 to c'],
    },
    {
      when: 'one that is being deleted does not count',
      holder: nobody,
      reason: 'unassigned' as const,
      others: [checked('b', { isLeaving: true })],
      steps: [],
    },
    {
      when: 'from a device that is no node',
      holder: stranger,
      reason: 'unhealthy' as const,
      others: [checked('b')],
      steps: ['take it off device device-x', 'assign 192.0.2.10 to b'],
    },
  ])('$when', ({ holder, reason, others, steps }) => {
    const plan = planMove({ address: ADDRESS, holder, reason }, others);
    expect(plan.steps.map(describeEipStep)).toEqual(steps);
    expect(plan.problem === undefined).toBe(steps.length > 0);
  });

  test('PK row 64 the reason names who was asked', () => {
    const plan = planMove({ address: ADDRESS, holder: onA(), reason: 'unhealthy' }, [
      checked('b', { isHealthy: false }),
    ]);
    expect(plan.problem).toMatch(/no API server answered well \(asked were b\)/);
  });
});

describe('facts', () => {
  const reservation = (wish: Partial<IpReservation>): IpReservation =>
    ({ id: uuidOf(1), tags: ['t'], isManagement: false, address: ADDRESS, assignments: [], ...wish }) as never;

  test('the reservation is the one with the tag; none or several are a problem', () => {
    expect(reservationByTag('t', [reservation({}), reservation({ tags: [] })])).toHaveProperty('reservation');
    expect(reservationByTag('t', [reservation({ tags: ['other'] })])).toHaveProperty('problem');
    expect(reservationByTag('t', [reservation({}), reservation({})])).toMatchObject({
      problem: expect.stringContaining('2 elastic IPs'),
    });
    expect(reservationByTag('t', [reservation({ address: undefined })])).toHaveProperty('problem');
  });

  test('PK row 66 the holder is whose device has the first address of the block', () => {
    const nodes = [aControlPlaneNode('a')];
    const on = (deviceId: string, address = ADDRESS): IpReservation['assignments'][number] =>
      ({ id: assignmentId, deviceId, address }) as never;
    const of = (...assignments: IpReservation['assignments'][number][]): string =>
      holderOf(reservation({ assignments }), nodes).kind;
    expect([of(), of(on('device-a')), of(on('device-x')), of(on('device-a'), on('device-b'))]).toEqual([
      'nobody',
      'node',
      'stranger',
      'several',
    ]);
    expect(of(on('device-a'), on('device-b', '192.0.2.11'))).toBe('node');
  });

  test('PK row 70 own addresses are all but the elastic one', () => {
    const addresses = [
      { type: 'Hostname', address: 'a' },
      { type: 'InternalIP', address: '10.0.0.1' },
      { type: 'ExternalIP', address: ADDRESS },
      { type: 'ExternalIP', address: '198.51.100.1' },
    ];
    expect(ownAddresses(addresses, ADDRESS)).toEqual(['198.51.100.1', '10.0.0.1']);
    expect(ownAddresses(addresses, ADDRESS, 'external')).toEqual(['198.51.100.1']);
  });

  test.each([
    { when: 'the target port', targetPort: 6443, setting: 0, ports: { onNode: 6443, outside: 6443 } },
    { when: 'the setting outside', targetPort: 6443, setting: 443, ports: { onNode: 6443, outside: 443 } },
    { when: 'a named target port', targetPort: 'https', setting: 0, ports: { onNode: 443, outside: 443 } },
  ])('PK row 68 ports of the API server: $when', ({ targetPort, setting, ports }) => {
    const kubernetes = { spec: { ports: [{ name: 'https', port: 443, targetPort }] } };
    expect(apiServerPorts(kubernetes, setting)).toEqual({ name: 'https', ...ports });
    expect(apiServerPorts(undefined, setting)).toBeUndefined();
  });
});
