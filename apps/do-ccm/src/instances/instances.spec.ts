// Look-ups over HTTP against the simulated cloud: what is found, what counts as gone, and what it costs.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { InstanceFinding } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import { parseVpcId } from '@longshore/digitalocean-api';
import { aNode } from '../test-support/builders.ts';
import { aWorld } from '../test-support/world.ts';
import type { World } from '../test-support/world.ts';
import { DropletInstances } from './instances.ts';

const LIST = 'GET /v2/droplets';
const signal = new AbortController().signal;
let world: World;

beforeEach(async () => {
  world = await aWorld({ cloud: { droplets: 0 } });
});
afterEach(() => world.close());

async function look(...nodes: readonly KubeNode[]): Promise<readonly (InstanceFinding | undefined)[]> {
  const findings = await world.instances.lookup(nodes, signal);
  return nodes.map((node) => findings.get(node.metadata?.name ?? ''));
}
const withId = (name: string, id: number): KubeNode => aNode(name, { providerId: `digitalocean://${id}` });
const running = (id: number): object => ({ state: 'running', metadata: { providerId: `digitalocean://${id}` } });

describe('DropletInstances by provider ID', () => {
  test('DO row 9 a droplet that exists is found in the list', async () => {
    const { id } = world.cloud.addDroplet();
    expect(await look(withId('n', id))).toMatchObject([running(id)]);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 1 });
  });

  test('DO row 10 a droplet that does not exist is gone', async () => {
    world.cloud.addDroplet();
    expect(await look(withId('n', 99_999))).toEqual([{ state: 'gone' }]);
  });

  test('a droplet that is newer than the list is found by a question of its own', async () => {
    const { id } = world.cloud.addDroplet();
    await look(withId('n', id));
    const fresh = world.cloud.addDroplet();
    expect(await look(withId('m', fresh.id))).toMatchObject([running(fresh.id)]);
  });

  test('a droplet with GPUs is found', async () => {
    world.cloud.addDroplet();
    const { id } = world.cloud.addDroplet({ hasGpu: true });
    expect(await look(withId('n', id))).toMatchObject([running(id)]);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 2 });
  });

  test('an account without any droplet says nothing about nodes', async () => {
    expect(await look(withId('n', 1), aNode('m'))).toMatchObject([
      { state: 'unknown', error: { code: 'ACCOUNT_WITHOUT_DROPLETS' } },
      { state: 'unknown', error: { code: 'ACCOUNT_WITHOUT_DROPLETS' } },
    ]);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 2 });
  });

  test.each([
    { when: 'DO row 11 the API fails', fault: { status: 500 } },
    { when: 'the token is refused', fault: { status: 401 } },
    { when: 'the token may not read droplets', fault: { status: 403 } },
    { when: 'DO row 12 the connection breaks', fault: { kind: 'drop-before' as const } },
    { when: 'F4 a proxy answers 404 with a page', fault: { kind: 'html' as const, status: 404 } },
    { when: 'a proxy answers 200 with a page', fault: { kind: 'html' as const, status: 200 } },
    { when: 'the answer is empty', fault: { kind: 'empty-body' as const, status: 200 } },
    { when: 'the answer has no list', fault: { status: 200, body: {} } },
  ])('$when: unknown, whether list or question fails', async ({ fault }) => {
    const { id } = world.cloud.addDroplet();
    const onList = world.cloud.fail({ ...fault, match: { path: '/v2/droplets' }, times: Infinity });
    expect(await look(withId('n', id), withId('g', 99_999))).toMatchObject([
      { state: 'unknown' },
      { state: 'unknown' },
    ]);
    onList.remove();
    world.cloud.fail({ ...fault, match: { path: /^\/v2\/droplets\/\d+$/ }, times: Infinity });
    expect(await look(withId('n', id), withId('g', 99_999))).toMatchObject([running(id), { state: 'unknown' }]);
  });

  test('enough calls: unknown, and the time to wait is passed on', async () => {
    const { id } = world.cloud.addDroplet();
    world.cloud.fail({ status: 429, headers: { 'retry-after': '7' } });
    const [finding] = await look(withId('n', id));
    expect(finding).toMatchObject({ state: 'unknown', error: { disposition: { retry: 'after' } } });
    await world.clock.advance(60_000);
    expect(await look(withId('n', id))).toMatchObject([running(id)]);
  });

  test('DO row 117 the page of a proxy that has no answer: unknown, and the error has its status and text', async () => {
    const { id } = world.cloud.addDroplet();
    world.cloud.fail({ kind: 'html', status: 502, times: Infinity });
    const [finding] = await look(withId('n', id));
    expect(finding).toMatchObject({ state: 'unknown' });
    expect((finding as { error: Error }).error.message).toMatch(/502.*html/i);
  });

  test('a time-out is unknown', async () => {
    const { id } = world.cloud.addDroplet();
    world.cloud.fail({ kind: 'hang', match: { path: '/v2/droplets' }, times: Infinity });
    const answer = look(withId('n', id));
    // The client's deadline is a timer of the clock; it is set once the request is under way.
    while (world.clock.pendingTimers === 0) await world.clock.settle();
    await world.clock.advance(60_000);
    expect(await answer).toMatchObject([{ state: 'unknown', error: { code: 'CLOUD_TIMEOUT' } }]);
  });

  test('one failing question does not hide the others', async () => {
    world.cloud.addDroplet();
    world.cloud.fail({ status: 500, match: { path: '/v2/droplets/99998' }, times: Infinity });
    expect(await look(withId('a', 99_998), withId('b', 99_999))).toMatchObject([
      { state: 'unknown' },
      { state: 'gone' },
    ]);
  });

  test('the list without GPUs’ rights still answers questions by ID', async () => {
    const { id } = world.cloud.addDroplet();
    await look(withId('n', id));
    world.cloud.fail({ status: 403, match: { path: '/v2/droplets' }, times: Infinity });
    expect(await look(withId('n', id), withId('g', 99_999))).toMatchObject([running(id), { state: 'gone' }]);
  });

  test('another cloud’s node is not mentioned, a malformed ID is told', async () => {
    const [foreign, malformed] = await look(
      aNode('a', { providerId: 'aws:///x/i-1' }),
      aNode('b', { providerId: 'digitalocean://x' }),
    );
    expect(foreign).toBeUndefined();
    expect(malformed).toMatchObject({ state: 'unknown', error: { code: 'PROVIDER_ID_MALFORMED' } });
    expect(world.cloud.calls.total).toBe(0);
  });

  test('an abort is passed on', async () => {
    world.cloud.addDroplet();
    const aborter = new AbortController();
    world.cloud.fail({ kind: 'hang', times: Infinity });
    const answer = world.instances.lookup([withId('n', 1)], aborter.signal);
    aborter.abort(new Error('stop'));
    await expect(answer).rejects.toThrow('stop');
  });
});

