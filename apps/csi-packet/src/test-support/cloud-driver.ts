// The driver with credentials against a simulated Packet, over its socket: what the controller's specs share.
import { simulatePacket } from '@longshore/cloud-simulators';
import type { PacketOptions, PacketSimulator } from '@longshore/cloud-simulators';
import type { CreateVolumeRequest, VolumeCapability, VolumeContentSource } from '../gen/csi.ts';
import { GIB } from '../volumes/size.ts';
import type { CsiClient } from './csi-client.ts';
import { startDriver } from './running-driver.ts';
import type { RunningDriver } from './running-driver.ts';

/** Driver and cloud. */
export interface CloudDriver {
  readonly cloud: PacketSimulator;
  readonly driver: RunningDriver;
  readonly controller: CsiClient['controller'];
  /** A second driver on the same account: the first one after a restart, or a rival. */
  another(): Promise<RunningDriver>;
  stop(): Promise<void>;
}

/** How to start them. */
export interface CloudDriverOptions {
  readonly cloud?: PacketOptions;
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts both; the volumes of the cloud are active at once unless `cloud` says otherwise. */
export async function startCloudDriver({
  cloud: options,
  flags = [],
  env = {},
}: CloudDriverOptions = {}): Promise<CloudDriver> {
  const cloud = await simulatePacket({ devices: 2, volumeQueuedMs: 0, ...options });
  const start = { flags, env: { ...credentialsOf(cloud), PACKET_FACILITY_NAME: 'ewr1', ...env } };
  const drivers: RunningDriver[] = [];
  const another = async (): Promise<RunningDriver> => {
    const started = await startDriver(start);
    drivers.push(started);
    return started;
  };
  const driver = await another();
  return {
    cloud,
    driver,
    controller: driver.client.controller,
    another,
    stop: async () => {
      await Promise.all(drivers.map((one) => one.stop()));
      await cloud.close();
    },
  };
}

/** The environment that leads to a simulated cloud. */
export function credentialsOf(cloud: PacketSimulator): Readonly<Record<string, string>> {
  return {
    PACKET_API_KEY: cloud.token,
    PACKET_PROJECT_ID: cloud.projectId,
    PACKET_API_URL: cloud.url,
    PACKET_METADATA_URL: cloud.metadata.urlOf('node-1'),
  };
}

/** A capability: mounted by one node, unless said otherwise. */
export function aCapability(change: Partial<VolumeCapability> = {}): VolumeCapability {
  const mount = { fsType: '', mountFlags: [], volumeMountGroup: '' };
  return { accessMode: { mode: 1 }, block: undefined, mount, ...change };
}

/** A capability for a block device. */
export const BLOCK: VolumeCapability = { accessMode: { mode: 1 }, block: {}, mount: undefined };

/** A request for a volume of 10 GiB. */
export function aCreate(change: Partial<CreateVolumeRequest> = {}): Partial<CreateVolumeRequest> {
  return { name: 'pvc-1', volumeCapabilities: [aCapability()], capacityRange: gib(10), ...change };
}

/** A range in GiB. */
export function gib(required: number, limit = 0): { requiredBytes: bigint; limitBytes: bigint } {
  const bytes = (value: number): bigint => (BigInt(Math.round(value * 1024)) * GIB) / 1024n;
  return { requiredBytes: bytes(required), limitBytes: bytes(limit) };
}

/** A source to make a volume from. */
export function fromSnapshot(snapshotId: string): VolumeContentSource {
  return { snapshot: { snapshotId }, volume: undefined };
}

/** A source to make a volume from. */
export function fromVolume(volumeId: string): VolumeContentSource {
  return { volume: { volumeId }, snapshot: undefined };
}

/** ID of a device of the simulated cloud. */
export function deviceId(cloud: PacketSimulator, hostname: string): string {
  const found = [...cloud.state.devices.values()].find((device) => device.hostname === hostname);
  if (found === undefined) throw new Error(`there is no device ${hostname}`);
  return found.id;
}
