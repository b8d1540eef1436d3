// How the API shows a project: everything in it is only named.
import { refTo } from './context.ts';
import type { PacketContext } from './context.ts';
import { isThere } from './device-life.ts';
import type { WireHref, WirePacketProject } from './wire.ts';
import type { ProjectRecord, World } from './world.ts';

/** A project as the API shows it. */
export function viewProject(context: PacketContext, world: World, record: ProjectRecord): WirePacketProject {
  const { id, name, tags, customdata, type, createdAt, updatedAt, hasBackendTransfer } = record;
  const nowMs = context.clock.monotonicMs();
  const linksTo = (
    path: string,
    found: Iterable<{ readonly id: string; readonly projectId: string | undefined }>,
  ): WireHref[] => [...found].filter((one) => one.projectId === id).map((one) => refTo(context, `${path}/${one.id}`));
  const there = [...world.devices.values()].filter((device) => isThere(device, nowMs));
  return {
    id,
    name,
    ...refTo(context, `/projects/${id}`),
    created_at: createdAt,
    updated_at: updatedAt,
    backend_transfer_enabled: hasBackendTransfer,
    organization: refTo(context, '/organizations/5eed0000-0000-4000-8000-000000000001'),
    payment_method: refTo(context, '/payment-methods/5eed0000-0000-4000-8000-000000000002'),
    members: [refTo(context, '/users/5eed0000-0000-4000-8000-000000000003')],
    devices: linksTo('/devices', there),
    ssh_keys: linksTo('/ssh-keys', world.sshKeys.values()),
    volumes: linksTo('/storage', world.volumes.values()),
    bgp_config: refTo(context, `/projects/${id}/bgp-config`),
    network_status: {},
    max_devices: {},
    tags,
    customdata,
    type,
  };
}
