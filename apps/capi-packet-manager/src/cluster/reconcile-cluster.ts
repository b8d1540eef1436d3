// The reconcile of one Cluster, top to bottom: finalizers, configuration, keys, token, devices, endpoint, kubeconfig, status. Decisions are
// in the *-plan.ts files and in stored-keys.ts; deletion is in cluster-deletion.ts.
import { isDeepStrictEqual } from 'node:util';
import { checkAgain, OperatorError, settled } from '@longshore/reconciler-core';
import type { Outcome, Reconcile } from '@longshore/reconciler-core';
import { isConflict, KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient, Lister } from '@longshore/k8s-runtime';
import { conditionOf, conditionTypes, isControlPlane, pausedBy } from '../api/conditions.ts';
import { annotations, CLUSTER_FINALIZER, CLUSTER_LABEL, clusterSecrets, FOREGROUND_FINALIZER } from '../api/names.ts';
import type { Cluster, Machine, PacketClusterProviderSpec } from '../api/objects.ts';
import { readClusterProviderSpec } from '../api/packet-specs.ts';
import { clusters } from '../api/resources.ts';
import { clusterProblems } from '../api/validate-cluster.ts';
import { clusterNameProblem } from '../servers/tags.ts';
import { isStarted } from '../machine/entrance-plan.ts';
import type { AdminKeeper } from './admin-keeper.ts';
import { foundStatus, invalidStatus, unusableKeysStatus } from './cluster-conditions.ts';
import type { ClusterDeletion } from './cluster-deletion.ts';
import type { StatusWriter } from './cluster-status.ts';
import type { WorkloadClusters } from './contract.ts';
import { planEndpoint } from './endpoint-plan.ts';
import { keyOfCluster } from './keys-keeper.ts';
import type { KeysFinding, KeysHistory, KeysKeeper } from './keys-keeper.ts';
import type { DeviceObserver } from './observe-devices.ts';
import type { Reachability } from './reachability.ts';
import type { SecretStore } from './secret-store.ts';
import type { TokenKeeper } from './token-keeper.ts';

/** What the reconcile works with. */
export interface ClusterDeps {
  readonly client: KubeClient;
  readonly clusters: Lister<Cluster>;
  readonly machines: Lister<Machine>;
  readonly store: SecretStore;
  readonly keys: KeysKeeper;
  readonly tokens: TokenKeeper;
  readonly admin: AdminKeeper;
  readonly devices: DeviceObserver;
  readonly workloads: WorkloadClusters;
  readonly waitMs: number;
  readonly reachability: Reachability;
  readonly status: StatusWriter;
  readonly deletion: ClusterDeletion;
}

/** For what nobody tells us of: certificates that grow old, an API server that falls silent. */
const LOOK_AGAIN_MS = 60_000;
const AFTER_CONFLICT_MS = 250;

/** Makes the reconcile. */
export function reconcileCluster(deps: ClusterDeps): Reconcile<string> {
  return async (key, { signal }) => {
    const cluster = deps.clusters.get(key);
    if (cluster === undefined) return forget(key, deps);
    try {
      return await reconcileFound(cluster, deps, signal);
    } catch (error) {
      // Decided from what is not so any more, which is nothing to tell anybody of: what is so now is on its way.
      if (isConflict(error)) return checkAgain(AFTER_CONFLICT_MS, 'the object was changed meanwhile');
      throw error;
    }
  };
}

async function reconcileFound(cluster: Cluster, deps: ClusterDeps, signal: AbortSignal): Promise<Outcome> {
  const paused = pausedBy(cluster);
  if (paused === 'moving') return settled;
  if (paused === 'paused') return showPause(cluster, deps, signal);
  if (cluster.metadata?.deletionTimestamp !== undefined) return deps.deletion.next(cluster, signal);
  return maintain(await withFinalizers(cluster, deps, signal), deps, signal);
}

function forget(key: string, { devices, reachability }: ClusterDeps): Outcome {
  devices.forget(key);
  reachability.forget(key);
  return settled;
}

async function showPause(cluster: Cluster, { status }: ClusterDeps, signal: AbortSignal): Promise<Outcome> {
  const message = 'nothing of this cluster is changed while spec.paused or the annotation cluster.k8s.io/paused is set';
  await status.write(cluster, { paused: { status: 'True', reason: 'Paused', message } }, signal);
  return settled;
}

async function withFinalizers(cluster: Cluster, { client }: ClusterDeps, signal: AbortSignal): Promise<Cluster> {
  const { finalizers = [], resourceVersion } = cluster.metadata ?? {};
  const wanted = [...new Set([...finalizers, FOREGROUND_FINALIZER, CLUSTER_FINALIZER])];
  if (isDeepStrictEqual(wanted, [...finalizers])) return cluster;
  const body = { metadata: { resourceVersion, finalizers: wanted } };
  const patched = await client.patch(clusters, keyOfCluster(cluster), { kind: 'merge', body }, { signal });
  return patched ?? cluster;
}

