import { afterEach, describe, expect, test } from '@jest/globals';
import { never, onChange, OperatorError, retryAfter } from '@longshore/reconciler-core';
import { anInitializedNode } from '../testing/a-node.ts';
import { aService } from '../testing/a-service.ts';
import type { ServiceTraits } from '../testing/a-service.ts';
import { ServiceBench } from '../test-support/service-bench.ts';
import type { ServiceBenchOptions } from '../test-support/service-bench.ts';
import { createEventRecorder, events, keyOf, services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { FINALIZER_LOAD_BALANCER, TAINT_AUTOSCALER_DELETES } from '../well-known.ts';

const benches: ServiceBench[] = [];

async function started(options: ServiceBenchOptions = {}, ...traits: readonly ServiceTraits[]): Promise<ServiceBench> {
  const bench = new ServiceBench(options);
  benches.push(bench);
  await bench.put(anInitializedNode());
  for (const one of traits) await bench.put(aService(one));
  return bench.start();
}

afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.stop();
});

const failing = { kind: 'fail', error: new Error('the cloud is on fire') } as const;
const finalizersOf = (service: KubeService | undefined): readonly string[] => service?.metadata?.finalizers ?? [];
const uidOf = (service: KubeService | undefined): string => service?.metadata?.uid ?? '';
const annotated =
  (annotations: Readonly<Record<string, string>>) =>
  (service: KubeService): KubeService => ({ ...service, metadata: { ...service.metadata, annotations } });
const typed =
  (type: string) =>
  (service: KubeService): KubeService => ({ ...service, spec: { ...service.spec, type } });

