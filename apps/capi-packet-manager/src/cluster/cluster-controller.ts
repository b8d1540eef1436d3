// The Cluster controller, put together. What changes a Cluster's state from outside brings its key: Machines of its control plane, its
// Secrets, its devices.
import { Controller, messageOf } from '@longshore/reconciler-core';
import type { Runnable } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { Informer } from '@longshore/k8s-runtime';
import { annotations } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import { clusters, machineClasses, machines } from '../api/resources.ts';
import type { ControllerParts } from '../process/parts.ts';
import type { EndpointAddresses, Servers } from '../servers/contract.ts';
import { AdminKeeper } from './admin-keeper.ts';
import { ClusterDeletion } from './cluster-deletion.ts';
import { StatusWriter } from './cluster-status.ts';
import type { WorkloadClusters } from './contract.ts';
import type { ClusterStores } from './cluster-stores.ts';
import type { KubeSecret } from './kube-secret.ts';
import { DeviceObserver } from './observe-devices.ts';
import { Reachability } from './reachability.ts';
import { CLUSTER_INDEX, clusterOfLabel, reconcileCluster } from './reconcile-cluster.ts';

/** What the controller needs beside what all get. */
export interface ClusterControllerParts extends ControllerParts {
  readonly stores: ClusterStores;
  readonly clusterSecrets: Informer<KubeSecret>;
  readonly servers: Servers;
  readonly addresses: EndpointAddresses;
  readonly workloads: WorkloadClusters;
  /** Pause while the control plane has to come first. Default 15 s, as the Go provider waited. */
  readonly waitMs?: number;
}

const ATTEMPT_INDEX = 'attempt';
const WAIT_MS = 15_000;

/** Makes the controller. */
export function createClusterController(parts: ClusterControllerParts): Runnable {
  const { informers, stores, clusterSecrets, servers } = parts;
  const indexes = { [CLUSTER_INDEX]: clusterOfLabel, [ATTEMPT_INDEX]: attemptOf };
  const ofMachines = informers.for(machines, { indexes });
  const ofClusters = informers.for(clusters);
  const controller = createQueue(parts, () => controller);
  controller.watch(ofClusters, ({ object }) => [keyOf(object)]);
  controller.watch(ofMachines, ({ object }) => clusterOfLabel(object));
  controller.watch(clusterSecrets, ({ object }) => clusterOfLabel(object));
  return {
    name: 'cluster',
    async run(signal) {
      await ofClusters.synced(signal);
      await stores.refuseOtherCas(ofClusters.list(), signal);
      const unsubscribe = servers.subscribe((attemptId) => {
        for (const machine of ofMachines.byIndex(ATTEMPT_INDEX, attemptId)) {
          for (const key of clusterOfLabel(machine)) controller.enqueue(key);
        }
      });
      try {
        await controller.run(signal);
      } finally {
        unsubscribe();
      }
    },
  };
}

function createQueue(parts: ClusterControllerParts, self: () => Controller<string>): Controller<string> {
  const { client, informers, events, clock, log, metrics, stores, addresses, servers, workloads } = parts;
  const classes = informers.for(machineClasses);
  const ofClusters = informers.for(clusters);
  const status = new StatusWriter({ client, events, clock });
  const { store, memory, keys, tokens } = stores;
  return new Controller<string>({
    name: 'cluster',
    workers: parts.concurrency,
    clock,
    log,
    metrics,
    onFailure: ({ key, error }) => {
      const cluster = ofClusters.get(key);
      if (cluster !== undefined) events.warning(cluster, 'ReconcileError', messageOf(error));
    },
    reconcile: reconcileCluster({
      client,
      clusters: ofClusters,
      machines: informers.for(machines),
      store,
      keys,
      tokens,
      admin: new AdminKeeper({ ...stores, clock, log }),
      devices: new DeviceObserver({
        servers,
        addresses,
        classOf: (namespace, name) => classes.get(`${namespace}/${name}`),
        clock,
        log,
      }),
      workloads,
      waitMs: parts.waitMs ?? WAIT_MS,
      reachability: new Reachability(clock, (key) => self().enqueue(key)),
      status,
      deletion: new ClusterDeletion({ client, store, memory, addresses, status, events, log }),
    }),
  });
}

function attemptOf({ metadata }: Machine): readonly string[] {
  const id = metadata?.annotations?.[annotations.machineUid];
  return id === undefined ? [] : [id];
}
