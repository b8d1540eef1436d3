// Steps for the elastic IP to calls. A device that the API refuses (another metro, say) is followed by the next; nothing else is decided here.
import { CloudApiError } from '@longshore/cloud-http';
import type { IpAssignments } from '@longshore/packet-api';
import type { EipStep } from './eip-plan.ts';

/** The calls that steps become. */
export type AssignmentCalls = Pick<IpAssignments, 'assign' | 'unassign'>;

/** Applies the steps in order; resolves with the name of the node that has the address now. */
export async function applyEipSteps(
  steps: readonly EipStep[],
  calls: AssignmentCalls,
  signal: AbortSignal,
): Promise<string | undefined> {
  let holder: string | undefined;
  for (const step of steps) {
    if (step.kind === 'unassign') await calls.unassign(step.assignmentId, signal);
    else holder = await assignToFirst(step, calls, signal);
  }
  return holder;
}

async function assignToFirst(
  { address, to }: Extract<EipStep, { kind: 'assign' }>,
  calls: AssignmentCalls,
  signal: AbortSignal,
): Promise<string | undefined> {
  let refusal: unknown;
  for (const { name, deviceId } of to) {
    try {
      await calls.assign(deviceId, { address }, signal);
      return name;
    } catch (error) {
      if (!(error instanceof CloudApiError) || error.code !== 'CLOUD_REJECTED') throw error;
      refusal = error;
    }
  }
  throw refusal;
}
