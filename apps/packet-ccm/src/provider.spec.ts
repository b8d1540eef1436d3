// From environment and file to a provider that answers: against the simulated cloud.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ProviderContext } from '@longshore/cloud-provider';
import { simulateMetalLoadBalancers, simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { resourceType, services } from '@longshore/k8s-runtime';
import type { KubeObject } from '@longshore/k8s-runtime';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import { PrometheusMetrics, SecretRedactor } from '@longshore/k8s-runtime/process';
import { FakeClock, FakeSource, recordingLogger } from '@longshore/reconciler-core/testing';
import { CONTROL_PLANE_SERVICE } from './control-plane/control-plane-service.ts';
import { SimulatedCloud } from './simulate.ts';
import { createProvider } from './provider.ts';
import type { Surroundings } from './provider.ts';
import { aNode } from './test-support/builders.ts';
import { aBalancedService, someNodes } from './test-support/emlb-world.ts';

const signal = new AbortController().signal;
let cloud: PacketSimulator;
let folder: string;

beforeEach(async () => {
  cloud = await simulatePacket({ pathPrefix: '/metal/v1', facility: 'da11' });
  folder = await mkdtemp(join(tmpdir(), 'packet-ccm-'));
});

afterEach(async () => {
  await cloud.close();
  await rm(folder, { recursive: true });
});

function around(
  env: Record<string, string>,
  configPath?: string,
): Surroundings & { readonly log: ReturnType<typeof recordingLogger> } {
  const clock = new FakeClock();
  return {
    env,
    configPath,
    clock,
    log: recordingLogger(),
    metrics: new PrometheusMetrics(),
    isDryRun: false,
    secrets: new SecretRedactor(),
  };
}

const seedEnv = (): Record<string, string> => ({
  PACKET_AUTH_TOKEN: cloud.token,
  PACKET_PROJECT_ID: cloud.projectId,
  PACKET_API_URL: `${cloud.url}/`,
});

describe('createProvider', () => {
  test('PK row 1 PK row 7 the seed’s variables: nodes are found below the path prefix, the token is sent', async () => {
    const { id } = cloud.addDevice({ hostname: 'node-1' });
    const provider = await createProvider(around(seedEnv()));
    await provider.ping?.(signal);
    const findings = await provider.instances?.lookup([aNode('node-1')], signal);
    expect(findings?.get('node-1')).toMatchObject({ state: 'running', metadata: { providerId: `packet://${id}` } });
    expect([provider.name, provider.providerIdSchemes]).toEqual(['packet', ['packet', 'equinixmetal']]);
  });

  test('PK row 4 the Secret’s JSON file, and its folder with plain keys', async () => {
    cloud.addDevice({ hostname: 'node-1' });
    const file = join(folder, 'cloud-sa.json');
    await writeFile(file, JSON.stringify({ apiKey: cloud.token, projectID: cloud.projectId, 'base-url': cloud.url }));
    await (await createProvider(around({}, file))).ping?.(signal);
    const plain = join(folder, 'apiKey');
    await writeFile(plain, cloud.token);
    await writeFile(join(folder, 'projectID'), cloud.projectId);
    await (await createProvider(around({ PACKET_API_URL: cloud.url }, folder))).ping?.(signal);
    expect(cloud.calls.total).toBe(2);
  });

  test('PK row 72 a key that is replaced in the file counts from the next call on', async () => {
    const file = join(folder, 'cloud-sa.json');
    const write = (apiKey: string): Promise<void> =>
      writeFile(file, JSON.stringify({ apiKey, projectID: cloud.projectId, 'base-url': cloud.url }));
    await write(cloud.token);
    const provider = await createProvider(around({}, file));
    await provider.ping?.(signal);
    cloud.addToken('second');
    cloud.removeToken(cloud.token);
    await expect(provider.ping?.(signal)).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
    await write('second');
    await provider.ping?.(signal);
  });

  test('PK row 8 a file that is no JSON: its name and the position, not its content', async () => {
    const file = join(folder, 'cloud-sa.json');
    await writeFile(file, '{"apiKey": "SECRET"');
    await expect(createProvider(around({}, file))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: `${file} is not JSON at line 1, column 20`,
    });
  });

  test('the end of the public service is told at the start', async () => {
    const surroundings = around({ PACKET_AUTH_TOKEN: 'k', PACKET_PROJECT_ID: cloud.projectId });
    await createProvider(surroundings);
    expect(JSON.stringify(surroundings.log.lines)).toMatch(/ended on 2026-06-30: set base-url/);
  });

  test('PK row 76 what is logged at the start has no secret in it', async () => {
    const surroundings = around({ ...seedEnv(), METAL_BGP_PASS: 'bgp-secret' });
    await createProvider(surroundings);
    const logged = JSON.stringify(surroundings.log.lines);
    expect(logged).toContain('<masked>');
    expect(logged).not.toContain('bgp-secret');
    expect(logged).not.toContain(cloud.token);
  });

  test('PK row 2 PK row 3 without settings the start fails, with all names that would do', async () => {
    await expect(createProvider(around({}))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      disposition: { retry: 'never' },
      message: expect.stringMatching(/PACKET_AUTH_TOKEN.*PACKET_PROJECT_ID/),
    });
  });
});

