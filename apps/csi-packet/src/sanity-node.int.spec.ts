// csi-sanity 5.4.0 with all groups on the built program: real mkfs and mounts on loop devices, stand-ins for iSCSI and multipath, the
// simulated cloud behind it. Once with volumes that are mounted, once with raw devices.
import { mkdirSync, mkdtempSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { credentialsOf } from './test-support/cloud-driver.ts';
import { acquireSanity, runSanity } from './test-support/csi-sanity.ts';
import type { SanityResult } from './test-support/csi-sanity.ts';
import { startDriverProcess } from './test-support/driver-process.ts';
import type { DriverProcess } from './test-support/driver-process.ts';
import { HostWorld, missingForHostWorld } from './test-support/host-world.ts';

const missing = missingForHostWorld();
const describeHere = missing === undefined ? describe : describe.skip;
const FIRST_BUILD_MS = 1_800_000;

describeHere.each(['mount', 'block'] as const)(
  `csi-sanity with all groups, access type %s${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  (accessType) => {
    let world: HostWorld;
    let cloud: PacketSimulator;
    let driver: DriverProcess;
    let result: SanityResult;

    beforeAll(async () => {
      const binary = await acquireSanity();
      world = await HostWorld.start();
      cloud = await simulatePacket({ devices: 1, volumeQueuedMs: 0 });
      world.follow(cloud, 'node-1');
      const socket = join(world.folder, 'csi.sock');
      const env = { ...world.env, ...credentialsOf(cloud), PACKET_FACILITY_NAME: 'ewr1' };
      const flags = ['--mode=all', '--volume-limit=3', '--v=warning', ...world.flags];
      driver = await startDriverProcess(socket, flags, env);
      const folder = mkdtempSync(join(world.folder, 'sanity-'));
      mkdirSync(join(folder, 'tmp'));
      const sanity = [`--csi.testvolumeaccesstype=${accessType}`, '--csi.testnodevolumeattachlimit'];
      result = await runSanity(binary, { endpoint: `unix://${socket}`, folder, flags: sanity });
    }, FIRST_BUILD_MS);

    afterAll(async () => {
      await driver?.stop();
      await world?.stop();
      await cloud?.close();
    });

    test('CPJ 1 no case fails', () => {
      expect(result.failed).toEqual([]);
      expect(result.passed.length).toBeGreaterThanOrEqual(80);
    });

    test('nothing is skipped but what is not advertised', () => {
      const unexpected = result.skipped.filter(
        ({ reason }) => !/GroupControllerService not supported|readonly field not supported/.test(reason),
      );
      expect(unexpected).toEqual([]);
      expect(result.pending).toHaveLength(1);
    });

    test('nothing is left behind on the machine or in the cloud', () => {
      const { volumes, attachments } = cloud.state;
      expect([...volumes.keys(), ...attachments.keys()]).toEqual([]);
      expect([world.list('sessions'), world.list('nodes'), world.maps(), world.mountPoints()]).toEqual([
        [],
        [],
        [],
        [],
      ]);
    });
  },
);
