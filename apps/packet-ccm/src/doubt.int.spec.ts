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
// Two answers remove a Node whose device is gone; one more than that shows that it is not a matter of time.
const LOOKS = 3;

// Much here is waiting for the program to look again.
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

/** The program has looked at its Nodes several times more. */
async function afterLooks(running: RunningProgram, template: string): Promise<void> {
  for (let look = 0; look < LOOKS; look += 1) {
    const before = asked(template);
    await provoke();
    await running.until('a further look', () => asked(template) > before, 120_000);
  }
}

let conditions = 0;

/** Looks at a Node in doubt get rarer, but for one with another condition, which is looked at soon. */
async function provoke(): Promise<void> {
  conditions += 1;
  const ready = { type: 'Ready', status: 'Unknown', reason: `Changed${conditions}` };
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
});

describe('a Node is deleted', () => {
  test('PK row 28 by a 404 in the right project: exactly that one, with one event', async () => {
    const [gone = ''] = await initialized(3);
    const names = await cluster.nodeNames();
    const { hostname = '' } = [...cloud.state.devices.values()].find(({ id }) => id === gone) ?? {};
    cloud.removeDevice(gone);
    await program?.until('its Node is gone', async () => (await cluster.node(hostname)) === undefined, 120_000);
    await afterLooks(program as RunningProgram, LIST);
    expect(await cluster.nodeNames()).toEqual(names.filter((name) => name !== hostname));
    const events = (await cluster.kubectl('get', 'events', '-A')).split('\n');
    expect(events.filter((line) => line.includes('DeletingNode'))).toEqual([
      expect.stringContaining(`node/${hostname}`),
    ]);
  });
});

describe('an outage of the API', () => {
  test.each<{ when: string; fault: Fault }>([
    { when: 'only errors', fault: { status: 503 } },
    { when: 'no connection', fault: { kind: 'drop-before' } },
  ])('PK row 35 $when: the process lives, its health pages tell, and it recovers by itself', async ({ fault }) => {
    await initialized(1);
    const names = await cluster.nodeNames();
    await program?.until('ready', async () => (await readPage(port, '/readyz')).status === 200);
    const outage = cloud.fail({ ...fault, times: Infinity });
    await program?.until('its page tells', async () => (await readPage(port, '/readyz')).status === 500, 180_000);
    expect((await readPage(port, '/livez')).status).toBe(200);
    const { hostname } = cloud.addDevice({ hostname: 'during-the-outage' });
    await cluster.addNode(hostname);
    const used = outage.used;
    await program?.until('further tries', () => outage.used >= used + LOOKS, 120_000);
    expect(await cluster.isInitialized(hostname)).toBe(false);
    expect(await cluster.nodeNames()).toEqual([...names, hostname].toSorted());
    outage.remove();
    await program?.until('it recovers', () => cluster.isInitialized(hostname), 180_000);
    await program?.until('its page tells', async () => (await readPage(port, '/readyz')).status === 200, 180_000);
    expect(program?.isRunning).toBe(true);
  });
});
