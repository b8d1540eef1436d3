// Takes a cluster down, one round at a time: planDeletion says what, this does it. The finalizers go last, after the elastic IP and the
// Secrets; whatever fails is tried again and nothing is given up.
import { checkAgain, settled } from '@longshore/reconciler-core';
import type { Logger, Outcome } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { EventRecorder, KubeClient, KubeObject, ResourceType } from '@longshore/k8s-runtime';
import { parseProjectId } from '@longshore/packet-api';
import { CLUSTER_FINALIZER, CLUSTER_LABEL, FOREGROUND_FINALIZER } from '../api/names.ts';
import type { Cluster } from '../api/objects.ts';
import { readClusterProviderSpec } from '../api/packet-specs.ts';
import { clusters, machineDeployments, machines, machineSets } from '../api/resources.ts';
import type { EndpointAddresses } from '../servers/contract.ts';
import type { CaMemory } from './ca-memory.ts';
import type { StatusWriter } from './cluster-status.ts';
import { planDeletion } from './deletion-plan.ts';
import type { BelongingKind, DeletionStep } from './deletion-plan.ts';
import { keyOfCluster } from './keys-keeper.ts';
import type { SecretStore } from './secret-store.ts';
import { allSecretNames, isOurs, pairNames, pairSecretName } from './stored-keys.ts';

/** What the deletion works with. */
export interface ClusterDeletionOptions {
  readonly client: KubeClient;
  readonly store: SecretStore;
  readonly memory: CaMemory;
  readonly addresses: EndpointAddresses;
  readonly status: StatusWriter;
  readonly events: EventRecorder;
  readonly log: Logger;
}

const PAUSE_MS = 5_000;

const TYPES: Readonly<Record<BelongingKind, ResourceType<KubeObject>>> = {
  MachineDeployment: machineDeployments,
  MachineSet: machineSets,
  Machine: machines,
};

/** Deletes clusters. */
export class ClusterDeletion {
  readonly #options: ClusterDeletionOptions;

  constructor(options: ClusterDeletionOptions) {
    this.#options = options;
  }

  /** One round. */
  async next(cluster: Cluster, signal: AbortSignal): Promise<Outcome> {
    if (!cluster.metadata?.finalizers?.includes(CLUSTER_FINALIZER)) return settled;
    const plan = planDeletion(await this.#belongings(cluster, signal));
    for (const step of plan.steps) await this.#apply(step, signal);
    if (plan.waitingFor !== undefined) {
      const message = `deletion waits for ${plan.waitingFor}`;
      await this.#options.status.write(cluster, { ready: { status: 'False', reason: 'Deleting', message } }, signal);
      return checkAgain(PAUSE_MS, message);
    }
    await this.#release(cluster, signal);
    await this.#removeSecrets(cluster, signal);
    await this.#options.memory.forget(keyOfCluster(cluster));
    await this.#removeFinalizers(cluster, signal);
    this.#options.log.info('cluster deleted', { cluster: keyOf(cluster) });
    return settled;
  }

  /** From the API server, not from caches: what was made a moment ago counts. */
  async #belongings(cluster: Cluster, signal: AbortSignal): Promise<Parameters<typeof planDeletion>[0]> {
    const { client } = this.#options;
    const { namespace, name } = keyOfCluster(cluster);
    const options = { namespace, labelSelector: `${CLUSTER_LABEL}=${name}`, signal };
    const [deployments, sets, ofMachines] = await Promise.all([
      client.list(machineDeployments, options),
      client.list(machineSets, options),
      client.list(machines, options),
    ]);
    return { deployments: deployments.items, sets: sets.items, machines: ofMachines.items };
  }

  async #apply(step: DeletionStep, signal: AbortSignal): Promise<void> {
    const { client, log } = this.#options;
    const { name = '', namespace = '', uid, resourceVersion } = step.object.metadata ?? {};
    const key = { name, namespace };
    if (step.do === 'release') {
      const body = { metadata: { resourceVersion, finalizers: [] } };
      await client.patch(TYPES[step.kind], key, { kind: 'merge', body }, { signal, discardAnswer: true });
      return;
    }
    log.info('removing what belongs to a cluster', { kind: step.kind, object: `${namespace}/${name}` });
    await client.remove(TYPES[step.kind], key, { signal, ...(uid && { preconditions: { uid } }) });
  }

  /** A Cluster that never named a project has no address. */
  async #release(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { spec } = readClusterProviderSpec(cluster);
    const projectId = parseProjectId(spec?.projectID ?? '');
    if (projectId === undefined || spec?.controlPlaneEndpoint?.type !== 'elasticIP') return;
    await this.#options.addresses.release(keyOfCluster(cluster), projectId, signal);
  }

  /** Pairs that a user brought are the user's; everything else was made here. */
  async #removeSecrets(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { store } = this.#options;
    const { namespace, name } = keyOfCluster(cluster);
    const ofUsers = new Set<string>();
    for (const pair of pairNames) {
      const key = { namespace, name: pairSecretName(pair, name) };
      const secret = await store.readNow(key, signal);
      if (secret !== undefined && !isOurs(secret)) ofUsers.add(key.name);
    }
    for (const secret of allSecretNames(name)) {
      if (!ofUsers.has(secret)) await store.remove({ namespace, name: secret }, signal);
    }
  }

  async #removeFinalizers(cluster: Cluster, signal: AbortSignal): Promise<void> {
    const { finalizers = [], resourceVersion } = cluster.metadata ?? {};
    const left = finalizers.filter((name) => name !== CLUSTER_FINALIZER && name !== FOREGROUND_FINALIZER);
    const body = { metadata: { resourceVersion, finalizers: left } };
    await this.#options.client.patch(
      clusters,
      keyOfCluster(cluster),
      { kind: 'merge', body },
      { signal, discardAnswer: true },
    );
  }
}
