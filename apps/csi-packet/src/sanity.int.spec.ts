// csi-sanity 5.4.0 on the built program over its socket, Identity and Controller: every case of every capability that is advertised passes.
// The Node group runs where loop devices stand in for disks.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { waitFor } from '@longshore/reconciler-core/testing';
import { credentialsOf } from './test-support/cloud-driver.ts';
import { acquireSanity, runSanity } from './test-support/csi-sanity.ts';
import type { SanityResult } from './test-support/csi-sanity.ts';
import { listens } from './test-support/listens.ts';
import { startProgram } from './test-support/program.ts';
import type { Program } from './test-support/program.ts';

const FIRST_BUILD_MS = 1_800_000;
let cloud: PacketSimulator;
let folder: string;
let program: Program;
let result: SanityResult;

beforeAll(async () => {
  const binary = await acquireSanity();
  folder = await mkdtemp(join(tmpdir(), 'csi-sanity-'));
  cloud = await simulatePacket({ devices: 2 });
  const socket = join(folder, 'csi.sock');
  const env = { ...credentialsOf(cloud), PACKET_FACILITY_NAME: 'ewr1' };
  program = startProgram([`--endpoint=unix://${socket}`, '--volume-limit=3'], env);
  await waitFor(() => listens(socket), { what: 'the socket' });
  const flags = ['--ginkgo.skip=Node Service', '--csi.testnodevolumeattachlimit'];
  result = await runSanity(binary, { endpoint: `unix://${socket}`, folder, flags });
}, FIRST_BUILD_MS);
afterAll(async () => {
  await program.kill();
  await cloud.close();
  await rm(folder, { recursive: true });
});

describe('csi-sanity', () => {
  test('CPJ 1 no case of Identity and Controller fails', () => {
    expect(result.failed).toEqual([]);
    expect(result.passed.length).toBeGreaterThanOrEqual(61);
  });

  test('nothing is skipped but what is not advertised: groups of volumes and read-only attachments', () => {
    const unexpected = result.skipped.filter(
      ({ reason }) => !/GroupControllerService not supported|readonly field not supported/.test(reason),
    );
    expect(unexpected).toEqual([]);
    expect(result.pending).toHaveLength(1);
  });

  test('nothing is left behind, and the cloud understood every request', () => {
    expect([...cloud.state.volumes.keys(), ...cloud.state.attachments.keys()]).toEqual([]);
    expect(cloud.schemaProblems).toEqual([]);
  });
});
