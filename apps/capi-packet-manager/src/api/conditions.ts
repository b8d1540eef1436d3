// Condition types of all objects, and the rules around them: a transition time moves only with the status, and paused objects are left alone.
import { annotations } from './names.ts';
import type { Cluster, Condition, Machine, ObjectMeta } from './objects.ts';

/** Types of conditions. */
export const conditionTypes = {
  /** Cluster: keys, kubeconfig and endpoint are there. Machine: its Node is ready. The message says what is waited for. */
  ready: 'Ready',
  /** Cluster: the API key works and may do what is needed. */
  credentials: 'CredentialsValid',
  /** Cluster: the certificate authority is whole and lasts. */
  certificateAuthority: 'CAValid',
  /** Cluster: the key pairs are those of its control plane. Shown once they were not: of a cluster of the Go program. */
  masters: 'ControlPlaneJoinable',
  /** Cluster: every device with its tags belongs to a Machine. Shown once it was not so. */
  owned: 'ServersOwned',
  /** Cluster: the API server answered. */
  reachable: 'APIServerReachable',
  /** Cluster, Machine, set, deployment: nothing is done because it is paused or being moved. */
  paused: 'Paused',
  /** Machine: the device exists and is active. */
  device: 'DeviceReady',
  /** Machine: status True while its Node is Ready; the time is the Node's own transition time. */
  nodeReady: 'NodeReady',
} as const;

/** A condition without its time. */
export type ConditionWish = Omit<Condition, 'lastTransitionTime'>;

/** `have` with `wishes` put in; the times of those whose status did not change stay. Returns `have` itself when nothing changes. */
export function withConditions(
  have: readonly Condition[] | undefined,
  wishes: readonly ConditionWish[],
  now: string,
): readonly Condition[] {
  const byType = new Map((have ?? []).map((condition) => [condition.type, condition]));
  const changed = wishes.filter((wish) => !isSame(byType.get(wish.type), wish));
  if (changed.length === 0 && have !== undefined) return have;
  for (const wish of changed) {
    const old = byType.get(wish.type);
    byType.set(wish.type, { ...wish, lastTransitionTime: old?.status === wish.status ? old.lastTransitionTime : now });
  }
  return [...byType.values()];
}

function isSame(old: Condition | undefined, wish: ConditionWish): boolean {
  return old?.status === wish.status && old.reason === wish.reason && old.message === wish.message;
}

/** The condition of that type. */
export function conditionOf(
  status: { readonly conditions?: readonly Condition[] } | undefined,
  type: string,
): Condition | undefined {
  return status?.conditions?.find((condition) => condition.type === type);
}

/** Why nothing may be done to the object: it, or the Cluster it belongs to, is paused or being moved. */
export function pausedBy(
  object: { readonly metadata?: ObjectMeta; readonly spec?: { readonly paused?: boolean } },
  cluster?: Cluster,
): 'paused' | 'moving' | undefined {
  const metas = [object.metadata, cluster?.metadata];
  if (metas.some((meta) => meta?.annotations?.[annotations.moving] !== undefined)) return 'moving';
  if (cluster?.spec?.paused === true || object.spec?.paused === true) return 'paused';
  return metas.some((meta) => meta?.annotations?.[annotations.paused] !== undefined) ? 'paused' : undefined;
}

/** Whether it runs a control plane; nothing else says so (Cluster API v0.1.x). */
export function isControlPlane(machine: Pick<Machine, 'spec'>): boolean {
  return (machine.spec?.versions?.controlPlane ?? '') !== '';
}
