// One informer with a scripted API server in memory and a clock that tests move.
import { FakeClock, fakeMetrics, recordingLogger } from '@longshore/reconciler-core/testing';
import { silentLogger } from '@longshore/reconciler-core';
import type { Change } from '@longshore/reconciler-core';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { FakeKubeClient } from '../client/fake/fake-kube-client.ts';
import { refuse } from '../client/fake/fake-store.ts';
import { configMaps, keyOf, nodes } from '../client/resource-type.ts';
import type { KubeNode } from '../client/resource-type.ts';
import { Informer } from './informer.ts';
import type { InformerOptions } from './informer.ts';

let api: FakeKubeClient;
let clock: FakeClock;
let stop: AbortController;
let runs: Promise<void>[];

beforeEach(() => {
  api = new FakeKubeClient();
  clock = new FakeClock();
  stop = new AbortController();
  runs = [];
});

afterEach(async () => {
  stop.abort(new Error('the test is over'));
  await Promise.all(runs);
});

const aNode = (name: string, labels: Readonly<Record<string, string>> = {}): KubeNode => ({
  metadata: { name, labels },
});

function anInformer(options: Partial<InformerOptions<KubeNode>> = {}): Informer<KubeNode> {
  return new Informer({ client: api, type: nodes, clock, log: silentLogger, random: () => 0, ...options });
}

async function start(informer: Informer<KubeNode>): Promise<string[]> {
  const told: string[] = [];
  informer.subscribe((change: Change<KubeNode>) => told.push(`${change.kind} ${keyOf(change.object)}`));
  runs.push(informer.run(stop.signal));
  await clock.settle();
  return told;
}

const steps = (): readonly string[] =>
  api
    .callsOf('list', 'watch')
    .map(({ verb, options }) =>
      options?.sendInitialEvents ? 'stream' : `${verb}@${options?.resourceVersion ?? 'newest'}`,
    );

describe('first read', () => {
  test('tells everything that is there, then is synced, then follows', async () => {
    api.put(nodes, aNode('a'));
    api.put(nodes, aNode('b'));
    const informer = anInformer();
    const told = await start(informer);
    await informer.synced(stop.signal);
    expect(told).toEqual(['added a', 'added b']);
    api.put(nodes, aNode('a', { x: '1' }));
    api.delete(nodes, { name: 'b' });
    await clock.settle();
    expect(told.slice(2)).toEqual(['updated a', 'deleted b']);
    expect(informer.list().map(keyOf)).toEqual(['a']);
    expect(steps()).toEqual(['stream']);
  });

  test('is not synced before the list is complete, and says so', async () => {
    api.fail({ verb: 'watch', times: 2 });
    const informer = anInformer();
    await start(informer);
    expect(informer.health()).toMatchObject({ isSynced: false, isConnected: false, failures: 1 });
    await clock.advance(800 + 1600);
    expect(informer.health()).toMatchObject({ isSynced: true, isConnected: true, failures: 2 });
  });

  test('a wait for synced ends with its signal', async () => {
    const impatient = new AbortController();
    const waiting = anInformer().synced(impatient.signal);
    impatient.abort(new Error('no longer interested'));
    await expect(waiting).rejects.toThrow('no longer interested');
  });

  test('lists where streaming is refused, in pages, and watches from the version of the list', async () => {
    api.isStreamRefused = true;
    for (let index = 0; index < 600; index += 1) api.put(nodes, aNode(`n${index}`));
    const informer = anInformer();
    const told = await start(informer);
    await informer.synced(stop.signal);
    await clock.settle();
    expect(told).toHaveLength(600);
    expect(steps()).toEqual(['stream', 'list@newest', 'list@newest', 'list@newest', 'watch@1600']);
  });
});

