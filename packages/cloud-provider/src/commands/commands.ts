// The commands beside running: what run.ts finds behind the program's name. Loaded only when one of them is asked for.
import type { Command } from './command.ts';
import { explainCommand } from './explain.ts';
import { planCommand } from './plan.ts';

export type { Command, CommandContext } from './command.ts';
export { planSettings } from './plan-settings.ts';
export type { PlanSettings } from './plan-settings.ts';

/** `plan` and `explain`. */
export const commands: readonly Command[] = [planCommand, explainCommand];