async function maintain(cluster: Cluster, deps: ClusterDeps, signal: AbortSignal): Promise<Outcome> {
  const name = clusterNameProblem(keyOfCluster(cluster));
  const problems = [...clusterProblems(cluster), ...(name === undefined ? [] : [name])];
  const { spec } = readClusterProviderSpec(cluster);
  if (problems.length > 0 || spec === undefined) {
    await deps.status.write(cluster, { ...unpaused(cluster), ...invalidStatus(problems) }, signal);
    return settled;
  }
  const keys = await ensureKeys(cluster, deps, signal);
  if (keys.state === 'unusable') {
    await deps.status.write(cluster, { ...unpaused(cluster), ...unusableKeysStatus(keys) }, signal);
    return checkAgain(LOOK_AGAIN_MS, 'the keys have to be put right');
  }
  await deps.tokens.ensure(cluster, signal);
  return connectTo(cluster, { spec, keys }, deps, signal);
}

async function connectTo(
  cluster: Cluster,
  { spec, keys }: { readonly spec: PacketClusterProviderSpec; readonly keys: Extract<KeysFinding, { state: 'whole' }> },
  deps: ClusterDeps,
  signal: AbortSignal,
): Promise<Outcome> {
  const { ca } = keys.keys;
  const admin = await deps.admin.certificate(cluster, ca, signal);
  const devices = await deps.devices.observe(cluster, { spec, machines: machinesOf(cluster, deps) }, signal);
  const endpoint = planEndpoint({ cluster, spec, ...devices });
  if (endpoint !== undefined) await deps.admin.kubeconfig(cluster, { endpoint, ca, admin }, signal);
  const client = endpoint && (await deps.workloads.clientOf(keyOfCluster(cluster), signal));
  const reach = client && deps.reachability.of(nameOf(cluster), client);
  const wish = foundStatus({ keys, devices, endpoint, reach });
  await deps.status.write(cluster, { ...unpaused(cluster), ...wish }, signal);
  if (devices.failure !== undefined) throw devices.failure.error;
  if (endpoint === undefined) return checkAgain(deps.waitMs, 'waiting for the control plane');
  return reach?.answers === true
    ? checkAgain(LOOK_AGAIN_MS, 'looking after certificates and API server')
    : checkAgain(deps.waitMs, 'waiting for the API server');
}

/** What a person has to put right is a finding, like everything else that is wrong with keys. */
async function ensureKeys(cluster: Cluster, deps: ClusterDeps, signal: AbortSignal): Promise<KeysFinding> {
  try {
    return await deps.keys.ensure(cluster, await historyOf(cluster, deps, signal), signal);
  } catch (error) {
    const isForPeople = error instanceof OperatorError && !(error instanceof KubeApiError);
    if (!isForPeople || error.disposition.retry !== 'on-change') throw error;
    return { state: 'unusable', reason: 'CAInvalid', problems: [error.message] };
  }
}

async function historyOf(cluster: Cluster, deps: ClusterDeps, signal: AbortSignal): Promise<KeysHistory> {
  const { namespace, name } = keyOfCluster(cluster);
  const hasDevice = machinesOf(cluster, deps).some((machine) => {
    return isControlPlane(machine) && (isStarted(machine) || isOfGoProgram(machine));
  });
  const kubeconfig = await deps.store.read({ namespace, name: clusterSecrets.kubeconfig(name) }, signal);
  return {
    caFingerprint: cluster.status?.providerStatus?.caFingerprint,
    isCaInUse: hasDevice || kubeconfig !== undefined,
  };
}

/** The Go program wrote the attempt after its POST, and alone. */
function isOfGoProgram({ metadata }: Machine): boolean {
  const notes = metadata?.annotations ?? {};
  return notes[annotations.machineUid] !== undefined && notes[annotations.projectId] === undefined;
}

function machinesOf(cluster: Cluster, { machines }: ClusterDeps): readonly Machine[] {
  return machines.byIndex(CLUSTER_INDEX, nameOf(cluster));
}

function unpaused(cluster: Cluster): { readonly paused?: { status: 'False'; reason: string; message: string } } {
  if (conditionOf(cluster.status, conditionTypes.paused)?.status !== 'True') return {};
  return { paused: { status: 'False', reason: 'NotPaused', message: '' } };
}

function nameOf(cluster: Cluster): string {
  const { namespace, name } = keyOfCluster(cluster);
  return `${namespace}/${name}`;
}

/** Index of Machines by `namespace/name` of their Cluster. */
export const CLUSTER_INDEX = 'cluster';

/** The values of that index. */
export function clusterOfLabel({ metadata }: { readonly metadata?: Machine['metadata'] }): readonly string[] {
  const name = metadata?.labels?.[CLUSTER_LABEL];
  return name === undefined ? [] : [`${metadata?.namespace ?? ''}/${name}`];
}
