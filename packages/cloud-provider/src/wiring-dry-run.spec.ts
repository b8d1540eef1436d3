import { describe, expect, test } from '@jest/globals';
import { recordingLogger } from '@longshore/reconciler-core/testing';
import { anInitializedNode } from './testing/a-node.ts';
import { aService } from './testing/a-service.ts';
import { FakeLoadBalancers } from './testing/fake-load-balancers.ts';
import { ServiceBench } from './test-support/service-bench.ts';
import { dryRunClient } from '@longshore/k8s-runtime';
import { dryRunEvents, dryRunLoadBalancers } from './wiring-dry-run.ts';

describe('a dry run of the service controller', () => {
  test('says what it would do and changes nothing, neither in the cloud nor in the cluster', async () => {
    const log = recordingLogger();
    const cloud = new FakeLoadBalancers();
    const bench = new ServiceBench({
      controller: { loadBalancers: dryRunLoadBalancers(cloud, log), events: dryRunEvents(log) },
    });
    await bench.put(anInitializedNode());
    await bench.put(aService());
    await bench.put(aService({ name: 'leaving', hasFinalizer: true }));
    await bench.remove('Service', 'shop/leaving');
    bench.forgetCalls();
    await bench.start({ client: dryRunClient(bench.client, log) });
    await bench.clock.advance(60_000);
    await bench.stop();
    expect(bench.writes()).toBe(0);
    expect(cloud.balancers.size).toBe(0);
    expect(cloud.callsOf('ensure')).toEqual([]);
    expect(cloud.callsOf('remove')).toEqual([]);
    const said = log.lines.map(({ message, fields }) => ({
      message,
      summary: fields['summary'],
      reason: fields['reason'],
    }));
    expect(said).toContainEqual(
      expect.objectContaining({
        message: 'would change the load balancer',
        summary: 'create the load balancer of shop/web',
      }),
    );
    expect(said).toContainEqual(
      expect.objectContaining({ message: 'would write an event', reason: 'EnsuringLoadBalancer' }),
    );
    expect(bench.service()?.metadata?.finalizers).toBeUndefined();
  });

  test('F8 says nothing about a Service that its owner has taken out of the provider’s hands', async () => {
    const log = recordingLogger();
    const cloud = new FakeLoadBalancers({ isDisowned: () => true, ownAnnotations: ['x'] });
    const balancers = dryRunLoadBalancers(cloud, log);
    const bench = new ServiceBench({ controller: { loadBalancers: balancers, events: dryRunEvents(log) } });
    await bench.put(anInitializedNode());
    await bench.put(aService());
    bench.forgetCalls();
    await bench.start({ client: dryRunClient(bench.client, log) });
    await bench.clock.advance(60_000);
    await bench.stop();
    expect(balancers.ownAnnotations).toEqual(['x']);
    expect(cloud.callsOf('plan')).toEqual([]);
    expect(log.lines.filter(({ message }) => message.startsWith('would'))).toEqual([]);
  });
});