describe('a Service comes', () => {
  test('row S1 finalizer before the first cloud call, then events and status', async () => {
    const bench = await started();
    const finalizersAtCall: unknown[] = [];
    const ensure = bench.cloud.ensure.bind(bench.cloud);
    bench.cloud.ensure = (...args) => {
      finalizersAtCall.push(finalizersOf(bench.service()));
      return ensure(...args);
    };
    await bench.put(aService());
    expect(finalizersAtCall).toEqual([[FINALIZER_LOAD_BALANCER]]);
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'EnsuredLoadBalancer']);
    expect(bench.service()?.status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.1', ipMode: 'VIP' }]);
    expect(bench.cloud.callsOf('ensure')).toMatchObject([{ nodes: ['node-1'] }]);
  });

  test('row S2 a ClusterIP and a NodePort are left alone', async () => {
    const bench = await started({}, { type: 'ClusterIP' }, { name: 'other', type: 'NodePort' });
    expect(bench.cloud.callsOf('ensure')).toEqual([]);
    expect(bench.writes()).toBe(0);
  });

  test('row S3 a class is never ours: created, changed, deleted', async () => {
    const bench = await started({}, { spec: { loadBalancerClass: 'x/y' } });
    await bench.edit('shop/web', annotated({ a: '1' }));
    await bench.remove('Service', 'shop/web');
    await bench.clock.advance(60_000);
    expect(bench.cloud.callsOf('ensure')).toEqual([]);
    expect(bench.cloud.callsOf('remove')).toEqual([]);
    expect(bench.writes()).toBe(0);
  });

  test('row S10 failures are retried after 5, 10, 20 and 40 s', async () => {
    const bench = await started();
    bench.cloud.script('ensure', failing, failing, failing, failing);
    await bench.put(aService());
    await bench.clock.advance(80_000);
    const times = bench.cloud.callsOf('ensure').map(({ atMs }) => atMs);
    expect(times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))).toEqual([5_000, 10_000, 20_000, 40_000]);
    expect(bench.service()?.status?.loadBalancer?.ingress).toHaveLength(1);
  });

  test('row S10 the pause grows to 300 s and no further', async () => {
    const bench = await started();
    bench.cloud.script('ensure', ...Array.from({ length: 12 }, () => failing));
    await bench.put(aService());
    await bench.clock.advance(3_000_000);
    const times = bench.cloud.callsOf('ensure').map(({ atMs }) => atMs);
    expect((times.at(-1) ?? 0) - (times.at(-2) ?? 0)).toBe(300_000);
  });

  test('row S11 a cloud that says when is asked then, without growth', async () => {
    const bench = await started();
    const busy = {
      kind: 'fail',
      error: new Error('wrapped', { cause: new OperatorError('BUSY', 'busy', retryAfter(2_000)) }),
    } as const;
    bench.cloud.script('ensure', busy, busy, busy, busy, busy);
    await bench.put(aService());
    await bench.clock.advance(20_000);
    const times = bench.cloud.callsOf('ensure').map(({ atMs }) => atMs);
    expect(times.slice(1).map((atMs, index) => atMs - (times[index] ?? 0))).toEqual([
      2_000, 2_000, 2_000, 2_000, 2_000,
    ]);
  });

  test('I18 a pending balancer is one Normal event, however often it is looked at', async () => {
    const bench = await started();
    bench.cloud.script('ensure', ...Array.from({ length: 20 }, () => ({ kind: 'wait', checkAgainMs: 1_000 }) as const));
    await bench.put(aService());
    await bench.clock.advance(30_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(21);
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'LoadBalancerPending', 'EnsuredLoadBalancer']);
    expect(bench.events.filter(({ type }) => type === 'Warning')).toEqual([]);
  });

  test('row S12 not mine: finalizer, no status, no event, no retry', async () => {
    const bench = await started();
    bench.cloud.script('ensure', { kind: 'not-mine' });
    await bench.put(aService());
    await bench.clock.advance(600_000);
    expect(finalizersOf(bench.service())).toEqual([FINALIZER_LOAD_BALANCER]);
    expect(bench.service()?.status?.loadBalancer?.ingress).toBeUndefined();
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer']);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
  });

  test('row S13 a provider that returns no status has failed', async () => {
    const bench = await started();
    bench.cloud.script('ensure', { kind: 'status', status: undefined as never });
    const ensure = bench.cloud.ensure.bind(bench.cloud);
    let isFirst = true;
    bench.cloud.ensure = async (...args) => {
      const result = await ensure(...args);
      const isLost = isFirst && result.kind === 'ready';
      isFirst = false;
      return isLost ? { ...result, status: undefined as never } : result;
    };
    await bench.put(aService());
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'SyncLoadBalancerFailed']);
    expect(bench.service()?.status?.loadBalancer?.ingress).toBeUndefined();
    await bench.clock.advance(5_000);
    expect(bench.service()?.status?.loadBalancer?.ingress).toHaveLength(1);
  });

  test('row S22 without node ports the provider is asked all the same', async () => {
    const ports = [{ port: 80, protocol: 'TCP', nodePort: 0 }];
    const bench = await started({}, { spec: { allocateLoadBalancerNodePorts: false, ports } });
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
  });

  test('row S23 no nodes: a warning that says why, and a balancer without targets', async () => {
    const bench = new ServiceBench();
    benches.push(bench);
    await bench.put(anInitializedNode({ labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': '' } }));
    await bench.start();
    await bench.put(aService());
    expect(bench.events).toContainEqual({
      about: 'shop/web',
      type: 'Warning',
      reason: 'UnAvailableLoadBalancer',
      message:
        'There are no available nodes for LoadBalancer (no target: 1 labelled node.kubernetes.io/exclude-from-external-load-balancers)',
    });
    expect(bench.cloud.callsOf('ensure')).toMatchObject([{ nodes: [] }]);
  });

  test('row S24 as many Services at once as there are workers, never one Service twice', async () => {
    const names = ['a', 'b', 'c', 'd'].map((name) => ({ name }));
    const bench = await started({ cloud: { latencyMs: 1_000 }, controller: { workers: 2 } }, ...names);
    await bench.clock.advance(10_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(4);
    expect(bench.cloud.mostInFlight).toBe(2);
    expect(bench.cloud.overlapping).toEqual([]);
  });

  test('I16 five Services at once by default', async () => {
    const names = Array.from({ length: 12 }, (_, index) => ({ name: `s${index}` }));
    const bench = await started({ cloud: { latencyMs: 1_000 } }, ...names);
    await bench.clock.advance(10_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(12);
    expect(bench.cloud.mostInFlight).toBe(5);
  });

  test('a lost answer leaves one balancer', async () => {
    const bench = await started();
    bench.cloud.script('ensure', { kind: 'lose', error: new Error('connection lost') });
    await bench.put(aService());
    await bench.clock.advance(5_000);
    expect([...bench.cloud.balancers.values()]).toHaveLength(1);
    expect(bench.service()?.status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.1', ipMode: 'VIP' }]);
  });

  test('what only its owner can change is told once and waits for the change', async () => {
    const bench = await started({ controller: { syncPeriodMs: 600_000 } });
    const refused = {
      kind: 'fail',
      error: new OperatorError('BAD', 'annotation x: "80a" is not a port', onChange),
    } as const;
    bench.cloud.script('ensure', refused, refused, refused);
    await bench.put(aService());
    await bench.clock.advance(1_300_000);
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'SyncLoadBalancerFailed']);
    await bench.edit('shop/web', annotated({ x: '80' }));
    expect(bench.reasons().slice(2)).toEqual(['EnsuringLoadBalancer', 'EnsuredLoadBalancer']);
  });

  test('an error in the settings is told before the cloud is asked; the running balancer stays', async () => {
    const problems = (service: KubeService): readonly { field: string; message: string; severity: 'error' }[] =>
      service.metadata?.annotations?.['x'] === 'bad'
        ? [{ field: 'x', message: 'x: "bad" is no size', severity: 'error' }]
        : [];
    const bench = await started({ cloud: { problems } }, {});
    bench.forgetCalls();
    await bench.edit('shop/web', annotated({ x: 'bad' }));
    await bench.clock.advance(600_000);
    expect(bench.cloud.callsOf('ensure')).toEqual([]);
    expect(bench.events).toEqual([
      {
        about: 'shop/web',
        type: 'Warning',
        reason: 'SyncLoadBalancerFailed',
        message: 'Error syncing load balancer: x: "bad" is no size',
      },
    ]);
    expect(bench.cloud.balancers.size).toBe(1);
    expect(bench.service()?.status?.loadBalancer?.ingress).toHaveLength(1);
    await bench.remove('Service', 'shop/web');
    expect(bench.cloud.balancers.size).toBe(0);
  });

  test('an error that no retry can mend ends the controller', async () => {
    const bench = new ServiceBench();
    await bench.start();
    bench.cloud.script('ensure', {
      kind: 'fail',
      error: new OperatorError('TOKEN_REFUSED', 'the token was refused', never),
    });
    await bench.put(aService());
    await expect(bench.stop()).rejects.toThrow('the token was refused');
    expect(bench.reasons()).toContain('SyncLoadBalancerFailed');
  });
});

describe('a Service goes', () => {
  test('row S4 balancer and finalizer go, then the object', async () => {
    const bench = await started({}, {});
    await bench.remove('Service', 'shop/web');
    expect(bench.cloud.balancers.size).toBe(0);
    expect(bench.service()).toBeUndefined();
    expect(bench.reasons().slice(2)).toEqual(['DeletingLoadBalancer', 'DeletedLoadBalancer']);
  });

  test('row S5 a failing removal keeps the object and is retried after 5 and 10 s', async () => {
    const bench = await started({}, {});
    bench.cloud.script('remove', failing, failing);
    await bench.remove('Service', 'shop/web');
    await bench.clock.advance(14_999);
    expect(finalizersOf(bench.service())).toEqual([FINALIZER_LOAD_BALANCER]);
    expect(bench.cloud.callsOf('remove')).toHaveLength(2);
    await bench.clock.advance(1);
    expect(bench.service()).toBeUndefined();
    expect(bench.reasons().slice(2)).toEqual([
      'DeletingLoadBalancer',
      'SyncLoadBalancerFailed',
      'SyncLoadBalancerFailed',
      'DeletedLoadBalancer',
    ]);
  });

  test('row S6 (I19) removal is asked for also when there seems to be nothing', async () => {
    const bench = await started({}, {});
    bench.cloud.balancers.clear();
    await bench.remove('Service', 'shop/web');
    expect(bench.cloud.callsOf('remove')).toHaveLength(1);
    expect(bench.service()).toBeUndefined();
    expect(bench.reasons().at(-1)).toBe('DeletedLoadBalancer');
  });

  test('row S7 another type: balancer, finalizer and status go, the Service stays', async () => {
    const bench = await started({}, {});
    await bench.edit('shop/web', typed('ClusterIP'));
    expect(bench.cloud.balancers.size).toBe(0);
    expect(finalizersOf(bench.service())).toEqual([]);
    expect(bench.service()?.status?.loadBalancer?.ingress).toBeUndefined();
    await bench.edit('shop/web', typed('LoadBalancer'));
    expect(bench.service()?.status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.2', ipMode: 'VIP' }]);
    expect(bench.reasons().slice(2)).toEqual([
      'DeletingLoadBalancer',
      'DeletedLoadBalancer',
      'EnsuringLoadBalancer',
      'EnsuredLoadBalancer',
    ]);
  });

  test('rows S8 and S9 what left while nobody looked is cleaned up at the start', async () => {
    const bench = await started({}, {}, { name: 'other' });
    await bench.stop();
    await bench.edit('shop/web', typed('NodePort'));
    await bench.remove('Service', 'shop/other');
    await bench.restart();
    expect(bench.cloud.balancers.size).toBe(0);
    expect(finalizersOf(bench.service())).toEqual([]);
    expect(bench.service('shop/other')).toBeUndefined();
  });

  test('row S19 a Service that is gone when its finalizer is taken off is as good', async () => {
    const bench = await started({ cloud: { latencyMs: 1_000 } }, {});
    await bench.clock.advance(1_000);
    await bench.remove('Service', 'shop/web');
    await bench.edit('shop/web', (service) => ({ ...service, metadata: { ...service.metadata, finalizers: [] } }));
    await bench.clock.advance(60_000);
    expect(bench.service()).toBeUndefined();
    expect(bench.cloud.balancers.size).toBe(0);
    expect(bench.events.filter(({ type }) => type === 'Warning')).toEqual([]);
  });

  test('row S20 foreign finalizers stay', async () => {
    const bench = await started({}, { otherFinalizers: ['example.com/keep'] });
    await bench.remove('Service', 'shop/web');
    expect(bench.service()?.metadata).toMatchObject({ finalizers: ['example.com/keep'] });
    expect(bench.cloud.balancers.size).toBe(0);
    await bench.clock.advance(3_600_000);
    expect(bench.cloud.callsOf('remove')).toHaveLength(1);
  });

  test('row S21 replaced under its name: the old balancer goes, the new one comes', async () => {
    const bench = await started({ cloud: { latencyMs: 500 } }, {});
    await bench.clock.advance(500);
    const oldUid = uidOf(bench.service());
    bench.forgetCalls();
    // All at once, so that the controller sees another Service under the name.
    const present = bench.service() ?? aService();
    bench.client.put(services, { ...present, metadata: { ...present.metadata, finalizers: [] } });
    bench.client.delete(services, { namespace: 'shop', name: 'web' });
    bench.client.put(services, aService());
    await bench.clock.advance(10_000);
    const newUid = uidOf(bench.service());
    expect(newUid).not.toBe(oldUid);
    expect(bench.cloud.calls.map(({ call, uid }) => [call, uid]).filter(([call]) => call === 'remove')).toEqual([
      ['remove', oldUid],
    ]);
    expect([...bench.cloud.balancers.keys()]).toEqual([newUid]);
    expect(bench.service()?.status?.loadBalancer?.ingress).toHaveLength(1);
  });

  test('row S21 the address of a balancer never lands on a Service that took the name meanwhile', async () => {
    const bench = await started({ cloud: { latencyMs: 2_000 } }, {});
    const present = bench.service() ?? aService();
    bench.client.put(services, { ...present, metadata: { ...present.metadata, finalizers: [] } });
    bench.client.delete(services, { namespace: 'shop', name: 'web' });
    bench.client.put(services, aService({ type: 'ClusterIP' }));
    await bench.clock.advance(60_000);
    expect(bench.service()?.status?.loadBalancer?.ingress).toBeUndefined();
    expect(finalizersOf(bench.service())).toEqual([]);
    expect(bench.cloud.balancers.size).toBe(0);
  });

  test('I18 a removal that takes time is waited for and told once', async () => {
    const bench = await started({}, {});
    const wait = { kind: 'wait', checkAgainMs: 2_000, waitingFor: 'the addresses are being released' } as const;
    bench.cloud.script('remove', wait, wait, wait);
    await bench.remove('Service', 'shop/web');
    await bench.clock.advance(5_999);
    expect(bench.service()).toBeDefined();
    await bench.clock.advance(1);
    expect(bench.service()).toBeUndefined();
    expect(bench.reasons().slice(2)).toEqual(['DeletingLoadBalancer', 'LoadBalancerPending', 'DeletedLoadBalancer']);
  });
});

describe('a Service changes', () => {
  test('row S14 one ensure for a relevant change', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    await bench.edit('shop/web', annotated({ 'example.com/size': '2' }));
    await bench.clock.advance(60_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'EnsuredLoadBalancer']);
  });

  test('row S15 none for labels and selector', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    await bench.edit('shop/web', (service) => ({
      ...service,
      metadata: { ...service.metadata, labels: { a: 'b' } },
      spec: { ...service.spec, selector: { app: 'x' } },
    }));
    await bench.clock.advance(60_000);
    expect(bench.cloud.calls).toEqual([]);
    expect(bench.events).toEqual([]);
  });

  test('row S16 (I17) a status edited by hand is put right', async () => {
    const bench = await started({}, {});
    const edited = { loadBalancer: { ingress: [{ ip: '198.51.100.66' }] } };
    await bench.edit('shop/web', (service) => ({ ...service, status: edited }));
    await bench.clock.advance(1_000);
    expect(bench.service()?.status?.loadBalancer?.ingress).toEqual([{ ip: '192.0.2.1', ipMode: 'VIP' }]);
  });

  test('I17 two that write against each other slow down', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    for (let round = 0; round < 300; round += 1) {
      const edited = { loadBalancer: { ingress: [{ ip: `198.51.100.${round % 250}` }] } };
      await bench.edit('shop/web', (service) => ({ ...service, status: edited }));
      await bench.clock.advance(1_000);
    }
    expect(bench.cloud.callsOf('ensure').length).toBeLessThan(12);
  });

  test('row S17 ip without a mode is stored as VIP, and the next sync writes nothing', async () => {
    const bench = await started({ controller: { syncPeriodMs: 60_000 } }, {});
    bench.forgetCalls();
    await bench.clock.advance(61_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
    expect(bench.writes()).toBe(0);
    expect(bench.events).toEqual([]);
  });

  test('row S18 Proxy and host names are stored as given', async () => {
    const bench = await started();
    const ingress = [{ ip: '192.0.2.9', ipMode: 'Proxy' as const }, { hostname: 'lb.example' }];
    bench.cloud.script('ensure', { kind: 'status', status: { ingress } });
    await bench.put(aService());
    expect(bench.service()?.status?.loadBalancer?.ingress).toEqual(ingress);
  });

  test('a restart with nothing to do writes nothing and says nothing', async () => {
    const bench = await started({}, {}, { name: 'other' });
    await bench.restart();
    await bench.clock.advance(60_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(2);
    expect(bench.writes()).toBe(0);
    expect(bench.events).toEqual([]);
  });

  test('what was changed in the cloud by other hands is repaired by the sweep, with an event', async () => {
    const bench = await started({ controller: { syncPeriodMs: 600_000 } }, {});
    bench.forgetCalls();
    bench.cloud.balancers.clear();
    await bench.clock.advance(600_000);
    expect(bench.cloud.balancers.size).toBe(1);
    expect(bench.events.map(({ message }) => message)).toEqual(['Ensured load balancer: create']);
  });
});

describe('Nodes change', () => {
  const node2 = anInitializedNode({ name: 'node-2' });

  test('row B1 one update per balancer with the new set', async () => {
    const bench = await started({}, {}, { name: 'other' });
    bench.forgetCalls();
    await bench.put(node2);
    await bench.clock.advance(10_000);
    expect(bench.cloud.callsOf('ensure').map(({ service, nodes }) => [service, nodes])).toEqual([
      ['shop/other', ['node-1', 'node-2']],
      ['shop/web', ['node-1', 'node-2']],
    ]);
    expect(bench.reasons()).toEqual(['UpdatedLoadBalancer']);
    expect(bench.metrics.value('service_controller_loadbalancer_sync_total')).toBe(2);
    expect(bench.metrics.observations('service_controller_nodesync_latency_seconds')).toHaveLength(1);
  });

  test('I14 a hundred Nodes that come together are one update per balancer', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    for (let index = 0; index < 100; index += 1) {
      await bench.put(anInitializedNode({ name: `new-${index}` }));
      await bench.clock.advance(5);
    }
    await bench.clock.advance(10_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
    expect(bench.cloud.callsOf('ensure')[0]?.nodes).toHaveLength(101);
  });

  test('I14 Nodes that trickle in are told every five seconds', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    for (let index = 0; index < 20; index += 1) {
      await bench.put(anInitializedNode({ name: `new-${index}` }));
      await bench.clock.advance(500);
    }
    await bench.clock.advance(10_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(2);
  });

  test('rows B2 and B8 readiness and labels cause no call', async () => {
    const bench = await started({}, { spec: { externalTrafficPolicy: 'Local' } });
    bench.forgetCalls();
    await bench.put(anInitializedNode({ ready: 'False', labels: { a: 'b' } }));
    await bench.clock.advance(10_000);
    expect(bench.cloud.calls).toEqual([]);
  });

  test('row B3 the exclusion label takes a Node out', async () => {
    const bench = await started({}, {});
    await bench.put(node2);
    await bench.clock.advance(1_000);
    bench.forgetCalls();
    await bench.put(
      anInitializedNode({
        name: 'node-2',
        labels: { 'node.kubernetes.io/exclude-from-external-load-balancers': 'abc' },
      }),
    );
    await bench.clock.advance(1_000);
    expect(bench.cloud.callsOf('ensure')).toMatchObject([{ nodes: ['node-1'] }]);
  });

  const doomed = anInitializedNode({
    name: 'node-2',
    taints: [{ key: TAINT_AUTOSCALER_DELETES, effect: 'NoSchedule' }],
  });

  test('row B5 with I27 off the autoscaler taint waits for another reason', async () => {
    const bench = await started({ controller: { removesDoomedAtOnce: false } }, {});
    await bench.put(node2);
    await bench.clock.advance(1_000);
    bench.forgetCalls();
    await bench.put(doomed);
    await bench.clock.advance(60_000);
    expect(bench.cloud.calls).toEqual([]);
    await bench.edit('shop/web', annotated({ a: 'b' }));
    expect(bench.cloud.callsOf('ensure')).toMatchObject([{ nodes: ['node-1'] }]);
  });

  test('I27 the autoscaler taint takes a Node out at once', async () => {
    const bench = await started({}, {});
    await bench.put(node2);
    await bench.clock.advance(1_000);
    bench.forgetCalls();
    await bench.put(doomed);
    await bench.clock.advance(1_000);
    expect(bench.cloud.callsOf('ensure')).toMatchObject([{ nodes: ['node-1'] }]);
  });

  test('row B7 a provider ID that comes later is told', async () => {
    const bench = await started({}, {});
    await bench.put(anInitializedNode({ name: 'node-2', providerId: '' }));
    await bench.clock.advance(1_000);
    bench.forgetCalls();
    await bench.put(node2);
    await bench.clock.advance(1_000);
    expect(bench.cloud.callsOf('ensure')).toHaveLength(1);
    expect(bench.reasons()).toEqual(['UpdatedLoadBalancer']);
  });

  test('row B9 a failed update is told, then a full ensure follows', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    bench.cloud.script('ensure', failing);
    await bench.put(node2);
    await bench.clock.advance(1_000);
    expect(bench.reasons()).toEqual(['UpdateLoadBalancerFailed']);
    await bench.clock.advance(5_000);
    expect(bench.reasons()).toEqual(['UpdateLoadBalancerFailed', 'UpdatedLoadBalancer']);
    expect([...bench.cloud.balancers.values()]).toMatchObject([{ nodes: ['node-1', 'node-2'] }]);
    expect(bench.metrics.value('service_controller_nodesync_error_total')).toBe(1);
  });

  test('row B10 (I15) an update that finds no balancer makes one: there is only one way to bring it into line', async () => {
    const bench = await started({}, {});
    bench.cloud.balancers.clear();
    await bench.put(node2);
    await bench.clock.advance(1_000);
    expect([...bench.cloud.balancers.values()]).toMatchObject([{ nodes: ['node-1', 'node-2'] }]);
  });

  test('row B11 the last Node goes: an empty list and a warning', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    await bench.remove('Node', 'node-1');
    await bench.clock.advance(1_000);
    expect(bench.cloud.callsOf('ensure')).toMatchObject([{ nodes: [] }]);
    expect(bench.events).toMatchObject([{ type: 'Warning', reason: 'UnAvailableLoadBalancer' }]);
  });

  test('row B12 a set that is the same again causes no call', async () => {
    const bench = await started({}, {});
    bench.forgetCalls();
    await bench.put(node2);
    await bench.remove('Node', 'node-2');
    await bench.clock.advance(10_000);
    expect(bench.cloud.calls).toEqual([]);
  });

  test('row B13 (I15) changes of Service and Nodes at once never overlap', async () => {
    const bench = await started({ cloud: { latencyMs: 3_000 } }, {});
    for (let round = 0; round < 20; round += 1) {
      await bench.put(anInitializedNode({ name: `new-${round}` }));
      await bench.edit('shop/web', annotated({ round: String(round) }));
      await bench.clock.advance(700);
    }
    await bench.clock.advance(20_000);
    expect(bench.cloud.overlapping).toEqual([]);
    expect([...bench.cloud.balancers.values()][0]?.nodes).toHaveLength(21);
  });
});

