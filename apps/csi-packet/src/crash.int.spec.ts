// The crash matrix: the built program is killed with SIGKILL after each step of each operation, started again and asked again. A step is a
// command that ended or an answer of the API; how many there are is found out by going on until an operation ends without having been killed.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { openApiGate } from './test-support/api-gate.ts';
import type { ApiGate } from './test-support/api-gate.ts';
import { aCapability, credentialsOf, deviceId, gib } from './test-support/cloud-driver.ts';
import { startDriverProcess } from './test-support/driver-process.ts';
import type { DriverProcess } from './test-support/driver-process.ts';
import { HostWorld, missingForHostWorld } from './test-support/host-world.ts';

const missing = missingForHostWorld();
const describeHere = missing === undefined ? describe : describe.skip;
const LONG_MS = 120_000;
const MOST_STEPS = 60;

let world: HostWorld;
let cloud: PacketSimulator;
let gate: ApiGate;
let driver: DriverProcess;
let lives = 0;

async function start(): Promise<void> {
  const env = { ...world.countedEnv, ...credentialsOf(cloud), PACKET_API_URL: gate.url, PACKET_FACILITY_NAME: 'ewr1' };
  const flags = ['--mode=all', '--reap-orphans=off', '--v=warning', ...world.flags];
  driver = await startDriverProcess(join(world.folder, 'csi.sock'), flags, env);
}

/** A volume and what has become of it. */
class Life {
  readonly name = `pvc-${(lives += 1)}`;
  volumeId = '';
  publishContext: Record<string, string> = {};

  readonly #timeout = { timeoutMs: LONG_MS };

