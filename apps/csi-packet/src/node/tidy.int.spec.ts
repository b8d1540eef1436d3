// What a machine without multipath gets, and what the reaper ends: on loop devices behind stand-in iSCSI tools.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { parseFlags, PrometheusMetrics } from '@longshore/k8s-runtime/process';
import { MetadataService } from '@longshore/packet-api/local';
import { silentLogger, systemClock } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { waitFor } from '@longshore/reconciler-core/testing';
import { driverFlags } from '../settings/flags.ts';
import { aCapability } from '../test-support/cloud-driver.ts';
import { HostWorld, missingForHostWorld } from '../test-support/host-world.ts';
import type { Target } from '../test-support/host-world.ts';
import { startDriver } from '../test-support/running-driver.ts';
import type { RunningDriver } from '../test-support/running-driver.ts';
import { createNodeService } from './node-service.ts';

jest.setTimeout(240_000);
const missing = missingForHostWorld();
const LONG = { timeoutMs: 120_000 };
const hasOwnMultipath = spawnSync('which', ['multipath']).status === 0;
let world: HostWorld;
let driver: RunningDriver | undefined;

const start = async (): Promise<RunningDriver> =>
  (driver = await startDriver({ flags: ['--mode=node', ...world.flags], env: world.env }));
const stage = ({ client }: RunningDriver, { volumeId, publishContext }: Target): Promise<unknown> => {
  const stagingTargetPath = world.stagingPath(volumeId);
  return client.node.nodeStageVolume(
    { volumeId, publishContext, stagingTargetPath, volumeCapability: aCapability() },
    LONG,
  );
};

(missing === undefined ? describe : describe.skip)(
  `tidying${missing === undefined ? '' : ` (skipped: ${missing})`}`,
  () => {
    beforeEach(async () => {
      world = await HostWorld.start();
    });
    afterEach(async () => {
      await driver?.stop();
      driver = undefined;
      await world.stop();
    });

    const testAlone = hasOwnMultipath ? test.skip : test;
    testAlone(
      `without multipath a disk is used by one path, and taken down${hasOwnMultipath ? ' (skipped: this machine has multipath)' : ''}`,
      async () => {
        for (const program of ['multipath', 'multipathd']) rmSync(join(world.folder, 'bin', program));
        const target = world.addTarget();
        const running = await start();
        await stage(running, target);
        const stagingTargetPath = world.stagingPath(target.volumeId);
        expect([world.maps(), world.mountPoints()]).toEqual([[], [stagingTargetPath]]);
        await running.client.node.nodeUnstageVolume({ volumeId: target.volumeId, stagingTargetPath }, LONG);
        expect([world.list('sessions'), world.list('nodes'), world.mountPoints()]).toEqual([[], [], []]);
      },
    );

    test('sessions and maps that no record claims are ended at the second look; those of a volume stay', async () => {
      const [kept, orphan] = [world.addTarget(), world.addTarget()];
      const running = await start();
      await stage(running, orphan);
      await running.stop();
      execFileSync('umount', [world.stagingPath(orphan.volumeId)]);
      rmSync(join(world.folder, 'state'), { recursive: true });
      await stage(await start(), kept);
      await driver?.stop();
      expect(world.maps()).toHaveLength(2);
      const stop = new AbortController();
      const node = await createNodeService({ ...optionsOf(), clock: HURRIED });
      const ran = node.run(stop.signal);
      await waitFor(() => world.maps().length === 1, { what: 'the orphan ended', timeoutMs: 120_000 });
      await waitFor(() => world.list('sessions').length === 2, { what: 'its sessions ended', timeoutMs: 120_000 });
      stop.abort(new Error('stopped'));
      await ran.catch(() => undefined);
      expect(world.maps()).toEqual([kept.volumeName]);
      expect(existsSync(world.stagingPath(kept.volumeId))).toBe(true);
      const again = await start();
      const stagingTargetPath = world.stagingPath(kept.volumeId);
      await again.client.node.nodeUnstageVolume({ volumeId: kept.volumeId, stagingTargetPath }, LONG);
      expect([world.list('sessions'), world.maps()]).toEqual([[], []]);
    });
  },
);

// The pause between two looks is a minute.
const HURRIED: Clock = { ...systemClock, after: (ms, run) => systemClock.after(ms === 60_000 ? 10 : ms, run) };

function optionsOf(): Omit<Parameters<typeof createNodeService>[0], 'clock'> {
  const parsed = parseFlags(driverFlags, ['--endpoint=/a', ...world.flags], {
    program: 'p',
    version: '0',
    description: '',
  });
  if (parsed.kind !== 'run') throw new Error('no flags');
  return {
    driverName: 'net.packet.csi',
    nodeId: undefined,
    metadata: new MetadataService({ baseUrl: world.metadataUrl }),
    volumeLimit: 0,
    flags: parsed.values,
    env: world.env,
    log: silentLogger,
    metrics: new PrometheusMetrics(),
  };
}
