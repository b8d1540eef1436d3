// Carries out the steps of a Service's plan. No decisions: which steps, and what follows, is planned.
import type { Logger } from '@longshore/reconciler-core';
import { keyOf, services } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient } from '@longshore/k8s-runtime';
import type { PatchStep, ServiceStep } from './service-steps.ts';

/** What steps are carried out with. */
export interface StepTools {
  readonly client: KubeClient;
  readonly events: EventRecorder;
  readonly log: Logger;
}

/** Applies the steps in order; `gone` as soon as a patch finds no Service any more. */
export async function applyServiceSteps(
  steps: readonly ServiceStep[],
  tools: StepTools,
  signal: AbortSignal,
): Promise<'applied' | 'gone'> {
  for (const step of steps) {
    if (step.kind === 'event') applyEvent(step, tools);
    else if ((await applyPatch(step, tools, signal)) === 'gone') return 'gone';
  }
  return 'applied';
}

function applyEvent(step: Extract<ServiceStep, { kind: 'event' }>, { events }: StepTools): void {
  if (step.type === 'Normal') events.normal(step.about, step.reason, step.message);
  else events.warning(step.about, step.reason, step.message);
}

async function applyPatch(step: PatchStep, tools: StepTools, signal: AbortSignal): Promise<'applied' | 'gone'> {
  const { namespace, name = '', uid } = step.service.metadata ?? {};
  const key = { name, ...(namespace === undefined ? {} : { namespace }) };
  // The UID keeps the patch from hitting another Service that has taken the name meanwhile.
  const body = { ...step.body, metadata: { ...('metadata' in step.body ? (step.body.metadata as object) : {}), uid } };
  const patched = await tools.client.patch(
    services,
    key,
    { kind: 'strategic', body },
    { subresource: 'status', signal },
  );
  tools.log.info('service patched', { service: keyOf(step.service), what: step.what });
  return patched === undefined ? 'gone' : 'applied';
}
