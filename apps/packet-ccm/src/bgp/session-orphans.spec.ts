// Which sessions nothing needs, and what ending one does: against the simulated cloud and an API server in memory.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { nodes } from '@longshore/k8s-runtime';
import { isBad } from '../config-values.ts';
import { DEFAULT_KEYS, startBgpScene } from '../test-support/bgp-scene.ts';
import type { BgpScene } from '../test-support/bgp-scene.ts';
import { parseNodeSelector } from './node-selector.ts';
import { SessionOrphans } from './session-orphans.ts';

jest.setTimeout(120_000);

const signal = new AbortController().signal;
const OWN = '198.19.0.1';
const parsed = parseNodeSelector('bgp=yes');
if (isBad(parsed)) throw new Error(parsed.use);
const selector = parsed;

let scene: BgpScene;
let orphans: SessionOrphans;

beforeEach(async () => {
  scene = await startBgpScene();
  scene.cloud.setBgp({});
  orphans = new SessionOrphans({
    bgp: scene.api.bgp,
    projectId: scene.projectId,
    selector,
    keys: DEFAULT_KEYS,
    client: scene.kube,
    ownAddresses: () => Promise.resolve(new Set([OWN])),
  });
});
afterEach(() => scene.close());

const devices = (): readonly string[] => [...scene.cloud.state.bgpSessions.values()].map(({ device }) => device.href);
const label = (name: string, bgp: string | null): Promise<unknown> =>
  scene.kube.patch(nodes, { name }, { kind: 'merge', body: { metadata: { labels: { bgp } } } });
/** A device that is no Node of this cluster, with a session that announces these. */
async function stranger(routes: readonly string[]): Promise<string> {
  const { id } = scene.cloud.addDevice();
  await scene.api.bgp.createSession(id as never, { family: 'ipv4' }, signal);
  scene.cloud.announce(id, routes);
  return id;
}

test('Nodes that are selected, Nodes that never were, and devices of other clusters keep their sessions', async () => {
  const names = scene.addNodes(2, { bgp: 'yes' });
  const [never = ''] = scene.addNodes(1);
  await scene.newSpeakers({ nodes: selector }).ready([...names, never], signal);
  const id = [...scene.cloud.state.devices.keys()][2] ?? '';
  await scene.api.bgp.createSession(id as never, { family: 'ipv4' }, signal);
  await stranger([]);
  await stranger(['203.0.113.1/32']);
  await stranger([`${OWN}/32`, '203.0.113.2/32']);
  expect(await orphans.list(signal)).toEqual([]);
  expect(devices()).toHaveLength(6);
});

test('a Node that is not selected any more: its annotations go, then its session', async () => {
  const [name = '', other = ''] = scene.addNodes(2, { bgp: 'yes' });
  await scene.newSpeakers({ nodes: selector }).ready([name, other], signal);
  await scene.annotate(name, { mine: 'stays' });
  await label(name, null);
  const [orphan, ...more] = await orphans.list(signal);
  expect(more).toEqual([]);
  expect(orphan).toMatchObject({ reason: `node ${name} is not selected by "bgp=yes" any more` });
  if (!orphan) throw new Error('no orphan');
  expect(orphans.owns(orphan)).toBe(true);
  expect(orphans.owns({ ...orphan, name: 'elastic IP 192.0.2.1' })).toBe(false);
  expect(await orphans.remove(orphan, signal)).toEqual({ kind: 'removed' });
  expect(devices()).toHaveLength(1);
  expect(scene.annotationsOf(name)).toEqual({ mine: 'stays', 'metal.equinix.com/network-4-private': '10.0.0.0/25' });
  expect(await orphans.list(signal)).toEqual([]);
  expect(await orphans.remove(orphan, signal)).toEqual({ kind: 'removed' });
});

test('a device that left the cluster and still announces its addresses; listing writes nothing; what is needed by now is kept', async () => {
  const id = await stranger([`${OWN}/32`]);
  const writes = scene.cloud.calls.writes().length;
  const [orphan] = await orphans.list(signal);
  expect(orphan).toMatchObject({ name: `BGP session of device ${id}`, reason: expect.stringContaining(OWN) });
  expect(scene.cloud.calls.writes()).toHaveLength(writes);
  scene.addNode('came-back', { id }, { bgp: 'yes' });
  if (!orphan) throw new Error('no orphan');
  expect(await orphans.remove(orphan, signal)).toMatchObject({ kind: 'kept' });
  scene.kube.delete(nodes, { name: 'came-back' });
  expect(await orphans.remove(orphan, signal)).toEqual({ kind: 'removed' });
  expect(devices()).toEqual([]);
});

test('a failed question is no list', async () => {
  scene.cloud.fail({ match: { path: /bgp/ }, status: 403, times: Infinity });
  await expect(orphans.list(signal)).rejects.toMatchObject({ code: 'CLOUD_FORBIDDEN' });
});