describe('what is reported', () => {
  test('row S25 forty failures within five minutes are at most 26 writes of Warning events', async () => {
    const bench = new ServiceBench();
    benches.push(bench);
    const { client, clock, log } = bench;
    const recorder = createEventRecorder({ client, component: 'service-controller', clock, log });
    await bench.put(anInitializedNode());
    await bench.start({ events: recorder });
    const stop = new AbortController();
    const writing = recorder.run(stop.signal);
    bench.cloud.script('ensure', ...Array.from({ length: 200 }, () => failing));
    await bench.put(aService());
    for (let poll = 1; poll < 40; poll += 1) {
      await bench.edit('shop/web', annotated({ poll: String(poll) }));
      await bench.clock.advance(7_500);
    }
    stop.abort();
    await writing;
    expect(bench.cloud.callsOf('ensure').length).toBeGreaterThanOrEqual(40);
    const warnings = client.objects(events).filter(({ type }) => type === 'Warning');
    expect(warnings).toHaveLength(1);
    const writes = client.callsOf('create', 'patch').filter(({ resource, key, body }) => {
      return (
        resource === 'events' && (key === keyOf(warnings[0] ?? {}) || (body as { type?: string }).type === 'Warning')
      );
    });
    expect(writes.length).toBeGreaterThan(10);
    expect(writes.length).toBeLessThanOrEqual(26);
  });

  test('I19 balancers that belong to no Service are counted, logged and told once', async () => {
    const bench = new ServiceBench({ controller: { syncPeriodMs: 60_000 } });
    benches.push(bench);
    bench.cloud.balancers.set('old', {
      uid: 'old',
      service: 'shop/old',
      status: { ingress: [] },
      nodes: [],
      ports: [],
    });
    bench.cloud.balancers.set('late', {
      uid: 'late',
      service: 'shop/late',
      status: { ingress: [] },
      nodes: [],
      ports: [],
    });
    await bench.start();
    // A balancer that is merely being removed is gone at the second look.
    await bench.clock.advance(10_000);
    bench.cloud.balancers.delete('late');
    await bench.clock.advance(200_000);
    expect(bench.metrics.value('service_controller_orphaned_loadbalancers')).toBe(1);
    expect(bench.events.map(({ about, reason }) => [about, reason])).toEqual([['kube-system', 'OrphanedLoadBalancer']]);
    expect(bench.log.lines.filter(({ message }) => message === 'load balancer belongs to no service')).toHaveLength(1);
    bench.cloud.balancers.clear();
    await bench.clock.advance(60_000);
    expect(bench.metrics.value('service_controller_orphaned_loadbalancers')).toBe(0);
  });

  test('I25 Services are counted by how far they are', async () => {
    const bench = await started({}, {});
    bench.cloud.script('ensure', failing, { kind: 'wait', checkAgainMs: 60_000 });
    await bench.put(aService({ name: 'broken' }));
    await bench.put(aService({ name: 'slow' }));
    const states = ['ready', 'failed', 'pending'].map((state) =>
      bench.metrics.value('service_controller_services', { state }),
    );
    expect(states).toEqual([1, 1, 1]);
  });

  test('a call that hangs is given up after five minutes and tried again', async () => {
    const bench = await started({ cloud: { latencyMs: 3_600_000 } }, {});
    await bench.clock.advance(304_999);
    expect(bench.reasons()).toEqual(['EnsuringLoadBalancer', 'SyncLoadBalancerFailed']);
    expect(bench.events.at(-1)?.message).toMatch(/the call for the load balancer of shop\/web took longer than 300 s/);
    expect(bench.cloud.mostInFlight).toBe(1);
  });

  test('I23 a reconcile that hangs shows in the health check', async () => {
    const bench = new ServiceBench();
    bench.cloud.ensure = () => new Promise(() => {});
    await bench.put(aService());
    await bench.start();
    expect(bench.controller?.check().isHealthy).toBe(true);
    await bench.clock.advance(601_000);
    expect(bench.controller?.check()).toMatchObject({ isHealthy: false, message: 'oldest Service waits for 601 s' });
  });
});
