// The public access firewall of the built program (npm run build) with a real API server: switched on by its two environment variables, it
// follows Services, shows in `plan`, and is put right after a change by hand.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator, WireFirewall } from '@longshore/cloud-simulators';
import { startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane } from '@longshore/embedded-control-plane';
import type { KubeService } from '@longshore/k8s-runtime';
import { waitFor } from '@longshore/reconciler-core/testing';
import { ANNOTATIONS } from '../annotations.ts';
import { REASON_REPAIRED, REASON_SERVICE } from './told.ts';

const main = path.join(import.meta.dirname, '../../dist/main.js');
const FIRST_BUILD_MS = 1_800_000;
const SERVICES = '/api/v1/namespaces/default/services';
const ANYWHERE = '0.0.0.0/0,::/0';
let plane: ControlPlane;
let cloud: DigitalOceanSimulator;
let running: ChildProcess | undefined;

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  plane = await startControlPlane({ onProgress });
}, FIRST_BUILD_MS);
beforeEach(async () => {
  cloud = await simulateDigitalOcean({ timeToActiveMs: 0, quota: 'off', reordersFirewallRules: true });
  cloud.addDroplet({ name: 'pool-a-1', tags: ['k8s-worker'] });
});
afterAll(async () => {
  if (running?.exitCode === null && running.signalCode === null) {
    const ended = once(running, 'exit');
    running.kill('SIGKILL');
    await ended;
  }
  await cloud.close();
  await plane.stop();
});

function start(...args: readonly string[]): ChildProcess {
  return spawn(process.execPath, [main, ...args, `--kubeconfig=${plane.kubeconfigPath}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      DO_ACCESS_TOKEN: cloud.token,
      DO_OVERRIDE_URL: cloud.url,
      REGION: cloud.region,
      PUBLIC_ACCESS_FIREWALL_NAME: 'public-access',
      PUBLIC_ACCESS_FIREWALL_TAGS: 'k8s-worker',
    },
  });
}

async function call<T>(method: string, at: string, body?: object): Promise<T> {
  return (await plane.request({ method, path: at, ...(body ? { body } : {}) })).body as T;
}

function firewall(): WireFirewall | undefined {
  const [one, ...more] = cloud.state.firewalls.values();
  expect(more).toEqual([]);
  return one;
}

const opened = (): readonly string[] =>
  (firewall()?.inbound_rules ?? []).map(
    ({ protocol, ports, sources }) =>
      `${protocol} ${ports} ${Object.values(sources ?? {})
        .flat()
        .join()}`,
  );
const shows = (...rules: readonly string[]): Promise<void> =>
  waitFor(() => firewall() !== undefined && opened().join('\n') === rules.join('\n'), {
    what: `the rules ${rules.join('; ')}`,
    timeoutMs: 30_000,
  });
const eventsOf = async (reason: string): Promise<readonly { message: string; involvedObject: { name: string } }[]> =>
  (await call<{ items: [] }>('GET', `/api/v1/events?fieldSelector=reason=${reason}`)).items;

/** A Node for the droplet, so that balancers have a target. */
const addNode = (): Promise<unknown> => {
  const taints = [{ key: 'node.cloudprovider.kubernetes.io/uninitialized', value: 'true', effect: 'NoSchedule' }];
  return call('POST', '/api/v1/nodes', { metadata: { name: 'pool-a-1' }, spec: { taints } });
};

test('rules follow Services, wrong ones harm nobody, changes by hand are put right, plan shows the steps', async () => {
  const ports = [{ port: 80, nodePort: 30_080 }];
  await call('POST', SERVICES, { metadata: { name: 'np' }, spec: { type: 'NodePort', ports } });
  const planning = start('plan');
  const [[code], said] = await Promise.all([once(planning, 'exit'), planning.stdout ? text(planning.stdout) : '']);
  expect(code).toBe(2);
  expect(said).toMatch(/^Firewall +public-access +create the firewall public-access for droplets with the tag/m);
  expect(cloud.calls.writes()).toEqual([]);

  running = start('--secure-port=0', '--public-access-firewall-sync-period=2s');
  running.stdout?.resume();
  await shows(`tcp 30080 ${ANYWHERE}`);
  const { id } = firewall() ?? {};
  await addNode();
  await call('POST', SERVICES, {
    metadata: { name: 'web' },
    spec: { type: 'LoadBalancer', ports: [{ port: 443 }], loadBalancerSourceRanges: ['192.0.2.0/24'] },
  });
  const balancerId = async (): Promise<string | undefined> =>
    (await call<KubeService>('GET', `${SERVICES}/web`)).metadata?.annotations?.[ANNOTATIONS.loadBalancerId.key];
  await waitFor(async () => (await balancerId()) !== undefined, { what: 'a balancer' });
  const inLine = [`tcp 10256 ${await balancerId()}`, `tcp 30080 ${ANYWHERE}`, 'tcp 443 192.0.2.0/24'] as const;
  await shows(...inLine);

  cloud.updateFirewall(id ?? '', { inbound_rules: [], tags: [] });
  await shows(...inLine);
  await waitFor(async () => (await eventsOf(REASON_REPAIRED)).length === 1, { what: 'the event' });
  expect(firewall()).toMatchObject({ id, tags: ['k8s-worker'] });

  const annotations = { [ANNOTATIONS.network.key]: 'SOMEWHERE' };
  await call('POST', SERVICES, {
    metadata: { name: 'wrong', annotations },
    spec: { type: 'LoadBalancer', ports: [{ port: 81 }] },
  });
  await waitFor(async () => (await eventsOf(REASON_SERVICE)).length === 1, { what: 'the event' });
  const [event] = await eventsOf(REASON_SERVICE);
  expect(event).toMatchObject({ involvedObject: { name: 'wrong' }, message: expect.stringContaining('SOMEWHERE') });
  await call('DELETE', `${SERVICES}/np`);
  await shows(inLine[0], inLine[2]);
  expect(cloud.schemaProblems).toEqual([]);

  const ended = once(running, 'exit');
  running.kill('SIGTERM');
  expect(await ended).toEqual([0, null]);
}, 120_000);
