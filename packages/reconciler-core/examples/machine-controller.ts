import { Batcher, checkAgain, Controller, onChange, OperatorError, settled } from '@longshore/reconciler-core';
import type { Clock, Logger, Source } from '@longshore/reconciler-core';

export interface Machine {
  readonly name: string;
  readonly size: string;
}

export interface Cloud {
  states(names: readonly string[]): Promise<ReadonlyMap<string, 'starting' | 'running'>>;
  create(machine: Machine): Promise<void>;
}

export interface MachineControllerParts {
  readonly cloud: Cloud;
  readonly wanted: Source<Machine> & { get(name: string): Machine | undefined };
  readonly clock: Clock;
  readonly log: Logger;
}

export function machineController({ cloud, wanted, clock, log }: MachineControllerParts): Controller<string> {
  // A hundred machines that appear at once cost one call of the cloud.
  const states = new Batcher({ load: (names: readonly string[]) => cloud.states(names), clock });
  return new Controller<string>({
    name: 'machine',
    workers: 10,
    clock,
    log,
    reconcile: async (name, { signal }) => {
      const machine = wanted.get(name);
      if (!machine) return settled;
      if (machine.size === '') {
        throw new OperatorError('MACHINE_WITHOUT_SIZE', `machine ${name} has no size: set one`, onChange);
      }
      const state = await states.get(name, signal);
      if (state === 'running') return settled;
      if (state === undefined) await cloud.create(machine);
      return checkAgain(5000, 'the machine is starting');
    },
  }).watch(wanted, ({ object }) => [object.name]);
}
