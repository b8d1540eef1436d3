import { FakeClock } from '@longshore/reconciler-core/testing';
import { silentLogger } from '@longshore/reconciler-core';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { FakeKubeClient } from '../client/fake/fake-kube-client.ts';
import { keyOf, nodes, services } from '../client/resource-type.ts';
import type { KubeNode } from '../client/resource-type.ts';
import { InformerSet } from './informer-set.ts';

let api: FakeKubeClient;
let clock: FakeClock;
let set: InformerSet;

beforeEach(() => {
  api = new FakeKubeClient();
  clock = new FakeClock();
  set = new InformerSet({ client: api, clock, log: silentLogger });
});

describe('InformerSet', () => {
  test('one informer per kind and selection, one watch for all its users', async () => {
    const stop = new AbortController();
    expect(set.for(nodes)).toBe(set.for(nodes));
    expect(set.for(nodes, { selection: { labelSelector: 'a=b' } })).not.toBe(set.for(nodes));
    const run = set.run(stop.signal);
    await set.synced(stop.signal);
    expect(api.openWatches).toBe(2);
    expect([...set.health().keys()]).toEqual(['informer nodes', 'informer nodes a=b']);
    stop.abort(new Error('enough'));
    await run;
    expect(api.openWatches).toBe(0);
  });

  test('an informer that is asked for later runs as well', async () => {
    const stop = new AbortController();
    const run = set.run(stop.signal);
    api.put(services, { metadata: { namespace: 'shop', name: 'web' } });
    const late = set.for(services);
    await late.synced(stop.signal);
    expect(late.list().map(keyOf)).toEqual(['shop/web']);
    stop.abort(new Error('enough'));
    await run;
    expect(api.openWatches).toBe(0);
  });

  test('users add their own indexes', () => {
    set.for(nodes, { indexes: { name: (node) => [node.metadata?.name ?? ''] } });
    const second = set.for(nodes, { indexes: { zone: () => ['z'] } });
    expect(second.byIndex('name', 'a')).toEqual([]);
    expect(second.byIndex('zone', 'z')).toEqual([]);
  });

  test('two ideas of what to keep are a mistake', () => {
    const select = (node: KubeNode): KubeNode => node;
    set.for(nodes, { select });
    expect(set.for(nodes, { select })).toBe(set.for(nodes));
    expect(() => set.for(nodes, { select: (node) => ({ ...node }) })).toThrow(
      'informer nodes is shared and keeps other parts',
    );
  });
});
