import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '@longshore/reconciler-core';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { InformerSet, nodes } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import type { CloudController } from './instances/health-report.ts';
import { cloudCheck, controllerCheck, informersCheck } from './wiring-health.ts';

describe('health checks', () => {
  test('I23 a controller is sick when one of its parts is', () => {
    const part = (isHealthy: boolean): CloudController => ({
      name: 'part',
      run: () => Promise.resolve(),
      check: () => ({ isHealthy, message: isHealthy ? 'fine' : 'stuck for 700 s' }),
    });
    expect(controllerCheck('cloud-node-controller', [part(true), part(true)]).check()).toBeUndefined();
    expect(controllerCheck('cloud-node-controller', [part(true), part(false)]).check()).toBe('stuck for 700 s');
  });

  test('I23 ready only with synced caches', async () => {
    const clock = new FakeClock();
    const client = new FakeKubeClient();
    const informers = new InformerSet({ client, clock, log: silentLogger });
    informers.for(nodes);
    const check = informersCheck(informers);
    expect(check.check()).toBe('not synced yet: informer nodes');
    const stop = new AbortController();
    const running = informers.run(stop.signal);
    await clock.settle();
    expect(check.check()).toBeUndefined();
    stop.abort();
    await running;
  });

  test('I23 the cloud is asked at most every 30 s, however often the page is', async () => {
    const clock = new FakeClock();
    let pings = 0;
    let isBroken = false;
    const check = cloudCheck(
      {
        name: 'acme',
        ping: async () => {
          pings += 1;
          if (isBroken) throw new Error('connection refused');
        },
      },
      clock,
    );
    for (let asked = 0; asked < 10; asked += 1) expect(await check?.check()).toBeUndefined();
    expect(pings).toBe(1);
    isBroken = true;
    await clock.advance(30_000);
    expect(await check?.check()).toBe('acme cannot be reached: connection refused');
    expect(pings).toBe(2);
  });

  test('a cloud that does not answer is given up', async () => {
    const clock = new FakeClock();
    const hang = (signal: AbortSignal): Promise<void> =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    const answer = cloudCheck({ name: 'acme', ping: hang }, clock)?.check();
    await clock.advance(4_000);
    expect(await answer).toBe('acme cannot be reached: no answer within 4 s');
  });

  test('a provider without ping has no check', () => {
    expect(cloudCheck({ name: 'acme' }, new FakeClock())).toBeUndefined();
  });
});