describe('DropletInstances by name', () => {
  test('DO row 19 a droplet on the second page is found', async () => {
    world.cloud.addDroplets(250);
    const { id } = world.cloud.addDroplet({ name: 'worker-7' });
    expect(await look(aNode('worker-7'))).toMatchObject([running(id)]);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 2 });
  });

  test.each([
    { when: 'in another case', name: 'Worker-7' },
    { when: 'DO row 22 (ours: found through fall-back) by its private address', name: '10.1.2.3' },
    { when: 'by its public address', name: '198.51.100.77' },
  ])('$when', async ({ name }) => {
    world.cloud.addDroplet();
    const { id } = world.cloud.addDroplet({ name: 'worker-7', privateIpv4: '10.1.2.3', publicIpv4: '198.51.100.77' });
    expect(await look(aNode(name))).toMatchObject([running(id)]);
  });

  test('a droplet with GPUs is found', async () => {
    world.cloud.addDroplet();
    const { id } = world.cloud.addDroplet({ name: 'gpu-1', hasGpu: true });
    expect(await look(aNode('gpu-1'))).toMatchObject([running(id)]);
  });

  test('DO row 20 (ours: no guess) two droplets of one name: both IDs are named, the user decides', async () => {
    const [a, b] = [world.cloud.addDroplet({ name: 'twin' }), world.cloud.addDroplet({ name: 'TWIN' })];
    const [finding] = await look(aNode('twin'));
    expect(finding).toMatchObject({
      state: 'unknown',
      error: { code: 'DROPLET_AMBIGUOUS', disposition: { retry: 'on-change' } },
    });
    const { message } = (finding as { error: Error }).error;
    expect(message).toContain(String(a.id));
    expect(message).toContain(String(b.id));
  });

  test('DO row 21 a droplet that nobody has: the error says what to do', async () => {
    world.cloud.addDroplet();
    expect(await look(aNode('nobody'))).toMatchObject([
      { state: 'unknown', error: { code: 'DROPLET_NOT_FOUND', message: expect.stringContaining('nobody') as unknown } },
    ]);
  });

  test('a node that is missed costs no list of its own, a fresh one at most one', async () => {
    world.cloud.addDroplet();
    const old = Array.from({ length: 20 }, (_, at) => aNode(`missing-${at}`));
    await look(...old);
    await look(...old);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 2 });
    const createdAt = new Date(world.clock.nowMs()).toISOString();
    await world.clock.advance(500);
    const fresh = ['f1', 'f2', 'f3'].map((name) => aNode(name, { createdAt }));
    await look(...fresh);
    await look(...fresh);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 3 });
  });

  test('a node that is younger than the list finds its droplet at once', async () => {
    world.cloud.addDroplet();
    await look(aNode('pool-a-1'));
    await world.clock.advance(2_000);
    const { id, name } = world.cloud.addDroplet();
    await world.clock.advance(2_000);
    const createdAt = new Date(world.clock.nowMs()).toISOString();
    expect(await look(aNode(name, { createdAt }))).toMatchObject([running(id)]);
  });
});

