// Nodes become speakers: against the simulated cloud over HTTP and an API server in memory.
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { nodes as nodeType } from '@longshore/k8s-runtime';
import { isBad } from '../config-values.ts';
import { startBgpScene } from '../test-support/bgp-scene.ts';
import type { BgpScene } from '../test-support/bgp-scene.ts';
import { parseNodeSelector } from './node-selector.ts';
import type { NodeSelector } from './node-selector.ts';
import { RESYNC_MS } from './speakers.ts';

// Hundreds of calls over HTTP, on a machine that may have other things to do.
jest.setTimeout(120_000);

const signal = new AbortController().signal;
const PASSWORD = 'Secret12345';
const KEY = 'metal.equinix.com/bgp-peers-';

let scene: BgpScene;
beforeEach(async () => {
  scene = await startBgpScene();
});
afterEach(() => scene.close());

const bgpOfProject = () => scene.cloud.state.bgpConfigs.get(scene.projectId);
const sessions = () => [...scene.cloud.state.bgpSessions.values()];
const writes = () => scene.cloud.calls.writes().length;

describe('BGP of the project', () => {
  test('PK row 51 a project without BGP gets it, with ASN and password of the settings', async () => {
    const [name = ''] = scene.addNodes(1);
    const speakers = scene.newSpeakers({ localAsn: 65_010, password: PASSWORD });
    expect(await speakers.maxPrefixes(signal)).toBeUndefined();
    const { changes } = await speakers.ready([name], signal);
    expect(bgpOfProject()).toMatchObject({ status: 'enabled', deployment_type: 'local', asn: 65_010, md5: PASSWORD });
    expect(changes[0]).toBe('BGP of the project enabled with ASN 65010');
    expect(await speakers.maxPrefixes(signal)).toBe(10);
    expect(scene.cloud.schemaProblems).toEqual([]);
  });

  test('PK row 51 BGP that is enabled is adopted: its ASN and password win', async () => {
    scene.cloud.setBgp({ asn: 65_001, md5: PASSWORD });
    const [name = ''] = scene.addNodes(1);
    const { speakers } = await scene.newSpeakers({ localAsn: 65_010, password: 'Other98765432' }).ready([name], signal);
    expect(speakers).toMatchObject([{ localAsn: 65_001, password: PASSWORD }]);
    expect(bgpOfProject()).toMatchObject({ asn: 65_001, md5: PASSWORD });
    expect(scene.callsSince()['POST /projects/{id}/bgp-configs']).toBeUndefined();
  });

  test('PK row 51 BGP that was disabled is enabled', async () => {
    scene.cloud.setBgp({ asn: 65_001, status: 'disabled' });
    await scene.newSpeakers().ready(scene.addNodes(1), signal);
    expect(bgpOfProject()).toMatchObject({ status: 'enabled', asn: 65_000 });
  });

  test('PK row 51 a lost answer: found enabled when read again, not enabled twice', async () => {
    scene.cloud.fail({ match: { method: 'POST', path: /bgp-configs$/ }, kind: 'drop-after' });
    const { speakers } = await scene.newSpeakers().ready(scene.addNodes(1), signal);
    expect(speakers).toHaveLength(1);
    expect(scene.callsSince()['POST /projects/{id}/bgp-configs']).toBe(1);
  });

  test('many Services at once switch it on once', async () => {
    const names = scene.addNodes(2);
    const speakers = scene.newSpeakers();
    await Promise.all(Array.from({ length: 10 }, () => speakers.ready(names, signal)));
    expect(scene.callsSince()).toMatchObject({
      'POST /projects/{id}/bgp-configs': 1,
      'POST /devices/{id}/bgp/sessions': 2,
      'GET /devices/{id}/bgp/neighbors': 2,
    });
  });

  test('a refusal and an approval that is missing are told', async () => {
    const names = scene.addNodes(1);
    scene.cloud.fail({ match: { method: 'POST', path: /bgp-configs$/ }, status: 422, body: { errors: ['no'] } });
    await expect(scene.newSpeakers().ready(names, signal)).rejects.toMatchObject({ code: 'BGP_NOT_ENABLED' });
    scene.cloud.setBgp({ status: 'requested', deploymentType: 'global' });
    await expect(scene.newSpeakers().ready(names, signal)).rejects.toMatchObject({
      code: 'BGP_NOT_APPROVED',
      disposition: { retry: 'after' },
    });
  });

  test('PK row 52 without a Node that is selected there is no call at all', async () => {
    const speakers = scene.newSpeakers();
    expect(await speakers.ready([], signal)).toEqual({ speakers: [], notReady: [], changes: [] });
    expect(scene.cloud.calls.total).toBe(0);
  });
});

