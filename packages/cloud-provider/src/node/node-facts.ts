// Readers of a Node: the few facts that the controllers decide on. Pure; every controller folder of this package uses them.
import type { KubeNode } from '@longshore/k8s-runtime';
import { TAINT_SHUTDOWN, TAINT_UNINITIALIZED } from '../well-known.ts';

/** One taint as it is on the wire. */
export interface Taint {
  readonly key: string;
  readonly value?: string;
  readonly effect: string;
  readonly timeAdded?: string;
}

/** The Node's name; '' for an object without one (the API server never sends such a thing). */
export function nameOf(node: KubeNode): string {
  return node.metadata?.name ?? '';
}

/** The Node's UID; '' if absent. */
export function uidOf(node: KubeNode): string {
  return node.metadata?.uid ?? '';
}

/** `spec.providerID`, '' when the Node has none. */
export function providerIdOf(node: KubeNode): string {
  return node.spec?.providerID ?? '';
}

/** The Node's taints in order. */
export function taintsOf(node: KubeNode): readonly Taint[] {
  return node.spec?.taints ?? [];
}

/** True while no cloud controller has initialized the Node: the taint's value and effect play no role. */
export function isUninitialized(node: KubeNode): boolean {
  return taintsOf(node).some((taint) => taint.key === TAINT_UNINITIALIZED);
}

/** True for our shutdown taint: key and effect, any value. */
export function isShutdownTaint(taint: Taint): boolean {
  return taint.key === TAINT_SHUTDOWN && taint.effect === 'NoSchedule';
}

/** True when the condition Ready is `True`; a missing condition counts as `Unknown`. */
export function isReady(node: KubeNode): boolean {
  return node.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;
}

/** Milliseconds since the API server created the Node; Infinity when it does not say. Never negative (clocks differ). */
export function ageMs(node: KubeNode, nowMs: number): number {
  const createdMs = Date.parse(node.metadata?.creationTimestamp ?? '');
  return Number.isNaN(createdMs) ? Infinity : Math.max(0, nowMs - createdMs);
}
