// What changes in the cloud reaches Nodes and announcers without a change in the cluster.
import { afterEach, beforeEach, expect, jest, test } from '@jest/globals';
import { configMaps } from '@longshore/k8s-runtime';
import { MetalLbConfigMap } from '../load-balancer/metallb/config-map-announcer.ts';
import { startBgpScene } from '../test-support/bgp-scene.ts';
import type { BgpScene } from '../test-support/bgp-scene.ts';
import { KeptAnnouncing } from './kept-announcing.ts';
import { RESYNC_MS } from './speakers.ts';

jest.setTimeout(120_000);

const signal = new AbortController().signal;
let scene: BgpScene;
let kept: KeptAnnouncing;
let names: readonly string[];

beforeEach(async () => {
  scene = await startBgpScene();
  scene.cloud.setBgp({ md5: 'Secret12345' });
  names = scene.addNodes(2);
  scene.kube.put(configMaps, { metadata: { namespace: 'metallb-system', name: 'config' } });
  const announcer = new MetalLbConfigMap({ client: scene.kube, namespace: 'metallb-system', name: 'config' });
  kept = new KeptAnnouncing({ speakers: scene.newSpeakers(), announcer, clock: scene.clock, log: scene.log });
});
afterEach(() => scene.close());

const text = (): string => scene.kube.object(configMaps, 'metallb-system/config')?.data?.['config'] ?? '';
const announce = async (name: string, address: string): Promise<void> => {
  const { speakers } = await kept.speakers.ready(names, signal);
  await kept.announcer.announce({ service: { namespace: 'shop', name }, addresses: [address], speakers }, signal);
};

test('PK row 55 a new password and ASN of the project reach Nodes and MetalLB; the log has no password', async () => {
  await announce('web', '192.0.2.1');
  await announce('api', '192.0.2.2');
  scene.cloud.setBgp({ asn: 65_077, md5: 'Other98765432' });
  await scene.clock.advance(RESYNC_MS + 1);
  await kept.resync(signal);
  expect(text()).not.toContain('Secret12345');
  expect(text().split('Other98765432')).toHaveLength(5);
  expect(text()).toContain('my-asn: 65077');
  expect(scene.annotationsOf(names[1] ?? '')['metal.equinix.com/bgp-peers-1-node-asn']).toBe('65077');
  expect(JSON.stringify(scene.log.lines)).not.toContain('Other98765432');
});

test('a round in which nothing changed is three reads of the cloud and no write; without Services none at all', async () => {
  await kept.resync(signal);
  expect(scene.cloud.calls.total).toBe(0);
  await announce('web', '192.0.2.1');
  const before = text();
  const writes = scene.kube.callsOf().length;
  scene.callsSince();
  await scene.clock.advance(RESYNC_MS + 1);
  await kept.resync(signal);
  expect(scene.callsSince()).toEqual({
    'GET /projects/{id}/bgp-config': 1,
    'GET /projects/{id}/devices': 1,
    'GET /projects/{id}/bgp/sessions': 1,
  });
  expect(text()).toBe(before);
  expect(scene.kube.callsOf()).toHaveLength(writes);
});

test('what was withdrawn stays withdrawn, also when the loop is at it; one failing Service does not stop the others', async () => {
  await announce('web', '192.0.2.1');
  await announce('api', '192.0.2.2');
  scene.cloud.setBgp({ asn: 65_077 });
  await scene.clock.advance(RESYNC_MS + 1);
  await Promise.all([kept.resync(signal), kept.announcer.withdraw({ namespace: 'shop', name: 'web' }, signal)]);
  expect(text()).not.toContain('shop/web');
  expect(text()).toContain('shop/api');
  await announce('web', '192.0.2.1');
  scene.cloud.setBgp({ asn: 65_078 });
  await scene.clock.advance(RESYNC_MS + 1);
  scene.kube.fail({ verb: 'patch', resource: 'configmaps', times: 1 });
  await kept.resync(signal);
  expect(text()).toContain('my-asn: 65078');
  expect(scene.log.lines).toContainEqual(expect.objectContaining({ message: 'service could not be announced anew' }));
});
