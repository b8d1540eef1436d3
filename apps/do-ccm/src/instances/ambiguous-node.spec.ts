// Row 20 as people see it: the node controller on top of the look-up, with an API server in memory and the simulated cloud over HTTP.
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { createNodeController } from '@longshore/cloud-provider';
import { RecordedEvents } from '@longshore/cloud-provider/testing';
import { Informer, nodes as nodeType } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { fakeMetrics, waitFor } from '@longshore/reconciler-core/testing';
import { aNode } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';

const TAINT = 'node.cloudprovider.kubernetes.io/uninitialized';
let world: World;
beforeEach(async () => {
  world = await aWorld({ cloud: { droplets: 0 } });
});
afterEach(() => world.close());

test('DO row 20 (ours: no guess, the taint stays, one event names both IDs)', async () => {
  const { clock, log, instances, cloud } = world;
  const ids = ['twin', 'Twin'].map((name) => cloud.addDroplet({ name }).id);
  const client = new FakeKubeClient({ now: () => clock.nowMs() });
  client.put(nodeType, aNode('twin', { taints: [TAINT] }));
  const nodes = new Informer({ client, type: nodeType, clock, log });
  const events = new RecordedEvents();
  const { controller } = createNodeController({
    client,
    nodes,
    instances,
    events,
    clock,
    log,
    metrics: fakeMetrics(),
    workers: 1,
    statusWorkers: 1,
    statusFrequencyMs: 300_000,
    refreshLabels: false,
    isDryRun: false,
  });
  const stop = new AbortController();
  const running = Promise.all([nodes.run(stop.signal), controller.run(stop.signal)]);
  const failures = (): number => log.lines.filter(({ message }) => message === 'reconcile failed').length;
  const heartbeat = async (round: number): Promise<void> => {
    const node = client.object(nodeType, 'twin');
    if (!node) throw new Error('the node is gone');
    client.put(nodeType, { ...node, metadata: { ...node.metadata, labels: { round: String(round) } } });
    const before = failures();
    await clock.advance(300_000);
    await waitFor(() => failures() > before, { what: `the end of round ${round}` });
  };
  for (let round = 0; round < 3; round += 1) await heartbeat(round);
  expect(events.all).toMatchObject([{ type: 'Warning', about: 'twin', reason: 'CloudNodeInitFailed' }]);
  for (const id of ids) expect(events.all[0]?.message).toContain(String(id));
  const kept = client.object(nodeType, 'twin');
  expect(kept?.spec?.taints).toMatchObject([{ key: TAINT }]);
  expect(kept?.spec?.providerID).toBeUndefined();
  stop.abort();
  await clock.advance(10_000);
  await running;
});
