// The look-up of Nodes against the simulated cloud over HTTP.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { InstanceFinding } from '@longshore/cloud-provider';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator, Fault } from '@longshore/cloud-simulators';
import { createCloudscaleApi } from '@longshore/cloudscale-api';
import type { CloudscaleApi } from '@longshore/cloudscale-api';
import type { KubeNode } from '@longshore/k8s-runtime';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import type { RecordingLogger } from '@longshore/reconciler-core/testing';
import { aNode } from '../test-support/builders.ts';
import { ServerInstances } from './instances.ts';

const signal = new AbortController().signal;
const NOBODY = 'cloudscale://c10d0000-0000-4000-8000-00000000ffff';

let cloud: CloudscaleSimulator;
let api: CloudscaleApi;
let clock: FakeClock;
let log: RecordingLogger;
let instances: ServerInstances;

beforeEach(async () => {
  clock = new FakeClock();
  log = recordingLogger();
  cloud = await simulateCloudscale({ clock, servers: 2 });
  api = createCloudscaleApi({ baseUrl: cloud.url, token: () => cloud.token, userAgent: 't', clock, maxAttempts: 1 });
  instances = new ServerInstances({ servers: api.servers, clock, log });
});
afterEach(async () => {
  api.http.close();
  await cloud.close();
});

async function findingOf(node: KubeNode): Promise<InstanceFinding | undefined> {
  return (await instances.lookup([node], signal)).get(node.metadata?.name ?? '');
}

async function errorCodeOf(node: KubeNode): Promise<unknown> {
  const finding = await findingOf(node);
  return finding?.state === 'unknown' ? (finding.error as { readonly code?: unknown }).code : finding?.state;
}

