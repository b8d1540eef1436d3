// The recorder over an API server in memory: what is stored, how fast, and what happens when it cannot be.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Cancel } from '@longshore/reconciler-core';
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import { FakeKubeClient } from '../client/fake/fake-kube-client.ts';
import { KubeApiError } from '../client/kube-api-error.ts';
import { events } from '../client/resource-type.ts';
import type { KubeEvent } from '../client/resource-type.ts';
import { createEventRecorder } from './queued-event-recorder.ts';
import type { EventRecorderOptions, RunnableEventRecorder } from './queued-event-recorder.ts';

const service = { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace: 'shop', uid: 'u1' } };
const node = (at: number) => ({ apiVersion: 'v1', kind: 'Node', metadata: { name: `node-${at}`, uid: `u-${at}` } });
const stops: AbortController[] = [];
afterEach(() => stops.splice(0).forEach((stop) => stop.abort()));

/** Time passes with every look, and timers come a little early, as those of Node do. */
class CreepingClock extends FakeClock {
  #creptMs = 0;

  override monotonicMs(): number {
    this.#creptMs += 0.4;
    return super.monotonicMs() + this.#creptMs;
  }

  override after(delayMs: number, callback: () => void): Cancel {
    return super.after(delayMs - 0.6, callback);
  }
}

function setUp(options: Partial<EventRecorderOptions> = {}) {
  const clock = new FakeClock();
  const client = new FakeKubeClient({ now: () => clock.nowMs() });
  const metrics = fakeMetrics();
  const recorder = createEventRecorder({
    client,
    clock,
    metrics,
    component: 'service-controller',
    log: recordingLogger(),
    random: () => 0.5,
    ...options,
  });
  const stored = (): readonly KubeEvent[] => client.objects(events);
  return { clock, client, metrics, recorder, stored };
}

function start(recorder: RunnableEventRecorder): { readonly stop: () => void; readonly ended: Promise<void> } {
  const stop = new AbortController();
  stops.push(stop);
  return { stop: () => stop.abort(), ended: recorder.run(stop.signal) };
}

