// Where volumes may be. Pure. A volume can be attached in its own facility only, and this program makes volumes in one facility.
import type { Topology, TopologyRequirement } from '../gen/csi.ts';
import { facilityKey, LATER_DRIVER_NAME, RELEASED_DRIVER_NAME } from '../settings/driver-name.ts';

/** Whether a volume in this facility would do. Nodes that registered under the other name of the driver count too. */
export function isAccessible(
  requirement: TopologyRequirement | undefined,
  place: { readonly driverName: string; readonly facility: string },
): boolean {
  const { requisite = [], preferred = [] } = requirement ?? {};
  const wanted = requisite.length > 0 ? requisite : preferred;
  return wanted.length === 0 || wanted.some((topology) => isIn(topology, place));
}

/** Whether one topology is, or includes, the facility. */
export function isIn(
  { segments }: Topology,
  { driverName, facility }: { readonly driverName: string; readonly facility: string },
): boolean {
  const keys = [driverName, RELEASED_DRIVER_NAME, LATER_DRIVER_NAME].map(facilityKey);
  const named = keys.map((key) => segments[key]).find((code) => code !== undefined);
  return named === undefined || named === facility;
}

/** The topology of something in a facility. */
export function topologyOf(driverName: string, facility: string | undefined): Topology[] {
  return facility === undefined ? [] : [{ segments: { [facilityKey(driverName)]: facility } }];
}
