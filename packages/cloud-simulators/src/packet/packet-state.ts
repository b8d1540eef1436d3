// What the simulated account has at this moment, as the API would show it, for tests to look at without asking the API.
import type { PacketContext } from './context.ts';
import { viewBgpConfig, viewBgpSession } from './bgp-view.ts';
import { isThere, stepsBehind } from './device-life.ts';
import { viewDevice } from './device-view.ts';
import { viewHardware } from './hardware-view.ts';
import { viewReservation } from './ip-view.ts';
import { viewProject } from './project-view.ts';
import { viewSshKey } from './ssh-keys.ts';
import { viewVlan } from './vlan-view.ts';
import { viewAttachment, viewVolume } from './volume-view.ts';
import type {
  WirePacketBgpConfig,
  WirePacketBgpSession,
  WirePacketDevice,
  WirePacketHardwareReservation,
  WirePacketIpReservation,
  WirePacketProject,
  WirePacketSshKey,
  WirePacketVirtualNetwork,
} from './wire.ts';
import type { WirePacketAttachment, WirePacketVolume } from './wire-storage.ts';

/** What there is; keys are ids. */
export interface PacketState {
  readonly projects: ReadonlyMap<string, WirePacketProject>;
  /** Devices that are not gone. */
  readonly devices: ReadonlyMap<string, WirePacketDevice>;
  /** Blocks of addresses, those that the API made by itself too. */
  readonly reservations: ReadonlyMap<string, WirePacketIpReservation>;
  readonly sshKeys: ReadonlyMap<string, WirePacketSshKey>;
  /** By project id; a project that never had one is missing. */
  readonly bgpConfigs: ReadonlyMap<string, WirePacketBgpConfig>;
  readonly bgpSessions: ReadonlyMap<string, WirePacketBgpSession>;
  readonly virtualNetworks: ReadonlyMap<string, WirePacketVirtualNetwork>;
  readonly volumes: ReadonlyMap<string, WirePacketVolume>;
  readonly attachments: ReadonlyMap<string, WirePacketAttachment>;
  readonly hardwareReservations: ReadonlyMap<string, WirePacketHardwareReservation>;
  /** All devices that ever were: what a bill would show. */
  readonly deviceHistory: readonly PacketDeviceHistory[];
  /** How often each device that is not gone was asked to restart and to be installed anew. */
  readonly deviceRestarts: ReadonlyMap<string, PacketDeviceRestarts>;
}

/** What was asked of one device, so far. */
export interface PacketDeviceRestarts {
  readonly reboots: number;
  readonly reinstalls: number;
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
  const { store } = context;
  const readers: { readonly [K in keyof PacketState]: () => PacketState[K] } = {
    projects: () => views(store.current.projects, (one) => viewProject(context, store.current, one)),
    devices: () => devicesThere(context),
    reservations: () => views(store.current.reservations, (one) => viewReservation(context, store.current, one)),
    sshKeys: () => views(store.current.sshKeys, (one) => viewSshKey(context, one)),
    bgpConfigs: () => bgpConfigsOf(context),
    bgpSessions: () => views(store.current.bgpSessions, (one) => viewBgpSession(context, one)),
    virtualNetworks: () => views(store.current.vlans, (one) => viewVlan(context, store.current, one)),
    volumes: () => views(store.current.volumes, (one) => viewVolume(context, store.current, one)),
    attachments: () => views(store.current.attachments, (one) => viewAttachment(context, one)),
    hardwareReservations: () => views(store.current.hardware, (one) => viewHardware(context, store.current, one)),
    deviceHistory: () => historyOf(context),
    deviceRestarts: () => restartsOf(context),
  };
  const state = {};
  for (const [name, get] of Object.entries(readers)) Object.defineProperty(state, name, { get, enumerable: true });
  return state as PacketState;
}

function views<T, V>(records: ReadonlyMap<string, T>, view: (record: T) => V): ReadonlyMap<string, V> {
  return new Map([...records].map(([id, record]) => [id, view(record)]));
}

function devicesThere(context: PacketContext): PacketState['devices'] {
  const nowMs = context.clock.monotonicMs();
  const there = [...context.store.current.devices].filter(([, record]) => isThere(record, nowMs));
  return new Map(there.map(([id, record]) => [id, viewDevice(context, record)]));
}

function bgpConfigsOf(context: PacketContext): PacketState['bgpConfigs'] {
  const world = context.store.current;
  const configs = [...world.bgpConfigs];
  return new Map(
    configs.map(([projectId, config]) => [projectId, viewBgpConfig(context, world, { projectId, config })]),
  );
}

function historyOf({ store, clock }: PacketContext): readonly PacketDeviceHistory[] {
  const nowMs = clock.monotonicMs();
  return [...store.current.devices.values()].map((record) => ({
    id: record.id,
    hostname: record.fields.hostname,
    projectId: record.projectId,
    createdAt: record.created.date,
    goneAt: isThere(record, nowMs) ? undefined : record.life.at(-1)?.at.date,
  }));
}

function restartsOf({ store, clock }: PacketContext): PacketState['deviceRestarts'] {
  const nowMs = clock.monotonicMs();
  const there = [...store.current.devices].filter(([, record]) => isThere(record, nowMs));
  return new Map(
    there.map(([id, record]) => {
      const past = record.life.slice(0, stepsBehind(record, nowMs)).map(({ event }) => event?.type);
      const count = (type: string): number => past.filter((one) => one === type).length;
      return [id, { reboots: count('instance.reboot'), reinstalls: count('instance.reinstall') }];
    }),
  );
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
    bgpConfigs: Object.fromEntries(
      [...state.bgpConfigs].map(([id, { md5, ...config }]) => [id, { ...config, hasMd5: md5 !== null }]),
    ),
    bgpSessions: [...state.bgpSessions.values()],
    virtualNetworks: [...state.virtualNetworks.values()],
    volumes: [...state.volumes.values()],
    attachments: [...state.attachments.values()],
    hardwareReservations: [...state.hardwareReservations.values()].map(({ id, device }) => ({ id, device })),
  };
}
