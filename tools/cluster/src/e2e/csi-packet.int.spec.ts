// csi-packet from its own manifests with its image: a real kubelet finds the driver by its registration, a claim of the demo deployment is
// provisioned, attached and mounted through the real sidecars, what a pod writes is there for the next one; volumes grow with and without a
// pod that has them, a snapshot becomes a volume with the old data; nothing is left; and csi-sanity passes on the node.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { DiskContents, GIB, readSnapshotRef, snapshotManifests } from '@longshore/csi-packet/testing';
import type { SnapshotManifests } from '@longshore/csi-packet/testing';
import { acquireBinary } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import type { RunningCluster } from '../cluster.ts';
import { clusterProblem } from '../host-check.ts';
import { packProgram } from '../images/program-archive.ts';
import { startCluster } from '../start-cluster.ts';
import { ClusterView } from './test-support/cluster-view.ts';
import { claimOf, CsiClaims, podWith, snapshotOf, XFS } from './test-support/csi-claims.ts';
import { csiHostProblem, standInForStorage } from './test-support/csi-host.ts';
import type { CsiHost } from './test-support/csi-host.ts';
import { csiManifests, demoOf, secretOf, snapshotController } from './test-support/csi-manifests.ts';
import { buildImages, imageOf } from './test-support/images.ts';
import type { KubeObject } from './test-support/workloads.ts';

const SIDECARS = ['csi-provisioner', 'csi-attacher', 'csi-resizer', 'csi-snapshotter'] as const;
const SNAPSHOT_CONTROLLER = 'snapshot-controller';
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
  let claims: CsiClaims;
  let contents: DiskContents;

  const pack = async (name: (typeof SIDECARS)[number] | typeof SNAPSHOT_CONTROLLER, image: string): Promise<string> => {
    const archive = path.join(folder, `${name}.tar`);
    const binary = await readFile(await acquireBinary(name));
    await writeFile(archive, await packProgram({ reference: image, program: `/${name}`, binary }));
    return archive;
  };
  // As cluster administrators do it: these come with no driver.
  const bringSnapshots = async (
    { types, rights }: SnapshotManifests,
    objects: readonly KubeObject[],
  ): Promise<void> => {
    await cluster.kubectl('apply', ...[...types, rights].flatMap((file) => ['-f', file]));
    await cluster.kubectl('wait', '--for=condition=Established', 'crd', '--all', '--timeout=120s');
    await view.apply([...objects, ...csiManifests().snapshotClasses]);
  };

  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'longshore-csi-cluster-'));
    const manifests = csiManifests();
    await buildImages(['csi-packet']);
    const ofSnapshots = await snapshotManifests();
    const controller = snapshotController(await readFile(ofSnapshots.controller, 'utf8'));
    const images = [imageOf('csi-packet'), await pack(SNAPSHOT_CONTROLLER, controller.image)];
    for (const name of SIDECARS) images.push(await pack(name, manifests.imageOf(name)));
    cluster = await startCluster({ images, onFailure: (error) => console.error(error.message) });
    view = new ClusterView(cluster);
    cloud = await simulatePacket({ host: cluster.hostAddress, devices: 1, volumeQueuedMs: 0, quota: 'off' });
    host = await standInForStorage(cluster);
    host.world.follow(cloud, 'node-1');
    claims = new CsiClaims(cluster, TEST_MS);
    contents = new DiskContents(cloud, host.world);
    await bringSnapshots(ofSnapshots, controller.objects);
    await view.apply([...manifests.setup, secretOf(cloud), XFS]);
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
  const sizesInCloud = (): readonly number[] =>
    [...cloud.state.volumes.values()].map(({ size }) => size).sort((a, b) => a - b);
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
      await view.untilPodsReady(3);
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
      expect(sizesInCloud()).toEqual([100]);
    },
    TEST_MS,
  );

  test(
    'a claim is expanded while a pod has the volume mounted: the pod goes on, and its file system is larger',
    async () => {
      await view.apply([claimOf('data', '10Gi'), podWith('writer', 'data')]);
      await claims.write('writer', 'Fram');
      expect((await claims.look('writer')).bytes).toBeLessThan(10 * GIB);
      await claims.enlarge('data', '12Gi');
      await claims.untilSized('data', '12Gi');
      const { text, bytes } = await claims.look('writer');
      expect([text, bytes > 11 * GIB]).toEqual(['Fram', true]);
      expect(await claims.restartsOf('writer')).toBe('0');
      expect(sizesInCloud()).toEqual([12, 100]);
    },
    TEST_MS,
  );

  test(
    'it is expanded while no pod has the volume: the next pod has a larger file system with the old data',
    async () => {
      await view.remove([podWith('writer', 'data')]);
      await until('its volume is detached', () => cloud.state.attachments.size === 1, TEST_MS);
      await claims.enlarge('data', '13Gi');
      await until('the volume has grown', () => sizesInCloud()[0] === 13, TEST_MS);
      await view.apply([podWith('writer', 'data')]);
      await claims.untilSized('data', '13Gi');
      const { text, bytes } = await claims.look('writer');
      expect([text, bytes > 12 * GIB]).toEqual(['Fram', true]);
    },
    TEST_MS,
  );

  test(
    'a snapshot of it becomes ready, and a pod reads the old data from a claim that was made from it',
    async () => {
      await view.apply([snapshotOf('backup', 'data')]);
      const ref = readSnapshotRef(await claims.snapshotHandle('backup'));
      const source = await claims.volumeOf('data');
      expect(ref?.volumeId).toBe(source);
      await contents.keep(source, ref?.snapshotId ?? '');
      await claims.write('writer', 'Maud');
      await view.apply([claimOf('restored', '14Gi', 'backup')]);
      await contents.fill(await claims.volumeOf('restored'));
      await view.apply([podWith('reader', 'restored')]);
      const { text, bytes } = await claims.look('reader');
      expect([text, bytes > 13 * GIB]).toEqual(['Fram', true]);
      expect((await claims.look('writer')).text).toBe('Maud');
    },
    TEST_MS,
  );

  test(
    'all of it is deleted: no attachment, session, map, mount, volume or snapshot is left',
    async () => {
      expect(sizesInCloud()).toEqual([13, 14, 100]);
      await view.remove([snapshotOf('backup', 'data')]);
      await view.remove([podWith('writer', 'data'), podWith('reader', 'restored'), ...demoOf()]);
      await view.remove([claimOf('data', '13Gi'), claimOf('restored', '14Gi')]);
      await until('the volumes are gone', () => cloud.state.volumes.size === 0, TEST_MS);
      const kinds = ['pv', 'pvc', 'volumeattachments', 'volumesnapshots', 'volumesnapshotcontents'];
      await until('their objects are gone', async () => (await claims.names(...kinds)).length === 0, TEST_MS);
      expect(cloud.state.attachments.size).toBe(0);
      expect([host.world.list('sessions'), host.world.list('nodes'), host.world.list('loops')]).toEqual([[], [], []]);
      expect(await claims.leftOnNode()).toEqual([]);
      expect(cloud.schemaProblems).toEqual([]);
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
