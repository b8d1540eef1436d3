// The Node service: what kubelet asks for on each machine. program.ts makes it and serves it; nothing else is known about it outside.
import type { MetadataService } from '@longshore/packet-api';
import type { FlagValues } from '@longshore/k8s-runtime/process';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import type { NodeServer } from '../gen/csi.ts';
import type { Handlers } from '../server/unary.ts';
import { facilityKey } from '../settings/driver-name.ts';
import type { nodeFlags } from './node-flags.ts';

/** What the node side is given. */
export interface NodeServiceOptions {
  readonly driverName: string;
  /** `--nodeid`; absent: the device's ID from the metadata service. */
  readonly nodeId: string | undefined;
  readonly metadata: MetadataService;
  /** `--volume-limit`; 0: none is told. */
  readonly volumeLimit: number;
  readonly flags: FlagValues<typeof nodeFlags>;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The node side, running. */
export interface NodeService {
  readonly handlers: Partial<Handlers<NodeServer>>;
  /** Why this machine cannot stage volumes (a missing program); told by Probe. Answers at once. */
  problem(): string | undefined;
  /** Work of its own (reaping, repairing paths) until the signal aborts. */
  run(signal: AbortSignal): Promise<void>;
}

/** Makes the node side. Reads nothing from the network: the socket has to be there at once. */
export async function createNodeService(options: NodeServiceOptions): Promise<NodeService> {
  return {
    handlers: {
      nodeGetCapabilities: async () => ({ capabilities: [] }),
      nodeGetInfo: async (_, { signal }) => describeNode(options, signal),
    },
    problem: () => undefined,
    run: async () => {},
  };
}

async function describeNode({ driverName, nodeId, metadata, volumeLimit }: NodeServiceOptions, signal: AbortSignal) {
  const machine = await metadata.read(signal);
  const segments: Record<string, string> =
    machine.facility === undefined ? {} : { [facilityKey(driverName)]: machine.facility };
  return {
    nodeId: nodeId ?? machine.id,
    maxVolumesPerNode: BigInt(volumeLimit),
    accessibleTopology: { segments },
  };
}
