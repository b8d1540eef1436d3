// Claims, snapshots and pods of the csi-packet spec, and what is said of them in the cluster and inside the pods.
import type { RunningCluster } from '../../cluster.ts';
import { until } from '@longshore/reconciler-core/testing';
import { imageWithNode } from './csi-manifests.ts';
import type { KubeObject } from './workloads.ts';

/** Kernels let mounted xfs grow everywhere, mounted ext4 only with a capability that containers may lack. */
export const XFS: KubeObject = {
  apiVersion: 'storage.k8s.io/v1',
  kind: 'StorageClass',
  metadata: { name: 'xfs' },
  provisioner: 'net.packet.csi',
  parameters: { plan: 'standard', 'csi.storage.k8s.io/fstype': 'xfs' },
  allowVolumeExpansion: true,
};

const NAMESPACE = 'default';
const FOLDER = '/disk';
const SNAPSHOTS = 'snapshot.storage.k8s.io';
const STAY = "process.on('SIGTERM', () => process.exit(0)); setInterval(() => {}, 1000);";
const LOOK = `
const fs = require('node:fs');
const { blocks, bsize } = fs.statfsSync('${FOLDER}');
console.log(JSON.stringify({ text: fs.readFileSync('${FOLDER}/ship', 'utf8'), bytes: blocks * bsize }));`;

/** What a pod sees on its volume. */
export interface Seen {
  readonly text: string;
  /** Of the file system. */
  readonly bytes: number;
}

/** A claim of the class `xfs`; `from`: with the contents of this VolumeSnapshot. */
export function claimOf(name: string, size: string, from?: string): KubeObject {
  const dataSource =
    from === undefined ? {} : { dataSource: { apiGroup: SNAPSHOTS, kind: 'VolumeSnapshot', name: from } };
  const resources = { requests: { storage: size } };
  const spec = { storageClassName: 'xfs', accessModes: ['ReadWriteOnce'], resources, ...dataSource };
  return { apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: NAMESPACE }, spec };
}

/** A snapshot of a claim. */
export function snapshotOf(name: string, claim: string): KubeObject {
  const spec = { volumeSnapshotClassName: 'csi-packet', source: { persistentVolumeClaimName: claim } };
  return { apiVersion: `${SNAPSHOTS}/v1`, kind: 'VolumeSnapshot', metadata: { name, namespace: NAMESPACE }, spec };
}

/** A pod that has the claim's volume and does what it is told. */
export function podWith(name: string, claim: string): KubeObject {
  const volumeMounts = [{ name: 'disk', mountPath: FOLDER }];
  const container = { name: 'keeper', image: imageWithNode(), command: ['/app/node', '-e', STAY], volumeMounts };
  const volumes = [{ name: 'disk', persistentVolumeClaim: { claimName: claim } }];
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name, namespace: NAMESPACE },
    spec: { terminationGracePeriodSeconds: 10, containers: [container], volumes },
  };
}

/** Looks at the objects above and changes them. */
export class CsiClaims {
  readonly #cluster: RunningCluster;
  readonly #limitMs: number;

  constructor(cluster: RunningCluster, limitMs: number) {
    this.#cluster = cluster;
    this.#limitMs = limitMs;
  }

  /** A pod writes a file, and it is on the disk. */
  async write(pod: string, text: string): Promise<void> {
    await this.#running(pod);
    const script = `
      const fs = require('node:fs');
      const file = fs.openSync('${FOLDER}/ship', 'w');
      fs.writeSync(file, ${JSON.stringify(text)});
      fs.fsyncSync(file);`;
    await this.#inside(pod, script);
  }

  /** What a pod sees. */
  async look(pod: string): Promise<Seen> {
    await this.#running(pod);
    return JSON.parse(await this.#inside(pod, LOOK)) as Seen;
  }

  /** Times that the pod's container was started again. */
  async restartsOf(pod: string): Promise<string> {
    return this.#field(`pod/${pod}`, 'status.containerStatuses[0].restartCount');
  }

  /** Asks for a larger volume. */
  async enlarge(claim: string, size: string): Promise<void> {
    const change = JSON.stringify({ spec: { resources: { requests: { storage: size } } } });
    await this.#cluster.kubectl('patch', `pvc/${claim}`, '--type=merge', `--patch=${change}`);
  }

  /** Waits until the claim says that its file system has this size. */
  async untilSized(claim: string, size: string): Promise<void> {
    const field = (): Promise<string> => this.#field(`pvc/${claim}`, 'status.capacity.storage');
    await until(`${claim} has ${size}`, async () => (await field()) === size, this.#limitMs);
  }

  /** The cloud's ID of a claim's volume, once it is bound. */
  async volumeOf(claim: string): Promise<string> {
    const name = await until(
      `${claim} is bound`,
      async () =>
        (await this.#field(`pvc/${claim}`, 'status.phase')) === 'Bound' &&
        this.#field(`pvc/${claim}`, 'spec.volumeName'),
      this.#limitMs,
    );
    return this.#field(`pv/${name}`, 'spec.csi.volumeHandle');
  }

  /** The handle of a snapshot, once it is ready. */
  async snapshotHandle(name: string): Promise<string> {
    const snapshot = `volumesnapshot/${name}`;
    const isReady = async (): Promise<boolean> => (await this.#field(snapshot, 'status.readyToUse')) === 'true';
    await until(`the snapshot ${name} is ready`, isReady, this.#limitMs);
    const content = await this.#field(snapshot, 'status.boundVolumeSnapshotContentName');
    return this.#field(`volumesnapshotcontent/${content}`, 'status.snapshotHandle');
  }

  /** Names of objects of some kinds, in all namespaces. */
  async names(...kinds: readonly string[]): Promise<readonly string[]> {
    const said = await this.#cluster.kubectl('get', kinds.join(','), '--all-namespaces', '--output=name');
    return said.split('\n').filter(Boolean);
  }

  /** What the driver has on the node: mounts, maps, links of disks. */
  async leftOnNode(): Promise<readonly string[]> {
    const mounts = await this.#cluster.nodeExec(['cat', '/proc/self/mountinfo']);
    const links = await this.#cluster.nodeExec(['find', '/dev/mapper', '/dev/disk/by-path', '-mindepth', '1']);
    const ofVolumes = mounts.split('\n').filter((line) => /kubernetes\.io(~|\/)csi/.test(line));
    return [...ofVolumes, ...links.split('\n').filter(Boolean)];
  }

  async #running(pod: string): Promise<void> {
    const phase = (): Promise<string> => this.#field(`pod/${pod}`, 'status.phase');
    await until(`the pod ${pod} runs`, async () => (await phase()) === 'Running', this.#limitMs);
  }

  #inside(pod: string, script: string): Promise<string> {
    return this.#cluster.kubectl('exec', pod, '--', '/app/node', '-e', script);
  }

  #field(object: string, path: string): Promise<string> {
    return this.#cluster.kubectl('get', object, `--output=jsonpath={.${path}}`);
  }
}
