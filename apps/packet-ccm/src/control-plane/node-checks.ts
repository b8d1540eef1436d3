// Asks the API servers of nodes, and remembers what a move depends on: failed checks of the holder in a row, nodes that failed as holders,
// devices that were seen as nodes. Decides nothing.
import { parallelUntil } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { InstanceFinding, Instances } from '@longshore/cloud-provider';
import type { KubeNode } from '@longshore/k8s-runtime';
import type { DeviceId } from '@longshore/packet-api';
import { parseProviderId } from '../instances/provider-id.ts';
import { deviceIdOf, ownAddresses, toControlPlaneNode } from './eip-facts.ts';
import type { ApiServerPorts, NodeAddress } from './eip-facts.ts';
import type { CheckedNode, ControlPlaneNode, Holder } from './eip-plan.ts';
import type { Probe, ProbeResult } from './probe.ts';

/** Whom to ask. */
export interface NodeChecksOptions {
  readonly instances: Pick<Instances, 'lookup'>;
  readonly probe: Probe;
  readonly ca: (signal: AbortSignal) => Promise<string | undefined>;
  readonly settings: { readonly checksHostIp: boolean };
  readonly clock: Clock;
  readonly log: Logger;
}

/** A node of the control plane with its addresses. */
export interface KnownNode extends ControlPlaneNode {
  readonly addresses: readonly NodeAddress[];
}

interface Identified {
  readonly deviceId: DeviceId;
  readonly addresses: readonly NodeAddress[];
}

interface Streak {
  readonly deviceId: DeviceId;
  readonly failures: number;
  readonly atMs: number;
}

/** Where the holder is asked. */
export interface HolderPlace {
  readonly eip: string;
  readonly ports: ApiServerPorts;
  readonly nodes: readonly KnownNode[];
}

const AT_ONCE = 5;
// Rounds that changes of Nodes bring do not count as further checks.
const CHECK_AT_MOST_EVERY_MS = 5_000;

/** Checks of one cluster. */
export class NodeChecks {
  readonly #options: NodeChecksOptions;
  readonly #seen = new Set<DeviceId>();
  /** Nodes without provider ID, by name: once known, an outage of the cloud does not make them strangers. */
  readonly #identified = new Map<string, Identified>();
  readonly #failed = new Set<DeviceId>();
  #streak: Streak | undefined;

  constructor(options: NodeChecksOptions) {
    this.#options = options;
  }

  /** The nodes whose device is known. One without provider ID is looked up: the first one may need the address to come up. */
  async identify(nodes: readonly KubeNode[], signal: AbortSignal): Promise<readonly KnownNode[]> {
    const unknown = nodes.filter((node) => this.#deviceOf(node) === undefined);
    if (unknown.length > 0) this.#learn(await this.#options.instances.lookup(unknown, signal));
    return nodes.flatMap((object): readonly KnownNode[] => {
      const deviceId = this.#deviceOf(object);
      if (deviceId === undefined) return [];
      this.#seen.add(deviceId);
      const { name = '' } = object.metadata ?? {};
      const addresses = object.status?.addresses ?? this.#identified.get(name)?.addresses ?? [];
      return [{ ...toControlPlaneNode(object, deviceId), addresses }];
    });
  }

  /** The device was that of a Node. */
  hasSeen(deviceId: DeviceId): boolean {
    return this.#seen.has(deviceId);
  }

  /** The node lost the address because of its failures: others are preferred from now on. */
  noteFailed(deviceId: DeviceId): void {
    this.#failed.add(deviceId);
  }

  /** The count starts over. */
  forgetHolder(): void {
    this.#streak = undefined;
  }

  /** Checks the holder once; its failed checks in a row. */
  async failuresOf(holder: Holder, at: HolderPlace, signal: AbortSignal): Promise<number> {
    const deviceId = deviceOfHolder(holder);
    const last = this.#streak?.deviceId === deviceId ? this.#streak : undefined;
    this.#streak = last;
    if (deviceId === undefined) return 0;
    const nowMs = this.#options.clock.monotonicMs();
    if (last !== undefined && nowMs - last.atMs < CHECK_AT_MOST_EVERY_MS) return last.failures;
    const result = await this.#checkHolder(deviceId, at, signal);
    const failures = result.isHealthy ? 0 : (last?.failures ?? 0) + 1;
    this.#streak = { deviceId, failures, atMs: nowMs };
    this.#note(deviceId, result, failures);
    return failures;
  }

  /** Checks nodes at their own addresses; the first good answer of a node counts. */
  async checkAll(
    nodes: readonly KnownNode[],
    { eip, port }: { readonly eip: string; readonly port: number },
    signal: AbortSignal,
  ): Promise<readonly CheckedNode[]> {
    const checked: CheckedNode[] = [];
    await parallelUntil(
      nodes,
      AT_ONCE,
      async (node, index) => {
        const { isHealthy } = await this.#askAny(ownAddresses(node.addresses, eip), port, signal);
        const { addresses: _, ...facts } = node;
        checked[index] = { ...facts, isHealthy, hasFailedBefore: this.#failed.has(node.deviceId) };
      },
      signal,
    );
    return checked;
  }

  #deviceOf(node: KubeNode): DeviceId | undefined {
    return deviceIdOf(node) ?? this.#identified.get(node.metadata?.name ?? '')?.deviceId;
  }

  #learn(findings: ReadonlyMap<string, InstanceFinding>): void {
    for (const [name, finding] of findings) {
      if (finding.state !== 'running' && finding.state !== 'stopped') continue;
      const parsed = parseProviderId(finding.metadata.providerId);
      const { addresses } = finding.metadata;
      if (parsed.kind === 'device') this.#identified.set(name, { deviceId: parsed.id, addresses });
    }
  }

  #note(deviceId: DeviceId, result: ProbeResult, failures: number): void {
    if (result.isHealthy) return void this.#failed.delete(deviceId);
    const { reason } = result;
    this.#options.log.warn('API server behind the elastic IP failed a check', { deviceId, failures, reason });
  }

  async #checkHolder(
    deviceId: DeviceId,
    {
      eip,
      ports,
      nodes,
    }: { readonly eip: string; readonly ports: ApiServerPorts; readonly nodes: readonly KnownNode[] },
    signal: AbortSignal,
  ): Promise<ProbeResult> {
    const node = nodes.find((one) => one.deviceId === deviceId);
    // A device that is no node's has no other address that is known here.
    if (!this.#options.settings.checksHostIp || node === undefined) return this.#askAny([eip], ports.outside, signal);
    return this.#askAny(ownAddresses(node.addresses, eip, 'external'), ports.onNode, signal);
  }

  async #askAny(addresses: readonly string[], port: number, signal: AbortSignal): Promise<ProbeResult> {
    const ca = await this.#options.ca(signal);
    const ask = (address: string): Promise<ProbeResult> => this.#options.probe({ address, port, ca }, signal);
    const results = await Promise.all(addresses.map(ask));
    const reasons = results.flatMap((result, index) =>
      result.isHealthy ? [] : [`${addresses[index]}: ${result.reason}`],
    );
    if (reasons.length < results.length) return { isHealthy: true };
    return { isHealthy: false, reason: reasons.join('; ') || 'the node has no address to ask at' };
  }
}

function deviceOfHolder(holder: Holder): DeviceId | undefined {
  if (holder.kind === 'node') return holder.node.deviceId;
  return holder.kind === 'stranger' ? holder.deviceId : undefined;
}
