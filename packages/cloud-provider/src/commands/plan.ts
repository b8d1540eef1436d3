// `plan`: everything that the controllers would do now, in the cluster and in the cloud. Looks only. Exit code 0: nothing, 2: something.
import { backoff, messageOf, OperatorError } from '@longshore/reconciler-core';
import { UsageError } from '@longshore/k8s-runtime/process';
import type { Command, CommandContext } from './command.ts';
import { pingCloud } from './observe-cloud.ts';
import {
  observeMachines,
  observeNodes,
  observeServicePlans,
  observeServices,
  planNodeControllers,
  planOtherThings,
  planRouteController,
  planServiceController,
} from './observe-plan.ts';
import { mergeReports, reportExitCode } from './plan-report.ts';
import type { PlanReport } from './plan-report.ts';
import { silenceOf } from './plan-silence.ts';
import { planText } from './plan-text.ts';

/** The command `plan`. */
export const planCommand: Command = {
  name: 'plan',
  usage: 'plan [-o json]',
  summary: 'Print every step that the controllers would take now, and change nothing. Exit code 2 when there are some.',
  async run(context, args) {
    if (args.length > 0) {
      throw new UsageError([`plan: unexpected argument ${JSON.stringify(args[0])}; usage: ${planCommand.usage}`]);
    }
    const report = await observeReport(context);
    const text = context.output === 'json' ? JSON.stringify(report, undefined, 2) : planText(report).join('\n');
    context.write(`${text}\n`);
    return reportExitCode(report);
  },
};

async function observeReport(context: CommandContext): Promise<PlanReport> {
  const [nodes, services] = await Promise.all([observeNodes(context), observeServices(context)]);
  await reach(context, () => pingCloud(context));
  const findings = await reach(context, () => observeMachines(context, nodes));
  const servicePlans = await observeServicePlans(context, services, nodes);
  const silence = silenceOf(findings, servicePlans);
  if (silence) throw unreachable(context, silence.error);
  const routes = await reach(context, () => planRouteController(context, nodes));
  const others = await planOtherThings(context, { nodes, services });
  const balancers = planServiceController(servicePlans);
  return mergeReports([planNodeControllers(context, nodes, findings), balancers, routes, others]);
}

// A question about everything that fails leaves nothing to plan.
async function reach<T>(context: CommandContext, ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    context.signal.throwIfAborted();
    if (error instanceof OperatorError && error.disposition.retry === 'never') throw error;
    throw unreachable(context, error);
  }
}

function unreachable({ provider }: CommandContext, cause: unknown): OperatorError {
  const message = `nothing can be planned, because the cloud ${provider.name} does not answer: ${messageOf(cause)}`;
  return new OperatorError('PLAN_IMPOSSIBLE', message, backoff, { cause });
}
