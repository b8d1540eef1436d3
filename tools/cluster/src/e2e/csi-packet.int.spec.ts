// csi-packet from its own manifests with its image: a real kubelet finds the driver by its registration, a claim of the demo deployment is
// provisioned, attached and mounted through the real sidecars, what a pod writes is there for the next one; and csi-sanity passes on the node.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { acquireBinary } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import type { RunningCluster } from '../cluster.ts';
import { clusterProblem } from '../host-check.ts';
import { packProgram } from '../images/program-archive.ts';
import { startCluster } from '../start-cluster.ts';
import { ClusterView } from './test-support/cluster-view.ts';
import { csiHostProblem, standInForStorage } from './test-support/csi-host.ts';
import type { CsiHost } from './test-support/csi-host.ts';
import { csiManifests, demoOf, secretOf } from './test-support/csi-manifests.ts';
import { buildImages, imageOf } from './test-support/images.ts';

const SIDECARS = ['csi-provisioner', 'csi-attacher', 'csi-resizer'] as const;
const TEST_MS = 300_000;
const BUILD_MS = 1_800_000;
const SOCKET = '/var/lib/kubelet/plugins/net.packet.csi/csi.sock';
const problem = clusterProblem() ?? csiHostProblem();
const describeHere = problem === undefined ? describe : describe.skip;

interface Named {
  readonly metadata: { readonly name: string; readonly deletionTimestamp?: string };
}

describeHere(`csi-packet in a cluster${problem === undefined ? '' : ` (skipped: ${problem})`}`, () => {
  let folder: string;
  let cluster: RunningCluster;
  let view: ClusterView;
  let cloud: PacketSimulator;
  let host: CsiHost;

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'longshore-csi-cluster-'));
    const manifests = csiManifests();
    await buildImages(['csi-packet']);
    const images = [imageOf('csi-packet')];
    for (const name of SIDECARS) {
      const archive = path.join(folder, `${name}.tar`);
      const binary = await readFile(await acquireBinary(name));
      await writeFile(archive, await packProgram({ reference: manifests.imageOf(name), program: `/${name}`, binary }));
      images.push(archive);
    }
    cluster = await startCluster({ images, onFailure: (error) => console.error(error.message) });
    view = new ClusterView(cluster);
    cloud = await simulatePacket({ host: cluster.hostAddress, devices: 1, volumeQueuedMs: 0, quota: 'off' });
    host = await standInForStorage(cluster);
    host.world.follow(cloud, 'node-1');
    await view.apply([...manifests.setup, secretOf(cloud)]);
  }, BUILD_MS);

  afterAll(async () => {
    await cluster?.stop();
    await host?.stop();
    await cloud?.close();
    await rm(folder, { recursive: true, force: true });
  }, TEST_MS);

  const podOf = async (app: string): Promise<string> => {
    const pods = await view.get<{ items: readonly Named[] }>(
      `/api/v1/namespaces/default/pods?labelSelector=app=${app}`,
    );
    return pods?.items.find(({ metadata }) => metadata.deletionTimestamp === undefined)?.metadata.name ?? '';
  };
  const saidBy = (pod: string): Promise<string> =>
    until(`words of ${pod}`, () => cluster.kubectl('logs', pod), TEST_MS);

  test(
    'a kubelet takes the driver by its own registration',
    async () => {
      await view.apply([...csiManifests(cloud).node, ...csiManifests(cloud).controller]);
      const path = `/apis/storage.k8s.io/v1/csinodes/${cluster.nodeName}`;
      type CsiNode = {
        readonly spec: { readonly drivers?: readonly { readonly name: string; readonly nodeID: string }[] };
      };
      const drivers = await until(
        'the driver is registered',
        async () => (await view.get<CsiNode>(path))?.spec.drivers,
      );
      const device = [...cloud.state.devices.values()][0];
      expect(drivers).toEqual([expect.objectContaining({ name: 'net.packet.csi', nodeID: device?.id })]);
      await view.untilPodsReady(2);
    },
    TEST_MS,
  );

  test(
    "the demo deployment's pod writes to its volume, and the next pod reads it there",
    async () => {
      const demo = demoOf();
      await view.apply(demo);
      const first = await until('a pod of the demo', () => podOf('web-server'));
      expect(await saidBy(first)).toBe('found nothing on ext4\n');
      await cluster.kubectl('delete', 'pod', first, '--wait');
      const second = await until('another pod of the demo', async () => (await podOf('web-server')).replace(first, ''));
      expect(await saidBy(second)).toBe(`found "written by ${first}" on ext4\n`);
      expect([...cloud.state.volumes.values()].map(({ size }) => size)).toEqual([100]);
      await view.remove(demo);
      await until('the volume is gone', () => cloud.state.volumes.size === 0);
      expect([host.world.list('sessions'), host.world.list('loops')]).toEqual([[], []]);
    },
    TEST_MS,
  );

  test(
    'csi-sanity passes on the node with node_controller_sanity_test.yaml',
    async () => {
      await symlink(await acquireBinary('csi-sanity'), path.join(folder, 'csi-sanity'));
      await view.apply(csiManifests(cloud).sanity);
      await cluster.kubectl('-n', 'kube-system', 'rollout', 'status', 'daemonset/csi-node', '--timeout=120s');
      // It looks itself whether target folders are gone: they have to be where driver and node see the same.
      const shared = '/var/lib/kubelet/plugins/net.packet.csi';
      const script = `cd ${folder} && TMPDIR=${shared} ./csi-sanity --ginkgo.v --ginkgo.no-color --csi.endpoint=${SOCKET}`;
      const enter = [
        '--target',
        String(cluster.nodePid),
        '--net',
        '--mount',
        '--uts',
        '--pid',
        '--',
        'sh',
        '-c',
        script,
      ];
      const run = await promisify(execFile)('nsenter', enter, { maxBuffer: 64 * 1024 * 1024 }).catch(
        (error: { readonly stdout: string }) => error,
      );
      expect(run.stdout.split('\n').filter((line) => line.includes('[FAIL]'))).toEqual([]);
      expect(run.stdout).toMatch(/SUCCESS! -- [6-9]\d Passed \| 0 Failed/);
      expect([cloud.state.volumes.size, host.world.list('sessions')]).toEqual([0, []]);
    },
    TEST_MS,
  );
});
