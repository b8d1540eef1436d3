import { describe, expect, test } from '@jest/globals';
import { services } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { silentLogger } from '@longshore/reconciler-core';
import { aService } from './testing/a-service.ts';
import { FakeLoadBalancers } from './testing/fake-load-balancers.ts';
import type { CloudProvider } from './provider.ts';
import { checkOrphansFlags, orphansCommand, removalWish } from './wiring-orphans.ts';
import type { OrphansContext } from './wiring-orphans.ts';
import type { RemovalWish } from './wiring-orphan-removal.ts';

function scene(
  provider?: CloudProvider,
  removal?: Partial<RemovalWish>,
): {
  context: OrphansContext;
  clock: FakeClock;
  cloud: FakeLoadBalancers;
  client: FakeKubeClient;
  written: string[];
} {
  const cloud = new FakeLoadBalancers();
  const client = new FakeKubeClient();
  const written: string[] = [];
  const clock = new FakeClock();
  const context: OrphansContext = {
    provider: provider ?? { name: 'acme', loadBalancers: cloud },
    client,
    clock,
    log: silentLogger,
    clusterName: 'c',
    output: 'text',
    signal: new AbortController().signal,
    write: (text) => void written.push(text),
    removal: removal && { isConfirmed: false, isDryRun: false, ...removal },
  };
  return { context, clock, cloud, client, written };
}

const { signal } = new AbortController();

describe('orphans', () => {
  test('I19 lists balancers whose Service does not exist; exit code 2', async () => {
    const { context, cloud, client, written } = scene();
    await cloud.ensure(aService({ uid: 'gone', name: 'old' }), [], signal);
    await cloud.ensure(client.put(services, aService()), [], signal);
    expect(await orphansCommand.run(context, [])).toBe(2);
    expect(written.join('')).toBe(
      '1 load balancer of this cluster belongs to no Service:\n  shop/old (gone): no Service has the UID gone\n',
    );
    expect(await orphansCommand.run({ ...context, output: 'json' }, [])).toBe(2);
    expect(JSON.parse(written.at(-1) ?? '')).toEqual({ orphans: [expect.objectContaining({ id: 'gone' })] });
  });

  test('none: exit code 0', async () => {
    const { context, cloud, client, written } = scene();
    await cloud.ensure(client.put(services, aService()), [], signal);
    expect(await orphansCommand.run(context, [])).toBe(0);
    expect(written).toEqual(['No orphaned load balancers: 1 Service may own load balancers (shop/web).\n']);
  });

  test('a provider that cannot tell', async () => {
    await expect(orphansCommand.run(scene({ name: 'acme' }).context, [])).rejects.toThrow('acme cannot tell');
  });

  test('takes no words', async () => {
    await expect(orphansCommand.run(scene().context, ['x'])).rejects.toThrow('orphans: unexpected argument "x"');
  });
});

/** Two orphans, `old-1` and `old-2`. */
async function withOrphans(removal: Partial<RemovalWish>): Promise<ReturnType<typeof scene>> {
  const made = scene(undefined, removal);
  for (const name of ['old-1', 'old-2']) await made.cloud.ensure(aService({ uid: name, name }), [], signal);
  return made;
}
const LIST =
  '2 load balancers of this cluster belong to no Service:\n  shop/old-1 (old-1): no Service has the UID old-1\n  shop/old-2 (old-2): no Service has the UID old-2\n';

