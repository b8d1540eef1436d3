// Feature gates: which the program knows, which are on, and what to say about the others. Manifests of the Go programs may name gates of
// libraries that do not exist here; they must not keep a program from starting.
import type { Logger, Metrics } from '@longshore/reconciler-core';

/** Gates that change something, with their stage in Kubernetes. */
const STAGES: Readonly<Record<string, string>> = { CloudControllerManagerWatchBasedRoutesReconciliation: 'ALPHA' };

/** True when `--feature-gates` turns the gate on. */
export function isGateOn(gates: Readonly<Record<string, string>>, name: keyof typeof STAGES): boolean {
  return /^(1|t|true)$/i.test(gates[name] ?? '');
}

/** One metric for each known gate, one line for each other that was given. */
export function reportGates(
  gates: Readonly<Record<string, string>>,
  { log, metrics }: { readonly log: Logger; readonly metrics: Metrics },
): void {
  const enabled = metrics.gauge({
    name: 'kubernetes_feature_enabled',
    help: 'This metric records the data about the stage and enablement of a k8s feature.',
    labels: ['name', 'stage'],
  });
  for (const [name, stage] of Object.entries(STAGES)) enabled.set(isGateOn(gates, name) ? 1 : 0, { name, stage });
  for (const gate of Object.keys(gates))
    if (!Object.hasOwn(STAGES, gate)) log.warn('feature gate has no effect', { gate });
}
