// Which machines there have to be for the devices of a simulated Packet, and the commands that make one what its device says. Pure.
import type { WirePacketDevice, WirePacketIpAssignment } from '../wire.ts';

/** What a machine is told to be. */
export interface MachineSpec {
  readonly id: string;
  readonly hostname: string;
  /** Of its first port, so that it stays the same when the machine is switched off and on. */
  readonly mac: string;
  /** `address/prefix` of the interface. */
  readonly addresses: readonly string[];
  /** Elastic addresses: on the loopback interface, as their owner would put them. */
  readonly elastic: readonly string[];
  /** What runs at its first boot. */
  readonly userData: string;
  /** Name of its disk, which outlives a restart, and is another one after the device was installed anew. */
  readonly disk: string;
  /** How often it was asked to restart. */
  readonly restarts: number;
}

/** How often a device was asked to restart and to be installed anew. */
export interface Asked {
  readonly reboots: number;
  readonly reinstalls: number;
}

/** One thing to do. */
export type MachineStep =
  | { readonly kind: 'start'; readonly spec: MachineSpec }
  | { readonly kind: 'stop'; readonly id: string }
  | { readonly kind: 'add-elastic'; readonly id: string; readonly address: string }
  | { readonly kind: 'remove-elastic'; readonly id: string; readonly address: string };

/** A command in a machine, or on the host. */
export type Command = readonly [program: string, ...args: string[]];

/** The network that all machines are in. Nobody owns these addresses (RFC 2544). */
export const BRIDGE = { name: 'longshore0', address: '198.18.255.254', prefix: 15 } as const;

// A device that is switched off, or that is not ready yet, is no machine.
const RUNNING: readonly string[] = ['active', 'powering_off'];

/** The machine of a device; `undefined` while it is not running. */
export function machineOf(
  device: WirePacketDevice,
  asked: Asked = { reboots: 0, reinstalls: 0 },
): MachineSpec | undefined {
  if (!RUNNING.includes(device.state)) return undefined;
  const born = device.ip_addresses.filter(({ management }) => management);
  const elastic = device.ip_addresses.filter((one) => !one.management && one.address_family === 4);
  return {
    id: device.id,
    hostname: device.hostname,
    mac: device.network_ports.find(({ data }) => data.mac !== undefined)?.data.mac ?? '02:5e:00:00:00:00',
    addresses: born.map(withPrefix),
    elastic: elastic.map(({ address, cidr }) => `${address}/${cidr}`),
    userData: device.userdata,
    disk: diskOf(device.id, asked),
    restarts: asked.reboots,
  };
}

/** The name of a device's disk. */
export function diskOf(id: string, { reinstalls }: Pick<Asked, 'reinstalls'>): string {
  return `${id}.${reinstalls}`;
}

/** What has to be done so that the machines are what the devices say. */
export function planMachines(
  wanted: readonly MachineSpec[],
  found: ReadonlyMap<string, MachineSpec>,
): readonly MachineStep[] {
  const byId = new Map(wanted.map((spec) => [spec.id, spec]));
  const isOn = (now: MachineSpec): boolean => isSameRun(byId.get(now.id), now);
  const stops = [...found.values()].filter((now) => !isOn(now)).map(({ id }): MachineStep => ({ kind: 'stop', id }));
  const starts = wanted
    .filter((spec) => !isSameRun(spec, found.get(spec.id)))
    .map((spec): MachineStep => ({ kind: 'start', spec }));
  const moves = [...found.values()].filter(isOn).flatMap((now) => elasticSteps(byId.get(now.id), now));
  return [...stops, ...moves, ...starts];
}

function isSameRun(wanted: MachineSpec | undefined, found: MachineSpec | undefined): boolean {
  return wanted !== undefined && wanted.restarts === found?.restarts && wanted.disk === found.disk;
}

function elasticSteps(wanted: MachineSpec | undefined, now: MachineSpec): readonly MachineStep[] {
  if (wanted === undefined) return [];
  const { id } = now;
  const lost = now.elastic.filter((address) => !wanted.elastic.includes(address));
  const won = wanted.elastic.filter((address) => !now.elastic.includes(address));
  return [
    ...lost.map((address): MachineStep => ({ kind: 'remove-elastic', id, address })),
    ...won.map((address): MachineStep => ({ kind: 'add-elastic', id, address })),
  ];
}

/** The ends of the cable between a machine and the bridge; interface names have 15 characters at most. */
export function cableOf({ id }: Pick<MachineSpec, 'id'>): { readonly host: string; readonly machine: string } {
  const shortId = id.slice(0, 8);
  return { host: `pk${shortId}h`, machine: `pk${shortId}m` };
}

/** Commands on the host that plug a machine in; `pid` is one of its processes. */
export function plugCommands(spec: MachineSpec, pid: number): readonly Command[] {
  const { host, machine } = cableOf(spec);
  return [
    ['ip', 'link', 'add', host, 'type', 'veth', 'peer', 'name', machine],
    ['ip', 'link', 'set', machine, 'netns', String(pid)],
    ['ip', 'link', 'set', host, 'master', BRIDGE.name, 'up'],
  ];
}

/** The command on the host that takes a machine off the network, at once. */
export function unplugCommand(spec: Pick<MachineSpec, 'id'>): Command {
  return ['ip', 'link', 'del', cableOf(spec).host];
}

/** Puts an elastic address on a machine, or takes it off. */
export function elasticCommand(verb: 'add' | 'del', address: string): Command {
  // User data may have put it there already.
  return ['ip', 'addr', verb === 'add' ? 'replace' : 'del', address, 'dev', 'lo'];
}

/** Forgets where addresses are. */
export function forgetCommand(link: string): Command {
  return ['ip', 'neigh', 'flush', 'dev', link];
}

function withPrefix({ address, cidr }: WirePacketIpAssignment): string {
  return `${address}/${cidr}`;
}