describe('orphans --delete', () => {
  test('with --yes all are removed, one after the other; exit code 0, and again 0 when there are none', async () => {
    const { context, cloud, written } = await withOrphans({ isConfirmed: true });
    expect(await orphansCommand.run(context, [])).toBe(0);
    expect(cloud.balancers.size).toBe(0);
    expect(written.join('')).toBe(
      `${LIST}removed shop/old-1 (old-1)\nremoved shop/old-2 (old-2)\n2 load balancers removed.\n`,
    );
    expect(await orphansCommand.run(context, [])).toBe(0);
    expect(cloud.callsOf('removeOrphan')).toHaveLength(2);
  });

  test('without a terminal and without --yes nothing is removed, and the message says what to give', async () => {
    const { context, cloud, written } = await withOrphans({});
    await expect(orphansCommand.run(context, [])).rejects.toMatchObject({
      code: 'CONFIRMATION_MISSING',
      message: expect.stringContaining('give --yes') as unknown,
    });
    expect(written.join('')).toBe(LIST);
    expect(cloud.balancers.size).toBe(2);
  });

  test.each([
    { answer: 'yes', left: 0, code: 0 },
    { answer: 'Y', left: 0, code: 0 },
    { answer: 'no', left: 2, code: 2 },
    { answer: '', left: 2, code: 2 },
    { answer: 'yesterday', left: 2, code: 2 },
  ])('the answer "$answer" on a terminal leaves $left', async ({ answer, left, code }) => {
    const questions: string[] = [];
    const ask = async (question: string): Promise<string> => (questions.push(question), answer);
    const { context, cloud, written } = await withOrphans({ terminal: { ask } });
    expect(await orphansCommand.run(context, [])).toBe(code);
    expect(cloud.balancers.size).toBe(left);
    expect(questions).toEqual(['Remove these 2 load balancers? It cannot be undone. Type yes to go on: ']);
    expect(written.at(-1)).toBe(left === 2 ? 'Left alone. Nothing was removed.\n' : '2 load balancers removed.\n');
  });

  test('a dry run shows only, also with --yes', async () => {
    const { context, cloud, written } = await withOrphans({ isConfirmed: true, isDryRun: true });
    expect(await orphansCommand.run(context, [])).toBe(2);
    expect(written.join('')).toBe(`${LIST}Dry run. Nothing was removed.\n`);
    expect(cloud.balancers.size).toBe(2);
  });

  test('a Service that becomes one with a balancer while the question is open keeps it', async () => {
    const made = scene(undefined, {
      terminal: { ask: async () => (made.client.put(services, late('LoadBalancer')), 'yes') },
    });
    const { uid = '' } = made.client.put(services, aService({ name: 'late', type: 'ClusterIP' })).metadata ?? {};
    const late = (type: 'LoadBalancer'): KubeService => aService({ uid, name: 'late', type });
    for (const each of [uid, 'old']) await made.cloud.ensure(aService({ uid: each, name: 'late' }), [], signal);
    expect(await orphansCommand.run(made.context, [])).toBe(0);
    expect([...made.cloud.balancers.keys()]).toEqual([uid]);
    expect(made.written.join('')).toContain(
      `kept shop/late (${uid}): it belongs to shop/late\nremoved shop/late (old)\n1 load balancer removed, 1 kept.\n`,
    );
  });

  test('one that is busy is waited for, which is said once', async () => {
    const { context, clock, cloud, written } = await withOrphans({ isConfirmed: true });
    const busy = { kind: 'wait', checkAgainMs: 2_000, waitingFor: 'an earlier change' } as const;
    cloud.script('removeOrphan', busy, busy);
    const ended = orphansCommand.run(context, []);
    await clock.advance(2_000);
    await clock.settle();
    expect(cloud.balancers.size).toBe(2);
    await clock.advance(2_000);
    expect(await ended).toBe(0);
    expect(cloud.balancers.size).toBe(0);
    expect(written.filter((line) => line.startsWith('waiting'))).toEqual([
      'waiting with shop/old-1 (old-1): an earlier change\n',
    ]);
  });

  test('one that stays busy ends it', async () => {
    const { context, clock, cloud } = await withOrphans({ isConfirmed: true });
    const busy = { kind: 'wait', checkAgainMs: 300_000, waitingFor: 'an earlier change' } as const;
    cloud.script('removeOrphan', busy, busy, busy, busy);
    const ended = expect(orphansCommand.run(context, [])).rejects.toMatchObject({
      code: 'ORPHAN_NOT_REMOVED',
      message: expect.stringContaining(
        'it still waits: an earlier change; 0 of 2 removed; 1 more was not tried',
      ) as unknown,
    });
    for (let round = 0; round < 3; round += 1) await clock.advance(300_000);
    await ended;
    expect(cloud.balancers.size).toBe(2);
  });

  test('the first refusal ends it; what was removed is told, also as JSON', async () => {
    const { context, cloud, written } = await withOrphans({ isConfirmed: true });
    cloud.script('removeOrphan', { kind: 'work' }, { kind: 'fail', error: new Error('403 forbidden') });
    await expect(orphansCommand.run({ ...context, output: 'json' }, [])).rejects.toMatchObject({
      code: 'ORPHAN_NOT_REMOVED',
      message: 'load balancer shop/old-2 (old-2) was not removed: 403 forbidden; 1 of 2 removed',
    });
    expect(JSON.parse(written.join(''))).toMatchObject({
      orphans: [{ id: 'old-1' }, { id: 'old-2' }],
      removed: [{ id: 'old-1' }],
      kept: [],
    });
    expect([...cloud.balancers.keys()]).toEqual(['old-2']);
  });

  test('a stop while it asks, or between two removals, ends it; what is left is told by the exit code', async () => {
    const stop = new AbortController();
    const ask = async (): Promise<string> => (stop.abort(new Error('SIGINT')), Promise.reject(new Error('aborted')));
    const made = await withOrphans({ terminal: { ask } });
    expect(await orphansCommand.run({ ...made.context, signal: stop.signal }, [])).toBe(2);
    expect(made.written.at(-1)).toBe('Stopped. Nothing was removed.\n');
    const later = await withOrphans({ isConfirmed: true });
    const halt = new AbortController();
    const write = (text: string): void => {
      later.written.push(text);
      if (text.startsWith('removed')) halt.abort(new Error('SIGINT'));
    };
    expect(await orphansCommand.run({ ...later.context, write, signal: halt.signal }, [])).toBe(2);
    expect(later.written.at(-1)).toBe('Stopped. 1 load balancer removed.\n');
    expect([...later.cloud.balancers.keys()]).toEqual(['old-2']);
  });

  test('a provider that only lists', async () => {
    const loadBalancers = { orphans: async () => [] } as unknown as FakeLoadBalancers;
    const { context } = scene({ name: 'acme', loadBalancers }, { isConfirmed: true });
    await expect(orphansCommand.run(context, [])).rejects.toMatchObject({ code: 'ORPHANS_UNSUPPORTED' });
  });

  test('flags: --yes belongs to --delete', () => {
    expect(checkOrphansFlags({ yes: true, delete: false })).toEqual(['--yes agrees to --delete, which is not given']);
    expect(checkOrphansFlags({ yes: true, delete: true })).toEqual([]);
    expect(removalWish({ yes: true, delete: true, 'dry-run': false }, undefined)).toMatchObject({ isConfirmed: true });
    expect(removalWish({ 'dry-run': false }, undefined)).toBeUndefined();
  });
});
