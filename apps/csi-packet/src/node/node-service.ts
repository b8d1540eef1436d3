// The Node service: what kubelet asks for on each machine. program.ts makes it and serves it; nothing else is known about it outside.
// Requests are read in requests.ts; one piece of work runs at a time for one volume, and repeated calls join it.
import path from 'node:path';
import type { MetadataService } from '@longshore/packet-api';
import type { FlagValues } from '@longshore/k8s-runtime/process';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import { NodeServiceCapability_RPC_Type as Capability, VolumeUsage_Unit as Unit } from '../gen/csi.ts';
import type { NodeGetInfoResponse, NodeGetVolumeStatsResponse, NodeServer } from '../gen/csi.ts';
import { CsiError } from '../server/csi-error.ts';
import type { CallContext, Handlers } from '../server/unary.ts';
import { facilityKey } from '../settings/driver-name.ts';
import { JoinedWork } from '../volumes/joined-work.ts';
import { DiskFinder } from './disk/find-disk.ts';
import { iscsiadm } from './host/command.ts';
import { readText } from './host/files.ts';
import { writeHostFiles } from './host/host-files.ts';
import { hostPaths } from './host/host-paths.ts';
import { HostPrograms } from './host/host-programs.ts';
import { Iscsi } from './iscsi/iscsi.ts';
import { Mounts } from './mounts/mounts.ts';
import type { nodeFlags } from './node-flags.ts';
import type { NodeParts } from './node-parts.ts';
import { publishVolume, unpublishVolume } from './publish.ts';
import { Reaper } from './reaper.ts';
import { RecordStore } from './record-store.ts';
import { readExpandRequest, readPublishRequest, readStageRequest, requireFields } from './requests.ts';
import { stageVolume } from './stage.ts';
import { unstageVolume } from './unstage.ts';
import { expandVolume, usageOf } from './usage.ts';
import type { VolumeUsage } from './usage.ts';

/** What the node side is given. */
export interface NodeServiceOptions {
  readonly driverName: string;
  /** `--nodeid`; absent: the device's ID from the metadata service. */
  readonly nodeId: string | undefined;
  readonly metadata: MetadataService;
  /** `--volume-limit`; 0: none is told. */
  readonly volumeLimit: number;
  readonly flags: FlagValues<typeof nodeFlags>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The node side, running. */
export interface NodeService {
  readonly handlers: Partial<Handlers<NodeServer>>;
  /** Why this machine cannot stage volumes (a missing program); told by Probe. Answers at once. */
  problem(): string | undefined;
  /** Work of its own (reaping, repairing paths) until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

const CAPABILITIES = [
  Capability.STAGE_UNSTAGE_VOLUME,
  Capability.GET_VOLUME_STATS,
  Capability.EXPAND_VOLUME,
  Capability.VOLUME_CONDITION,
  Capability.SINGLE_NODE_MULTI_WRITER,
];
const BOOT_ID = '/proc/sys/kernel/random/boot_id';

/** Makes the node side. Reads nothing from the network: the socket has to be there at once. */
export async function createNodeService(options: NodeServiceOptions): Promise<NodeService> {
  return new Node(options, await partsOf(options));
}

async function partsOf({ driverName, metadata, flags, env, clock, log }: NodeServiceOptions): Promise<NodeParts> {
  const root = flags['host-root'];
  const isChroot = flags['host-programs'] === 'chroot' || (flags['host-programs'] === 'auto' && root !== '/');
  const chroot = isChroot ? root : undefined;
  const programs = new HostPrograms({ chroot, env, clock, log });
  const iscsi = new Iscsi(programs, log);
  const paths = hostPaths(root);
  const appearMs = flags['device-timeout'] * 1_000;
  return {
    ...{ programs, iscsi, paths, metadata, appearMs, clock, log },
    finder: new DiskFinder({ programs, iscsi, paths, chroot, clock, log, appearMs }),
    mounts: new Mounts(programs, root),
    store: new RecordStore(flags['state-dir'] || path.join('/var/lib/kubelet/plugins', driverName, 'volumes')),
    bootId: (await readText(BOOT_ID)).trim(),
  };
}

class Node implements NodeService {
  readonly handlers: Partial<Handlers<NodeServer>>;
  readonly #options: NodeServiceOptions;
  readonly #parts: NodeParts;
  readonly #work = new JoinedWork();
  readonly #busy = new Set<string>();
  #problem: string | undefined;
  #hasWrittenFiles = false;

