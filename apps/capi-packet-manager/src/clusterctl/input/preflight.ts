// Everything that can be known to be wrong before anything is made, collected: files, names, networks, machine setups, the Packet account.
import { readMachineProviderSpec } from '../../api/packet-specs.ts';
import type { Cluster, Machine } from '../../api/objects.ts';
import { readClusterProviderSpec } from '../../api/packet-specs.ts';
import { clusterWarnings } from '../../api/validate-cluster.ts';
import { parseMachineConfigs, selectSetup } from '../../bootstrap/machine-configs.ts';
import type { AccountWish } from '../../servers/contract.ts';
import { clusterNameProblem } from '../../servers/tags.ts';
import { messageOf } from '@longshore/reconciler-core';
import { machineConfigsIn } from '../bootstrap-cluster/local-managers.ts';
import type { Account } from '../host.ts';
import type { AnyObject } from '../kube-kinds.ts';
import { titleOf } from '../kube-kinds.ts';
import { classIn, machineSpecs } from './cluster-input.ts';
import type { ClusterInput } from './cluster-input.ts';

/** What the servers of the input need of the account; `path` is machines.yaml. Pure. */
export function accountWishes(path: string, input: ClusterInput): readonly AccountWish[] {
  return machineSpecs(input).flatMap((machine) => {
    const { spec } = readMachineProviderSpec(machine, classIn(input.machineClasses));
    if (!spec || machine.count === 0) return [];
    return [
      {
        field: `${path}: ${titleOf(machine.kind ?? 'Machine', machine)}`,
        projectId: spec.projectID,
        plan: spec.machineType,
        operatingSystem: spec.OS,
        facilities: spec.facility,
        billingCycle: spec.billingCycle,
        quantity: machine.count,
        sshKeys: spec.sshKeys,
      },
    ];
  });
}

/** Machines for which machine_configs.yaml has no setup, and names that are too long. Pure. */
export function setupProblems(input: ClusterInput, components: readonly AnyObject[]): readonly string[] {
  const { namespace = 'default', name = '' } = input.cluster.metadata ?? {};
  const tooLong = clusterNameProblem({ namespace, name });
  const first = tooLong === undefined ? [] : [`Cluster ${namespace}/${name}: ${tooLong}`];
  return [...first, ...endpointProblems(input), ...machineSetups(input, components)];
}

function machineSetups(input: ClusterInput, components: readonly AnyObject[]): readonly string[] {
  try {
    const { setups } = parseMachineConfigs(
      machineConfigsIn(components),
      'machine_configs.yaml of the provider components',
    );
    return machineSpecs(input).flatMap((machine) => {
      const { spec } = readMachineProviderSpec(machine, classIn(input.machineClasses));
      if (!spec) return [];
      const choice = selectSetup(setups, { image: spec.OS, versions: versionsOf(machine) });
      return 'found' in choice ? [] : [`${titleOf(machine.kind ?? 'Machine', machine)}: ${choice.message}`];
    });
  } catch (error) {
    return [messageOf(error)];
  }
}

function versionsOf({ spec }: Machine): { readonly kubelet: string; readonly controlPlane?: string } {
  const { kubelet = '', controlPlane } = spec?.versions ?? {};
  return controlPlane === undefined || controlPlane === '' ? { kubelet } : { kubelet, controlPlane };
}

// A single address cannot lead to several masters.
function endpointProblems({ cluster, controlPlane }: ClusterInput): readonly string[] {
  const hasEndpoint = readClusterProviderSpec(cluster).spec?.controlPlaneEndpoint !== undefined;
  if (controlPlane.length < 2 || hasEndpoint) return [];
  return [
    `${titleOf('Cluster', cluster)}: ${controlPlane.length} control plane machines need spec.providerSpec.value.controlPlaneEndpoint (type elasticIP or host)`,
  ];
}

/** What may surprise but works. */
export function inputWarnings({ cluster }: { readonly cluster: Cluster }): readonly string[] {
  return clusterWarnings(cluster);
}

/** Asks the Packet API; a project of the Cluster that differs from those of its machines is seen here too. */
export async function accountProblems(
  account: Account | undefined,
  wishes: readonly AccountWish[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (!account) return ['PACKET_API_KEY is not set: give the API key of the Packet project'];
  try {
    const problems = await account.check(wishes, signal);
    return problems.map(({ field, message }) => `${field}: ${message}`);
  } catch (error) {
    signal.throwIfAborted();
    return [`the Packet API cannot be asked: ${messageOf(error)}`];
  }
}
