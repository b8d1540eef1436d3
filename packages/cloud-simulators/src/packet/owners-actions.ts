// What a person could do in the web page of the cloud, or at the machine: make devices, break them, press their buttons, answer requests.
import type { PacketContext } from './context.ts';
import { dateNow } from './context.ts';
import { addDevice, draftOf, planByHand } from './device-factory.ts';
import type { PacketDeviceWish } from './device-factory.ts';
import { turn } from './device-life.ts';
import { viewDevice } from './device-view.ts';
import { lifeMaker, putDevice, withoutDevice } from './devices.ts';
import { decideReservation } from './ip-reservations.ts';
import { addProject } from './projects.ts';
import type { TokenRights } from './tokens.ts';
import type { WirePacketDevice, WirePacketDeviceState } from './wire.ts';
import type { DeviceFields, DeviceRecord } from './world.ts';

/** What can be changed by hand about a device. */
export interface PacketDeviceChange {
  readonly hostname?: string;
  readonly tags?: readonly string[];
  readonly description?: string | null;
  readonly locked?: boolean;
  readonly userdata?: string;
}

/** Things that happen to the account without the API. */
export interface PacketOwnersActions {
  addProject(wish?: { readonly id?: string; readonly name?: string }): string;
  /** A device that is active and has its addresses, unless the wish says otherwise. */
  addDevice(wish?: PacketDeviceWish): WirePacketDevice;
  /** `count` devices alike; cheap for thousands. */
  addDevices(count: number, wish?: Omit<PacketDeviceWish, 'id' | 'hostname'>): readonly WirePacketDevice[];
  updateDevice(id: string, change: PacketDeviceChange): void;
  /** Puts a device into a state, in which it stays. */
  setDeviceState(id: string, state: WirePacketDeviceState): void;
  /** Takes all addresses from a device, as pure layer 2 does, or puts those that are left in another order. */
  arrangeAddresses(id: string, arrange: (addresses: WirePacketDevice['ip_addresses']) => readonly string[]): void;
  /** The device is gone at once. */
  removeDevice(id: string): void;
  /** The next devices that are created fail while they are provisioned. */
  failNextDevices(count: number): void;
  /** How many servers of a plan a facility has in all; 0 is sold out. */
  setCapacity(facility: string, plan: string, servers: number): void;
  /** Grants a request for addresses that is pending. */
  approveReservation(id: string): void;
  denyReservation(id: string): void;
  /** Lets another token in. */
  addToken(token: string, rights?: TokenRights): void;
  /** Shuts a token out: 401 from now on. */
  removeToken(token: string): void;
}

/** Where things are put when nothing else is said. */
export interface Usual {
  readonly projectId: string;
  readonly facility: string;
}

/** The actions. */
export function ownersActions(context: PacketContext, usual: Usual): PacketOwnersActions {
  return {
    addProject: ({ id, name = 'another project' } = {}) =>
      addProject(context, { ...(id === undefined ? {} : { id }), name }).id,
    ...deviceActions(context, usual),
    failNextDevices(count) {
      context.luck.failuresToCome = count;
    },
    setCapacity(facility, plan, servers) {
      const { store } = context;
      store.commit({ capacity: new Map(store.current.capacity).set(`${facility}/${plan}`, servers) });
    },
    approveReservation: (id) => decideReservation(context, id, true),
    denyReservation: (id) => decideReservation(context, id, false),
    addToken: (token, rights) => context.tokens.add(token, rights),
    removeToken: (token) => context.tokens.remove(token),
  };
}

type DeviceActions = Pick<
  PacketOwnersActions,
  'addDevice' | 'addDevices' | 'updateDevice' | 'setDeviceState' | 'arrangeAddresses' | 'removeDevice'
>;

function deviceActions(context: PacketContext, usual: Usual): DeviceActions {
  const { store, clock } = context;
  const add = (wishes: readonly PacketDeviceWish[]): readonly WirePacketDevice[] => {
    const draft = draftOf(context);
    const made = wishes.map((wish) => {
      const plan = planByHand(context, wish, { ...usual, number: draft.devices.size + 1 });
      return addDevice(context, draft, plan);
    });
    store.commit({ devices: draft.devices, reservations: draft.reservations });
    return made.map((record) => viewDevice(context, record));
  };
  return {
    addDevice(wish = {}) {
      const [device] = add([wish]);
      if (device === undefined) throw new Error('addDevice: nothing was made');
      return device;
    },
    addDevices: (count, wish = {}) => add(Array.from({ length: count }, () => wish)),
    updateDevice(id, change) {
      const record = deviceOf(context, id);
      const fields: DeviceFields = { ...record.fields, ...change };
      putDevice(context, { ...record, fields, updatedAt: dateNow(context) });
    },
    setDeviceState(id, state) {
      const record = deviceOf(context, id);
      const step = { at: lifeMaker(context).momentIn(0), state };
      putDevice(context, { ...record, life: turn(record, clock.monotonicMs(), [step]) });
    },
    arrangeAddresses(id, arrange) {
      const record = deviceOf(context, id);
      const wanted = arrange(viewDevice(context, record).ip_addresses);
      const addresses = wanted.flatMap((address) => record.addresses.filter((one) => one.address === address));
      putDevice(context, { ...record, addresses });
    },
    removeDevice: (id) => store.commit(withoutDevice(context, deviceOf(context, id), 0)),
  };
}

function deviceOf({ store }: PacketContext, id: string): DeviceRecord {
  const record = store.current.devices.get(id);
  if (record === undefined) throw new Error(`there is no device ${id}`);
  return record;
}
