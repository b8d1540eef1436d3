// What a provider says of itself: annotations that it writes into Services are no news to their owners, and a Service that its owner has
// taken out of the provider's hands gets nothing and hears nothing.
import { afterEach, describe, expect, test } from '@jest/globals';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { anInitializedNode } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import { ServiceBench } from '../test-support/service-bench.ts';
import type { ServiceBenchOptions } from '../test-support/service-bench.ts';
import { FINALIZER_LOAD_BALANCER } from '../well-known.ts';

const ID = 'cloud.example/id';
const LEAVE = 'cloud.example/leave-alone';
const benches: ServiceBench[] = [];

async function started(cloud: ServiceBenchOptions['cloud']): Promise<ServiceBench> {
  const bench = new ServiceBench(cloud ? { cloud } : {});
  benches.push(bench);
  await bench.put(anInitializedNode());
  return bench.start();
}
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
});

const annotated =
  (annotations: Readonly<Record<string, string>>) =>
  (service: KubeService): KubeService => ({ ...service, metadata: { ...service.metadata, annotations } });
const finalizersOf = (service: KubeService | undefined): readonly string[] => service?.metadata?.finalizers ?? [];

/** Writes the ID into the Service during the first call, as providers do that need it later. */
function noteId(bench: ServiceBench): void {
  const ensure = bench.cloud.ensure.bind(bench.cloud);
  bench.cloud.ensure = async (...args) => {
    const result = await ensure(...args);
    const present = bench.service();
    if (present && !present.metadata?.annotations?.[ID])
      bench.client.put(services, annotated({ [ID]: 'lb-1' })(present));
    return result;
  };
}

describe('annotations of the provider’s own', () => {
  test('a new Service is told once that its balancer is being made, and once that it is there', async () => {
    const bench = await started({ ownAnnotations: [ID] });
    noteId(bench);
    await bench.put(aService());
    expect(bench.service()?.metadata?.annotations).toEqual({ [ID]: 'lb-1' });
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'EnsuredLoadBalancer']);
  });

  test('spec.loadBalancerIP counts as one of them where the provider writes it: told once', async () => {
    const bench = await started({ ownAnnotations: ['spec.loadBalancerIP'] });
    const ensure = bench.cloud.ensure.bind(bench.cloud);
    bench.cloud.ensure = async (...args) => {
      const result = await ensure(...args);
      const present = bench.service();
      const noted = { ...present, spec: { ...present?.spec, loadBalancerIP: '192.0.2.1' } };
      if (present?.spec?.loadBalancerIP === undefined) bench.client.put(services, noted);
      return result;
    };
    await bench.put(aService());
    expect(bench.service()?.spec?.loadBalancerIP).toBe('192.0.2.1');
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'EnsuredLoadBalancer']);
  });

  test('without them listed it is told twice', async () => {
    const bench = await started({});
    noteId(bench);
    await bench.put(aService());
    expect(bench.reasons().filter((reason) => reason === 'EnsuringLoadBalancer')).toHaveLength(2);
  });

  test('one that is changed by hand is noticed at once, told if it is wrong, and again when it is right', async () => {
    const bench = await started({ ownAnnotations: [ID] });
    await bench.put(aService({ annotations: { [ID]: 'lb-1' } }));
    bench.forgetCalls();
    bench.cloud.script('ensure', { kind: 'fail', error: new OperatorError('FOREIGN', 'lb-9 is not yours', onChange) });
    await bench.edit('shop/web', annotated({ [ID]: 'lb-9' }));
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
    expect(bench.events).toMatchObject([{ type: 'Warning', reason: 'SyncLoadBalancerFailed' }]);
    await bench.edit('shop/web', annotated({ [ID]: 'lb-1' }));
    expect(bench.reasons().slice(1)).toEqual(['EnsuredLoadBalancer']);
  });
});

describe('a disowned Service', () => {
  const isDisowned = (service: KubeService): boolean => service.metadata?.annotations?.[LEAVE] === 'true';
  const left = annotated({ [LEAVE]: 'true' });

  test('F8 a new one gets no finalizer, no event, no call, also when it goes', async () => {
    const bench = await started({ isDisowned });
    await bench.put(left(aService()));
    await bench.clock.advance(600_000);
    await bench.remove('Service', 'shop/web');
    await bench.clock.advance(60_000);
    expect(bench.events).toEqual([]);
    expect(bench.cloud.calls.filter(({ call }) => call !== 'orphans')).toEqual([]);
    expect(bench.writes()).toBe(0);
  });

  test('F8 one that had a balancer keeps finalizer and status, hears nothing, and can go', async () => {
    const bench = await started({ isDisowned });
    await bench.put(aService());
    bench.forgetCalls();
    await bench.edit('shop/web', left);
    await bench.put(anInitializedNode({ name: 'node-2' }));
    await bench.clock.advance(60_000);
    expect(finalizersOf(bench.service())).toEqual([FINALIZER_LOAD_BALANCER]);
    expect(bench.service()?.status?.loadBalancer?.ingress).toHaveLength(1);
    expect(bench.cloud.callsOf('ensure')).toEqual([]);
    await bench.remove('Service', 'shop/web');
    expect(bench.service()).toBeUndefined();
    expect(bench.events).toEqual([]);
  });

  test('F8 taken back, it is ensured as a changed one', async () => {
    const bench = await started({ isDisowned });
    await bench.put(left(aService()));
    await bench.edit('shop/web', annotated({}));
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'EnsuredLoadBalancer']);
    expect(finalizersOf(bench.service())).toEqual([FINALIZER_LOAD_BALANCER]);
  });
});

describe('a balancer that serves while a change of it has to wait', () => {
  test('the status is written, the wait told once, its end as well', async () => {
    const bench = await started({});
    const unfinished = { kind: 'unfinished', checkAgainMs: 60_000, waitingFor: 'its new size' } as const;
    bench.cloud.script('ensure', unfinished, unfinished);
    await bench.put(aService());
    expect(bench.service()?.status?.loadBalancer?.ingress).toHaveLength(1);
    await bench.clock.advance(59_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'LoadBalancerPending']);
    await bench.clock.advance(61_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(3);
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'LoadBalancerPending', 'EnsuredLoadBalancer']);
  });
});