describe('sessions', () => {
  test('PK row 53 a device that has a session already (422) is done', async () => {
    scene.cloud.setBgp({});
    const names = scene.addNodes(2);
    await scene.newSpeakers().ready(names, signal);
    // The list does not show them: an older answer of the API.
    scene.cloud.fail({ match: { path: '/projects/{id}/bgp/sessions' }, body: { bgp_sessions: [] }, status: 200 });
    const { speakers, notReady } = await scene.newSpeakers().ready(names, signal);
    expect(speakers.map(({ nodeName }) => nodeName)).toEqual(names);
    expect(notReady).toEqual([]);
    expect(sessions()).toHaveLength(2);
  });

  test('one failing Node does not stop the others', async () => {
    const names = scene.addNodes(3);
    const device = [...scene.cloud.state.devices.values()][1];
    scene.cloud.fail({
      match: { method: 'POST', path: `/devices/${device?.id}/bgp/sessions` },
      status: 422,
      body: { errors: ['this device is special'] },
      times: Infinity,
    });
    const { speakers, notReady } = await scene.newSpeakers().ready([...names, 'unheard-of'], signal);
    expect(speakers.map(({ nodeName }) => nodeName)).toEqual([names[0], names[2]]);
    expect(notReady).toEqual([
      { nodeName: 'unheard-of', reason: 'there is no such node' },
      { nodeName: names[1], reason: expect.stringContaining('special') },
    ]);
  });

  test('Nodes without provider ID, of another cloud, without device or without private address are named with the reason', async () => {
    scene.kube.put(nodeType, { metadata: { name: 'young' } });
    scene.kube.put(nodeType, { metadata: { name: 'foreign' }, spec: { providerID: 'aws:///i-1' } });
    scene.addNode('gone', { id: '00000009-1111-4222-8333-444444444444' });
    const flat = scene.cloud.addDevice({ hostname: 'flat', addresses: ['public-ipv4'] });
    scene.addNode('flat', flat);
    const { speakers, notReady } = await scene.newSpeakers().ready(['young', 'foreign', 'gone', 'flat'], signal);
    expect(speakers).toEqual([]);
    expect(notReady.map(({ nodeName, reason }) => `${nodeName}: ${reason}`)).toEqual([
      expect.stringContaining('young: the node has no provider ID yet'),
      expect.stringContaining('foreign: the node is a machine of another cloud'),
      expect.stringContaining('is not there any more'),
      expect.stringContaining('no private IPv4 address'),
    ]);
    expect(sessions()).toEqual([]);
  });

  test('PK row 56 only Nodes that the selector matches', async () => {
    const [yes = ''] = scene.addNodes(1, { bgp: 'yes' });
    const [no = ''] = scene.addNodes(1);
    const { speakers, notReady } = await scene.newSpeakers({ nodes: selector('bgp=yes') }).ready([yes, no], signal);
    expect(speakers.map(({ nodeName }) => nodeName)).toEqual([yes]);
    expect(notReady).toEqual([]);
    expect(sessions()).toHaveLength(1);
    expect(scene.annotationsOf(no)).toEqual({});
  });
});

