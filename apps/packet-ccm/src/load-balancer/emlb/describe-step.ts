// Steps in words, for events, `plan` and `explain`. Pure.
import type { PlannedStep } from '@longshore/cloud-provider';
import type { Step } from './plan.ts';

/** A step with a sentence about it. */
export function describeStep(step: Step): PlannedStep {
  return { kind: step.kind, summary: summaryOf(step), detail: step };
}

function summaryOf(step: Step): string {
  switch (step.kind) {
    case 'create-balancer':
      return `create load balancer ${step.wanted.name} in ${step.wanted.metro}`;
    case 'rename-balancer':
      return `name load balancer ${step.id} ${step.name}`;
    case 'delete-balancer':
      return `delete load balancer ${step.name} (${step.id})`;
    case 'create-pool':
      return `create pool ${step.name}`;
    case 'set-pool-protocol':
      return `set pool ${step.name} to tcp`;
    case 'delete-pool':
      return `delete pool ${step.name} (${step.id})`;
    case 'note-identity':
      return 'note the load balancer on the Service';
    default:
      return summaryOfPart(step);
  }
}

type PartStep = Extract<Step, { kind: `${string}-origin` | 'create-port' | 'delete-port' | 'set-port-pools' }>;

function summaryOfPart(step: PartStep): string {
  switch (step.kind) {
    case 'create-origin':
      return `add origin ${step.origin.target}:${step.origin.portNumber}`;
    case 'activate-origin':
      return `activate origin ${step.target}`;
    case 'delete-origin':
      return `delete origin ${step.target}:${step.portNumber}`;
    case 'create-port':
      return `create port ${step.number}`;
    case 'set-port-pools':
      return `change the pools of port ${step.number}`;
    case 'delete-port':
      return `delete port ${step.number}`;
  }
}
