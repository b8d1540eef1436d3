// From the environment to a provider that works, over HTTP.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { ProviderContext } from '@longshore/cloud-provider';
import { PrometheusMetrics, SecretRedactor } from '@longshore/k8s-runtime/process';
import type { Runnable } from '@longshore/reconciler-core';
import { recordingLogger } from '@longshore/reconciler-core/testing';
import type { RecordingLogger } from '@longshore/reconciler-core/testing';
import type { Environment } from './config.ts';
import { createProvider } from './provider.ts';
import type { Surroundings } from './provider.ts';
import { SimulatedCloud } from './simulate.ts';
import { aNode, aService } from './test-support/builders.ts';
import { aWorld } from './test-support/world.ts';
import type { World } from './test-support/world.ts';
import { VERSION } from './version.ts';

let world: World;
let stop: AbortController;
let log: RecordingLogger;
let loops: Runnable[];
beforeEach(async () => {
  loops = [];
  world = await aWorld();
  stop = new AbortController();
  log = recordingLogger();
});
afterEach(async () => {
  stop.abort();
  await world.close();
});

function around(env: Environment, isDryRun = false): Surroundings {
  const { clock } = world;
  return {
    env,
    clock,
    log,
    metrics: new PrometheusMetrics(),
    signal: stop.signal,
    isDryRun,
    secrets: new SecretRedactor(),
  };
}
const envOf = (extra: Environment = {}): Environment => ({
  DO_ACCESS_TOKEN: world.cloud.token,
  DO_OVERRIDE_URL: world.cloud.url,
  DO_METADATA_URL: world.cloud.url,
  ...extra,
});
const contextOf = (): ProviderContext => {
  const { cluster, clock } = world;
  const keepRunning = (loop: Runnable): void => void loops.push(loop);
  return { ...cluster, clock, log, signal: stop.signal, keepRunning } as unknown as ProviderContext;
};

describe('createProvider', () => {
  test('DO row 1 without a token it does not start, and says what is missing', async () => {
    await expect(createProvider(around({}))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('DO_ACCESS_TOKEN') as unknown,
    });
  });

  test('nothing is asked before it leads; then nodes and balancers work', async () => {
    const provider = await createProvider(around(envOf({ DO_CLUSTER_ID: 'c1' })));
    expect(world.cloud.calls.total).toBe(0);
    await provider.start?.({
      ...contextOf(),
      services: world.cluster.services as never,
      client: world.cluster.client as never,
    });
    const node = aNode('pool-a-1');
    expect((await provider.instances?.lookup([node], stop.signal))?.get('pool-a-1')).toMatchObject({
      state: 'running',
    });
    const service = world.cluster.put(aService());
    await provider.loadBalancers?.ensure(service, world.nodes(), stop.signal);
    expect([...world.cloud.state.loadBalancers.values()]).toMatchObject([
      { tags: ['k8s:c1'], region: { slug: 'fra1' } },
    ]);
  });

  test('--node-name-map reaches the look-up', async () => {
    const machineNameOf = (name: string): string => (name === 'node-a' ? 'pool-a-2' : name);
    const provider = await createProvider({ ...around(envOf()), machineNameOf });
    expect((await provider.instances?.lookup([aNode('node-a')], stop.signal))?.get('node-a')).toMatchObject({
      metadata: { providerId: 'digitalocean://2' },
    });
  });

  test('a wrong region ends the start', async () => {
    const provider = await createProvider(around(envOf({ REGION: 'xyz' })));
    await expect(provider.start?.(contextOf())).rejects.toMatchObject({ code: 'REGION_UNKNOWN' });
  });

  test('the readiness page can ask for the account', async () => {
    const provider = await createProvider(around(envOf()));
    await provider.ping?.(stop.signal);
    world.cloud.fail({ match: { path: '/v2/account' }, status: 401, times: Infinity });
    await expect(provider.ping?.(stop.signal)).rejects.toMatchObject({ code: 'CLOUD_UNAUTHORIZED' });
  });

  test('a token in a file may change while the program runs, and is kept out of the log', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-'));
    const file = path.join(folder, 'token');
    try {
      await writeFile(file, `${world.cloud.token}\n`);
      const surroundings = around(envOf({ DO_ACCESS_TOKEN: undefined, DO_ACCESS_TOKEN_FILE: file }));
      const provider = await createProvider(surroundings);
      await provider.ping?.(stop.signal);
      world.cloud.addToken('another-token');
      world.cloud.removeToken(world.cloud.token);
      await writeFile(file, 'another-token\n');
      await provider.ping?.(stop.signal);
      expect(surroundings.secrets.redact('it is another-token')).toBe('it is <redacted>');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('a dry run sends nothing that changes anything, and takes no port', async () => {
    const provider = await createProvider(around(envOf({ METRICS_ADDR: '127.0.0.1:1' }), true));
    await provider.start?.({
      ...contextOf(),
      services: world.cluster.services as never,
      client: world.cluster.client as never,
    });
    const service = world.cluster.put(aService());
    await expect(provider.loadBalancers?.ensure(service, world.nodes(), stop.signal)).rejects.toMatchObject({
      code: 'CLOUD_DRY_RUN',
    });
    expect(world.cloud.calls.writes()).toEqual([]);
  });

  test('a firewall is kept only where the environment names one; `plan` shows what it lacks', async () => {
    const bare = await createProvider(around(envOf()));
    await bare.start?.(contextOf());
    expect(loops).toEqual([]);
    expect(await bare.otherPlans?.({ nodes: [], services: [] }, stop.signal)).toEqual([]);
    const env = envOf({ PUBLIC_ACCESS_FIREWALL_NAME: 'fw', PUBLIC_ACCESS_FIREWALL_TAGS: 'k8s' });
    const provider = await createProvider(around(env));
    await provider.start?.(contextOf());
    expect(loops.map(({ name }) => name)).toEqual(['firewall-controller']);
    const [plan] = (await provider.otherPlans?.({ nodes: [], services: [] }, stop.signal)) ?? [];
    expect(plan).toMatchObject({ subject: { kind: 'Firewall', name: 'fw' }, steps: [{ kind: 'create-firewall' }] });
    expect(world.cloud.calls.writes()).toEqual([]);
  });
});

describe('SimulatedCloud', () => {
  test('every node has a droplet, by name or by the number in its provider ID; what is removed stays removed', async () => {
    const simulated = new SimulatedCloud();
    const simulation = await simulated.start();
    try {
      const env = { ...simulation.env, DO_ACCESS_TOKEN_FILE: '' };
      const provider = simulated.furnish(await createProvider(around(env)));
      const nodes = [aNode('by-name'), aNode('by-id', { providerId: 'digitalocean://4711' })];
      const findings = await provider.instances?.lookup(nodes, stop.signal);
      expect(findings?.get('by-name')).toMatchObject({ state: 'running' });
      expect(findings?.get('by-id')).toMatchObject({
        state: 'running',
        metadata: { providerId: 'digitalocean://4711' },
      });
      expect(simulation.description).toContain('/__world');
    } finally {
      await simulation.stop();
    }
  });

  test('without a simulation the provider stays as it is', async () => {
    const provider = await createProvider(around(envOf()));
    expect(new SimulatedCloud().furnish(provider)).toBe(provider);
  });
});

test('the version is that of the package', () => {
  const manifest = JSON.parse(readFileSync(path.join(import.meta.dirname, '../package.json'), 'utf8')) as object;
  expect(manifest).toMatchObject({ version: VERSION });
});
