// The name under which Kubernetes knows the driver. It is part of every PersistentVolume, so both names of the Go program's life work.

/** The name of all releases of the Go program. */
export const RELEASED_DRIVER_NAME = 'net.packet.csi';
/** The name on the Go program's master branch from 2020-07 on, never released. */
export const LATER_DRIVER_NAME = 'csi.packet.net';

/** What is wrong with a name, worded to follow it; `undefined` when it may be used. */
export function driverNameProblem(name: string): string | undefined {
  if (name.length > 63) return 'is longer than 63 characters';
  return /^[a-z]([a-z0-9.-]*[a-z0-9])?$/i.test(name) ? undefined : 'is no name like net.packet.csi';
}

/** Key under which the facility stands in a node's labels and a volume's topology. */
export function facilityKey(driverName: string): string {
  return `${driverName}/facility`;
}
