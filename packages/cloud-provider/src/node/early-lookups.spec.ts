import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { aNode, foundRunning } from '../testing/a-node.ts';
import { FakeInstances } from '../testing/fake-instances.ts';
import { EarlyLookups } from './early-lookups.ts';

const never = new AbortController().signal;

function lookups(): { clock: FakeClock; cloud: FakeInstances; early: EarlyLookups } {
  const clock = new FakeClock();
  const cloud = new FakeInstances({ clock }).set('node-1', foundRunning());
  return { clock, cloud, early: new EarlyLookups({ instances: cloud, clock }) };
}

describe('EarlyLookups (I2)', () => {
  test('I2 an early answer is used once; the next question is asked anew', async () => {
    const { cloud, early } = lookups();
    early.start(aNode(), never);
    early.start(aNode(), never);
    expect((await early.finding(aNode(), never)).state).toBe('running');
    expect(cloud.calls).toHaveLength(1);
    await early.finding(aNode(), never);
    expect(cloud.calls).toHaveLength(2);
  });

  test.each([
    { when: 'after half a minute it is too old', waitMs: 30_001, node: aNode() },
    { when: 'another Node has the name now', waitMs: 0, node: aNode({ uid: 'new' }) },
    { when: 'the Node has a provider ID now', waitMs: 0, node: aNode({ providerId: 'fake://1' }) },
  ])('$when: asked anew', async ({ waitMs, node }) => {
    const { clock, cloud, early } = lookups();
    early.start(aNode(), never);
    await clock.advance(waitMs);
    await early.finding(node, never);
    expect(cloud.calls).toHaveLength(2);
  });

  test('an early failure is the failure of who takes it, and of nobody else', async () => {
    const { clock, cloud, early } = lookups();
    cloud.failNext(1, 'boom');
    early.start(aNode(), never);
    await clock.settle();
    await expect(early.finding(aNode(), never)).rejects.toThrow('boom');
    expect((await early.finding(aNode(), never)).state).toBe('running');
  });
});
