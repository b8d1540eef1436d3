// The real csi-provisioner, csi-attacher, csi-resizer, csi-snapshotter and snapshot-controller drive the built program, with the arguments of
// controller.yaml and the rights of setup.yaml: from a claim to files on a loop device, and back. kubelet's part is done by the test.
import { spawnSync } from 'node:child_process';
import { open, readFile, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { KubernetesObject, V1PersistentVolumeClaim } from '@kubernetes/client-node';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { FaultHandle } from '@longshore/cloud-simulators';
import { grantedRights, userOf } from '@longshore/embedded-control-plane';
import { until } from '@longshore/reconciler-core/testing';
import { GIB, missingForHostWorld } from './test-support/host-world.ts';
import { claimPath, SidecarCluster } from './test-support/sidecars-cluster.ts';
import { DiskContents } from './test-support/sidecars-content.ts';
import { useClaim } from './test-support/sidecars-kubelet.ts';
import type { UsedVolume } from './test-support/sidecars-kubelet.ts';
import { compareSidecarRights, CONTROLLER_ACCOUNT, programOf, readSetup } from './test-support/sidecars-rights.ts';
import type { RoleReport } from './test-support/sidecars-rights.ts';
import { readSnapshotRef } from './volumes/snapshot-ids.ts';

const hasGo = spawnSync('go', ['version']).status === 0;
const missing = missingForHostWorld() ?? (hasGo ? undefined : 'needs Go, which builds the sidecars');
const describeHere = missing === undefined ? describe : describe.skip;
const FIRST_BUILD_MS = 1_800_000;
const TEST_MS = 300_000;
// A test with a refusal in it: the sidecar waits longer and longer before it asks again.
const LONG_TEST_MS = 900_000;
const CLAIMS = '/api/v1/namespaces/default/persistentvolumeclaims';
const SNAPSHOTS = '/apis/snapshot.storage.k8s.io/v1/namespaces/default/volumesnapshots';

interface VolumeSnapshot extends KubernetesObject {
  readonly status?: {
    readonly readyToUse?: boolean;
    readonly restoreSize?: string;
    readonly boundVolumeSnapshotContentName?: string;
  };
}
interface VolumeSnapshotContent extends KubernetesObject {
  readonly status?: { readonly snapshotHandle?: string };
}
type ClaimChange = Partial<NonNullable<V1PersistentVolumeClaim['spec']>>;

let cluster: SidecarCluster;
let contents: DiskContents;
let used: UsedVolume;

// Kernels let mounted xfs grow everywhere, mounted ext4 only with a capability that containers lack here.
const XFS = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'xfs' },
  provisioner: 'net.packet.csi',
  parameters: { plan: 'standard', 'csi.storage.k8s.io/fstype': 'xfs' },
  allowVolumeExpansion: true,
};

async function claim(name: string, change: ClaimChange = {}): Promise<string> {
  await cluster.create(CLAIMS, {
    apiVersion: 'v1',
    kind: 'PersistentVolumeClaim',
    metadata: { name },
    spec: {
      storageClassName: 'xfs',
      accessModes: ['ReadWriteOnce'],
      resources: { requests: { storage: '10Gi' } },
      ...change,
    },
  });
  const { spec } = await cluster.volumeOf(name);
  return spec?.csi?.volumeHandle ?? '';
}

interface Refusal {
  readonly method: string;
  readonly role: string;
  /** Makes the sidecar call. */
  readonly begin: () => Promise<void>;
}

/** The cloud refuses these calls until the sidecar, whose role it is, has told the same event again. */
async function refuseUntilToldAgain({ method, role, begin }: Refusal): Promise<void> {
  const refusing = cluster.cloud.fail({ match: { method }, status: 503, times: Infinity });
  const isToldAgain = async (): Promise<boolean> => {
    const reports = await compareSidecarRights(await cluster.plane.auditEvents());
    return reports.some((report) => report.role === role && !report.idle.includes('patch events'));
  };
  await begin();
  await until(`an event of ${role} is repeated`, isToldAgain, TEST_MS);
  refusing.remove();
}

/** The answer of one call is lost after its work was done, and then the API is away for some calls, so that the sidecar has to ask again. */
function loseAnswer(method: string, path: string): FaultHandle {
  const lost = cluster.cloud.fail({ match: { method, path }, kind: 'drop-after' });
  cluster.cloud.fail({ match: { method: 'GET' }, status: 503, times: 3 });
  return lost;
}

async function write(path: string, text: string): Promise<void> {
  const file = await open(path, 'w');
  await file.writeFile(text);
  await file.sync();
  await file.close();
}