  async create(): Promise<void> {
    const request = { name: this.name, volumeCapabilities: [aCapability()], capacityRange: gib(10) };
    const { volume } = await driver.client.controller.createVolume(request, this.#timeout);
    this.volumeId = volume?.volumeId ?? '';
  }
  async attach(): Promise<void> {
    const request = { volumeId: this.volumeId, nodeId: deviceId(cloud, 'node-1'), volumeCapability: aCapability() };
    this.publishContext = (
      await driver.client.controller.controllerPublishVolume(request, this.#timeout)
    ).publishContext;
  }
  async stage(): Promise<void> {
    const { volumeId, publishContext } = this;
    const request = { volumeId, publishContext, stagingTargetPath: this.staging, volumeCapability: aCapability() };
    await driver.client.node.nodeStageVolume(request, this.#timeout);
  }
  async publish(): Promise<void> {
    const { volumeId, staging: stagingTargetPath, target: targetPath } = this;
    const request = { volumeId, stagingTargetPath, targetPath, volumeCapability: aCapability() };
    await driver.client.node.nodePublishVolume(request, this.#timeout);
  }
  async unpublish(): Promise<void> {
    const request = { volumeId: this.volumeId, targetPath: this.target };
    await driver.client.node.nodeUnpublishVolume(request, this.#timeout);
  }
  async unstage(): Promise<void> {
    const request = { volumeId: this.volumeId, stagingTargetPath: this.staging };
    await driver.client.node.nodeUnstageVolume(request, this.#timeout);
  }
  async detach(): Promise<void> {
    const request = { volumeId: this.volumeId, nodeId: deviceId(cloud, 'node-1') };
    await driver.client.controller.controllerUnpublishVolume(request, this.#timeout);
  }
  async remove(): Promise<void> {
    await driver.client.controller.deleteVolume({ volumeId: this.volumeId }, this.#timeout);
  }

  get staging(): string {
    return world.stagingPath(this.volumeId);
  }
  get target(): string {
    return world.targetPath(this.volumeId);
  }
}

type Step = Exclude<keyof Life, 'name' | 'volumeId' | 'publishContext' | 'staging' | 'target'>;

/** Codes after which a caller asks again: the driver died, or says so. */
const AGAIN: readonly unknown[] = [10, 14];

/** As a sidecar or kubelet does: until it succeeds. */
async function insist(call: () => Promise<void>): Promise<void> {
  for (let tried = 1; ; tried += 1) {
    try {
      return await call();
    } catch (error) {
      if (tried >= 5 || !AGAIN.includes((error as { code?: unknown }).code)) throw error;
    }
  }
}

/** Lets the driver die at that step of the call; to whether it did. */
async function interrupted(kind: 'command' | 'answer', at: number, call: () => Promise<void>): Promise<boolean> {
  if (kind === 'command') world.killAfter(at);
  else gate.killAt(at, () => driver.child.kill('SIGKILL'));
  const failure = await call().then(
    () => undefined,
    (error: unknown) => error as { code?: unknown; message?: unknown },
  );
  world.killAfter(undefined);
  gate.killAt(undefined, () => {});
  const isDead = driver.child.exitCode !== null || driver.child.signalCode !== null || failure?.code === 14;
  if (!isDead) {
    expect(failure).toBeUndefined();
    return false;
  }
  await driver.exited;
  expect(driver.child.signalCode).toBe('SIGKILL');
  driver.client.close();
  await start();
  return true;
}

/** Writes on the way down, and reads what was written on the next way up. */
async function useOnNode(life: Life, go: (step: Step) => Promise<void>): Promise<void> {
  const data = (): string => join(life.target, 'data');
  for (const name of ['stage', 'publish'] as const) await go(name);
  writeFileSync(data(), life.name);
  for (const name of ['unpublish', 'unstage'] as const) await go(name);
  expect(existsSync(life.target)).toBe(false);
  for (const name of ['stage', 'publish'] as const) await insist(() => life[name]());
  expect(readFileSync(data(), 'utf8')).toBe(life.name);
  for (const name of ['unpublish', 'unstage'] as const) await insist(() => life[name]());
}

function expectNothingLeft(): void {
  expect({
    ...{ volumes: cloud.state.volumes.size, attachments: cloud.state.attachments.size },
    ...{ sessions: world.list('sessions'), nodes: world.list('nodes'), maps: world.maps(), bindings: world.bindings },
    mounts: world.mountPoints(),
  }).toEqual({ volumes: 0, attachments: 0, sessions: [], nodes: [], maps: [], bindings: '', mounts: [] });
}

describeHere(`the driver is killed${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  beforeAll(async () => {
    world = await HostWorld.start();
    cloud = await simulatePacket({ devices: 1, volumeQueuedMs: 0 });
    gate = await openApiGate(cloud.url);
    world.follow(cloud, 'node-1');
    await start();
  }, LONG_MS);

  afterAll(async () => {
    await driver?.stop();
    await gate?.stop();
    await world?.stop();
    await cloud?.close();
  });

  // Calls of the controller run no command, those of the node ask no API.
  const byAnswer = (['create', 'attach', 'detach', 'remove'] as const).map((step) => ({
    step,
    kind: 'answer' as const,
  }));
  const byCommand = (['stage', 'publish', 'unpublish', 'unstage'] as const).map((step) => ({
    step,
    kind: 'command' as const,
  }));

  test.each([...byAnswer, ...byCommand])(
    'after every $kind of $step: asked again it ends right, nothing is lost and nothing is left',
    async ({ step, kind }) => {
      let at = 1;
      for (; at <= MOST_STEPS; at += 1) {
        const life = new Life();
        let wasKilled = false;
        const go = async (name: Step): Promise<void> => {
          if (name === step) wasKilled = await interrupted(kind, at, () => life[name]());
          if (name !== step || wasKilled) await insist(() => life[name]());
        };
        for (const name of ['create', 'attach'] as const) await go(name);
        if (kind === 'command') await useOnNode(life, go);
        for (const name of ['detach', 'remove'] as const) await go(name);
        expectNothingLeft();
        if (!wasKilled) break;
      }
      // At least one interruption took place, and the operation came to its end once.
      expect(at).toBeGreaterThan(1);
      expect(at).toBeLessThanOrEqual(MOST_STEPS);
    },
    1_800_000,
  );
});
