import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import type { KubeNode } from '@longshore/k8s-runtime';
import { aNode, foundGone } from '../testing/a-node.ts';
import { FakeInstances } from '../testing/fake-instances.ts';
import { BatchedInstances } from './batched-instances.ts';

const never = new AbortController().signal;

function aCloud(): { clock: FakeClock; cloud: FakeInstances; batched: BatchedInstances } {
  const clock = new FakeClock();
  const cloud = new FakeInstances({ clock, latencyMs: 20 });
  return { clock, cloud, batched: new BatchedInstances({ instances: cloud, clock }) };
}

describe('BatchedInstances (I2)', () => {
  test('I2 a hundred look-ups within 50 ms are one call', async () => {
    const { clock, cloud, batched } = aCloud();
    const nodes = Array.from({ length: 100 }, (_, index) => aNode({ name: `n${index}` }));
    for (const node of nodes) cloud.setRunning(node.metadata?.name ?? '');
    const answers = Promise.all(nodes.map((node) => batched.lookup([node], never)));
    await clock.advance(70);
    expect((await answers).map((answer) => [...answer.keys()].join())).toEqual(
      nodes.map((node) => node.metadata?.name),
    );
    expect(cloud.calls.map(({ names }) => names.length)).toEqual([100]);
  });

  test('I2 a node that is being asked about is not asked about again', async () => {
    const { clock, cloud, batched } = aCloud();
    cloud.setRunning('node-1');
    const first = batched.lookup([aNode()], never);
    await clock.advance(60);
    const second = batched.lookup([aNode({ resourceVersion: '2' })], never);
    await clock.advance(10);
    expect([(await first).size, (await second).size, cloud.calls.length]).toEqual([1, 1, 1]);
  });

  test('the same name with another UID, or with a provider ID now, is another question', async () => {
    const { clock, cloud, batched } = aCloud();
    cloud.set('node-1', foundGone);
    const asked: KubeNode[] = [aNode(), aNode({ uid: 'new' }), aNode({ providerId: 'fake://1' })];
    const answers = Promise.all(asked.map((node) => batched.lookup([node], never)));
    await clock.advance(200);
    expect((await answers).map((answer) => answer.get('node-1'))).toEqual([foundGone, foundGone, foundGone]);
    expect(cloud.calls.map(({ names }) => names)).toEqual([['node-1'], ['node-1'], ['node-1']]);
  });

  test('a node that the cloud leaves out has no entry', async () => {
    const { clock, batched } = aCloud();
    const answer = batched.lookup([aNode()], never);
    await clock.advance(70);
    expect(await answer).toEqual(new Map());
  });

  test('a call that fails as a whole is `unknown` for each of its nodes, never absence', async () => {
    const { clock, cloud, batched } = aCloud();
    cloud.failNext(1, 'boom');
    const answer = batched.lookup([aNode({ name: 'a' }), aNode({ name: 'b' })], never);
    await clock.advance(70);
    const unknown = { state: 'unknown', error: expect.objectContaining({ message: 'boom' }) };
    expect(await answer).toEqual(
      new Map([
        ['a', unknown],
        ['b', unknown],
      ]),
    );
  });

  test('a call that hangs is given up after a minute', async () => {
    const { clock, cloud, batched } = aCloud();
    cloud.latencyMs = 1e9;
    const answer = batched.lookup([aNode()], never);
    await clock.advance(60_050);
    expect((await answer).get('node-1')).toMatchObject({ state: 'unknown', error: { code: 'CLOUD_CALL_TIMEOUT' } });
  });

  test('an abort concerns one caller; the others get their answer', async () => {
    const { clock, cloud, batched } = aCloud();
    cloud.setRunning('node-1');
    const aborter = new AbortController();
    const left = batched.lookup([aNode()], aborter.signal);
    const stays = batched.lookup([aNode()], never);
    aborter.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    await clock.advance(70);
    expect((await stays).has('node-1')).toBe(true);
  });
});
