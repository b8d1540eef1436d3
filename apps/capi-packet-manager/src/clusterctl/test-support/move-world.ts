// A cluster and two API servers in memory, between which it is moved; any write may be the last one before the process dies.
import { expect } from '@jest/globals';
import { FakeKubeClient } from '@longshore/k8s-runtime/testing';
import type { KubeClient } from '@longshore/k8s-runtime';
import { FakeClock } from '@longshore/reconciler-core/testing';
import { annotations, PACKET_NAMESPACE } from '../../api/names.ts';
import type { ObjectMeta } from '../../api/objects.ts';
import { clusters, machineDeployments, machines, machineSets } from '../../api/resources.ts';
import { secrets, statefulSets } from '../kube-kinds.ts';
import { MOVED_ANNOTATION } from '../pivot/move-marks.ts';
import type { MoveParts } from '../pivot/pivot.ts';
import { StatefulSetManagers } from '../pivot/provider-managers.ts';
import type { KeysOfFiles } from '../pivot/sealing-sides.ts';
import { seedCluster, seedProvider } from './a-cluster.ts';
import { interruptible, WriteBudget } from './interrupted-client.ts';

/** Which cluster moves. */
export const id = { namespace: 'default', name: 'web' };
const kinds = [clusters, secrets, machineDeployments, machineSets, machines] as const;

/** Both sides, and what was said. */
export class MoveWorld {
  readonly clock = new FakeClock();
  readonly source = new FakeKubeClient();
  readonly target = new FakeKubeClient();
  readonly said: string[] = [];

  parts(budget = new WriteBudget(), keyFiles: KeysOfFiles = {}): MoveParts {
    const wait = {
      clock: this.clock,
      signal: new AbortController().signal,
      say: (text: string) => void this.said.push(text),
    };
    const side = (real: KubeClient) => {
      const client = interruptible(real, budget);
      return { client, managers: new StatefulSetManagers({ client, wait, limit: { limitMs: 60_000 } }) };
    };
    const target = side(this.target);
    const prepareTarget = async (): Promise<void> => {
      const metadata = { namespace: PACKET_NAMESPACE, name: 'controller-manager' };
      if (await target.client.get(statefulSets, metadata)) return;
      await target.client.create(statefulSets, {
        apiVersion: 'apps/v1',
        kind: 'StatefulSet',
        metadata,
        spec: { replicas: 0 },
      });
    };
    return { source: side(this.source), target, prepareTarget, newId: () => 'move-1', wait, keyFiles };
  }

  names(client: FakeKubeClient): readonly string[] {
    return kinds
      .flatMap((type) => client.objects<{ metadata?: ObjectMeta; kind?: string }>(type))
      .filter((object) => object.metadata?.namespace === 'default')
      .map((object) => `${object.kind} ${object.metadata?.name}`);
  }

  replicas(client: FakeKubeClient): number | undefined {
    return client.object(statefulSets, `${PACKET_NAMESPACE}/controller-manager`)?.spec?.replicas;
  }
}

/** The source holds a cluster with these deployments, and managers at work. */
export async function aWorld(deployments: readonly string[] = ['blue', 'green']): Promise<MoveWorld> {
  const world = new MoveWorld();
  seedProvider(world.source, 'a2V5');
  await seedCluster(world.source, deployments);
  return world;
}

/** Everything arrived once, owned by what it should be, released; nothing is left; managers run on one side only. */
export function expectMoved(world: MoveWorld, before: readonly string[]): void {
  expect(world.names(world.target)).toEqual(before);
  expect(world.names(world.source)).toEqual([]);
  expect(world.replicas(world.source)).toBe(0);
  expect(world.replicas(world.target)).toBe(1);
  const arrived = kinds.flatMap((type) => world.target.objects<{ metadata?: ObjectMeta }>(type));
  const uids = new Set(arrived.map((object) => object.metadata?.uid));
  for (const { metadata = {} } of arrived) {
    expect(Object.keys(metadata.annotations ?? {})).not.toContain(annotations.moving);
    expect(Object.keys(metadata.annotations ?? {})).not.toContain(MOVED_ANNOTATION);
    for (const owner of metadata.ownerReferences ?? []) expect(uids).toContain(owner.uid);
  }
}
