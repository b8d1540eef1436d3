// Steps in words, for events, `plan` and `explain`. Pure.
import type { PlannedStep } from '@longshore/cloud-provider';
import type { AddressRef, Step } from './plan.ts';

/** A step with a sentence about it. */
export function describeStep(step: Step): PlannedStep {
  return { kind: step.kind, summary: summaryOf(step), detail: step };
}

function summaryOf(step: Step): string {
  switch (step.kind) {
    case 'claim-block':
      return `mark reservation ${step.id} as this cluster's and take ${step.address} from it`;
    case 'reserve': {
      const { type, metro, facility } = step.wish;
      const place = metro ?? facility;
      return `reserve an address (${type}${place === undefined ? '' : ` in ${place}`})`;
    }
    case 'note-address':
      return `write ${inWords(step.address)} into spec.loadBalancerIP`;
    case 'clear-note':
      return `take ${step.address} out of spec.loadBalancerIP`;
    case 'release':
      return `release ${step.address} (reservation ${step.id})`;
  }
}

/** An address, or what stands for it before it is there. */
export function inWords(address: AddressRef): string {
  return address.kind === 'known' ? address.address : `the reserved IPv${address.family} address`;
}