describe('emlb:///…', () => {
  test('load balancers at the addresses of the settings; no call before the first Service', async () => {
    const lb = await simulateMetalLoadBalancers();
    const env = { METAL_LOAD_BALANCER: 'emlb:///ny', METAL_EMLB_URL: lb.url, METAL_EMLB_TOKEN_URL: lb.exchangeUrl };
    const surroundings = around({ ...seedEnv(), ...env });
    const provider = await createProvider(surroundings);
    expect(lb.calls.total).toBe(0);
    const client = new FakeKubeClient();
    await client.create(namespaces, { metadata: { name: 'kube-system' } });
    await provider.start?.(aContext(client, surroundings));
    const service = await client.create(services, aBalancedService());
    await provider.loadBalancers?.ensure(service, someNodes(2), signal);
    expect([...lb.state.balancers.values()]).toMatchObject([{ location: { name: 'ny' }, ports: [{ number: 80 }] }]);
    expect(provider.serviceRights?.map(({ resource, verb }) => `${verb} ${resource}`)).toEqual(
      expect.arrayContaining(['get namespaces', 'patch services']),
    );
    await lb.close();
  });

  test('under --simulate they are simulated too', async () => {
    const simulation = await new SimulatedCloud().start();
    try {
      const surroundings = around({ METAL_LOAD_BALANCER: 'emlb:///ny', ...simulation.env });
      const provider = await createProvider(surroundings);
      const client = new FakeKubeClient();
      await client.create(namespaces, { metadata: { name: 'kube-system' } });
      await provider.start?.(aContext(client, surroundings));
      const service = await client.create(services, aBalancedService());
      const result = await provider.loadBalancers?.ensure(service, someNodes(2), signal);
      expect(result?.kind).toBe('ready');
    } finally {
      await simulation.stop();
    }
  });

  test.each([
    ['METAL_LOAD_BALANCER_ID: the Service of the control plane is served', {}, false],
    ['METAL_EIP_TAG as well: it has the elastic IP and is left alone', { METAL_EIP_TAG: 'api' }, true],
  ])('with %s', async (_, more, isLeftAlone) => {
    const env = { METAL_LOAD_BALANCER: 'emlb:///ny', METAL_LOAD_BALANCER_ID: 'loadbal-AbCdEfGhIjKlMnOpQrStU' };
    const { loadBalancers } = await createProvider(around({ ...seedEnv(), ...env, ...more }));
    expect(loadBalancers?.isDisowned?.(aBalancedService(CONTROL_PLANE_SERVICE))).toBe(isLeftAlone);
    expect(loadBalancers?.isDisowned?.(aBalancedService())).toBe(false);
  });
});

const namespaces = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
});

function aContext(client: FakeKubeClient, { clock, log, metrics }: Surroundings): ProviderContext {
  const nobody = new FakeSource<never>();
  const lister = { get: () => undefined, list: () => nobody.list(), byIndex: () => [], size: 0 };
  const events = { normal: () => {}, warning: () => {} };
  const rest = { clusterName: 'kubernetes', isDryRun: false, signal, keepRunning: () => {} };
  return { ...rest, client, nodes: lister, services: lister, events, clock, log, metrics };
}
