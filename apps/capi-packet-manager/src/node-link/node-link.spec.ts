// What Machines show of their Nodes, and what Nodes get from their Machines.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { nodes } from '@longshore/k8s-runtime';
import type { KubeNode } from '@longshore/k8s-runtime';
import { annotations } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import { machines } from '../api/resources.ts';
import { aWorker } from '../machine/test-support/builders.ts';
import { MachineWorld } from '../machine/test-support/machine-world.ts';
import { planNodeLink } from './node-link-plan.ts';
import { matchNode } from './node-match.ts';

jest.setTimeout(60_000);
const DEVICE = '0d9f6a3e-0000-4000-8000-000000000001';
const OTHER = '0d9f6a3e-0000-4000-8000-000000000002';
const NOW = Date.UTC(2026, 0, 1);
const EARLIER = '2025-12-31T23:00:00Z';

function machine(wish: { status?: Machine['status']; spec?: Machine['spec'] } = {}): Machine {
  const base = aWorker({ projectId: 'p' });
  const own = { ...base.metadata, annotations: { [annotations.deviceId]: DEVICE } };
  return { ...base, metadata: own, ...(wish.status && { status: wish.status }), spec: { ...base.spec, ...wish.spec } };
}

function node(
  name: string,
  wish: { providerID?: string; ready?: string; machine?: string; spec?: object } = {},
): KubeNode {
  const { providerID, ready = 'True', spec } = wish;
  const notes = { [annotations.machineOfNode]: wish.machine ?? 'default/w-0' };
  return {
    metadata: { name, uid: `uid of ${name}`, annotations: notes },
    spec: { ...(providerID && { providerID }), ...spec },
    status: { conditions: [{ type: 'Ready', status: ready, lastTransitionTime: EARLIER }] },
  };
}

describe('matchNode', () => {
  const lookup = (...list: readonly KubeNode[]) => ({
    ofDevice: (id: string) => list.filter(({ spec }) => spec?.providerID?.endsWith(id)),
    ofMachine: (key: string) =>
      list.filter(({ metadata }) => metadata?.annotations?.[annotations.machineOfNode] === key),
    named: (name: string) => list.find(({ metadata }) => metadata?.name === name),
  });
  test.each([
    {
      when: 'the provider ID is that of the device',
      list: [node('x', { providerID: `packet://${DEVICE}`, machine: '' })],
      name: 'x',
    },
    { when: 'it has no provider ID yet and names the Machine', list: [node('x')], name: 'x' },
    { when: 'it has no provider ID yet and has the name', list: [node('w-0', { machine: '' })], name: 'w-0' },
    { when: 'it is of a former device', list: [node('w-0', { providerID: `packet://${OTHER}` })], name: undefined },
    {
      when: 'one of a former device has the name and another one the device',
      list: [
        node('w-0', { providerID: `packet://${OTHER}` }),
        node('y', { providerID: `packet://${DEVICE}`, machine: '' }),
      ],
      name: 'y',
    },
  ])('$when: $name', ({ list, name }) => {
    expect(matchNode(machine(), lookup(...list))?.metadata?.name).toBe(name);
  });

  test('a Machine without device has no Node', () => {
    expect(matchNode(aWorker({ projectId: 'p' }), lookup(node('w-0', { machine: '' })))).toBeUndefined();
  });
});

