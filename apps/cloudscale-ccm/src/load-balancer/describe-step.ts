// Steps in words, for events, `plan` and `explain`. Pure.
import type { PlannedStep } from '@longshore/cloud-provider';
import type { PoolRef, Step } from './plan.ts';

/** A step with a sentence about it. */
export function describeStep(step: Step): PlannedStep {
  return { kind: step.kind, summary: summaryOf(step), detail: step };
}

function summaryOf(step: Step): string {
  switch (step.kind) {
    case 'create-balancer':
      return `create load balancer ${step.wanted.name}`;
    case 'rename-balancer':
      return `rename the load balancer to ${step.name}`;
    case 'assign-floating-ip':
      return `assign floating IP ${step.address}`;
    case 'note-identity':
      return 'note the load balancer on the Service';
    case 'create-pool':
    case 'delete-pool':
    case 'create-member':
    case 'delete-member':
      return poolSummary(step);
    default:
      return partSummary(step);
  }
}

type PoolStep = Extract<Step, { kind: 'create-pool' | 'delete-pool' | 'create-member' | 'delete-member' }>;

function poolSummary(step: PoolStep): string {
  switch (step.kind) {
    case 'create-pool':
      return `create pool ${step.pool.name}`;
    case 'delete-pool':
      return `delete pool ${step.name} (${step.id})`;
    case 'create-member':
      return `add member ${step.member.name} to pool ${nameOf(step.pool)}`;
    case 'delete-member':
      return `remove member ${step.name} from pool ${step.pool}`;
  }
}

type PartStep = Extract<Step, { kind: `${'create' | 'delete' | 'set'}-${'listener' | 'monitor'}` }>;

function partSummary(step: PartStep): string {
  switch (step.kind) {
    case 'create-listener':
      return `create listener ${step.listener.name} for pool ${nameOf(step.pool)}`;
    case 'delete-listener':
      return `delete listener ${step.name} (${step.id})`;
    case 'create-monitor':
      return `create health monitor ${step.monitor.type} for pool ${nameOf(step.pool)}`;
    case 'delete-monitor':
      return `delete health monitor ${step.type} (${step.id})`;
    case 'set-listener':
      return `change listener ${step.id}: ${JSON.stringify(step.change)}`;
    case 'set-monitor':
      return `change health monitor ${step.id}: ${JSON.stringify(step.change)}`;
  }
}

function nameOf(pool: PoolRef): string {
  return pool.kind === 'planned' ? pool.name : pool.id;
}
