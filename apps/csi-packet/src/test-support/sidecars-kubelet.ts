// A machine's part in the life of a claim, with the driver's node side called as kubelet calls it: the VolumeAttachment is made here, as the
// attach-detach controller does for a pod.
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { KubernetesObject, V1PersistentVolume, V1VolumeAttachment } from '@kubernetes/client-node';
import { until } from '@longshore/reconciler-core/testing';
import { aCapability } from './cloud-driver.ts';
import type { SidecarCluster } from './sidecars-cluster.ts';

const ATTACHMENTS = '/apis/storage.k8s.io/v1/volumeattachments';

/** A volume in use on node-1. */
export interface UsedVolume {
  readonly volumeId: string;
  /** The folder that a pod would see. */
  readonly path: string;
  /** Lets the file system grow, as kubelet does after the resizer. */
  expand(): Promise<void>;
  /** Unmounts and detaches. */
  release(): Promise<void>;
}

/** Attaches, stages and publishes the volume of a claim. */
export async function useClaim(cluster: SidecarCluster, claim: string): Promise<UsedVolume> {
  const { node, world } = cluster;
  const pv = await cluster.volumeOf(claim);
  const csi = pv.spec?.csi;
  const volumeId = csi?.volumeHandle ?? '';
  const attachment = await attach(cluster, pv);
  const mount = { fsType: csi?.fsType ?? '', mountFlags: [], volumeMountGroup: '' };
  const volumeCapability = aCapability({ mount });
  const [stagingTargetPath, targetPath] = [world.stagingPath(volumeId), world.targetPath(volumeId, claim)];
  await mkdir(stagingTargetPath, { recursive: true });
  await mkdir(dirname(targetPath), { recursive: true });
  const publishContext = attachment.status?.attachmentMetadata ?? {};
  const volumeContext = csi?.volumeAttributes ?? {};
  await node.nodeStageVolume({ volumeId, publishContext, volumeContext, stagingTargetPath, volumeCapability });
  await node.nodePublishVolume({ volumeId, publishContext, stagingTargetPath, targetPath, volumeCapability });
  return {
    volumeId,
    path: targetPath,
    expand: async () => {
      await node.nodeExpandVolume({ volumeId, volumePath: targetPath, stagingTargetPath, volumeCapability });
    },
    release: async () => {
      await node.nodeUnpublishVolume({ volumeId, targetPath });
      await node.nodeUnstageVolume({ volumeId, stagingTargetPath });
      await detach(cluster, attachment);
    },
  };
}

async function attach(cluster: SidecarCluster, pv: V1PersistentVolume): Promise<V1VolumeAttachment> {
  const name = `attachment-${pv.metadata?.name}`;
  const attachment: V1VolumeAttachment = {
    apiVersion: 'storage.k8s.io/v1',
    kind: 'VolumeAttachment',
    metadata: { name },
    spec: {
      attacher: cluster.driverName,
      nodeName: cluster.nodeName,
      source: { persistentVolumeName: pv.metadata?.name ?? '' },
    },
  };
  await cluster.create(ATTACHMENTS, attachment);
  return until(`${name} is attached`, async () => {
    const found = await cluster.get<V1VolumeAttachment>(`${ATTACHMENTS}/${name}`);
    return found?.status?.attached ? found : undefined;
  });
}

async function detach(cluster: SidecarCluster, { metadata }: KubernetesObject): Promise<void> {
  const path = `${ATTACHMENTS}/${metadata?.name}`;
  await cluster.remove(path);
  await until(`${metadata?.name} is gone`, async () => (await cluster.get(path)) === undefined);
}
