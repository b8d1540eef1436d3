// The managers on one API server, as StatefulSets: stopped (scaled to 0, pods and leases gone) and started again. Two managers must never
// work on one machine, so "stopped" means that nothing of them is left, not that it was asked for.
import type { KubeClient } from '@longshore/k8s-runtime';
import { leases } from '@longshore/k8s-runtime';
import type { KubeLease } from '@longshore/k8s-runtime';
import { GENERIC_NAMESPACE, PACKET_NAMESPACE } from '../../api/names.ts';
import { objectKeyOf, ownerOf, pods, statefulSets, titleOf } from '../kube-kinds.ts';
import type { StatefulSet } from '../kube-kinds.ts';
import type { Limit } from '../wait/limits.ts';
import { done, notYet, waitUntil } from '../wait/wait-until.ts';
import type { WaitParts } from '../wait/wait-until.ts';
import { listAll } from './observe-content.ts';

/** Where managers run. */
export interface Managers {
  /** Resolves when none is at work any more. */
  stop(): Promise<void>;
  /** Resolves when they were told to run. */
  start(): Promise<void>;
}

/** On a StatefulSet that was scaled to 0: how many replicas it had. */
export const REPLICAS_ANNOTATION = 'cluster-api-provider-packet/replicas-before-move';

/** Namespaces in which provider components run. */
export const PROVIDER_NAMESPACES: readonly string[] = [GENERIC_NAMESPACE, PACKET_NAMESPACE];

/** What stopping needs. */
export interface ManagersParts {
  readonly client: KubeClient;
  readonly wait: WaitParts;
  readonly limit: Limit;
}

/** The StatefulSets of the provider components. */
export class StatefulSetManagers implements Managers {
  readonly #parts: ManagersParts;

  constructor(parts: ManagersParts) {
    this.#parts = parts;
  }

  async stop(): Promise<void> {
    const { client, wait, limit } = this.#parts;
    for (const set of await this.#sets()) {
      const replicas = set.spec?.replicas ?? 1;
      if (replicas > 0) await this.#scale(set, 0, String(replicas));
    }
    await waitUntil({ what: `the managers on ${client.server} to end`, ...limit, look: () => this.#look() }, wait);
  }

  async start(): Promise<void> {
    for (const set of await this.#sets()) {
      const wanted = wantedReplicas(set);
      if (wanted !== undefined) await this.#scale(set, wanted, null);
    }
  }

  async #scale(set: StatefulSet, replicas: number, before: string | null): Promise<void> {
    const { client, wait } = this.#parts;
    const body = { metadata: { annotations: { [REPLICAS_ANNOTATION]: before } }, spec: { replicas } };
    await client.patch(statefulSets, objectKeyOf(set), { kind: 'merge', body }, { signal: wait.signal });
  }

  async #look(): Promise<ReturnType<typeof notYet> | ReturnType<typeof done<true>>> {
    const { client, wait } = this.#parts;
    const left: string[] = [];
    for (const namespace of PROVIDER_NAMESPACES) {
      const where = { namespace, signal: wait.signal };
      const running = await listAll(client, pods, where);
      left.push(...running.filter((pod) => ownerOf(pod, 'StatefulSet')).map((pod) => titleOf('Pod', pod)));
      const held = (await listAll(client, leases, where)).filter((lease) => isHeld(lease, wait.clock.nowMs()));
      left.push(...held.map((lease) => `${titleOf('Lease', lease)} held by ${lease.spec?.holderIdentity ?? ''}`));
    }
    return left.length === 0 ? done(true as const) : notYet(`${left.join(', ')} still there`);
  }

  async #sets(): Promise<readonly StatefulSet[]> {
    const { client, wait } = this.#parts;
    const all: StatefulSet[] = [];
    for (const namespace of PROVIDER_NAMESPACES)
      all.push(...(await listAll(client, statefulSets, { namespace, signal: wait.signal })));
    return all;
  }
}

// `undefined`: it runs, and nobody stopped it.
function wantedReplicas({ metadata, spec }: StatefulSet): number | undefined {
  const before = metadata?.annotations?.[REPLICAS_ANNOTATION];
  if (before !== undefined) return Number(before);
  return spec?.replicas === 0 ? 1 : undefined;
}

function isHeld(lease: KubeLease, nowMs: number): boolean {
  const { holderIdentity = '', renewTime, leaseDurationSeconds = 15 } = lease.spec ?? {};
  if (!holderIdentity || renewTime === undefined) return false;
  return Date.parse(String(renewTime)) + leaseDurationSeconds * 1_000 > nowMs;
}
