import { describe, expect, test } from '@jest/globals';
import { FakeClock, fakeMetrics } from '@longshore/reconciler-core/testing';
import { aNode } from './testing/a-node.ts';
import { aService } from './testing/a-service.ts';
import { FakeInstances } from './testing/fake-instances.ts';
import { FakeLoadBalancers } from './testing/fake-load-balancers.ts';
import { FakeRoutes } from './testing/fake-routes.ts';
import { withMetrics } from './with-metrics.ts';

const { signal } = new AbortController();

describe('withMetrics', () => {
  test('I25 calls to the cloud are counted by call and result, and timed', async () => {
    const clock = new FakeClock();
    const metrics = fakeMetrics();
    const balancers = new FakeLoadBalancers({ clock, latencyMs: 2_000 });
    const provider = withMetrics(
      {
        name: 'acme',
        instances: new FakeInstances({ clock }),
        loadBalancers: balancers,
        routes: new FakeRoutes({ clock }),
      },
      { metrics, clock },
    );
    balancers.script('ensure', { kind: 'fail', error: new Error('no') });
    const failed = provider.loadBalancers?.ensure(aService(), [], signal);
    const ended = expect(failed).rejects.toThrow('no');
    await clock.advance(2_000);
    await ended;
    await provider.instances?.lookup([aNode()], signal);
    await provider.routes?.list('c', signal);
    const count = (call: string, result: string): number | undefined =>
      metrics.value('cloud_provider_calls_total', { call, result });
    expect(count('loadBalancers.ensure', 'error')).toBe(1);
    expect(count('loadBalancers.ensure', 'success')).toBeUndefined();
    expect(count('instances.lookup', 'success')).toBe(1);
    expect(count('routes.list', 'success')).toBe(1);
    await provider.loadBalancers?.removeOrphan?.({ id: 'x', name: 'x', reason: 'x' }, [], signal);
    expect(count('loadBalancers.removeOrphan', 'success')).toBe(1);
    expect(metrics.observations('cloud_provider_call_duration_seconds', { call: 'loadBalancers.ensure' })).toEqual([2]);
  });

  test('row P13 what a provider does not have stays absent', () => {
    const provider = withMetrics({ name: 'acme' }, { metrics: fakeMetrics(), clock: new FakeClock() });
    expect(provider).toEqual({ name: 'acme' });
  });

  test('the schemes of provider IDs and plans of other things get through', async () => {
    const plan = { subject: { kind: 'Firewall', name: 'public' }, controller: 'firewall', steps: [] };
    const whole = { name: 'acme', providerIdSchemes: ['acme'], otherPlans: () => Promise.resolve([plan]) };
    const metrics = fakeMetrics();
    const provider = withMetrics(whole, { metrics, clock: new FakeClock() });
    expect(provider.providerIdSchemes).toEqual(['acme']);
    expect(await provider.otherPlans?.({ nodes: [], services: [] }, signal)).toEqual([plan]);
    expect(metrics.value('cloud_provider_calls_total', { call: 'otherPlans', result: 'success' })).toBe(1);
  });

  test('a provider of a class keeps its this', async () => {
    const provider = new (class {
      readonly name = 'acme';
      #started = 0;
      async start(): Promise<void> {
        this.#started += 1;
      }
      get started(): number {
        return this.#started;
      }
    })();
    await withMetrics(provider, { metrics: fakeMetrics(), clock: new FakeClock() }).start?.({} as never);
    expect(provider.started).toBe(1);
  });

  test('reading ahead is passed on and counted', async () => {
    const said: string[] = [];
    const metrics = fakeMetrics();
    const provider = { name: 'acme', warmUp: async () => void said.push('read ahead') };
    await withMetrics(provider, { metrics, clock: new FakeClock() }).warmUp?.(new AbortController().signal);
    expect(said).toEqual(['read ahead']);
    expect(metrics.value('cloud_provider_calls_total', { call: 'warmUp', result: 'success' })).toBe(1);
  });

  test('I26 the rights that the provider names reach the access review', () => {
    const right = { group: '', resource: 'services', verb: 'patch', neededFor: 'annotations' };
    const measured = withMetrics(
      { name: 'acme', serviceRights: [right] },
      { metrics: fakeMetrics(), clock: new FakeClock() },
    );
    expect(measured.serviceRights).toEqual([right]);
  });
});
