// From the environment to a provider that works, over HTTP.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { simulateCloudscale } from '@longshore/cloud-simulators';
import type { CloudscaleSimulator } from '@longshore/cloud-simulators';
import { PrometheusMetrics, SecretRedactor } from '@longshore/k8s-runtime/process';
import { FakeClock, recordingLogger } from '@longshore/reconciler-core/testing';
import type { RecordingLogger } from '@longshore/reconciler-core/testing';
import type { Environment } from './config.ts';
import { createProvider } from './provider.ts';
import type { Surroundings } from './provider.ts';
import { SimulatedCloud } from './simulate.ts';
import { aNode } from './test-support/builders.ts';

const signal = new AbortController().signal;
let cloud: CloudscaleSimulator;
let log: RecordingLogger;

beforeEach(async () => {
  cloud = await simulateCloudscale({ token: 'secret-token' });
  log = recordingLogger();
});
afterEach(() => cloud.close());

function around(env: Environment): Surroundings {
  const parts = { metrics: new PrometheusMetrics(), secrets: new SecretRedactor(), isDryRun: false };
  return { env, clock: new FakeClock(), log, signal, ...parts };
}

describe('createProvider', () => {
  test('CS row 1 without a token it does not start, and says what is missing', async () => {
    await expect(createProvider(around({}))).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringContaining('CLOUDSCALE_ACCESS_TOKEN') as unknown,
    });
  });

  test('CS row 6 it has no cluster ID: the program wants --allow-untagged-cloud', async () => {
    const env = { CLOUDSCALE_ACCESS_TOKEN: cloud.token };
    expect(await createProvider(around(env))).toMatchObject({ name: 'cloudscale', hasClusterId: false });
    // With an ID there is nothing to allow, and commands need none.
    expect(await createProvider(around({ ...env, CLOUDSCALE_CLUSTER_ID: 'c1' }))).toMatchObject({ hasClusterId: true });
    expect(await createProvider({ ...around(env), isCommand: true })).toMatchObject({ hasClusterId: true });
  });

  test('CS row 5 --cloud-config is warned about and ignored', async () => {
    const env = { CLOUDSCALE_ACCESS_TOKEN: cloud.token };
    await createProvider({ ...around(env), cloudConfig: '/nowhere/cloud.conf' });
    const warnings = log.lines.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ message }) => message)).toEqual([expect.stringContaining('--cloud-config')]);
  });

  test('CS row 3 the log shows the beginning of the token; nothing is asked before somebody needs it', async () => {
    const env = { CLOUDSCALE_ACCESS_TOKEN: cloud.token, CLOUDSCALE_API_URL: `${cloud.url}/v1` };
    const provider = await createProvider(around(env));
    expect(JSON.stringify(log.lines)).toContain('secr********');
    expect(JSON.stringify(log.lines)).not.toContain('secret-token');
    expect(cloud.calls.total).toBe(0);
    cloud.addServer({ name: 'n' });
    expect((await provider.instances?.lookup([aNode('n')], signal))?.get('n')).toMatchObject({ state: 'running' });
    await provider.ping?.(signal);
    cloud.removeToken(cloud.token);
    await expect(provider.ping?.(signal)).rejects.toThrow('401');
  });

  test('a token file is read for every call', async () => {
    const folder = await mkdtemp(path.join(tmpdir(), 'cloudscale-ccm-'));
    const file = path.join(folder, 'token');
    await writeFile(file, 'wrong\n');
    const env = { CLOUDSCALE_ACCESS_TOKEN_FILE: file, CLOUDSCALE_API_URL: cloud.url };
    const provider = await createProvider(around(env));
    await expect(provider.ping?.(signal)).rejects.toThrow('401');
    await writeFile(file, `${cloud.token}\n`);
    await provider.ping?.(signal);
    await rm(folder, { recursive: true });
  });
});

describe('--simulate', () => {
  test('every Node has a server, and one that is removed stays removed', async () => {
    const simulated = new SimulatedCloud();
    const { env, description, ...simulation } = await simulated.start();
    const provider = simulated.furnish(await createProvider(around(env)));
    const node = aNode('n1');
    const finding = (await provider.instances?.lookup([node], signal))?.get('n1');
    expect(finding).toMatchObject({ state: 'running' });
    expect(description).toContain('/__world');
    await simulation.stop();
  });
});
