// The settings of the controllers that decide what they do. `plan` and `explain` must decide with the same ones. Pure.
import type { CcmFlagValues } from '../flags.ts';
import { USUAL_REMOVAL_LIMIT } from '../node-lifecycle/node-lifecycle-plan.ts';
import type { RemovalLimit } from '../node-lifecycle/node-lifecycle-plan.ts';
import { controllerNames, parseControllers } from '../wiring-controllers.ts';
import type { ControllerName } from '../wiring-controllers.ts';

/** What the controllers' flags say, as far as plans depend on it. */
export interface PlanSettings {
  /** `--controllers`: the others take no steps. */
  readonly controllers: ReadonlySet<ControllerName['name']>;
  /** `--refresh-node-labels`. */
  readonly refreshesLabels: boolean;
  /** `--node-deletion-grace-period`. */
  readonly graceMs: number;
  /** `--node-monitor-period`: the least time between two answers that let a Node go. */
  readonly monitorPeriodMs: number;
  readonly removalLimit: RemovalLimit;
  /** The provider's `providerIdSchemes`: Nodes with others are somebody else's. */
  readonly providerIdSchemes?: readonly string[] | undefined;
}

/** The defaults of the flags, and of the controllers where there is no flag. */
export const usualSettings: PlanSettings = {
  controllers: new Set(controllerNames.map(({ name }) => name)),
  refreshesLabels: false,
  graceMs: 120_000,
  monitorPeriodMs: 5_000,
  removalLimit: USUAL_REMOVAL_LIMIT,
};

/** The settings that a command line gives; run.ts puts them into the context. */
export function planSettings(
  flags: Pick<
    CcmFlagValues,
    'controllers' | 'refresh-node-labels' | 'node-deletion-grace-period' | 'node-monitor-period'
  >,
): Partial<PlanSettings> {
  const parsed = parseControllers(flags.controllers);
  return {
    ...('chosen' in parsed ? { controllers: parsed.chosen } : {}),
    refreshesLabels: flags['refresh-node-labels'],
    graceMs: flags['node-deletion-grace-period'],
    monitorPeriodMs: flags['node-monitor-period'],
  };
}
