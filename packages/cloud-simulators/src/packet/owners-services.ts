// What happens to BGP, volumes and reserved machines without the API: switches answer, hosts log in, support approves.
import { putConfig, putSession } from './bgp.ts';
import { dateNow, newId } from './context.ts';
import type { PacketContext } from './context.ts';
import { viewHardware } from './hardware-view.ts';
import { withEntry } from '../world-store.ts';
import type { WirePacketHardwareReservation } from './wire.ts';
import type { WirePacketVolume } from './wire-storage.ts';
import { viewVolume } from './volume-view.ts';
import { makeVolume, putVolume } from './volumes.ts';
import type { BgpConfigRecord, BgpSessionRecord, HardwareRecord, VolumeRecord } from './world.ts';

/** What can be said about a volume made by hand. */
export interface PacketVolumeWish {
  readonly facility?: string;
  readonly plan?: 'storage_1' | 'storage_2';
  readonly sizeGb?: number;
  readonly description?: string | null;
  readonly locked?: boolean;
}

/** What can be said about a reserved machine made by hand. */
export interface PacketHardwareWish {
  readonly facility?: string;
  readonly plan?: string;
  readonly isSpare?: boolean;
  readonly isProvisionable?: boolean;
}

/** Things that happen to services of the account without the API. */
export interface PacketServiceActions {
  /** Switches BGP on for the first project, or changes what it has. */
  setBgp(config: Partial<Pick<BgpConfigRecord, 'status' | 'asn' | 'md5' | 'maxPrefix' | 'deploymentType'>>): void;
  /** `up`, `down`, or one value per switch: `up,down`. */
  setBgpStatus(sessionId: string, status: string): void;
  /**
   * A device announces these prefixes. More than the project's `max_prefix` drop its session, which then stays down until `resetBgp`.
   */
  announce(deviceId: string, routes: readonly string[], family?: 'ipv4' | 'ipv6'): void;
  /** What support does for a session that was dropped. */
  resetBgp(deviceId: string): void;
  /** A volume that is active. */
  addVolume(wish?: PacketVolumeWish): WirePacketVolume;
  /** A host logs in at the volume's target, or out of it: no detaching while it is in. */
  setVolumeInUse(volumeId: string, isInUse: boolean): void;
  addHardwareReservation(wish?: PacketHardwareWish): WirePacketHardwareReservation;
}

/** The actions. */
export function serviceActions(
  context: PacketContext,
  usual: { readonly projectId: string; readonly facility: string },
): PacketServiceActions {
  return { ...bgpActions(context, usual.projectId), ...machineActions(context, usual) };
}

type BgpActions = Pick<PacketServiceActions, 'setBgp' | 'setBgpStatus' | 'announce' | 'resetBgp'>;

function bgpActions(context: PacketContext, projectId: string): BgpActions {
  const { store } = context;
  const sessionsOf = (deviceId: string): readonly BgpSessionRecord[] =>
    [...store.current.bgpSessions.values()].filter((one) => one.deviceId === deviceId);
  return {
    setBgp(change) {
      const before = store.current.bgpConfigs.get(projectId);
      putConfig(context, projectId, { ...(before ?? newConfig(context)), ...change });
    },
    setBgpStatus(sessionId, status) {
      const session = store.current.bgpSessions.get(sessionId);
      if (session === undefined) throw new Error(`there is no BGP session ${sessionId}`);
      putSession(context, { ...session, forcedStatus: status });
    },
    announce(deviceId, routes, family = 'ipv4') {
      const session = sessionsOf(deviceId).find((one) => one.family === family);
      if (session === undefined) throw new Error(`device ${deviceId} has no ${family} BGP session`);
      const most = store.current.bgpConfigs.get(projectId)?.maxPrefix ?? context.settings.maxPrefix;
      const isDropped = session.isDropped || routes.length > most;
      putSession(context, { ...session, learnedRoutes: isDropped ? [] : routes, isDropped });
    },
    resetBgp(deviceId) {
      for (const session of sessionsOf(deviceId)) putSession(context, { ...session, isDropped: false });
    },
  };
}

function newConfig(context: PacketContext): BgpConfigRecord {
  return {
    id: newId(context),
    status: 'enabled',
    deploymentType: 'local',
    asn: 65_000,
    md5: null,
    maxPrefix: context.settings.maxPrefix,
    createdAt: dateNow(context),
  };
}

type MachineActions = Pick<PacketServiceActions, 'addVolume' | 'setVolumeInUse' | 'addHardwareReservation'>;

function machineActions(
  context: PacketContext,
  usual: { readonly projectId: string; readonly facility: string },
): MachineActions {
  const { store } = context;
  const volumeOf = (id: string): VolumeRecord => {
    const volume = store.current.volumes.get(id);
    if (volume === undefined) throw new Error(`there is no volume ${id}`);
    return volume;
  };
  return {
    addVolume({
      facility = usual.facility,
      plan = 'storage_1',
      sizeGb = 100,
      description = null,
      locked = false,
    } = {}) {
      const place = { projectId: usual.projectId, facilityCode: facility, planSlug: plan };
      const made = makeVolume(context, { ...place, sizeGb, description, isLocked: locked });
      putVolume(context, { ...made, activeAtMs: context.clock.monotonicMs() });
      return viewVolume(context, store.current, volumeOf(made.id));
    },
    setVolumeInUse: (id, isInUse) => putVolume(context, { ...volumeOf(id), isInUse }),
    addHardwareReservation({ facility = usual.facility, plan = 'c3.small.x86', ...wish } = {}) {
      const made: HardwareRecord = {
        id: newId(context),
        projectId: usual.projectId,
        facilityCode: facility,
        planSlug: plan,
        isSpare: wish.isSpare ?? false,
        isProvisionable: wish.isProvisionable ?? true,
        createdAt: dateNow(context),
      };
      store.commit({ hardware: withEntry(store.current.hardware, made.id, made) });
      return viewHardware(context, store.current, made);
    },
  };
}
