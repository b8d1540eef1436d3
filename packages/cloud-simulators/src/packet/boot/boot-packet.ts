// The boot mode: a simulated Packet whose active devices are machines (namespaces with their addresses on a bridge). What a device is,
// its machine becomes: off when it is inactive, gone when it is deleted, with the elastic addresses that are assigned to it. Its user data
// is run at its first boot.
import { setTimeout as wait } from 'node:timers/promises';
import { simulatePacket } from '../simulate-packet.ts';
import type { PacketOptions, PacketSimulator } from '../simulate-packet.ts';
import { DeviceConsoles } from './console.ts';
import type { FirstBootState } from './console.ts';
import { Disks } from './disks.ts';
import { FirstBoots, programsOfMachines } from './first-boot.ts';
import type { BootSettings } from './first-boot.ts';
import { hostFolders } from './host-folders.ts';
import { Machine } from './machine.ts';
import { BRIDGE, diskOf, forgetCommand, machineOf, planMachines } from './machine-plan.ts';
import type { MachineSpec, MachineStep } from './machine-plan.ts';
import { runCommand } from './run-command.ts';
import type { HostFolders } from './set-up-plan.ts';
import { closeSite, openSite } from './site.ts';

/** Options of `bootPacket`. */
export interface PacketBootOptions extends PacketOptions {
  /** What machines can run. */
  readonly boot?: BootSettings;
}

/** A simulated Packet with machines. */
export interface PacketSite {
  readonly simulator: PacketSimulator;
  /** Machines that run, by the id of their devices. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** Makes the machines what the devices are at this moment; done by itself several times a second. */
  sync(): Promise<void>;
  /** What a device printed while its user data ran, and why it could not; empty when there is nothing. It outlives the device. */
  consoleOf(deviceId: string): string;
  /** How far the user data of a device has come; `failed` when it ended with anything but 0. */
  firstBootOf(deviceId: string): FirstBootState;
  /** Ends all machines, the bridge and the simulator. */
  close(): Promise<void>;
}

const SYNC_MS = 250;

interface Site {
  readonly simulator: PacketSimulator;
  readonly machines: Map<string, Machine>;
  readonly disks: Disks;
  readonly boots: FirstBoots;
  readonly consoles: DeviceConsoles;
  readonly host: HostFolders;
}

/** Starts a simulated Packet in boot mode. Linux and root are needed (`bootProblem`). */
export async function bootPacket({ boot = {}, ...options }: PacketBootOptions = {}): Promise<PacketSite> {
  await openSite();
  let disks: Disks | undefined;
  try {
    disks = await Disks.open();
    const host = hostFolders(await programsOfMachines());
    // Machines reach the metadata service at the bridge, which knows them by their addresses.
    const simulator = await simulatePacket({ ...options, metadataHost: BRIDGE.address });
    return follow({
      simulator,
      machines: new Map(),
      disks,
      boots: new FirstBoots(boot, simulator.metadata.url),
      consoles: new DeviceConsoles(boot.consoleFolder),
      host,
    });
  } catch (error) {
    await disks?.close();
    await closeSite();
    throw error;
  }
}

function follow(site: Site): PacketSite {
  const { simulator, machines, disks, boots, consoles } = site;
  const closing = new AbortController();
  const sync = oneAtATime(() => syncMachines(site));
  const following = repeat(sync, closing.signal);
  return {
    simulator,
    machines,
    sync,
    consoleOf: (id) => consoles.find(id)?.text ?? '',
    firstBootOf: (id) => consoles.find(id)?.state ?? 'none',
    async close() {
      closing.abort();
      boots.close();
      await following;
      await Promise.all([...machines.values()].map((machine) => machine.stop()));
      await disks.close();
      await simulator.close();
      await closeSite();
    },
  };
}

async function syncMachines(site: Site): Promise<void> {
  const { machines, disks } = site;
  const { devices, deviceRestarts } = site.simulator.state;
  const wanted = [...devices.values()].flatMap((device) => machineOf(device, deviceRestarts.get(device.id)) ?? []);
  const found = new Map<string, MachineSpec>([...machines].map(([id, { spec }]) => [id, spec]));
  const steps = planMachines(wanted, found);
  for (const step of steps) await applyStep(step, site);
  if (steps.length > 0) await forgetNeighbors(machines);
  await disks.keepOnly(new Set([...deviceRestarts].map(([id, asked]) => diskOf(id, asked))));
}

// The real network routes; machines on a bridge remember for a minute where an address was, or that nobody had it.
async function forgetNeighbors(machines: ReadonlyMap<string, Machine>): Promise<void> {
  await runCommand(forgetCommand(BRIDGE.name));
  for (const machine of machines.values()) await machine.run(forgetCommand('bond0'));
}

async function applyStep(step: MachineStep, site: Site): Promise<void> {
  const { machines } = site;
  switch (step.kind) {
    case 'start':
      return startMachine(step.spec, site);
    case 'stop':
      await machines.get(step.id)?.stop();
      machines.delete(step.id);
      return;
    case 'add-elastic':
      return machines.get(step.id)?.moveElastic('add', step.address);
    case 'remove-elastic':
      return machines.get(step.id)?.moveElastic('del', step.address);
  }
}

async function startMachine(spec: MachineSpec, { machines, disks, boots, consoles, host }: Site): Promise<void> {
  const console = consoles.of(spec);
  const isNew = !disks.has(spec.disk);
  let machine: Machine | undefined;
  try {
    machine = await Machine.start(spec, disks.pid, host);
    if (isNew) await boots.setUp(machine);
  } catch (error) {
    await machine?.stop();
    console.note(`the machine could not be started: ${error instanceof Error ? error.message : String(error)}`);
    throw error;
  }
  disks.remember(spec.disk);
  machines.set(spec.id, machine);
  // In the background: it takes as long as it takes, and the machine may be switched off before.
  void (isNew ? boots.runUserData(machine, console) : boots.startServices(machine, console));
}

// A call that comes while another runs waits for its turn, so that it sees what has changed since.
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.catch(() => undefined).then(work);
    return last;
  };
}

// Time is the real one here: the machines are real, too. What fails is tried again in the next round.
async function repeat(sync: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sync().catch(() => undefined);
    await wait(SYNC_MS, undefined, { signal }).catch(() => undefined);
  }
}
