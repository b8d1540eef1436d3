// Doubt deletes nothing: whatever the API answers about devices, only its own "not found" in the right project, given twice, removes a Node.
// The program as a process, a real API server, the simulated cloud; no kubelet, so every Node is looked at all the time.
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { freePort, readPage, RunningProgram } from '@longshore/cloud-provider/testing';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { Cluster, FIRST_BUILD_MS } from './test-support/cluster.ts';
import { manifests } from './test-support/manifests.ts';

type Fault = Parameters<PacketSimulator['fail']>[0];

const DEVICE = '/devices/{id}';
const LIST = '/projects/{id}/devices';
const PROJECT = '/projects/{id}';
// Two answers remove a Node whose device is gone; one more than that shows that it is not a matter of time.
const LOOKS = 3;

// Much here is waiting for the program to look again, at pauses of 1, 2 and 4 seconds, at a list that may be 10 seconds old.
jest.setTimeout(300_000);

let cluster: Cluster;
let cloud: PacketSimulator;
let program: RunningProgram | undefined;
let port = 0;

beforeAll(async () => {
  cluster = await Cluster.start();
}, FIRST_BUILD_MS);
afterAll(() => cluster.stop());
beforeEach(async () => {
  cloud = await simulatePacket({ facility: 'da11' });
  port = await freePort();
});
afterEach(async () => {
  await program?.stop();
  program = undefined;
  await cloud.close();
  await cluster.kubectl('delete', 'nodes', '--all');
  await cluster.kubectl('delete', 'events', '--all', '-n', 'default');
});

function start(name = 'packet-ccm', env: Readonly<Record<string, string>> = {}): RunningProgram {
  return new RunningProgram(name, {
    file: path.join(manifests.path, 'src/main.ts'),
    flags: [`--kubeconfig=${cluster.plane.kubeconfigPath}`, `--secure-port=${port}`, '--node-monitor-period=1s'],
    env: { PACKET_AUTH_TOKEN: cloud.token, PACKET_PROJECT_ID: cloud.projectId, PACKET_API_URL: cloud.url, ...env },
  });
}

/** A cluster of `count` initialized Nodes; returns the IDs of their devices. */
async function initialized(count: number): Promise<readonly string[]> {
  const devices = cloud.addDevices(count);
  for (const { hostname } of devices) await cluster.addNode(hostname);
  const running = start();
  program = running;
  for (const { hostname } of devices) {
    await running.until(`${hostname} is initialized`, () => cluster.isInitialized(hostname));
  }
  return devices.map(({ id }) => id);
}

const asked = (template: string): number => cloud.calls.of(`GET ${template}`).length;

/** The program asks several times more, the first time at once, then at its own pauses. */
async function afterLooks(running: RunningProgram, template: string, looks = LOOKS): Promise<void> {
  await provoke();
  for (let look = 0; look < looks; look += 1) {
    const before = asked(template);
    await running.until('a further look', () => asked(template) > before, 120_000);
  }
}

let changes = 0;

/** Looks at a Node in doubt get rarer, but for one with another condition, which is looked at soon and often again. */
async function provoke(): Promise<void> {
  changes += 1;
  const lastTransitionTime = new Date(Date.UTC(2026, 0, 1) + changes * 1000).toISOString();
  const ready = { type: 'Ready', status: 'Unknown', reason: 'NodeStatusUnknown', lastTransitionTime };
  const patch = JSON.stringify({ status: { conditions: [ready] } });
  for (const name of await cluster.nodeNames()) {
    await cluster.kubectl('patch', 'node', name, '--subresource=status', '--type=merge', '-p', patch);
  }
}