describe('createEventRecorder', () => {
  test('an event is stored with its component, and counted when it happens again', async () => {
    const { clock, recorder, stored } = setUp();
    start(recorder);
    recorder.warning(service, 'SyncLoadBalancerFailed', 'no');
    await clock.advance(1_000);
    recorder.warning(service, 'SyncLoadBalancerFailed', 'no');
    await clock.advance(1_000);
    expect(stored()).toHaveLength(1);
    expect(stored()[0]).toMatchObject({
      count: 2,
      type: 'Warning',
      reason: 'SyncLoadBalancerFailed',
      message: 'no',
      source: { component: 'service-controller' },
      firstTimestamp: '2026-01-01T00:00:00Z',
      lastTimestamp: '2026-01-01T00:00:01Z',
    });
  });

  test('occurrences that wait together are one write with the whole count', async () => {
    const { clock, client, recorder, stored } = setUp();
    for (let at = 0; at < 5; at += 1) recorder.normal(service, 'EnsuringLoadBalancer', 'Ensuring load balancer');
    start(recorder);
    await clock.advance(1_000);
    expect(client.callsOf()).toHaveLength(1);
    expect(stored()[0]?.count).toBe(5);
  });

  test('of 40 failing polls within 5 minutes not more than 26 are written', async () => {
    const { clock, client, recorder, stored } = setUp();
    start(recorder);
    for (let at = 0; at < 40; at += 1) {
      recorder.warning(service, 'SyncLoadBalancerFailed', 'not ready');
      await clock.advance(7_500);
    }
    expect(client.callsOf().length).toBeLessThanOrEqual(26);
    expect(stored()).toHaveLength(1);
  });

  test('1,000 nodes that start together are all told of within 60 s, at a pace of 25 a second', async () => {
    const { clock, client, recorder, stored } = setUp();
    start(recorder);
    for (let at = 0; at < 1_000; at += 1) {
      recorder.normal(node(at), 'Synced', 'Node synced successfully');
    }
    await clock.advance(1_000);
    expect(client.callsOf().length).toBeLessThanOrEqual(51);
    await clock.advance(59_000);
    expect(stored()).toHaveLength(1_000);
    expect(new Set(stored().map(({ metadata }) => metadata?.name)).size).toBe(1_000);
  });

  test('while 100 nodes a second become ready nothing is written of them, but a warning is', async () => {
    const { clock, recorder, stored } = setUp();
    start(recorder);
    for (let second = 0; second < 10; second += 1) {
      for (let at = 0; at < 100; at += 1) recorder.normal(node(second * 100 + at), 'Synced', 'ok');
      if (second === 5) recorder.warning(service, 'SyncLoadBalancerFailed', 'no');
      await clock.advance(1_000);
    }
    expect(stored().filter(({ type }) => type === 'Warning')).toHaveLength(1);
    expect(stored().filter(({ type }) => type === 'Normal').length).toBeLessThanOrEqual(25);
    await clock.advance(45_000);
    expect(stored()).toHaveLength(1_001);
  });

  test('a flood that ends between two looks at the clock has ended', async () => {
    const clock = new CreepingClock();
    const { recorder, stored } = setUp({ clock });
    start(recorder);
    for (let at = 0; at < 100; at += 1) recorder.normal(node(at), 'Synced', 'ok');
    for (let second = 0; second < 10; second += 1) await clock.advance(1_000);
    expect(stored()).toHaveLength(100);
  });

  test('a flood that does not end is held back for 20 s', async () => {
    const { clock, recorder, stored } = setUp();
    start(recorder);
    for (let tick = 0; tick < 250; tick += 1) {
      for (let at = 0; at < 10; at += 1) recorder.normal(node(tick * 10 + at), 'Synced', 'ok');
      await clock.advance(100);
    }
    expect(stored().length).toBeGreaterThan(100);
  });

  test('events beyond the queue are dropped and counted', async () => {
    const { recorder, metrics } = setUp({ queueLimit: 10 });
    for (let at = 0; at < 15; at += 1) {
      recorder.normal({ kind: 'Node', metadata: { name: `node-${at}` } }, 'Synced', 'ok');
    }
    expect(metrics.value('longshore_events_waiting')).toBe(10);
    expect(metrics.value('longshore_events_dropped_total', { reason: 'queue-full' })).toBe(5);
  });

  test('by default 5,000 wait', () => {
    const { recorder, metrics } = setUp();
    for (let at = 0; at < 5_001; at += 1)
      recorder.normal({ kind: 'Node', metadata: { name: `n${at}` } }, 'Synced', 'ok');
    expect(metrics.value('longshore_events_waiting')).toBe(5_000);
  });

  test('an API server that is away gets the event later', async () => {
    const { clock, client, recorder, stored } = setUp();
    client.fail({ verb: 'create', times: 3 });
    start(recorder);
    recorder.normal(service, 'EnsuredLoadBalancer', 'done');
    await clock.advance(24_000);
    expect(stored()).toHaveLength(0);
    await clock.advance(2_000);
    expect(stored()).toHaveLength(1);
  });

  test('what the API server refuses is dropped at once and does not hold up the next', async () => {
    const { clock, client, recorder, metrics, stored } = setUp();
    const refusal = new KubeApiError(
      { status: 403, reason: 'Forbidden', message: 'terminating' },
      { retry: 'backoff' },
    );
    client.fail({ verb: 'create', error: refusal });
    start(recorder);
    recorder.normal(service, 'First', 'x');
    recorder.normal(service, 'Second', 'x');
    await clock.advance(1_000);
    expect(stored().map(({ reason }) => reason)).toEqual(['Second']);
    expect(metrics.value('longshore_events_dropped_total', { reason: 'refused' })).toBe(1);
  });

  test('an Event that expired on the server is made anew with the whole count', async () => {
    const { clock, client, recorder, stored } = setUp();
    start(recorder);
    recorder.normal(service, 'Again', 'x');
    await clock.advance(1_000);
    const { name = '', namespace = '' } = stored()[0]?.metadata ?? {};
    client.delete(events, { name, namespace });
    recorder.normal(service, 'Again', 'x');
    await clock.advance(1_000);
    expect(stored()).toMatchObject([{ count: 2, reason: 'Again' }]);
  });

  test('what waits at the stop is written at once, without the pace', async () => {
    const { clock, recorder, stored } = setUp();
    const life = start(recorder);
    for (let at = 0; at < 200; at += 1) recorder.normal({ kind: 'Node', metadata: { name: `n${at}` } }, 'Synced', 'ok');
    life.stop();
    await clock.settle();
    await life.ended;
    expect(stored()).toHaveLength(200);
  });

  test('the stop waits at most 2 s for an API server that is away', async () => {
    const { clock, client, recorder, metrics } = setUp();
    client.fail({ verb: 'create', times: Infinity });
    const life = start(recorder);
    recorder.normal(service, 'Lost', 'x');
    await clock.advance(100);
    life.stop();
    await clock.advance(2_000);
    await life.ended;
    expect(metrics.value('longshore_events_dropped_total', { reason: 'stopped' })).toBe(1);
  });

  test('events of other components share queue and pace, but not the name', async () => {
    const { clock, recorder, stored } = setUp();
    start(recorder);
    recorder.named('cloud-node-controller').normal(service, 'Synced', 'x');
    await clock.advance(100);
    expect(stored()[0]).toMatchObject({
      source: { component: 'cloud-node-controller' },
      reportingComponent: 'cloud-node-controller',
    });
  });

  test('secrets do not get into events', async () => {
    const { clock, recorder, stored } = setUp({ redact: (text) => text.replaceAll('s3cr3t', '<redacted>') });
    start(recorder);
    recorder.warning(service, 'Failed', 'token s3cr3t refused');
    await clock.advance(100);
    expect(stored()[0]?.message).toBe('token <redacted> refused');
  });
});