  constructor(options: NodeServiceOptions, parts: NodeParts) {
    this.#options = options;
    this.#parts = parts;
    this.handlers = {
      nodeGetCapabilities: async () => ({ capabilities: CAPABILITIES.map((type) => ({ rpc: { type } })) }),
      nodeGetInfo: (_, context) => this.#info(context),
      nodeStageVolume: async (request, context) => {
        const wish = readStageRequest(request);
        await this.#one(wish.volumeId, ['stage', wish], context, () => stageVolume(parts, wish));
        return {};
      },
      nodeUnstageVolume: async ({ volumeId, stagingTargetPath }, context) => {
        requireFields({ volume_id: volumeId, staging_target_path: stagingTargetPath });
        const work = (): Promise<void> => unstageVolume(parts, volumeId, stagingTargetPath);
        await this.#one(volumeId, ['unstage', stagingTargetPath], context, work);
        return {};
      },
      nodePublishVolume: async (request, context) => {
        const wish = readPublishRequest(request);
        await this.#one(wish.volumeId, ['publish', wish], context, () => publishVolume(parts, wish));
        return {};
      },
      nodeUnpublishVolume: async ({ volumeId, targetPath }, context) => {
        requireFields({ volume_id: volumeId, target_path: targetPath });
        await this.#one(volumeId, ['unpublish', targetPath], context, () => unpublishVolume(parts, targetPath));
        return {};
      },
      nodeGetVolumeStats: async ({ volumeId, volumePath }) => {
        requireFields({ volume_id: volumeId, volume_path: volumePath });
        return toStats(await usageOf(parts, volumeId, volumePath));
      },
      nodeExpandVolume: async (request, context) => {
        const wish = readExpandRequest(request);
        const work = (): Promise<number> => expandVolume(parts, wish);
        return { capacityBytes: BigInt(await this.#one(wish.volumeId, ['expand', wish], context, work)) };
      },
    };
  }

  problem(): string | undefined {
    return this.#problem;
  }

  async run(signal: AbortSignal): Promise<void> {
    await this.#checkPrograms();
    const mode = this.#options.flags['reap-orphans'];
    const isBusy = (volumeId: string): boolean => this.#busy.has(volumeId);
    await new Reaper(this.#parts, { mode, isBusy, everyPass: () => this.#checkPrograms() }).run(signal);
    await this.#work.stop();
  }

  async #checkPrograms(): Promise<void> {
    const { programs, finder, log } = this.#parts;
    const before = this.#problem;
    this.#problem = await programs.run(iscsiadm.version()).then(
      () => undefined,
      (error: unknown) => `${(error as Error).message}: volumes cannot be attached here (install open-iscsi)`,
    );
    if (this.#problem !== undefined && this.#problem !== before)
      log.error('not fit for volumes', { reason: this.#problem });
    if (before === undefined && !(await finder.hasMultipath())) {
      log.verbose(2, 'multipath is not installed: disks are used by one path');
    }
  }

  #one<T>(volumeId: string, name: readonly unknown[], context: CallContext, work: () => Promise<T>): Promise<T> {
    return this.#work.run({ key: volumeId, fingerprint: JSON.stringify(name) }, context.signal, async () => {
      this.#busy.add(volumeId);
      try {
        return await work();
      } finally {
        this.#busy.delete(volumeId);
      }
    });
  }

  async #info({ signal }: CallContext): Promise<NodeGetInfoResponse> {
    const { driverName, nodeId, metadata, volumeLimit } = this.#options;
    // With an identity given, a metadata service that is away costs the topology only.
    const machine = await metadata.read(signal).catch((error: unknown) => {
      if (nodeId !== undefined) return undefined;
      throw new CsiError('UNAVAILABLE', (error as Error).message, { cause: error });
    });
    await this.#writeHostFiles(machine?.iqn);
    const facility = machine?.facility;
    const segments: Record<string, string> = facility === undefined ? {} : { [facilityKey(driverName)]: facility };
    const accessibleTopology = facility === undefined ? undefined : { segments };
    return { nodeId: nodeId ?? machine?.id ?? '', maxVolumesPerNode: BigInt(volumeLimit), accessibleTopology };
  }

  async #writeHostFiles(initiator: string | undefined): Promise<void> {
    const { log, paths } = this.#parts;
    if (!this.#options.flags['write-host-files'] || this.#hasWrittenFiles) return;
    await writeHostFiles(paths, { initiator, log });
    this.#hasWrittenFiles = true;
  }
}

function toStats({ totalBytes, bytes, inodes, problem }: VolumeUsage): NodeGetVolumeStatsResponse {
  const inBytes = { total: totalBytes, used: bytes?.used ?? 0n, available: bytes?.available ?? 0n, unit: Unit.BYTES };
  const inInodes = inodes === undefined ? [] : [{ ...inodes, unit: Unit.INODES }];
  const volumeCondition = { abnormal: problem !== undefined, message: problem ?? 'all paths are up' };
  return { usage: [inBytes, ...inInodes], volumeCondition };
}
