// What specs of other projects take from here: the host with stand-ins, what is on its disks, and the files of external-snapshotter.
export { GIB, HostWorld, missingForHostWorld } from './host-world.ts';
export { DiskContents } from './sidecars-content.ts';
export { snapshotManifests } from './sidecars-snapshot-files.ts';
export type { SnapshotManifests } from './sidecars-snapshot-files.ts';
export { readSnapshotRef } from '../volumes/snapshot-ids.ts';
