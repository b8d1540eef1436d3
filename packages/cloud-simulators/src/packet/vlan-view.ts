// How the API shows VLANs. Pure.
import { findFacility, findMetro } from './catalog.ts';
import { viewMetro } from './catalog-views.ts';
import { refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import { isThere } from './device-life.ts';
import type { WirePacketVirtualNetwork } from './wire.ts';
import type { DeviceRecord, VlanRecord, World } from './world.ts';

/** A VLAN as the API shows it. */
export function viewVlan(context: PacketContext, world: World, vlan: VlanRecord): WirePacketVirtualNetwork {
  const { id, vxlan, description, tags, createdAt, projectId, metroCode, facilityCode } = vlan;
  const metro = findMetro(metroCode ?? '');
  const facility = findFacility(facilityCode ?? '');
  return {
    id,
    vxlan,
    description,
    ...(metro === undefined ? {} : { metro_code: metro.code, metro: viewMetro(context, metro) }),
    ...(facility === undefined
      ? {}
      : { facility_code: facility.code, facility: refTo(context, `/facilities/${facility.id}`) }),
    assigned_to: refTo(context, `/projects/${projectId}`),
    instances: devicesOn(context, world, id).map((device) => refTo(context, `/devices/${device.id}`)),
    metal_gateways: [],
    tags,
    created_at: createdAt,
    ...refTo(context, `/virtual-networks/${id}`),
  };
}

/** The devices with a port in a VLAN. */
export function devicesOn({ clock }: PacketContext, { devices }: World, vlanId: string): readonly DeviceRecord[] {
  const nowMs = clock.monotonicMs();
  return [...devices.values()].filter(
    (device) => isThere(device, nowMs) && device.ports.some(({ vlanIds }) => vlanIds.includes(vlanId)),
  );
}
