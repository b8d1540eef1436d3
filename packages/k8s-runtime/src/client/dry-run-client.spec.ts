import { recordingLogger } from '@longshore/reconciler-core/testing';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { dryRunClient } from './dry-run-client.ts';
import { FakeKubeClient } from './fake/fake-kube-client.ts';
import type { KubeClient } from './kube-client.ts';
import { configMaps, nodes } from './resource-type.ts';

let api: FakeKubeClient;
let dry: KubeClient;
const log = recordingLogger();

beforeEach(() => {
  api = new FakeKubeClient();
  api.put(nodes, { metadata: { name: 'n1', labels: { a: '1' } } });
  log.lines.length = 0;
  dry = dryRunClient(api, log);
});

const said = (): unknown[] =>
  log.lines.map(({ message, fields }) => `${message} ${String(fields['target'] as string)}`);

describe('dryRunClient', () => {
  test('says what it would write, answers plausibly and sends nothing', async () => {
    const key = { name: 'n1' };
    expect(
      (await dry.patch(nodes, key, { kind: 'merge', body: { metadata: { labels: { b: '2' } } } }))?.metadata?.labels,
    ).toEqual({ a: '1', b: '2' });
    expect(await dry.create(configMaps, { metadata: { namespace: 'x', name: 'new' } })).toMatchObject({
      metadata: { name: 'new', uid: 'dry-run' },
    });
    await dry.replace(nodes, { metadata: key }, { subresource: 'status' });
    expect(await dry.remove(nodes, key)).toBe('accepted');
    await dry.raw({ method: 'POST', path: '/api/v1/x', body: { secret: 1 } });
    expect(said()).toEqual([
      'would patch nodes n1',
      'would create configmaps x/new',
      'would replace nodes/status n1',
      'would delete nodes n1',
      'would send POST /api/v1/x',
    ]);
    expect(api.callsOf()).toEqual([]);
    expect(api.callsOf('raw')).toEqual([]);
  });

  test('what does not exist is not written either', async () => {
    expect(await dry.patch(nodes, { name: 'absent' }, { kind: 'merge', body: {} })).toBeUndefined();
    expect(await dry.remove(nodes, { name: 'absent' })).toBe('gone');
    expect(said()).toEqual(['would patch nodes absent']);
  });

  test('reads and reviews go through, also for named clients', async () => {
    const named = dry.named('node-controller');
    expect(await named.get(nodes, { name: 'n1' })).toBeDefined();
    expect((await named.list(nodes)).items).toHaveLength(1);
    expect((await named.raw({ method: 'GET', path: '/healthz' })).body).toBe('ok');
    const review = {
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
      body: { spec: {} },
    };
    expect((await named.raw(review)).status).toBe(201);
    await named.remove(nodes, { name: 'n1' });
    expect(api.object(nodes, 'n1')).toBeDefined();
    expect(api.names).toEqual(['node-controller']);
  });
});
