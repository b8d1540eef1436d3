// The boot mode: a simulated Packet whose active devices are machines (namespaces with their addresses on a bridge). What a device is,
// its machine becomes: off when it is inactive, gone when it is deleted, with the elastic addresses that are assigned to it.
import { setTimeout as wait } from 'node:timers/promises';
import { simulatePacket } from '../simulate-packet.ts';
import type { PacketOptions, PacketSimulator } from '../simulate-packet.ts';
import { Machine } from './machine.ts';
import { BRIDGE, forgetCommand, machineOf, planMachines } from './machine-plan.ts';
import type { MachineSpec, MachineStep } from './machine-plan.ts';
import { runCommand } from './run-command.ts';
import { closeSite, openSite } from './site.ts';

/** A simulated Packet with machines. */
export interface PacketSite {
  readonly simulator: PacketSimulator;
  /** Machines that run, by the id of their devices. */
  readonly machines: ReadonlyMap<string, Machine>;
  /** Makes the machines what the devices are at this moment; done by itself several times a second. */
  sync(): Promise<void>;
  /** Ends all machines, the bridge and the simulator. */
  close(): Promise<void>;
}

const SYNC_MS = 250;

/** Starts a simulated Packet in boot mode. Linux and root are needed (`bootProblem`). */
export async function bootPacket(options: PacketOptions = {}): Promise<PacketSite> {
  await openSite();
  const machines = new Map<string, Machine>();
  try {
    // Machines reach the metadata service at the bridge, which knows them by their addresses.
    const simulator = await simulatePacket({ ...options, metadataHost: BRIDGE.address });
    const closing = new AbortController();
    const sync = oneAtATime(() => syncMachines(simulator, machines));
    const following = follow(sync, closing.signal);
    return {
      simulator,
      machines,
      sync,
      async close() {
        closing.abort();
        await following;
        await Promise.all([...machines.values()].map((machine) => machine.stop()));
        await simulator.close();
        await closeSite();
      },
    };
  } catch (error) {
    await closeSite();
    throw error;
  }
}

async function syncMachines(simulator: PacketSimulator, machines: Map<string, Machine>): Promise<void> {
  const wanted = [...simulator.state.devices.values()].flatMap((device) => machineOf(device) ?? []);
  const found = new Map<string, MachineSpec>([...machines].map(([id, { spec }]) => [id, spec]));
  const steps = planMachines(wanted, found);
  for (const step of steps) await applyStep(step, machines);
  if (steps.length > 0) await forgetNeighbors(machines);
}

// The real network routes; machines on a bridge remember for a minute where an address was, or that nobody had it.
async function forgetNeighbors(machines: ReadonlyMap<string, Machine>): Promise<void> {
  await runCommand(forgetCommand(BRIDGE.name));
  for (const machine of machines.values()) await machine.run(forgetCommand('bond0'));
}

async function applyStep(step: MachineStep, machines: Map<string, Machine>): Promise<void> {
  switch (step.kind) {
    case 'start':
      machines.set(step.spec.id, await Machine.start(step.spec));
      return;
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

// A call that comes while another runs waits for its turn, so that it sees what has changed since.
function oneAtATime(work: () => Promise<void>): () => Promise<void> {
  let last: Promise<void> = Promise.resolve();
  return () => {
    last = last.catch(() => undefined).then(work);
    return last;
  };
}

// Time is the real one here: the machines are real, too. What fails is tried again in the next round.
async function follow(sync: () => Promise<void>, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    await sync().catch(() => undefined);
    await wait(SYNC_MS, undefined, { signal }).catch(() => undefined);
  }
}
