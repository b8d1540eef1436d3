// Surge and unavailability of a deployment as numbers of machines. Pure.
import type { MachineDeployment } from '../api/objects.ts';
import { replicasOf } from '../machineset/machine-set-plan.ts';

/** How far a roll-out may go. */
export interface RollingLimits {
  readonly desired: number;
  readonly maxSurge: number;
  readonly maxUnavailable: number;
}

/** What is wrong with the strategy of a deployment. */
export interface StrategyProblem {
  readonly code: 'MACHINE_DEPLOYMENT_UNKNOWN_STRATEGY' | 'MACHINE_DEPLOYMENT_INVALID_LIMIT';
  readonly message: string;
}

/** Reads the limits. Percentages are of the replicas: surge is rounded up, unavailability down; both zero would stop everything. */
export function rollingLimits(deployment: MachineDeployment): RollingLimits | StrategyProblem {
  const { type, rollingUpdate } = deployment.spec?.strategy ?? {};
  if ((type || 'RollingUpdate') !== 'RollingUpdate') return unknownStrategy(deployment, type ?? '');
  const desired = replicasOf(deployment);
  const { maxSurge, maxUnavailable } = { maxSurge: 1, maxUnavailable: 0, ...rollingUpdate };
  const surge = machinesOf(maxSurge, desired, Math.ceil);
  const missing = machinesOf(maxUnavailable, desired, Math.floor);
  if (surge === undefined) return invalidLimit(deployment, 'maxSurge', maxSurge);
  if (missing === undefined) return invalidLimit(deployment, 'maxUnavailable', maxUnavailable);
  const least = surge === 0 ? 1 : 0;
  return { desired, maxSurge: surge, maxUnavailable: Math.min(Math.max(missing, least), desired) };
}

function machinesOf(value: number | string, desired: number, round: (count: number) => number): number | undefined {
  if (typeof value === 'number') return Number.isInteger(value) && value >= 0 ? value : undefined;
  const percent = /^(\d{1,6})%$/.exec(value)?.[1];
  // Integers first: 29 % of 100 is 28.999… in floating point.
  return percent === undefined ? undefined : round((Number(percent) * desired) / 100);
}

function unknownStrategy(deployment: MachineDeployment, type: string): StrategyProblem {
  const message = `MachineDeployment ${nameOf(deployment)} has the strategy "${type}": set spec.strategy.type to RollingUpdate`;
  return { code: 'MACHINE_DEPLOYMENT_UNKNOWN_STRATEGY', message };
}

function invalidLimit(deployment: MachineDeployment, field: string, value: number | string): StrategyProblem {
  const message =
    `MachineDeployment ${nameOf(deployment)}: spec.strategy.rollingUpdate.${field} is "${value}": ` +
    `set it to a number (0 or more) or a percentage such as "25%"`;
  return { code: 'MACHINE_DEPLOYMENT_INVALID_LIMIT', message };
}

function nameOf(deployment: MachineDeployment): string {
  return deployment.metadata?.name ?? '';
}
