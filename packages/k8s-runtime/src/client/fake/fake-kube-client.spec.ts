// What is special to the fake: faults, records, watches on demand. That it answers like a real API server: fake-kube-client.int.spec.ts.
import { beforeEach, describe, expect, test } from '@jest/globals';
import type { KubeObject } from '../resource-type.ts';
import { configMaps, nodes } from '../resource-type.ts';
import { FakeKubeClient } from './fake-kube-client.ts';
import { isSelected } from './selector.ts';

let api: FakeKubeClient;

beforeEach(() => {
  api = new FakeKubeClient({ now: () => 0 });
});

describe('faults', () => {
  test('fail the calls that match, as often as wanted', async () => {
    api.put(nodes, { metadata: { name: 'a' } });
    api.fail({ verb: 'get', key: 'a', times: 2 });
    await expect(api.get(nodes, { name: 'a' })).rejects.toMatchObject({ code: 'KUBE_API_UNREACHABLE' });
    expect(await api.get(nodes, { name: 'b' })).toBeUndefined();
    await expect(api.get(nodes, { name: 'a' })).rejects.toMatchObject({ code: 'KUBE_API_UNREACHABLE' });
    expect(await api.get(nodes, { name: 'a' })).toBeDefined();
  });

  test('can lose the answer of work that was done', async () => {
    api.fail({ verb: 'create', isDone: true });
    await expect(api.create(nodes, { metadata: { name: 'a' } })).rejects.toThrow('connection');
    expect(api.object(nodes, 'a')).toBeDefined();
  });
});

test('calls are recorded with what they carried', async () => {
  await api.patch(nodes, { name: 'a' }, { kind: 'merge', body: { x: 1 } }, { subresource: 'status' });
  await api.remove(configMaps, { namespace: 'x', name: 'y' }, { preconditions: { uid: 'u' } });
  await api.list(nodes, { labelSelector: 'a=b' });
  expect(api.callsOf()).toEqual([
    { verb: 'patch', resource: 'nodes', key: 'a', subresource: 'status', body: { x: 1 } },
    { verb: 'remove', resource: 'configmaps', key: 'x/y', body: { preconditions: { uid: 'u' } } },
  ]);
  expect(api.callsOf('list')).toEqual([{ verb: 'list', resource: 'nodes', options: { labelSelector: 'a=b' } }]);
});

test('a write that changes nothing has no new version and no event', async () => {
  const before = api.put(nodes, { metadata: { name: 'a', labels: { x: '1' } } });
  expect(api.put(nodes, { metadata: { name: 'a', labels: { x: '1' } } })).toEqual(before);
  const patched = await api.patch(nodes, { name: 'a' }, { kind: 'merge', body: { metadata: { labels: { x: '1' } } } });
  expect(patched?.metadata?.resourceVersion).toBe(before.metadata?.resourceVersion);
});

describe('watches', () => {
  test('see objects come into and leave their selection', async () => {
    const stop = new AbortController();
    const events = await api.watch(nodes, { labelSelector: 'x=1', resourceVersion: '1000', signal: stop.signal });
    api.put(nodes, { metadata: { name: 'a' } });
    api.put(nodes, { metadata: { name: 'a', labels: { x: '1' } } });
    api.put(nodes, { metadata: { name: 'a', labels: { x: '2' } } });
    api.endWatches('end');
    const seen: string[] = [];
    for await (const { type } of events) seen.push(type);
    expect(seen).toEqual(['ADDED', 'DELETED']);
    expect(api.openWatches).toBe(0);
  });

  test('replay what happened since their version, unless it was compacted', async () => {
    const { metadata } = api.put(nodes, { metadata: { name: 'a' } });
    api.delete(nodes, { name: 'a' });
    const resourceVersion = metadata?.resourceVersion ?? '';
    const events = await api.watch(nodes, { resourceVersion });
    api.endWatches('break');
    const read = async (): Promise<void> => {
      for await (const { type } of events) expect(type).toBe('DELETED');
    };
    await expect(read()).rejects.toMatchObject({ code: 'KUBE_API_UNREACHABLE' });
    api.compact();
    await expect(api.watch(nodes, { resourceVersion })).rejects.toMatchObject({ status: 410, reason: 'Expired' });
  });
});

describe('selectors', () => {
  const object: KubeObject = {
    metadata: { name: 'n', namespace: 'x', labels: { a: '1', b: '2' } } as KubeObject['metadata'] & object,
  };
  test.each([
    ['a=1', true],
    ['a==1,b!=3', true],
    ['a!=1', false],
    ['c!=1', true],
    ['a', true],
    ['!c', true],
    ['!a', false],
    ['a in (1, 2),b', true],
    ['a notin (1,2)', false],
    ['c notin (1)', true],
    ['c in (1)', false],
    ['', true],
  ])('labels %s: %s', (labelSelector, is) => {
    expect(isSelected(object, { labelSelector })).toBe(is);
  });

  test.each([
    ['metadata.name=n', true],
    ['metadata.name=m', false],
    ['metadata.name!=m,metadata.namespace=x', true],
    ['spec.nodeName=', true],
  ])('fields %s: %s', (fieldSelector, is) => {
    expect(isSelected(object, { fieldSelector })).toBe(is);
  });
});