describe('no Node is deleted', () => {
  test('PK row 30 by the 404s of another project', async () => {
    const ids = await initialized(2);
    await program?.stop();
    const names = await cluster.nodeNames();
    const other = cloud.addProject();
    cloud.addToken('of-the-other', { projectId: other });
    // With its own key the other project gives 403, with the user's key it shows whose they are, and without devices it gives 404.
    program = start('wrong-project', { PACKET_PROJECT_ID: other, PACKET_AUTH_TOKEN: 'of-the-other' });
    await afterLooks(program, DEVICE);
    await program.stop();
    for (const id of ids) cloud.removeDevice(id);
    program = start('wrong-project', { PACKET_PROJECT_ID: other });
    await afterLooks(program, DEVICE);
    expect(await cluster.nodeNames()).toEqual(names);
    expect(program.output).toContain('shows no machine of this cluster');
  });

  test('PK row 28 by 403, 500 or an empty list; then a 404 in the right project removes exactly that one, with one event', async () => {
    const [gone = ''] = await initialized(3);
    const running = program as RunningProgram;
    const names = await cluster.nodeNames();
    const { hostname = '' } = [...cloud.state.devices.values()].find(({ id }) => id === gone) ?? {};
    const always = (path: string, answer: Partial<Fault>): ReturnType<PacketSimulator['fail']> =>
      cloud.fail({ match: { method: 'GET', path }, times: Infinity, ...answer });
    const isUnmoved = async (looks = LOOKS): Promise<void> => {
      await afterLooks(running, DEVICE, looks);
      expect(await cluster.nodeNames()).toEqual(names);
    };
    // An empty list in which everybody should be; asked one by one they are there.
    const empty = always(LIST, {
      status: 200,
      body: { devices: [], meta: { total: 0, current_page: 1, last_page: 1 } },
    });
    await isUnmoved();
    expect(empty.used).toBeGreaterThan(0);
    // From here on one is not there any more, but no answer says so of it alone.
    const nobody = always(DEVICE, { status: 404 });
    cloud.removeDevice(gone);
    await isUnmoved();
    expect(running.output).toContain('shows no machine of this cluster');
    const forbidden = always(DEVICE, { status: 403 });
    nobody.remove();
    empty.remove();
    await isUnmoved();
    const broken = always(DEVICE, { status: 500 });
    forbidden.remove();
    // The client repeats these by itself, so several calls are one look.
    await isUnmoved(3 * LOOKS);
    expect([nobody, forbidden, broken].every(({ used }) => used > 0)).toBe(true);
    broken.remove();
    await provoke();
    await running.until('its Node is gone', async () => (await cluster.node(hostname)) === undefined, 120_000);
    await afterLooks(running, LIST, 1);
    expect(await cluster.nodeNames()).toEqual(names.filter((name) => name !== hostname));
    const events = (await cluster.kubectl('get', 'events', '-A')).split('\n');
    expect(events.filter((line) => line.includes('DeletingNode'))).toEqual([
      expect.stringContaining(`node/${hostname}`),
    ]);
  });
});

describe('an outage of the API', () => {
  test('PK row 35 only errors, then no connection: the process lives, its health pages tell, and it recovers by itself', async () => {
    await initialized(1);
    const running = program as RunningProgram;
    const names = await cluster.nodeNames();
    const readiness = async (): Promise<number> => (await readPage(port, '/readyz')).status;
    await running.until('ready', async () => (await readiness()) === 200);
    const errors = cloud.fail({ status: 503, times: Infinity });
    await running.until('its page tells', async () => (await readiness()) === 500, 180_000);
    expect((await readPage(port, '/livez')).status).toBe(200);
    const { hostname } = cloud.addDevice({ hostname: 'during-the-outage' });
    await cluster.addNode(hostname);
    const tried = async (outage: typeof errors): Promise<void> => {
      const { used } = outage;
      await running.until('further tries', () => outage.used >= used + LOOKS, 120_000);
      expect(await cluster.isInitialized(hostname)).toBe(false);
      expect(await cluster.nodeNames()).toEqual([...names, hostname].toSorted());
    };
    await tried(errors);
    const silence = cloud.fail({ kind: 'drop-before', times: Infinity });
    errors.remove();
    await tried(silence);
    // The page asks the cloud every 30 s at most.
    const pings = asked(PROJECT);
    const isAskedAgain = async (): Promise<boolean> => (await readiness()) !== 500 || asked(PROJECT) > pings;
    await running.until('its page asks again', isAskedAgain, 180_000);
    expect(await readiness()).toBe(500);
    expect((await readPage(port, '/livez')).status).toBe(200);
    silence.remove();
    await running.until('it recovers', () => cluster.isInitialized(hostname), 180_000);
    await running.until('its page tells', async () => (await readiness()) === 200, 180_000);
    expect(running.isRunning).toBe(true);
  });
});
