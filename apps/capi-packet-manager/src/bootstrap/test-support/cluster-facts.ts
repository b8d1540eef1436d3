// A small cluster and its machines, as tests of the bootstrap folder use them.
import { readFileSync } from 'node:fs';
import type { ClusterFacts, MachineFacts } from '../contract.ts';
import { parseMachineConfigs, selectSetup } from '../machine-configs.ts';
import type { MachineSetup, SetupRequest } from '../machine-configs.ts';

const SHIPPED = new URL('../../../config/default/machine_configs.yaml', import.meta.url);

/** The setups of the file that is shipped. */
export function shippedSetups(): readonly MachineSetup[] {
  return parseMachineConfigs(readFileSync(SHIPPED, 'utf8'), 'machine_configs.yaml').setups;
}

/** The shipped setup of a machine. */
export function shippedSetup(request: SetupRequest): MachineSetup {
  const choice = selectSetup(shippedSetups(), request);
  if (!('found' in choice)) throw new Error(choice.message);
  return choice.found;
}

/** A cluster without an endpoint yet. */
export function aCluster(change: Partial<ClusterFacts> = {}): ClusterFacts {
  return {
    name: 'blue',
    serviceDomain: 'cluster.local',
    podCidrs: ['172.25.0.0/16'],
    serviceCidrs: ['172.26.0.0/16'],
    ...change,
  };
}

/** A worker; give `versions.controlPlane` for a master. */
export function aMachine(change: Partial<MachineFacts> = {}): MachineFacts {
  return {
    namespace: 'default',
    name: 'machine-0',
    image: 'ubuntu_24_04',
    versions: { kubelet: '1.36.3' },
    labels: {},
    annotations: {},
    taints: [],
    isSchedulable: false,
    ...change,
  };
}
