// How the API shows reserved machines. Pure.
import { findFacility, findPlan } from './catalog.ts';
import { viewFacility, viewPlan } from './catalog-views.ts';
import { refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import { isThere } from './device-life.ts';
import type { WirePacketHardwareReservation } from './wire.ts';
import type { HardwareRecord, World } from './world.ts';

/** A reserved machine as the API shows it. */
export function viewHardware(
  context: PacketContext,
  world: World,
  record: HardwareRecord,
): WirePacketHardwareReservation {
  const { id, projectId, isSpare, isProvisionable, createdAt } = record;
  const facility = findFacility(record.facilityCode);
  const plan = findPlan(record.planSlug);
  if (facility === undefined || plan === undefined) throw new Error(`machine ${id} is nowhere`);
  const deviceId = deviceOn(context, world, record);
  return {
    id,
    short_id: id.slice(0, 8),
    facility: viewFacility(context, facility),
    plan: viewPlan(context, plan),
    project: refTo(context, `/projects/${projectId}`),
    device: deviceId === null ? null : refTo(context, `/devices/${deviceId}`),
    provisionable: isProvisionable && deviceId === null,
    spare: isSpare,
    need_of_service: false,
    switch_uuid: `5eed51c1-0000-4000-8000-${facility.id.slice(-12)}`,
    created_at: createdAt,
    ...refTo(context, `/hardware-reservations/${id}`),
  };
}

/** The device on a reserved machine. */
export function deviceOn({ clock }: PacketContext, { devices }: World, { id }: HardwareRecord): string | null {
  const nowMs = clock.monotonicMs();
  return [...devices.values()].find((one) => one.hardwareReservationId === id && isThere(one, nowMs))?.id ?? null;
}
