// The Packet API of the process: its address, its key of the moment, and the servers and addresses on it.
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Informer, KubeClient } from '@longshore/k8s-runtime';
import type { PrometheusMetrics, SecretRedactor } from '@longshore/k8s-runtime/process';
import { isProblem, UsageError } from '@longshore/k8s-runtime/process';
import { createPacketApi, endOfServiceNotice } from '@longshore/packet-api';
import type { Device, PacketApi } from '@longshore/packet-api';
import { annotations } from '../api/names.ts';
import type { Machine } from '../api/objects.ts';
import { CredentialGate } from '../servers/credential-gate.ts';
import { PacketEndpointAddresses } from '../servers/endpoint-addresses.ts';
import { PacketServers } from '../servers/packet-servers.ts';
import { parseServerTags } from '../servers/tags.ts';
import { ApiKey } from './api-key.ts';
import type { ManagerFlagValues } from './flags.ts';
import { packetApiUrl } from './packet-api-url.ts';
import { VERSION } from './version.ts';

/** What it is made of. */
export interface PacketSideOptions {
  readonly flags: ManagerFlagValues;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly client: KubeClient;
  readonly machines: Informer<Machine>;
  readonly secrets: SecretRedactor;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: PrometheusMetrics;
}

/** Servers and addresses, on one API client. */
export interface PacketSide {
  readonly api: PacketApi;
  readonly servers: PacketServers;
  readonly addresses: PacketEndpointAddresses;
}

const DEVICE_INDEX = 'ownerOfDevice';

/** Makes it; nothing is called yet. Throws when there is no key, or no usable address. */
export function createPacketSide(options: PacketSideOptions): PacketSide {
  const { flags, env, clock, log, metrics, machines } = options;
  const baseUrl = packetApiUrl(flags['api-url'], env);
  if (isProblem(baseUrl)) throw new UsageError([baseUrl.problem]);
  const notice = endOfServiceNotice(baseUrl);
  if (notice !== undefined) log.warn(notice);
  const apiKey = new ApiKey(options);
  const api = createPacketApi({
    baseUrl,
    token: () => apiKey.current(),
    userAgent: `cluster-api-provider-packet/${VERSION}`,
    log: log.child({ name: 'packet' }),
    env,
    clock,
    metrics,
  });
  const gate = new CredentialGate({ clock });
  machines.addIndex(DEVICE_INDEX, ownedDevices);
  const servers = new PacketServers({
    api,
    gate,
    clock,
    log: log.child({ name: 'servers' }),
    metrics,
    sweepMs: flags['sync-period'],
    settlingMs: flags['settling-time'],
    concurrentCreates: flags['concurrent-creates'],
    isOwned: (device) => isOwned(device, machines),
  });
  return {
    api,
    servers,
    addresses: new PacketEndpointAddresses({ api, gate, clock, settlingMs: flags['settling-time'] }),
  };
}

function ownedDevices({ metadata }: Machine): readonly string[] {
  const notes = metadata?.annotations ?? {};
  return [notes[annotations.machineUid], notes[annotations.deviceId]].filter((id) => id !== undefined);
}

function isOwned({ id, tags }: Device, machines: Informer<Machine>): boolean {
  const { attemptId } = parseServerTags(tags);
  return [id, attemptId].some((one) => one !== undefined && machines.byIndex(DEVICE_INDEX, one).length > 0);
}
