// The rights of the manifest are exactly those that the program uses: the built program under its account, with the fall-backs forced and
// the audit log on. Whatever is granted is used in the end, and no call is refused.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { playDryRun, playLife, RunningProgram, withLogs } from '@longshore/cloud-provider/testing';
import type { RightsScene } from '@longshore/cloud-provider/testing';
import { simulateDigitalOcean } from '@longshore/cloud-simulators';
import type { DigitalOceanSimulator } from '@longshore/cloud-simulators';
import { compareRights, kubectlFor, startControlPlane } from '@longshore/embedded-control-plane';
import type { ControlPlane, RightsReport } from '@longshore/embedded-control-plane';
import { appFolder, NEWEST_RELEASE, readManifests } from './test-support/manifest-files.ts';

const FIRST_BUILD_MS = 1_800_000;
const LIFE_MS = 900_000;
const account = { namespace: 'kube-system', name: 'cloud-controller-manager' };
const programs: RunningProgram[] = [];
let plane: ControlPlane;
let cloud: DigitalOceanSimulator;
let folder: string;

beforeAll(async () => {
  const onProgress = (message: string): boolean => process.stderr.write(`${message}\n`);
  folder = await mkdtemp(path.join(tmpdir(), 'do-ccm-rights-'));
  // An older API server: caches have to list before they watch.
  plane = await startControlPlane({ audit: true, apiServerArgs: ['--feature-gates=WatchList=false'], onProgress });
  await (
    await kubectlFor(plane, { cwd: appFolder, onProgress })
  )('apply', '-f', NEWEST_RELEASE);
  cloud = await simulateDigitalOcean({ timeToActiveMs: 300, quota: 'off' });
}, FIRST_BUILD_MS);
afterEach(async () => {
  for (const program of programs.splice(0)) if (program.isRunning) await program.stop();
});
afterAll(async () => {
  await cloud?.close();
  await plane?.stop();
  await rm(folder, { recursive: true });
});

const rights = async (): Promise<RightsReport> =>
  compareRights(readManifests(NEWEST_RELEASE), account, await plane.auditEvents());

async function newScene(): Promise<RightsScene> {
  const kubeconfig = path.join(folder, 'ccm.kubeconfig');
  const token = await plane.createToken(account);
  await plane.writeKubeconfig(kubeconfig, { token });
  return {
    cluster: plane,
    token,
    kubeconfig,
    compareRights: rights,
    addMachine: (name) => void cloud.addDroplet({ name }),
    removeMachine(name) {
      const found = [...cloud.state.droplets.values()].find((droplet) => droplet.name === name);
      if (found) cloud.removeDroplet(found.id);
    },
    start(name, flags) {
      const file = path.join(appFolder, 'dist/main.js');
      const env = { DO_ACCESS_TOKEN: cloud.token, DO_OVERRIDE_URL: cloud.url, REGION: 'fra1' };
      const started = new RunningProgram(name, { file, env, flags: [`--kubeconfig=${kubeconfig}`, ...flags] });
      programs.push(started);
      return started;
    },
  };
}

test(
  'every right of the manifest is used, and nothing else is asked for',
  async () => {
    const scene = await newScene();
    await withLogs(programs, async () => {
      await playDryRun(scene);
      await playLife(scene);
    });
    const { granted, idle, refused } = await rights();
    expect(granted.length).toBeGreaterThan(0);
    expect({ idle, refused }).toEqual({ idle: [], refused: [] });
    expect(programs.map(({ output }) => output).join('')).not.toContain('a permission is missing');
  },
  LIFE_MS,
);
