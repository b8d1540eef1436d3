// What the operations of the node side work with.
import type { MetadataService } from '@longshore/packet-api';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { DiskFinder } from './disk/find-disk.ts';
import type { Portal } from './host/command.ts';
import type { HostPaths } from './host/host-paths.ts';
import type { HostPrograms } from './host/host-programs.ts';
import type { Iscsi } from './iscsi/iscsi.ts';
import type { Mounts } from './mounts/mounts.ts';
import type { RecordStore } from './record-store.ts';
import type { VolumeRecord } from './volume-record.ts';

/** The tools. */
export interface NodeParts {
  readonly programs: HostPrograms;
  readonly iscsi: Iscsi;
  readonly finder: DiskFinder;
  readonly mounts: Mounts;
  readonly store: RecordStore;
  readonly paths: HostPaths;
  readonly metadata: MetadataService;
  /** Names this boot of the machine: device numbers of another one mean nothing. */
  readonly bootId: string;
  /** How long a disk, or its new size, may take to appear. */
  readonly appearMs: number;
  readonly clock: Clock;
  readonly log: Logger;
}

/** The portals of a volume. */
export function portalsOf({ iqn, portals }: Pick<VolumeRecord, 'iqn' | 'portals'>): readonly Portal[] {
  return portals.map((address) => ({ address, iqn }));
}
