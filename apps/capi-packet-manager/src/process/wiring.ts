// Puts the controllers together: which set has which, and what they are given.
import type { Runnable } from '@longshore/reconciler-core';
import { CLUSTER_LABEL } from '../api/names.ts';
import { clusters, machines } from '../api/resources.ts';
import { CaCacheFile } from '../bootstrap/ca-cache-file.ts';
import { MachineConfigFile } from '../bootstrap/machine-config-file.ts';
import { createClusterController } from '../cluster/cluster-controller.ts';
import { createClusterStores } from '../cluster/cluster-stores.ts';
import { secrets as secretType } from '../cluster/kube-secret.ts';
import { SecretMaterials } from '../cluster/materials.ts';
import { createMachineController } from '../machine/machine-controller.ts';
import { createMachineDeploymentController } from '../machinedeployment/machine-deployment-controller.ts';
import { createMachineSetController } from '../machineset/machine-set-controller.ts';
import { createNodeLinkController } from '../node-link/node-link-controller.ts';
import { WatchedWorkloadClusters } from '../workload/workload-clusters.ts';
import type { ManagerFlagValues } from './flags.ts';
import type { ControllerSet } from './leases.ts';
import { addMachineMetrics } from './machine-metrics.ts';
import { createPacketSide } from './packet-side.ts';
import type { PacketSideOptions } from './packet-side.ts';
import type { ControllerParts } from './parts.ts';
import { VERSION } from './version.ts';

/** What the wiring is given. */
export interface WiringOptions extends Omit<PacketSideOptions, 'machines' | 'client'> {
  readonly parts: ControllerParts;
  readonly flags: ManagerFlagValues;
}

/** The sets to lead, and what runs on standbys too. */
export interface Wiring {
  readonly always: readonly Runnable[];
  readonly sets: ReadonlyMap<ControllerSet, readonly Runnable[]>;
}

/** Makes the controllers of the chosen sets. Rejects when files or settings are wrong. */
export async function wire(options: WiringOptions): Promise<Wiring> {
  const { parts, flags, env, log } = options;
  const { client, informers, clock } = parts;
  const clusterSecrets = informers.for(secretType, { selection: { labelSelector: CLUSTER_LABEL } });
  const workloads = new WatchedWorkloadClusters({
    client,
    clusterSecrets,
    userAgent: `cluster-api-provider-packet/${VERSION}`,
    env,
    clock,
    log: log.child({ name: 'workload' }),
  });
  const sets = new Map<ControllerSet, readonly Runnable[]>();
  if (flags.controllers.includes('packet')) sets.set('packet', await packetSet(options, { workloads, clusterSecrets }));
  if (flags.controllers.includes('generic')) sets.set('generic', genericSet(parts, workloads));
  return { always: [workloads], sets };
}

function genericSet(parts: ControllerParts, workloads: WatchedWorkloadClusters): readonly Runnable[] {
  const named = (name: string): ControllerParts => ({ ...parts, log: parts.log.child({ name }) });
  return [
    createMachineDeploymentController(named('machine-deployment')),
    createMachineSetController(named('machine-set')),
    createNodeLinkController(named('node-link'), { workloads }),
  ];
}

async function packetSet(
  options: WiringOptions,
  {
    workloads,
    clusterSecrets,
  }: Pick<Parameters<typeof createClusterController>[0], 'clusterSecrets'> & {
    readonly workloads: WatchedWorkloadClusters;
  },
): Promise<readonly Runnable[]> {
  const { parts, flags, env, log } = options;
  const { client, informers, clock } = parts;
  const ofMachines = informers.for(machines);
  addMachineMetrics(ofMachines, parts);
  const { servers, addresses } = createPacketSide({ ...options, client, machines: ofMachines });
  const configs = new MachineConfigFile(flags.config, log);
  await configs.setups();
  const stores = createClusterStores({
    client,
    clusters: informers.for(clusters),
    clusterSecrets,
    sealingKeyFile: flags['sealing-key-file'] || undefined,
    caFile: await openCaCache(options),
    clock,
    log: log.child({ name: 'cluster' }),
  });
  const materials = new SecretMaterials({ ...stores, workloads, clock, log });
  const named = (name: string): ControllerParts => ({ ...parts, log: log.child({ name }) });
  const cluster = { stores, clusterSecrets, servers, addresses, workloads, waitMs: flags['wait-period'] };
  const settings = {
    nodeName: env['NODE_NAME'] || undefined,
    providerIdPrefix: flags['provider-id-prefix'],
    maxUserDataBytes: flags['userdata-limit'],
    settlingMs: flags['settling-time'],
    waitMs: flags['wait-period'],
  };
  return [
    servers,
    createClusterController({ ...named('cluster'), ...cluster }),
    createMachineController(named('machine'), { servers, materials, workloads, configs, settings }),
  ];
}

async function openCaCache({ flags, log }: WiringOptions): Promise<CaCacheFile | undefined> {
  const path = flags['ca-cache'];
  if (path === '') return undefined;
  log.warn('the CA cache file holds private keys in clear: for tests and local runs only', { path });
  return CaCacheFile.open(path);
}
