// `--simulate`: the cloud is a simulator inside this process. The simulators are no part of the programs' images, so their package may be
// missing; then the message says what to install.
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';
import type { FlagTable } from '@longshore/k8s-runtime/process';
import type { CloudControllerManagerProgram, ProviderConfig, Simulation } from './wiring-program.ts';

const PACKAGE = '@longshore/cloud-simulators';

/** Starts the program's simulator when the flag asks for it. */
export async function startSimulation<Table extends FlagTable>(
  program: CloudControllerManagerProgram<Table>,
  config: ProviderConfig<Table>,
): Promise<Simulation | undefined> {
  if (!config.flags.simulate) return undefined;
  if (!program.simulate) {
    throw new OperatorError('SIMULATION_UNSUPPORTED', `--simulate: there is no simulator for ${program.name}`, never);
  }
  const simulation = await program.simulate(config);
  config.log.info('simulated cloud started: nothing is real', { cloud: simulation.description, ...simulation.env });
  return simulation;
}

/** Imports the simulators: `importSimulators(() => import('@longshore/cloud-simulators'))`, with a clear message when they are missing. */
export async function importSimulators<T>(load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    const message = `--simulate needs the package ${PACKAGE}, which is not installed beside this program: npm install ${PACKAGE}`;
    throw new OperatorError('SIMULATORS_MISSING', `${message} (${messageOf(error).split('\n')[0] ?? ''})`, never);
  }
}
