// Who leads a set of controllers, with the default times and a clock that is moved by hand.
import { expect, test } from '@jest/globals';
import { HealthChecks, leases } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { defaultsOf } from '@longshore/k8s-runtime/process';
import { noMetrics, silentLogger } from '@longshore/reconciler-core';
import type { Runnable } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { managerFlags } from './flags.ts';
import { leadingSet } from './leading.ts';
import { leaseOf } from './leases.ts';

test('CA row R13 a dead leader of a set is replaced within 20 s, the other set does not wait', async () => {
  const clock = new FakeClock();
  const client = new FakeKubeClient({ now: () => clock.nowMs() });
  const now = new Date(clock.nowMs()).toISOString().replace('Z', '000Z');
  const spec = {
    holderIdentity: 'dead',
    leaseDurationSeconds: 15,
    acquireTime: now,
    renewTime: now,
    leaseTransitions: 0,
  };
  client.put(leases, { metadata: leaseOf('packet'), spec });
  const started: string[] = [];
  const work = (name: string): Runnable => ({
    name,
    run: (signal) => {
      started.push(name);
      return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
    },
  });
  const tools = { client, clock, log: silentLogger, metrics: noMetrics, flags: defaultsOf(managerFlags) };
  const health = new HealthChecks({ clock, log: silentLogger, sliMetrics: noMetrics });
  const events = { normal: () => {}, warning: () => {} };
  const stop = new AbortController();
  const sets = (['packet', 'generic'] as const).map((set) => {
    return leadingSet(set, [work(set)], { ...tools, health, events }).run(stop.signal);
  });
  await clock.advance(3_000);
  expect(started).toEqual(['generic']);
  await clock.advance(17_000);
  expect(started).toEqual(['generic', 'packet']);
  stop.abort(new Error('stopped'));
  await clock.advance(5_000);
  await Promise.all(sets);
  expect(client.object(leases, 'cluster-api-system/cluster-api-generic')?.spec?.holderIdentity ?? '').toBe('');
});
