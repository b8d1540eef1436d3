// What the simulated account has at this moment, as the API would show it, for tests to look at without asking the API.
import type { PacketContext } from './context.ts';
import { isThere } from './device-life.ts';
import { viewDevice } from './device-view.ts';
import { viewReservation } from './ip-view.ts';
import { viewProject } from './project-view.ts';
import { viewSshKey } from './ssh-keys.ts';
import type { WirePacketDevice, WirePacketIpReservation, WirePacketProject, WirePacketSshKey } from './wire.ts';
import type { World } from './world.ts';

/** What there is; keys are ids. */
export interface PacketState {
  readonly projects: ReadonlyMap<string, WirePacketProject>;
  /** Devices that are not gone. */
  readonly devices: ReadonlyMap<string, WirePacketDevice>;
  /** Blocks of addresses, those that the API made by itself too. */
  readonly reservations: ReadonlyMap<string, WirePacketIpReservation>;
  readonly sshKeys: ReadonlyMap<string, WirePacketSshKey>;
  /** All devices that ever were: what a bill would show. */
  readonly deviceHistory: readonly PacketDeviceHistory[];
}

/** One device on the bill. */
export interface PacketDeviceHistory {
  readonly id: string;
  readonly hostname: string;
  readonly projectId: string;
  readonly createdAt: string;
  /** `undefined` while it is there. */
  readonly goneAt: string | undefined;
}

/** The state, read anew each time. */
export function stateOf(context: PacketContext): PacketState {
  const { store, clock } = context;
  const views = <T, V>(
    from: (world: World) => ReadonlyMap<string, T>,
    view: (one: T, world: World) => V,
  ): ReadonlyMap<string, V> => {
    const world = store.current;
    return new Map([...from(world)].map(([id, one]) => [id, view(one, world)]));
  };
  return {
    get projects() {
      return views(
        ({ projects }) => projects,
        (one, world) => viewProject(context, world, one),
      );
    },
    get devices() {
      const nowMs = clock.monotonicMs();
      const there = [...store.current.devices].filter(([, record]) => isThere(record, nowMs));
      return new Map(there.map(([id, record]) => [id, viewDevice(context, record)]));
    },
    get reservations() {
      return views(
        ({ reservations }) => reservations,
        (one, world) => viewReservation(context, world, one),
      );
    },
    get sshKeys() {
      return views(
        ({ sshKeys }) => sshKeys,
        (one) => viewSshKey(context, one),
      );
    },
    get deviceHistory() {
      const nowMs = clock.monotonicMs();
      return [...store.current.devices.values()].map((record) => ({
        id: record.id,
        hostname: record.fields.hostname,
        projectId: record.projectId,
        createdAt: record.created.date,
        goneAt: isThere(record, nowMs) ? undefined : record.life.at(-1)?.at.date,
      }));
    },
  };
}

/** The state for a page, short where there can be thousands. */
export function dumpOf(state: PacketState): Readonly<Record<string, unknown>> {
  const devices = [...state.devices.values()].map((device) => ({
    id: device.id,
    hostname: device.hostname,
    state: device.state,
    facility: device.facility.code,
    tags: device.tags,
    addresses: device.ip_addresses.map(({ address }) => address),
  }));
  return {
    projects: [...state.projects.values()].map(({ id, name }) => ({ id, name })),
    devices,
    reservations: [...state.reservations.values()],
    sshKeys: [...state.sshKeys.values()].map(({ id, label }) => ({ id, label })),
  };
}