describe('planNodeLink', () => {
  const linkedStatus = { kind: 'Node', name: 'w-0', uid: 'uid of w-0' } as const;
  const ready = {
    type: 'NodeReady',
    status: 'True',
    reason: 'NodeReady',
    message: 'Node w-0 is ready',
    lastTransitionTime: EARLIER,
  } as const;

  test('the time of NodeReady is that of the Node', () => {
    expect(planNodeLink(machine(), { state: 'found', node: node('w-0') }, NOW)).toMatchObject({
      machineStatus: { nodeRef: linkedStatus, conditions: [ready] },
      event: { reason: 'SuccessfulSetNodeRef' },
    });
  });

  test('what is right is not written', () => {
    const status = { nodeRef: linkedStatus, versions: {}, conditions: [ready] };
    expect(planNodeLink(machine({ status }), { state: 'found', node: node('w-0') }, NOW)).toEqual({});
  });

  test('a Ready condition without a time, which the API server gives as null, has the time of the Node and is written once', () => {
    const born = '2025-12-31T22:00:00Z';
    const conditions = [{ type: 'Ready', status: 'True', lastTransitionTime: null as unknown as string }];
    const { metadata } = node('w-0');
    const found = {
      state: 'found',
      node: { metadata: { ...metadata, creationTimestamp: born }, status: { conditions } },
    } as const;
    const since = { ...ready, lastTransitionTime: born };
    expect(planNodeLink(machine(), found, NOW)).toMatchObject({ machineStatus: { conditions: [since] } });
    const status = { nodeRef: linkedStatus, versions: {}, conditions: [since] };
    expect(planNodeLink(machine({ status }), found, NOW)).toEqual({});
  });

  test('a Node that is gone: no reference, and the time is now, whatever NodeReady was before', () => {
    const status = { nodeRef: linkedStatus, conditions: [{ ...ready, status: 'False' as const }] };
    expect(planNodeLink(machine({ status }), { state: 'absent' }, NOW)).toMatchObject({
      machineStatus: {
        nodeRef: null,
        conditions: [{ status: 'False', reason: 'NodeDeleted', lastTransitionTime: '2026-01-01T00:00:00.000Z' }],
      },
      event: { type: 'Warning', reason: 'NodeDeleted' },
    });
  });

  test('a cluster that does not answer: the last value stays with its time, only the reason says so', () => {
    const status = { nodeRef: linkedStatus, conditions: [ready] };
    expect(planNodeLink(machine({ status }), { state: 'unreachable', message: 'no' }, NOW).machineStatus).toMatchObject(
      {
        conditions: [{ status: 'True', reason: 'ClusterUnreachable', lastTransitionTime: EARLIER }],
      },
    );
  });

  test('CA row M27 labels, annotations and taints are added; foreign ones stay', () => {
    const spec = {
      metadata: { labels: { tier: 'web' }, annotations: { note: 'x' } },
      taints: [{ key: 'mine', value: 'v', effect: 'NoSchedule' as const }],
    };
    const foreign = { key: 'theirs', effect: 'NoExecute' };
    const found = node('w-0', { spec: { taints: [foreign, { key: 'mine', value: 'old', effect: 'NoSchedule' }] } });
    const plan = planNodeLink(machine({ spec }), { state: 'found', node: found }, NOW);
    expect(plan.node).toEqual({
      metadata: { labels: { tier: 'web' }, annotations: { note: 'x' } },
      spec: { taints: [foreign, { key: 'mine', value: 'v', effect: 'NoSchedule' }] },
    });
  });
});

describe('on the whole', () => {
  let world: MachineWorld;
  afterEach(async () => world?.close());

  test('CA row M27 a Node joins and has labels and taints of its Machine; a taint that is removed comes back', async () => {
    world = await MachineWorld.start();
    const taints = [{ key: 'mine', effect: 'NoSchedule' as const }];
    const spec = { ...aWorker(world).spec, metadata: { labels: { tier: 'web' } }, taints };
    world.kube.put(machines, aWorker(world, { spec }));
    const shown = (): KubeNode | undefined => world.workload.object(nodes, 'w-0');
    await world.until('it is tainted', () => shown()?.spec?.taints?.length === 1);
    expect(world.ordered.get(world.living[0]?.id ?? '')).toContain('mine');
    expect(shown()?.metadata).toMatchObject({
      labels: { tier: 'web' },
      annotations: { [annotations.machineOfNode]: 'default/w-0' },
    });
    const foreign = { key: 'theirs', effect: 'NoExecute' };
    world.workload.put(nodes, { ...shown(), spec: { ...shown()?.spec, taints: [foreign] } });
    await world.until('it is back', () => shown()?.spec?.taints?.length === 2, 60_000);
    expect(shown()?.spec?.taints).toEqual([foreign, { key: 'mine', effect: 'NoSchedule' }]);
  });

  test('a cluster that stops to answer changes nothing but the reason, and no Machine is given up', async () => {
    world = await MachineWorld.start();
    world.kube.put(machines, aWorker(world));
    await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
    const nodeRef = world.machine('w-0')?.status?.nodeRef;
    world.workload.fail({ resource: 'nodes', times: Infinity });
    world.workload.endWatches('break');
    await world.pass(40 * 60_000, 10_000);
    const condition = world.machine('w-0')?.status?.conditions?.find(({ type }) => type === 'NodeReady');
    expect(condition).toMatchObject({ status: 'True', reason: 'ClusterUnreachable' });
    expect(world.machine('w-0')?.status?.nodeRef).toEqual(nodeRef);
    expect(world.posts).toBe(1);
  });
});
