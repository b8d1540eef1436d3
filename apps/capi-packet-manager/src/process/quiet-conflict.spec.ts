// Somebody else changed an object at the same time, so a write of its status is refused with 409. Nobody is to hear of that: it is done again
// without an event, without a line of warning, and without counting as a failure, which would make each further try wait longer.
import { afterEach, expect, jest, test } from '@jest/globals';
import { KubeApiError, nodes } from '@longshore/k8s-runtime';
import type { ResourceType } from '@longshore/k8s-runtime';
import type { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { backoff } from '@longshore/reconciler-core';
import type { RecordingLogger } from '@longshore/reconciler-core/testing';
import { clusters, machineDeployments, machines, machineSets } from '../api/resources.ts';
import { ClusterWorld } from '../cluster/test-support/cluster-world.ts';
import { aWorker } from '../machine/test-support/builders.ts';
import { MachineWorld } from '../machine/test-support/machine-world.ts';
import { aDeployment, aSet, SetWorld } from '../machineset/test-support/set-world.ts';

jest.setTimeout(60_000);

const TIMES = 3;
const answer = { status: 409, reason: 'Conflict', message: 'the object has been modified; please apply your changes' };
const toClose: { close(): Promise<void> }[] = [];

afterEach(async () => {
  for (const world of toClose.splice(0)) await world.close();
});

/** The next writes of statuses of that kind meet a conflict. Returns how many did. */
function refuseStatus(client: FakeKubeClient, { plural }: ResourceType<object>): () => number {
  const fault = { verb: 'patch', resource: plural, subresource: 'status' } as const;
  const before = written(client, plural);
  client.fail({ ...fault, times: TIMES, error: new KubeApiError(answer, backoff) });
  return () => written(client, plural) - before;
}

function written(client: FakeKubeClient, plural: string): number {
  return client.callsOf('patch').filter((call) => call.resource === plural && call.subresource === 'status').length;
}

// A reconcile that counts as failed is always logged as a warning.
function expectQuiet({ lines }: RecordingLogger): void {
  expect(lines.filter(({ level }) => level === 'warn' || level === 'error')).toEqual([]);
}

test.each([
  { type: machineSets, name: 's', object: aSet({ replicas: 2 }) },
  { type: machineDeployments, name: 'd', object: aDeployment({ replicas: 2 }) },
])('a conflict of the status of a $type.kind is quiet', async ({ type, name, object }) => {
  const world = new SetWorld();
  toClose.push({ close: () => world.stop() });
  const attempts = refuseStatus(world.client, type);
  await world.put(object).start();
  await world.play();
  await world.settle();
  expect(attempts()).toBeGreaterThan(TIMES);
  expect(world.client.object(type, `default/${name}`)).toMatchObject({ status: { availableReplicas: 2 } });
  expect(world.events.reasons()).not.toContain('ReconcileError');
  expectQuiet(world.log);
});

test('conflicts of the status of a Machine are quiet, of its own controller and of the node link', async () => {
  const world = await MachineWorld.start();
  toClose.push(world);
  const ofMachine = refuseStatus(world.kube, machines);
  world.kube.put(machines, aWorker(world));
  await world.until('it runs', () => world.machine('w-0')?.status?.phase === 'Running');
  expect(ofMachine()).toBeGreaterThan(TIMES);
  const events = world.events.length;
  const ofLink = refuseStatus(world.kube, machines);
  const { spec } = world.workload.object(nodes, 'w-0') ?? {};
  world.addNode('w-0', { ready: 'False', ...(spec?.providerID !== undefined && { providerID: spec.providerID }) });
  const readiness = () => world.machine('w-0')?.status?.conditions?.find(({ type }) => type === 'NodeReady')?.status;
  await world.until('it is shown as not ready', () => readiness() === 'False');
  expect(ofLink()).toBeGreaterThan(TIMES);
  expect(world.reasons('Warning')).toEqual([]);
  expect(world.events.length - events).toBeLessThanOrEqual(1);
  expect(world.posts).toBe(1);
  expectQuiet(world.log);
});

test('a conflict of the status of a Cluster is quiet, and what is said after it is said once', async () => {
  const worlds = await Promise.all([ClusterWorld.start(), ClusterWorld.start()]);
  toClose.push(...worlds);
  const [disturbed, undisturbed] = worlds;
  for (const world of worlds) world.addCluster({ spec: { providerSpec: { value: {} } } });
  refuseStatus(disturbed.client, clusters);
  for (let time = 0; time < TIMES; time += 1) {
    await expect(disturbed.reconcile()).resolves.toMatchObject({
      kind: 'check-again',
      reason: expect.stringMatching(/changed meanwhile/),
    });
    expect(disturbed.events).toEqual([]);
  }
  for (const world of worlds) await world.reconcile().catch(() => undefined);
  expect(undisturbed.events.length).toBeGreaterThan(0);
  expect(disturbed.events).toEqual(undisturbed.events);
  expect(disturbed.cluster()?.status?.conditions).toEqual(undisturbed.cluster()?.status?.conditions);
});