describe('ServerInstances', () => {
  test('CS row 14 zone, region, type, and addresses in the order Hostname, External v4, External v6, Internal', async () => {
    const { uuid } = cloud.addServer({
      name: 'node-a',
      flavor: 'flex-4-2',
      publicAddresses: ['198.19.7.7', '2001:db8:1::7'],
      privateSubnets: [{ subnet: cloud.addSubnet({ cidr: '10.7.0.0/24' }).uuid, address: '10.7.0.7' }],
    });
    expect(await findingOf(aNode('node-a'))).toEqual({
      state: 'running',
      metadata: {
        providerId: `cloudscale://${uuid}`,
        instanceType: 'flex-4-2',
        zone: 'rma1',
        region: 'rma',
        addresses: [
          { type: 'Hostname', address: 'node-a' },
          { type: 'ExternalIP', address: '198.19.7.7' },
          { type: 'ExternalIP', address: '2001:db8:1::7' },
          { type: 'InternalIP', address: '10.7.0.7' },
        ],
        additionalLabels: {},
      },
    });
  });

  test('CS row 15 the provider ID counts, and the host name is the server’s', async () => {
    const { uuid } = cloud.addServer({ name: 'server-name' });
    expect(await findingOf(aNode('node-name', { providerId: `cloudscale://${uuid}` }))).toMatchObject({
      state: 'running',
      metadata: { addresses: [{ type: 'Hostname', address: 'server-name' }, {}, {}, {}] },
    });
  });

  test('CS row 12 stopped is stopped, running and changing are not', async () => {
    const { uuid } = cloud.addServer({ name: 'n' });
    const node = aNode('n', { providerId: `cloudscale://${uuid}` });
    const state = async (): Promise<unknown> => {
      await clock.advance(10_001);
      return (await findingOf(node))?.state;
    };
    expect(await state()).toBe('running');
    cloud.updateServer(uuid, { status: 'stopped' });
    expect(await state()).toBe('stopped');
    cloud.startServer(uuid);
    expect([await state(), cloud.state.servers.get(uuid)?.status]).toEqual(['running', 'changing']);
  });

  test('CS row 10 a provider ID that the API does not know, asked directly, is gone', async () => {
    const { uuid } = cloud.addServer({ name: 'a' });
    const nodes = [aNode('n', { providerId: NOBODY }), aNode('a', { providerId: `cloudscale://${uuid}` })];
    expect((await instances.lookup(nodes, signal)).get('n')).toEqual({ state: 'gone' });
    // The second list shows that the project is still this cluster's.
    expect(cloud.callsByRoute()).toEqual({ 'GET /v1/servers': 2, 'GET /v1/servers/{uuid}': 1 });
    await clock.advance(60_000);
    expect(await findingOf(aNode('n', { providerId: NOBODY }))).toEqual({ state: 'gone' });
  });

  test.each<Fault & { readonly what: string }>([
    { what: '500', status: 500 },
    { what: 'a 404 page of a proxy', kind: 'html', status: 404 },
    { what: 'a 404 of a gateway', status: 404, body: { message: 'no route' } },
    { what: '401', status: 401 },
    { what: 'a lost connection', kind: 'drop-before' },
    { what: 'an empty answer', kind: 'empty-body', status: 200 },
  ])('CS row 11 $what is never gone, in the list or in the direct question', async ({ what: _what, ...fault }) => {
    cloud.fail(fault);
    expect((await findingOf(aNode('n', { providerId: NOBODY })))?.state).toBe('unknown');
    cloud.fail({ ...fault, match: { path: '/v1/servers/{uuid}' } });
    expect((await findingOf(aNode('n', { providerId: NOBODY })))?.state).toBe('unknown');
  });

  test('CS row 10 a token that sees another project removes no Node: neither at the start nor after a rotation', async () => {
    expect(await errorCodeOf(aNode('n', { providerId: NOBODY }))).toBe('PROJECT_WITHOUT_NODES');
    const { uuid } = cloud.addServer({ name: 'a' });
    const node = aNode('a', { providerId: `cloudscale://${uuid}` });
    await clock.advance(60_000);
    expect((await findingOf(node))?.state).toBe('running');
    // What the token of another project sees: other servers, and "not found" for ours.
    for (const id of cloud.state.servers.keys()) cloud.removeServer(id);
    cloud.addServer({ name: 'stranger' });
    await clock.advance(60_000);
    expect(await errorCodeOf(node)).toBe('PROJECT_WITHOUT_NODES');
  });

  test('CS row 11 a list that fails after the direct question: nothing is gone', async () => {
    const { uuid } = cloud.addServer({ name: 'a' });
    const nodes = [aNode('n', { providerId: NOBODY }), aNode('a', { providerId: `cloudscale://${uuid}` })];
    await instances.lookup([nodes[1] ?? {}], signal);
    cloud.fail({ match: { path: '/v1/servers' }, status: 500 });
    expect((await instances.lookup(nodes, signal)).get('n')?.state).toBe('unknown');
  });

  test('a project without any server says nothing about nodes', async () => {
    for (const uuid of cloud.state.servers.keys()) cloud.removeServer(uuid);
    expect(await errorCodeOf(aNode('n', { providerId: NOBODY }))).toBe('PROJECT_WITHOUT_SERVERS');
  });

  test('CS row 9 a node without provider ID whose server is not found is never gone', async () => {
    expect(await errorCodeOf(aNode('nobody'))).toBe('SERVER_NOT_FOUND');
    expect(cloud.callsByRoute()).toEqual({ 'GET /v1/servers': 1 });
  });

  test('CS row 13 two servers of the name: nothing is guessed', async () => {
    cloud.addServers(0);
    cloud.addServer({ name: 'twin' });
    cloud.addServer({ name: 'twin' });
    expect(await errorCodeOf(aNode('twin'))).toBe('SERVER_AMBIGUOUS');
  });

  test('--node-name-map says which server a node without provider ID is', async () => {
    const { uuid } = cloud.addServer({ name: 'k8s-1.example.com' });
    const machineNameOf = (name: string): string => `${name}.example.com`;
    instances = new ServerInstances({ servers: api.servers, clock, log, machineNameOf });
    expect(await findingOf(aNode('k8s-1'))).toMatchObject({ metadata: { providerId: `cloudscale://${uuid}` } });
  });

  test('names are exact, in their case', async () => {
    cloud.addServer({ name: 'Node-X' });
    expect(await errorCodeOf(aNode('node-x'))).toBe('SERVER_NOT_FOUND');
  });

  test('CS row 8 another cloud’s node has no entry, one that cannot be read is unknown', async () => {
    expect(await findingOf(aNode('n', { providerId: 'aws://i-1' }))).toBeUndefined();
    expect(await errorCodeOf(aNode('n', { providerId: 'cloudscale://foo' }))).toBe('PROVIDER_ID_MALFORMED');
    expect(cloud.calls.total).toBe(0);
  });

  test('thousand nodes are one list, and again nothing within ten seconds', async () => {
    const nodes = cloud.addServers(1_000).map(({ name, uuid }) => aNode(name, { providerId: `cloudscale://${uuid}` }));
    const findings = await instances.lookup(nodes, signal);
    expect([...findings.values()].filter(({ state }) => state === 'running')).toHaveLength(1_000);
    await instances.lookup(nodes, signal);
    expect(cloud.callsByRoute()).toEqual({ 'GET /v1/servers': 1 });
  });

  test('a server that is younger than the list is found for a node that is younger', async () => {
    await findingOf(aNode('nobody'));
    await clock.advance(2_000);
    cloud.addServer({ name: 'young' });
    const node = aNode('young');
    const created = new Date(clock.nowMs()).toISOString();
    const young = { ...node, metadata: { ...node.metadata, creationTimestamp: created } };
    await clock.advance(2_000);
    expect((await findingOf(young))?.state).toBe('running');
  });

  test('a server without private address is told once', async () => {
    cloud.addServer({ name: 'open', privateSubnets: [] });
    await findingOf(aNode('open'));
    await findingOf(aNode('open'));
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('has no private address')]);
  });
});