describe('interruptions', () => {
  test('a regular end goes on at the last version, moved by bookmarks, without a pause', async () => {
    api.put(nodes, aNode('a'));
    const informer = anInformer();
    await start(informer);
    api.put(configMaps, { metadata: { namespace: 'x', name: 'y' } });
    api.sendBookmark(nodes);
    await clock.settle();
    await clock.advance(60_000);
    api.endWatches('end');
    await clock.settle();
    expect(steps()).toEqual(['stream', 'watch@1002']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('events move the version as well', async () => {
    const told = await start(anInformer());
    api.put(nodes, aNode('a'));
    api.put(nodes, aNode('a', { x: '1' }));
    await clock.advance(60_000);
    api.endWatches('end');
    await clock.settle();
    expect(steps()).toEqual(['stream', 'watch@1002']);
    expect(told).toEqual(['added a', 'updated a']);
  });

  test('what happened while the connection was broken is told once', async () => {
    for (const name of ['a', 'b', 'c']) api.put(nodes, aNode(name));
    const told = await start(anInformer());
    api.endWatches('break');
    api.put(nodes, aNode('a', { x: '1' }));
    api.put(nodes, aNode('a', { x: '2' }));
    api.delete(nodes, { name: 'b' });
    await clock.advance(800);
    expect(told.slice(3)).toEqual(['updated a', 'updated a', 'deleted b']);
  });

  test('a version that expired is read anew; only differences are told', async () => {
    for (const name of ['same', 'changed', 'gone', 'anew']) api.put(nodes, aNode(name));
    const told = await start(anInformer());
    api.endWatches('break');
    api.put(nodes, aNode('changed', { x: '1' }));
    api.delete(nodes, { name: 'gone' });
    api.delete(nodes, { name: 'anew' });
    api.put(nodes, aNode('anew'));
    api.compact();
    await clock.advance(800 + 1600);
    expect(told.slice(4).sort()).toEqual(['added anew', 'deleted anew', 'deleted gone', 'updated changed']);
    expect(steps()).toEqual(['stream', 'watch@1004', 'stream']);
  });

  test('too many requests: the same watch again after the time that was named', async () => {
    await start(anInformer());
    await clock.advance(60_000);
    api.fail({
      verb: 'watch',
      error: Object.assign(refuse(429, 'TooManyRequests', 'later'), { disposition: { retry: 'after', ms: 5000 } }),
    });
    api.endWatches('end');
    await clock.settle();
    expect(clock.nextTimerInMs).toBe(5000);
    await clock.advance(5000);
    expect(steps()).toEqual(['stream', 'watch@1000', 'watch@1000']);
  });

  test('never gives up, with pauses up to half a minute and more', async () => {
    api.fail({ verb: 'watch', times: 50 });
    const informer = anInformer();
    await start(informer);
    const pauses: (number | undefined)[] = [];
    for (let count = 0; count < 10; count += 1) {
      pauses.push(clock.nextTimerInMs);
      await clock.advance(clock.nextTimerInMs ?? 0);
    }
    expect(pauses).toEqual([800, 1600, 3200, 6400, 12_800, 25_600, 30_000, 30_000, 30_000, 30_000]);
    await clock.advance(40 * 30_000);
    expect(informer.health().isSynced).toBe(true);
  });

  test('stopping during a pause ends at once and leaves no timer', async () => {
    api.fail({ verb: 'watch', times: 50 });
    await start(anInformer());
    stop.abort(new Error('enough'));
    await Promise.all(runs);
    expect(clock.pendingTimers).toBe(0);
    expect(api.openWatches).toBe(0);
  });

  test('stopping an open watch closes it', async () => {
    await start(anInformer());
    expect(api.openWatches).toBe(1);
    stop.abort(new Error('enough'));
    await Promise.all(runs);
    expect(api.openWatches).toBe(0);
  });

  test('cannot run twice at once', async () => {
    const informer = anInformer();
    await start(informer);
    await expect(informer.run(stop.signal)).rejects.toThrow('informer nodes is running already');
  });
});

describe('listeners', () => {
  test('one that throws is logged and counted, the others and the stream go on', async () => {
    const log = recordingLogger();
    const metrics = fakeMetrics();
    const informer = anInformer({ log, metrics });
    informer.subscribe(() => {
      throw new Error('bad listener');
    });
    api.put(nodes, aNode('a'));
    const told = await start(informer);
    api.put(nodes, aNode('b'));
    await clock.settle();
    expect(told).toEqual(['added a', 'added b']);
    expect(
      metrics.value('informer_listener_errors_total', { name: 'nodes', group: '', version: 'v1', resource: 'nodes' }),
    ).toBe(2);
    expect(log.lines.filter(({ level }) => level === 'error').map(({ message }) => message)).toEqual([
      'a listener of an informer failed',
      'a listener of an informer failed',
    ]);
  });

  test('a late one first gets everything that is there', async () => {
    api.put(nodes, aNode('a'));
    const informer = anInformer();
    await start(informer);
    const late: string[] = [];
    const leave = informer.subscribe((change) => late.push(`${change.kind} ${keyOf(change.object)}`));
    api.put(nodes, aNode('b'));
    await clock.settle();
    leave();
    api.put(nodes, aNode('c'));
    await clock.settle();
    expect(late).toEqual(['added a', 'added b']);
  });

  test('an update carries the state before', async () => {
    api.put(nodes, aNode('a'));
    const informer = anInformer();
    await start(informer);
    const before = informer.get('a');
    const changes: Change<KubeNode>[] = [];
    informer.subscribe((change) => changes.push(change));
    api.put(nodes, aNode('a', { x: '1' }));
    await clock.settle();
    expect(changes[1]).toMatchObject({ kind: 'updated', object: { metadata: { labels: { x: '1' } } } });
    expect(changes[1]).toHaveProperty('before', before);
  });
});

describe('what is kept', () => {
  test('objects go through select, indexes see what it kept', async () => {
    const select = ({ metadata }: KubeNode): KubeNode => ({ metadata: { ...metadata, annotations: {} } });
    const byZone = ({ metadata }: KubeNode): readonly string[] => [metadata?.labels?.['zone'] ?? ''];
    const informer = anInformer({ select, indexes: { zone: byZone } });
    api.put(nodes, { metadata: { name: 'a', labels: { zone: 'z1' }, annotations: { big: 'text' } } });
    await start(informer);
    expect(informer.get('a')?.metadata?.annotations).toEqual({});
    expect(informer.byIndex('zone', 'z1').map(keyOf)).toEqual(['a']);
  });

  test('metrics carry version, age and outcomes', async () => {
    const metrics = fakeMetrics();
    const labels = { name: 'nodes', group: '', version: 'v1', resource: 'nodes' };
    api.put(nodes, aNode('a'));
    await start(anInformer({ metrics }));
    api.endWatches('break');
    await clock.settle();
    expect(metrics.value('informer_store_resource_version', labels)).toBe(1001);
    expect(metrics.value('informer_interruptions_total', { ...labels, outcome: 'broken' })).toBe(1);
    await clock.advance(60_800);
    expect(metrics.value('informer_last_sign_age_seconds', labels)).toBeCloseTo(60, 0);
  });
});
