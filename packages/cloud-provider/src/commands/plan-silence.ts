// When so little was answered that a plan would only look like one: a cloud that answers none of several questions is not "nothing to do". Pure.
import type { InstanceFinding } from '../provider.ts';
import type { ServicePlanFacts } from './plan-services.ts';

/** The first error when the cloud answered none of at least two questions; one open question alone is listed as unknown. */
export function silenceOf(
  findings: ReadonlyMap<string, InstanceFinding>,
  services: readonly ServicePlanFacts[],
): { readonly error: unknown } | undefined {
  const answers = services.flatMap(({ answer }) => (answer ? [answer] : []));
  const errors = [
    ...[...findings.values()].flatMap((finding) => (finding.state === 'unknown' ? [finding.error] : [])),
    ...answers.flatMap((answer) => (answer.kind === 'failed' ? [answer.error] : [])),
  ];
  const isSilent = errors.length > 1 && errors.length === findings.size + answers.length;
  return isSilent ? { error: errors[0] } : undefined;
}
