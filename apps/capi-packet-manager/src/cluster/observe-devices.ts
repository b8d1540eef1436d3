// What the cloud says about a cluster: its control plane's devices, whether the key works, its elastic IP. The sweep of all devices answers
// most of it; the elastic IP is asked for once a minute, and moved to a device when nobody has it.
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Device, ProjectId } from '@longshore/packet-api';
import { parseProjectId } from '@longshore/packet-api';
import { isControlPlane } from '../api/conditions.ts';
import type { Cluster, Machine, MachineClass, PacketClusterProviderSpec } from '../api/objects.ts';
import { readMachineProviderSpec } from '../api/packet-specs.ts';
import type { EndpointAddresses, Servers } from '../servers/contract.ts';
import { parseServerTags } from '../servers/tags.ts';
import { planAssignment } from './endpoint-plan.ts';
import type { ElasticAddress } from './endpoint-plan.ts';
import { keyOfCluster } from './keys-keeper.ts';

/** What is asked. */
export interface DeviceSources {
  readonly servers: Servers;
  readonly addresses: EndpointAddresses;
  readonly classOf: (namespace: string, name: string) => MachineClass | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What was found. */
export interface DeviceFindings {
  readonly masters: readonly Device[];
  /** `unknown`: the API did not say. */
  readonly credentials: { readonly state: 'valid' | 'unknown' | 'refused' };
  /** Devices of the cluster that no Machine owns; absent while that cannot be said. */
  readonly strays?: readonly Device[] | undefined;
  readonly elastic?: ElasticAddress | undefined;
  /** The elastic IP could not be had. */
  readonly failure?: { readonly error: unknown } | undefined;
}

type Reserved = Awaited<ReturnType<EndpointAddresses['ensure']>>;

const ELASTIC_LASTS_MS = 60_000;

/** Looks at clusters. */
export class DeviceObserver {
  readonly #sources: DeviceSources;
  readonly #elastic = new Map<string, { readonly reserved: Reserved; readonly atMs: number }>();

  constructor(sources: DeviceSources) {
    this.#sources = sources;
  }

  /** All of it. Failures are findings. */
  async observe(
    cluster: Cluster,
    { spec, machines }: { readonly spec: PacketClusterProviderSpec; readonly machines: readonly Machine[] },
    signal: AbortSignal,
  ): Promise<DeviceFindings> {
    const projectId = parseProjectId(spec.projectID);
    if (projectId === undefined) return { masters: [], credentials: { state: 'unknown' } };
    const credentials = await this.#credentials(cluster, projectId, signal);
    const masters = this.#masters(cluster, projectId);
    const isListed = credentials.state === 'valid';
    const strays = isListed ? this.#sources.servers.straysOf(keyOfCluster(cluster)) : undefined;
    const found = { masters, credentials, strays };
    if (spec.controlPlaneEndpoint?.type !== 'elasticIP' || credentials.state === 'refused') return found;
    const facility = spec.controlPlaneEndpoint.facility ?? this.#facilityOf(machines);
    if (facility === undefined) return found;
    try {
      const reserved = await this.#reserve(cluster, { projectId, facility }, signal);
      await this.#assign(cluster, { masters, reserved }, signal);
      return { ...found, elastic: reserved };
    } catch (error) {
      signal.throwIfAborted();
      return { ...found, failure: { error } };
    }
  }

  /** The cluster is gone. */
  forget(cluster: string): void {
    this.#elastic.delete(cluster);
  }

  /** The answer to "where is a device that never was" is the sweep's: it lists the project when it has not yet. */
  async #credentials(
    { metadata }: Cluster,
    projectId: ProjectId,
    signal: AbortSignal,
  ): Promise<DeviceFindings['credentials']> {
    const finding = await this.#sources.servers.find({ attemptId: metadata?.uid ?? 'none' }, projectId, signal);
    if (finding.state !== 'unknown') return { state: 'valid' };
    return finding.isCredentials ? { state: 'refused' } : { state: 'unknown' };
  }

  #masters(cluster: Cluster, projectId: ProjectId): readonly Device[] {
    const devices = this.#sources.servers.ofCluster(keyOfCluster(cluster), projectId);
    return devices.filter(({ tags }) => parseServerTags(tags).role === 'master');
  }

  #facilityOf(machines: readonly Machine[]): string | undefined {
    const facilities = machines.filter(isControlPlane).map((machine) => {
      return readMachineProviderSpec(machine, this.#sources.classOf).spec?.facility[0];
    });
    return facilities.find((facility) => facility !== undefined);
  }

  async #reserve(
    cluster: Cluster,
    { projectId, facility }: { readonly projectId: ProjectId; readonly facility: string },
    signal: AbortSignal,
  ): Promise<Reserved> {
    const { addresses, clock } = this.#sources;
    const owner = keyOfCluster(cluster);
    const name = `${owner.namespace}/${owner.name}`;
    const known = this.#elastic.get(name);
    if (known?.reserved.assignedTo && clock.monotonicMs() - known.atMs < ELASTIC_LASTS_MS) return known.reserved;
    const reserved = await addresses.ensure({ owner, projectId, facility }, signal);
    this.#elastic.set(name, { reserved, atMs: clock.monotonicMs() });
    return reserved;
  }

  async #assign(
    cluster: Cluster,
    { masters, reserved }: { readonly masters: readonly Device[]; readonly reserved: Reserved },
    signal: AbortSignal,
  ): Promise<void> {
    const device = planAssignment(masters, reserved);
    if (device === undefined) return;
    const { address, reservationId } = reserved;
    await this.#sources.addresses.assign(reservationId, address, device.id, signal);
    this.#sources.log.info('elastic IP assigned', { address, device: device.id, cluster: cluster.metadata?.name });
    this.#elastic.delete(`${cluster.metadata?.namespace ?? ''}/${cluster.metadata?.name ?? ''}`);
  }
}