describe('annotations', () => {
  test('PK row 54 six kinds for each peer in the order of their addresses, the password in base64', async () => {
    scene.cloud.setBgp({ asn: 65_001, md5: PASSWORD });
    const [name = ''] = scene.addNodes(1);
    scene.cloud.fail({
      match: { path: '/devices/{id}/bgp/neighbors' },
      status: 200,
      body: { bgp_neighbors: [neighbor(6, ['fc00::e']), neighbor(4, ['169.254.255.2', '169.254.255.1'])] },
    });
    await scene.newSpeakers().ready([name], signal);
    const peer = (ip: string): object => ({
      'node-asn': '65001',
      'peer-asn': '65530',
      'peer-ip': ip,
      'src-ip': '10.0.0.1',
      'bgp-pass': 'U2VjcmV0MTIzNDU=',
    });
    expect(scene.annotationsOf(name)).toEqual({
      ...prefixed(`${KEY}0-`, peer('169.254.255.1')),
      ...prefixed(`${KEY}1-`, peer('169.254.255.2')),
      'metal.equinix.com/network-4-private': '10.0.0.0/25',
    });
    expect(scene.kube.callsOf()).toHaveLength(1);
  });

  test('PK row 54 keys of other times: those without a number have the first peer', async () => {
    const [name = ''] = scene.addNodes(1);
    const keys = {
      localAsn: 'packet.com/node.asn',
      peerAsn: 'packet.com/peer.asns',
      peerIp: 'packet.com/peer.ips',
      sourceIp: 'example.com/{{n}}.src',
      privateNetwork: 'example.com/net',
    };
    await scene.newSpeakers({}, keys).ready([name], signal);
    expect(scene.annotationsOf(name)).toEqual({
      'packet.com/node.asn': '65000',
      'packet.com/peer.asns': '65530',
      'packet.com/peer.ips': '169.254.255.1',
      'example.com/0.src': '10.0.0.1',
      'example.com/1.src': '10.0.0.1',
      'example.com/net': '10.0.0.0/25',
    });
    expect((await scene.newSpeakers({}, keys).ready([name], signal)).changes).toEqual([]);
  });

  test('PK row 55 ASN, password, source address and number of peers change later', async () => {
    scene.cloud.setBgp({ md5: PASSWORD });
    const [name = ''] = scene.addNodes(1);
    const speakers = scene.newSpeakers();
    await speakers.ready([name], signal);
    await scene.annotate(name, { 'example.com/mine': 'stays', [`${KEY}7-mine`]: 'stays', [`${KEY}7-peer-ip`]: 'x' });
    const [device] = scene.cloud.state.devices.values();
    const moved = { ...device, id: device?.id ?? '', hostname: name };
    scene.cloud.setBgp({ asn: 65_077, md5: null });
    scene.cloud.removeDevice(moved.id);
    scene.cloud.addDevice({ hostname: 'takes-the-address' });
    scene.cloud.addDevice({ id: moved.id, hostname: name });
    scene.cloud.fail({
      match: { path: '/devices/{id}/bgp/neighbors' },
      status: 200,
      body: { bgp_neighbors: [neighbor(4, ['10.0.0.2'])] },
    });
    await scene.clock.advance(RESYNC_MS + 1);
    const [speaker] = (await speakers.ready([name], signal)).speakers;
    expect(speaker).toMatchObject({ localAsn: 65_077, password: undefined });
    expect(speaker?.sourceAddress).not.toBe('10.0.0.1');
    expect(scene.annotationsOf(name)).toEqual({
      'example.com/mine': 'stays',
      [`${KEY}7-mine`]: 'stays',
      'metal.equinix.com/network-4-private': '10.0.0.0/25',
      ...prefixed(`${KEY}0-`, {
        'node-asn': '65077',
        'peer-asn': '65530',
        'peer-ip': '10.0.0.2',
        'src-ip': speaker?.sourceAddress,
      }),
    });
  });

  test('PK row 55 annotations that somebody took away come back without a call of the cloud', async () => {
    const [name = ''] = scene.addNodes(1);
    const speakers = scene.newSpeakers();
    await speakers.ready([name], signal);
    const before = scene.annotationsOf(name);
    scene.callsSince();
    await scene.annotate(name, { [`${KEY}0-peer-ip`]: null, [`${KEY}1-src-ip`]: '1.2.3.4' });
    await speakers.ready([name], signal);
    expect(scene.annotationsOf(name)).toEqual(before);
    expect(scene.callsSince()).toEqual({});
  });
});

