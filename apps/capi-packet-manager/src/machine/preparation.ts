// Puts together what a device is asked for with: the setup for its image and versions, the keys and the token of the cluster, the user
// data. Each thing that is missing is a value: either somebody has to change something, or something else has to come first.
import { messageOf, OperatorError } from '@longshore/reconciler-core';
import { parseProjectId } from '@longshore/packet-api';
import type { ProjectId } from '@longshore/packet-api';
import type { Cluster, Machine, PacketClusterProviderSpec, PacketMachineProviderSpec } from '../api/objects.ts';
import { describe, readClusterProviderSpec } from '../api/packet-specs.ts';
import { clusterProblems } from '../api/validate-cluster.ts';
import type { ClusterFacts, Entrance, MachineFacts as BootstrapFacts } from '../bootstrap/contract.ts';
import type { MachineSetup } from '../bootstrap/machine-configs.ts';
import { selectSetup } from '../bootstrap/machine-configs.ts';
import { caCertHash } from '../bootstrap/pki.ts';
import { renderUserData } from '../bootstrap/user-data.ts';
import type { ClusterMaterials } from '../cluster/contract.ts';
import { endpointFor, planEntrance } from './entrance-plan.ts';
import type { MachineFacts, Preparation } from './machine-facts.ts';
import { ownerOf } from './ownership.ts';
import { placeOf } from './place.ts';

/** Where the parts come from. */
export interface PreparationParts {
  readonly materials: ClusterMaterials;
  /** The machine configurations, read anew each time. */
  readonly configs: { setups(): Promise<readonly MachineSetup[]> };
}

type Kind = Entrance['kind'];
type Waiting = Extract<Preparation, { state: 'waiting' }>;

/** All that the POST needs, or why it cannot be sent now. */
export async function prepare(facts: MachineFacts, parts: PreparationParts, signal: AbortSignal): Promise<Preparation> {
  const { machine, cluster, reading } = facts;
  if (cluster === undefined || reading.spec === undefined) throw new Error('prepared without Cluster or spec');
  const clusterReading = readClusterProviderSpec(cluster);
  const problems = clusterProblems(cluster);
  if (clusterReading.problems || problems.length > 0) return refused(problems.join('; '));
  const projectId = parseProjectId(reading.spec.projectID);
  if (projectId === undefined) return refused(`${describe('Machine', machine)}: projectID is not the id of a project`);
  try {
    const target = { facts, cluster, projectId, clusterSpec: clusterReading.spec, spec: reading.spec };
    return await prepareSound(target, parts, signal);
  } catch (error) {
    signal.throwIfAborted();
    // What the bootstrap layer refuses is for the user to change; anything else is a failure.
    if (error instanceof OperatorError && isForUser(error)) return refused(messageOf(error));
    throw error;
  }
}

async function prepareSound(
  target: Omit<Target, 'setup' | 'kind'>,
  parts: PreparationParts,
  signal: AbortSignal,
): Promise<Preparation> {
  const { facts, cluster, spec } = target;
  const entrance = planEntrance({ ...facts, cluster });
  if (entrance.kind === 'refused') return refused(entrance.message);
  if (entrance.kind === 'join-control-plane') {
    const obstacle = await parts.materials.mastersObstacle(placeOf(cluster), signal);
    if (obstacle !== undefined) return refused(`Cluster ${placeOf(cluster).name}: ${obstacle}`);
  }
  const setup = await setupFor(facts.machine, spec, parts);
  if ('message' in setup) return refused(`${describe('Machine', facts.machine)}: ${setup.message}`);
  return withMaterials({ ...target, setup, kind: entrance.kind }, parts.materials, signal);
}

function isForUser({ code, disposition }: OperatorError): boolean {
  return disposition.retry === 'on-change' || code === 'MACHINE_CONFIGS_UNREADABLE';
}

function refused(message: string): Preparation {
  return { state: 'refused', message };
}

async function setupFor(
  machine: Machine,
  spec: PacketMachineProviderSpec,
  { configs }: PreparationParts,
): Promise<MachineSetup | { readonly message: string }> {
  const versions = versionsOf(machine);
  if (versions.kubelet === '') return { message: 'spec.versions.kubelet is missing' };
  const choice = selectSetup(await configs.setups(), { image: spec.OS, versions });
  return 'found' in choice ? choice.found : choice;
}