describe('the bill', () => {
  test('1,000 nodes cost five calls, asked together or one by one', async () => {
    const droplets = world.cloud.addDroplets(1_000);
    const nodes = droplets.map(({ id, name }, at) => (at % 2 ? aNode(name) : withId(name, id)));
    await Promise.all(nodes.map((node) => look(node)));
    await look(...nodes);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 5 });
    expect(world.cloud.schemaProblems).toEqual([]);
  });

  test('DO row 115 pages are asked for in order, 200 at a time', async () => {
    world.cloud.addDroplets(450);
    await look(aNode('pool-a-1'));
    expect(world.cloud.calls.of(LIST).map(({ query }) => query)).toEqual([
      { page: '1', per_page: '200' },
      { page: '2', per_page: '200' },
      { page: '3', per_page: '200' },
    ]);
  });
});

describe('with a VPC', () => {
  test('droplets of other VPCs do not make a name ambiguous', async () => {
    const { id, vpc_uuid: vpcId } = world.cloud.addDroplet({ name: 'twin' });
    world.cloud.addDroplet({ name: 'twin', region: 'nyc3' });
    const { api, clock } = world;
    const instances = new DropletInstances({ droplets: api.droplets, clock, vpcId: parseVpcId(vpcId) });
    expect((await instances.lookup([aNode('twin')], signal)).get('twin')).toMatchObject(running(id));
  });
});

describe('F5 what the Go program never initializes, and says nothing about', () => {
  test.each([
    { when: 'the name is in another case', name: 'WORKER-7' },
    { when: 'the node is named by its private address', name: '10.1.2.3' },
    { when: 'the droplet has GPUs', name: 'gpu-7' },
  ])('F5 $when: found, at the cost of two lists at most', async ({ name }) => {
    world.cloud.addDroplet({ name: 'worker-7', privateIpv4: '10.1.2.3' });
    world.cloud.addDroplet({ name: 'gpu-7', hasGpu: true });
    expect(await look(aNode(name))).toMatchObject([{ state: 'running' }]);
    expect(world.cloud.calls.of(LIST).length).toBeLessThanOrEqual(2);
  });
});

describe('with a cluster tag in an account of many other droplets', () => {
  const TAG = 'k8s:c1';
  const tagQueries = (): readonly (string | undefined)[] =>
    world.cloud.calls.of(LIST).map(({ query }) => query['tag_name']);
  let own: readonly KubeNode[];

  beforeEach(async () => {
    await world.close();
    world = await aWorld({ cloud: { droplets: 0 }, config: { clusterTag: TAG } });
    const mine = Array.from({ length: 5 }, (_, at) => world.cloud.addDroplet({ name: `mine-${at}`, tags: [TAG] }));
    own = mine.map(({ id, name }) => withId(name, id));
    world.cloud.addDroplets(450);
    await look(...own);
    await world.clock.advance(20_000);
    world.cloud.calls.clear();
  });

  test('steady nodes are looked up by the tag: one page instead of three', async () => {
    expect(await look(...own)).toMatchObject(Array(5).fill({ state: 'running' }));
    expect(tagQueries()).toEqual([TAG]);
    expect(world.cloud.schemaProblems).toEqual([]);
  });

  test('a droplet that lost the tag is found, and one that is gone is gone, by a question each', async () => {
    const { id } = world.cloud.addDroplet({ name: 'untagged' });
    expect(await look(...own, withId('untagged', id), withId('gone', 99_999))).toMatchObject([
      ...Array<object>(5).fill({ state: 'running' }),
      running(id),
      { state: 'gone' },
    ]);
    expect(world.cloud.callsByRoute()).toEqual({ [LIST]: 1, 'GET /v2/droplets/{id}': 2 });
  });

  test('many droplets without the tag are looked up in the list of all', async () => {
    const others = world.cloud.addDroplets(20).map(({ id, name }) => withId(name, id));
    expect(await look(...own, ...others)).toMatchObject(Array(25).fill({ state: 'running' }));
    expect(tagQueries()).toEqual([TAG, undefined, undefined, undefined]);
  });

  test('a question by name goes to all droplets: the tag does not decide between two of one name', async () => {
    world.cloud.addDroplet({ name: 'mine-0' });
    const [finding] = await look(aNode('mine-0'));
    expect(finding).toMatchObject({ state: 'unknown', error: { code: 'DROPLET_AMBIGUOUS' } });
    expect(tagQueries()).toEqual([undefined, undefined, undefined]);
  });

  test('without access to the list by tag the list of all answers', async () => {
    world.cloud.fail({ status: 422, match: { path: '/v2/droplets' } });
    expect(await look(...own)).toMatchObject(Array(5).fill({ state: 'running' }));
    expect(tagQueries()).toEqual([TAG, undefined, undefined, undefined]);
  });

  test('F4 a page of a proxy instead of an answer about an untagged droplet is no answer', async () => {
    const { id } = world.cloud.addDroplet({ name: 'untagged' });
    world.cloud.fail({ kind: 'html', status: 404, match: { path: /droplets\/\d/ }, times: Infinity });
    expect(await look(withId('untagged', id))).toMatchObject([{ state: 'unknown' }]);
  });
});