describe('memory', () => {
  test('100 Nodes that are ready cost no call, and a restart none for each', async () => {
    scene.cloud.setBgp({});
    const names = scene.addNodes(100);
    const first = scene.newSpeakers();
    await first.ready(names, signal);
    scene.callsSince();
    const kubeCalls = scene.kube.calls.length;
    for (let service = 0; service < 50; service += 1) await first.ready(names, signal);
    expect(scene.callsSince()).toEqual({});
    expect(scene.kube.calls).toHaveLength(kubeCalls);
    const restarted = scene.newSpeakers();
    for (let service = 0; service < 50; service += 1) await restarted.ready(names, signal);
    const calls = scene.callsSince();
    expect(Object.values(calls).reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(10);
    expect(scene.kube.calls).toHaveLength(kubeCalls);
    // One more Node: its session and its routers, for all Services together.
    const [added = ''] = scene.addNodes(1);
    const more = await restarted.ready([...names, added], signal);
    for (let service = 0; service < 50; service += 1) await restarted.ready([...names, added], signal);
    expect(more.speakers).toHaveLength(101);
    expect(scene.callsSince()).toEqual({
      'GET /devices/{id}': 1,
      'POST /devices/{id}/bgp/sessions': 1,
      'GET /devices/{id}/bgp/neighbors': 1,
    });
  });

  test('a session that somebody ended is made again after a while', async () => {
    const names = scene.addNodes(2);
    const speakers = scene.newSpeakers();
    await speakers.ready(names, signal);
    const [session] = sessions();
    await scene.api.bgp.removeSession(session?.id as never, signal);
    await scene.clock.advance(RESYNC_MS + 1);
    await speakers.ready(names, signal);
    expect(sessions()).toHaveLength(2);
  });

  test('in times of doubt Nodes stay what they were, also right after a restart; a device that is gone does not', async () => {
    const names = scene.addNodes(2);
    const speakers = scene.newSpeakers();
    const before = await speakers.ready(names, signal);
    await scene.clock.advance(RESYNC_MS + 1);
    scene.cloud.fail({ match: { path: /.*/ }, status: 500, times: Infinity });
    const during = await speakers.ready(names, signal);
    expect(during.speakers).toEqual(before.speakers);
    scene.cloud.clearFaults();
    const [first] = sessions();
    await scene.api.bgp.removeSession(first?.id as never, signal);
    scene.cloud.fail({ match: { method: 'POST' }, status: 500, times: Infinity });
    expect((await scene.newSpeakers().ready(names, signal)).speakers).toEqual(before.speakers);
    scene.cloud.clearFaults();
    scene.cloud.removeDevice([...scene.cloud.state.devices.keys()][0] ?? '');
    await scene.clock.advance(RESYNC_MS + 1);
    const after = await speakers.ready(names, signal);
    expect(after.speakers.map(({ nodeName }) => nodeName)).toEqual([names[1]]);
    expect(after.notReady).toMatchObject([{ nodeName: names[0] }]);
  });
});

test('a preview says what would change and writes nothing', async () => {
  const names = scene.addNodes(1);
  const speakers = scene.newSpeakers();
  expect(await speakers.preview(names, signal)).toMatchObject({
    speakers: [],
    changes: ['enable BGP of the project with ASN 65000'],
    notReady: [{ nodeName: names[0], reason: 'BGP of the project is not enabled yet' }],
  });
  scene.cloud.setBgp({});
  const fresh = scene.newSpeakers();
  expect((await fresh.preview(names, signal)).changes).toEqual([`make the BGP session of node ${names[0]}`]);
  expect(writes()).toBe(0);
  await fresh.ready(names, signal);
  await scene.annotate(names[0] ?? '', { [`${KEY}0-peer-ip`]: null });
  const { changes, speakers: known } = await fresh.preview(names, signal);
  expect(changes).toEqual([`write annotations of node ${names[0]}: ${KEY}0-peer-ip`]);
  expect(known).toHaveLength(1);
  expect(scene.annotationsOf(names[0] ?? '')[`${KEY}0-peer-ip`]).toBeUndefined();
});

test('PK row 76 passwords are registered as secrets and appear in no line, no reason and no change', async () => {
  scene.cloud.setBgp({ md5: PASSWORD });
  const names = scene.addNodes(2);
  const device = [...scene.cloud.state.devices.keys()][0] ?? '';
  scene.cloud.fail({ match: { path: `/devices/${device}/bgp/neighbors` }, status: 500, times: Infinity });
  const result = await scene.newSpeakers({ password: 'Other98765432' }).ready(names, signal);
  expect(scene.secrets.has(PASSWORD)).toBe(true);
  const shown = JSON.stringify([scene.log.lines, result.notReady, result.changes]);
  for (const secret of [PASSWORD, Buffer.from(PASSWORD).toString('base64'), 'Other98765432']) {
    expect(shown).not.toContain(secret);
  }
});

function selector(text: string): NodeSelector {
  const parsed = parseNodeSelector(text);
  if (isBad(parsed)) throw new Error(parsed.use);
  return parsed;
}

function prefixed(prefix: string, values: object): object {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [prefix + name, value]));
}

function neighbor(family: 4 | 6, peers: readonly string[]): object {
  return { address_family: family, customer_as: 65_000, customer_ip: '10.0.0.1', peer_as: 65_530, peer_ips: peers };
}