async function sizeOf({ path }: UsedVolume): Promise<number> {
  const { blocks, bsize } = await statfs(path);
  return blocks * bsize;
}

async function conditionsOf(name: string): Promise<readonly string[]> {
  const { status } = (await cluster.get<V1PersistentVolumeClaim>(claimPath(name))) ?? {};
  return (status?.conditions ?? []).filter((one) => one.status === 'True').map(({ type }) => type);
}

describeHere(`the sidecars of controller.yaml${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  beforeAll(async () => {
    cluster = await SidecarCluster.start();
    contents = new DiskContents(cluster.cloud, cluster.world);
    await cluster.create('/apis/storage.k8s.io/v1/storageclasses', XFS);
  }, FIRST_BUILD_MS);

  afterAll(async () => {
    await cluster?.stop();
  }, TEST_MS);

  test(
    'a claim is bound to one volume, though the answer of the creation was lost',
    async () => {
      const lost = loseAnswer('POST', '/projects/{id}/storage');
      const classes = { storageClassName: 'csi-packet-standard', volumeAttributesClassName: 'csi-packet-standard' };
      const volumeId = await claim('plain', classes);
      expect(lost.used).toBe(1);
      expect([...cluster.cloud.state.volumes.keys()]).toEqual([volumeId]);
      const { spec } = await cluster.volumeOf('plain');
      expect(spec).toMatchObject({
        capacity: { storage: '10Gi' },
        csi: { driver: 'net.packet.csi', fsType: 'ext4' },
        persistentVolumeReclaimPolicy: 'Delete',
      });
      expect(spec?.nodeAffinity?.required?.nodeSelectorTerms).toEqual([
        { matchExpressions: [expect.objectContaining({ operator: 'In', values: ['ewr1'] })] },
      ]);
      expect(cluster.cloud.state.volumes.get(volumeId)?.plan.slug).toBe('storage_1');
    },
    TEST_MS,
  );

  test(
    'its volume is attached once, though the answer was lost; the machine mounts it, and a file is there the next time',
    async () => {
      const lost = loseAnswer('POST', '/storage/{id}/attachments');
      const plain = await useClaim(cluster, 'plain');
      expect(lost.used).toBe(1);
      expect(cluster.cloud.state.attachments.size).toBe(1);
      await write(join(plain.path, 'ship'), 'Gjøa');
      await plain.release();
      const again = await useClaim(cluster, 'plain');
      expect(await readFile(join(again.path, 'ship'), 'utf8')).toBe('Gjøa');
      await again.release();
    },
    TEST_MS,
  );

  test(
    'a claim that asks for more: the volume grows in use, the claim waits for the file system, the machine lets it grow',
    async () => {
      await claim('data');
      used = await useClaim(cluster, 'data');
      await refuseUntilToldAgain({
        method: 'PATCH',
        role: 'csi-packet-resizer',
        begin: () => cluster.patch(claimPath('data'), { spec: { resources: { requests: { storage: '12Gi' } } } }),
      });
      await until('the claim waits for the file system', async () =>
        (await conditionsOf('data')).includes('FileSystemResizePending'),
      );
      expect(cluster.cloud.state.volumes.get(used.volumeId)?.size).toBe(12);
      expect((await cluster.volumeOf('data')).spec?.capacity).toEqual({ storage: '12Gi' });
      expect(await sizeOf(used)).toBeLessThan(10 * GIB);
      await until('the target has grown', () => used.expand().then(() => true));
      expect(await sizeOf(used)).toBeGreaterThan(11 * GIB);
    },
    LONG_TEST_MS,
  );

  test(
    'a claim with another VolumeAttributesClass: the plan changes',
    async () => {
      await cluster.patch(claimPath('data'), { spec: { volumeAttributesClassName: 'csi-packet-performance' } });
      await until('the claim has the class', async () => {
        const found = await cluster.get<V1PersistentVolumeClaim>(claimPath('data'));
        return found?.status?.currentVolumeAttributesClassName === 'csi-packet-performance';
      });
      expect(cluster.cloud.state.volumes.get(used.volumeId)?.plan.slug).toBe('storage_2');
    },
    TEST_MS,
  );

  test(
    'a snapshot is taken once, though the answer was lost; a claim from it and a claim from the claim have its files',
    async () => {
      await write(join(used.path, 'ship'), 'Fram');
      const lost = loseAnswer('POST', '/storage/{id}/snapshots');
      await cluster.create(SNAPSHOTS, {
        apiVersion: 'snapshot.storage.k8s.io/v1',
        kind: 'VolumeSnapshot',
        metadata: { name: 'backup' },
        spec: { volumeSnapshotClassName: 'csi-packet', source: { persistentVolumeClaimName: 'data' } },
      });
      const { status } = await until('the snapshot is ready', async () => {
        const found = await cluster.get<VolumeSnapshot>(`${SNAPSHOTS}/backup`);
        return found?.status?.readyToUse ? found : undefined;
      });
      expect(lost.used).toBe(1);
      expect(cluster.cloud.calls.of('POST /storage/{id}/snapshots')).toHaveLength(1);
      expect(status?.restoreSize).toBe('12Gi');
      const content = await cluster.get<VolumeSnapshotContent>(
        `/apis/snapshot.storage.k8s.io/v1/volumesnapshotcontents/${status?.boundVolumeSnapshotContentName}`,
      );
      const ref = readSnapshotRef(content?.status?.snapshotHandle ?? '');
      expect(ref?.volumeId).toBe(used.volumeId);
      await contents.keep(used.volumeId, ref?.snapshotId ?? '');
      await write(join(used.path, 'ship'), 'Maud');

      // More than the snapshot has: the file system has to grow without being asked.
      const resources = { requests: { storage: '14Gi' } };
      const snapshot = { apiGroup: 'snapshot.storage.k8s.io', kind: 'VolumeSnapshot', name: 'backup' };
      loseAnswer('POST', '/storage/{id}/clone');
      const restored = await claim('restored', { resources, dataSource: snapshot });
      const cloned = await claim('cloned', { resources, dataSource: { kind: 'PersistentVolumeClaim', name: 'data' } });
      expect(cluster.cloud.state.volumes.size).toBe(4);
      for (const [name, id, ship] of [
        ['restored', restored, 'Fram'],
        ['cloned', cloned, 'Maud'],
      ] as const) {
        await contents.fill(id);
        const copy = await useClaim(cluster, name);
        expect(await readFile(join(copy.path, 'ship'), 'utf8')).toBe(ship);
        expect(await sizeOf(copy)).toBeGreaterThan(13 * GIB);
        await copy.release();
      }
    },
    TEST_MS,
  );

  test(
    'what is deleted in the cluster goes from the cloud, though answers were lost, and nothing is left',
    async () => {
      const { cloud, world } = cluster;
      const detached = cloud.fail({
        match: { method: 'DELETE', path: '/storage/attachments/{id}' },
        kind: 'drop-after',
      });
      await used.release();
      expect(detached.used).toBe(1);
      await refuseUntilToldAgain({
        method: 'DELETE',
        role: 'csi-packet-snapshotter',
        begin: () => cluster.remove(`${SNAPSHOTS}/backup`),
      });
      await until('the snapshot is gone', async () => (await cluster.get(`${SNAPSHOTS}/backup`)) === undefined);
      const removed = loseAnswer('DELETE', '/storage/{id}');
      for (const name of ['plain', 'data', 'restored', 'cloned']) await cluster.remove(claimPath(name));
      const left = (): Promise<{ readonly items: readonly object[] } | undefined> =>
        cluster.get('/api/v1/persistentvolumes');
      await until('the volumes are gone', async () => (await left())?.items.length === 0);
      expect(removed.used).toBe(1);
      expect([cloud.state.volumes.size, cloud.state.attachments.size]).toEqual([0, 0]);
      expect([world.list('sessions'), world.maps(), world.mountPoints()]).toEqual([[], [], []]);
    },
    LONG_TEST_MS,
  );

  test(
    'no sidecar ended by itself; each used every right that it has, and was refused nothing',
    async () => {
      const reports = (): Promise<readonly RoleReport[]> => cluster.plane.auditEvents().then(compareSidecarRights);
      // Some are used a moment after the last claim has gone; what is idle in the end is told by the comparison.
      await until('every right was used', async () => (await reports()).every(({ idle }) => idle.length === 0)).catch(
        () => undefined,
      );
      const found = await reports();
      expect(found.map(({ role, idle, refused }) => ({ role, idle, refused }))).toEqual(
        found.map(({ role }) => ({ role, idle: [], refused: [] })),
      );
      expect(grantedRights(await readSetup(), { ...CONTROLLER_ACCOUNT, name: 'csi-node-sa' })).toEqual([]);
      const events = await cluster.plane.auditEvents();
      const ofOurs = events.filter(({ user }) => user.username === userOf(CONTROLLER_ACCOUNT));
      const agents = new Set(ofOurs.map(({ userAgent }) => programOf(userAgent)));
      expect(agents).toEqual(new Set(['csi-provisioner', 'csi-attacher', 'csi-resizer', 'csi-snapshotter']));
      expect(cluster.ended).toEqual([]);
    },
    TEST_MS,
  );
});
