// Metrics about the elastic IP of the control plane; names are contracts (docs/metrics.md).
import { noMetrics } from '@longshore/reconciler-core';
import type { Metrics } from '@longshore/reconciler-core';
import type { Judgement, Reason } from './eip-plan.ts';

/** Counts checks and moves. */
export interface EipMeter {
  /** `failures` are the failed checks in a row. */
  judged(judgement: Judgement, failures: number): void;
  moved(reason: Reason): void;
}

/** The meter. */
export function eipMeter(metrics: Metrics = noMetrics): EipMeter {
  const isHealthy = metrics.gauge({
    name: 'control_plane_eip_healthy',
    help: 'Whether the API server behind the elastic IP of the control plane answers well (1) or not (0)',
  });
  const checks = metrics.counter({
    name: 'control_plane_eip_checks_total',
    help: 'Checks of the elastic IP of the control plane, by result (keep, wait, leave, hands-off)',
    labels: ['result'],
  });
  const moves = metrics.counter({
    name: 'control_plane_eip_moves_total',
    help: 'Moves of the elastic IP of the control plane, by reason (unassigned, unhealthy, cordoned, deleted)',
    labels: ['reason'],
  });
  return {
    judged(judgement, failures) {
      // A cordoned node is left although its API server answers.
      const isLeftInHealth = judgement.kind === 'leave' && judgement.reason === 'cordoned' && failures === 0;
      isHealthy.set(judgement.kind === 'keep' || isLeftInHealth ? 1 : 0);
      checks.inc({ result: judgement.kind });
    },
    moved: (reason) => moves.inc({ reason }),
  };
}
