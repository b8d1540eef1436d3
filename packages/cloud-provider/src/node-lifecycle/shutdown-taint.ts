// The taint of Nodes whose machine is switched off, as operations on a taint list. Pure. `undefined` means: nothing to write, so a Node
// that is right already costs no call (I13).
import { isShutdownTaint } from '../node/node-facts.ts';
import type { Taint } from '../node/node-facts.ts';
import { TAINT_SHUTDOWN } from '../well-known.ts';

const shutdownTaint: Taint = { key: TAINT_SHUTDOWN, effect: 'NoSchedule' };

/** The list with the shutdown taint: at its place if there is one with another value, else at the end. */
export function withShutdownTaint(taints: readonly Taint[]): readonly Taint[] | undefined {
  const present = taints.find(isShutdownTaint);
  if (present === undefined) return [...taints, shutdownTaint];
  if ((present.value ?? '') === '') return undefined;
  return taints.map((taint) => (isShutdownTaint(taint) ? shutdownTaint : taint));
}

/** The list without the shutdown taint. */
export function withoutShutdownTaint(taints: readonly Taint[]): readonly Taint[] | undefined {
  return taints.some(isShutdownTaint) ? taints.filter((taint) => !isShutdownTaint(taint)) : undefined;
}