interface Target {
  readonly facts: MachineFacts;
  readonly cluster: Cluster;
  readonly clusterSpec: PacketClusterProviderSpec;
  readonly projectId: ProjectId;
  readonly setup: MachineSetup;
  readonly kind: Kind;
  readonly spec: PacketMachineProviderSpec;
}

async function withMaterials(target: Target, materials: ClusterMaterials, signal: AbortSignal): Promise<Preparation> {
  const { facts, cluster, clusterSpec, kind } = target;
  const address = endpointFor(cluster, clusterSpec, kind);
  const needsEndpoint = kind !== 'init' || clusterSpec.controlPlaneEndpoint !== undefined;
  if (needsEndpoint && address.endpoint === undefined) {
    return waiting(facts, 'WaitingForEndpoint', 'The Cluster has no API endpoint yet: its control plane comes first');
  }
  const entrance = await entranceFor(target, materials, signal);
  if ('state' in entrance) return entrance;
  const { machine } = facts;
  const { text } = renderUserData({
    entry: target.setup,
    cluster: { ...networkOf(cluster), ...address },
    machine: bootstrapFacts(machine, target.spec),
    entrance,
    limits: { maxBytes: facts.settings.maxUserDataBytes },
  });
  return {
    state: 'ready',
    kind,
    spec: {
      owner: ownerOf(machine, cluster),
      projectId: target.projectId,
      hostname: placeOf(machine).name,
      plan: target.spec.machineType,
      operatingSystem: target.spec.OS,
      facilities: target.spec.facility,
      billingCycle: target.spec.billingCycle,
      userTags: target.spec.tags,
      sshKeys: target.spec.sshKeys,
      userdata: text,
    },
  };
}

async function entranceFor(
  { facts, cluster, kind }: Target,
  materials: ClusterMaterials,
  signal: AbortSignal,
): Promise<Entrance | Waiting> {
  const key = placeOf(cluster);
  const keys = await materials.keysOf(key, signal);
  if (keys === undefined) {
    return waiting(
      facts,
      'WaitingForClusterKeys',
      'The keys of the Cluster are not usable yet: its conditions say why',
    );
  }
  const token = await (kind === 'init' ? materials.initToken(key, signal) : materials.joinToken(key, signal));
  if (token === undefined) {
    const message =
      'There is no bootstrap token yet that the API server of the cluster accepts: it has to answer first';
    return waiting(facts, 'WaitingForControlPlane', message);
  }
  if (kind === 'init') return { kind, keys, token: token.token, tokenExpiresAt: token.expiresAt };
  const join = { token: token.token, caCertHash: caCertHash(keys.ca.certPem) };
  return kind === 'join' ? { kind, ...join } : { kind, ...join, keys };
}

function waiting({ settings }: MachineFacts, reason: string, message: string): Waiting {
  return { state: 'waiting', reason, message, forMs: settings.waitMs };
}

function networkOf(cluster: Cluster): ClusterFacts {
  const { pods, services, serviceDomain = '' } = cluster.spec?.clusterNetwork ?? {};
  return {
    name: placeOf(cluster).name,
    serviceDomain,
    podCidrs: pods?.cidrBlocks ?? [],
    serviceCidrs: services?.cidrBlocks ?? [],
  };
}

function bootstrapFacts(machine: Machine, spec: PacketMachineProviderSpec): BootstrapFacts {
  const { labels = {}, annotations = {} } = machine.spec?.metadata ?? {};
  return {
    ...placeOf(machine),
    image: spec.OS,
    versions: versionsOf(machine),
    labels,
    annotations,
    taints: machine.spec?.taints ?? [],
    isSchedulable: spec.roles.includes('Master') && spec.roles.includes('Node'),
  };
}

function versionsOf({ spec }: Machine): BootstrapFacts['versions'] {
  const { kubelet = '', controlPlane = '' } = spec?.versions ?? {};
  return { kubelet, ...(controlPlane !== '' && { controlPlane }) };
}