test('in a small account the tag makes nothing shorter and is not asked for', async () => {
  const small = await aWorld({ config: { clusterTag: 'k8s:c1' } });
  try {
    await small.api.tags.create('k8s:c1', signal);
    await small.api.tags.assign('k8s:c1', [{ type: 'droplet', id: '1' }], signal);
    for (let round = 0; round < 2; round += 1) {
      await small.instances.lookup(small.nodes(), signal);
      await small.clock.advance(20_000);
    }
    expect(small.cloud.calls.of(LIST).map(({ query }) => query['tag_name'])).toEqual([undefined, undefined]);
  } finally {
    await small.close();
  }
});

describe('with --node-name-map', () => {
  const mapped: Readonly<Record<string, string>> = {
    'node-a': 'Worker-7',
    'node-b': '77',
    'node-c': '99999',
    'node-d': 'nobody',
  };
  const find = async (...nodes: readonly KubeNode[]): Promise<ReadonlyMap<string, InstanceFinding>> => {
    const { api, clock } = world;
    const machineNameOf = (name: string): string => mapped[name] ?? name;
    return new DropletInstances({ droplets: api.droplets, clock, machineNameOf }).lookup(nodes, signal);
  };

  test('a Node is the droplet of the name or with the ID that it is mapped to; others are not concerned', async () => {
    const { id } = world.cloud.addDroplet({ name: 'worker-7' });
    world.cloud.addDroplet({ id: 77, name: 'worker-8' });
    world.cloud.addDroplet({ id: 78, name: 'node-b' });
    world.cloud.addDroplet({ id: 79, name: 'node-x', hasGpu: true });
    const findings = await find(aNode('node-a'), aNode('node-b'), aNode('node-x'));
    expect(findings.get('node-a')).toMatchObject(running(id));
    expect(findings.get('node-b')).toMatchObject(running(77));
    expect(findings.get('node-x')).toMatchObject(running(79));
  });

  test('a provider ID counts more than the map', async () => {
    world.cloud.addDroplet({ name: 'worker-7' });
    const { id } = world.cloud.addDroplet({ name: 'other' });
    expect((await find(withId('node-a', id))).get('node-a')).toMatchObject(running(id));
  });

  test('a droplet that does not exist is a mistake in the map, never a machine that is gone', async () => {
    world.cloud.addDroplet();
    const findings = await find(aNode('node-c'), aNode('node-d'));
    const unknown = (text: string): object => ({
      state: 'unknown',
      error: { code: 'DROPLET_NOT_FOUND', message: expect.stringContaining(text) as unknown },
    });
    expect(findings.get('node-c')).toMatchObject(
      unknown('there is no droplet 99999, to which --node-name-map maps it'),
    );
    expect(findings.get('node-d')).toMatchObject(unknown('no droplet has the name or address nobody, to which'));
  });

  test('two droplets of the mapped name: no guess', async () => {
    for (const name of ['worker-7', 'WORKER-7']) world.cloud.addDroplet({ name });
    expect((await find(aNode('node-a'))).get('node-a')).toMatchObject({
      error: {
        code: 'DROPLET_AMBIGUOUS',
        message: expect.stringMatching(/^node node-a: droplets 1 and 2 both have/) as unknown,
      },
    });
  });
});
