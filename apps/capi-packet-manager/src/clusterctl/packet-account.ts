// The Packet account behind PACKET_API_KEY, as clusterctl asks it: may the servers be made, what is there of a cluster.
import { createPacketApi, PACKET_SETTINGS, parseProjectId, readSetting } from '@longshore/packet-api';
import type { PacketApi, ProjectId } from '@longshore/packet-api';
import { packetApiUrl } from '../process/packet-api-url.ts';
import { checkAccount } from '../servers/preflight.ts';
import { clusterTags, isOfCluster } from '../servers/tags.ts';
import type { AccountProblem, AccountWish } from '../servers/contract.ts';
import type { Account, ClusterName } from './host.ts';
import { failure } from './problem.ts';

/** `undefined` when there is no API key. */
export function packetAccount(
  env: Readonly<Record<string, string | undefined>>,
  userAgent: string,
): Account | undefined {
  const key = readSetting(PACKET_SETTINGS.apiKey, { env })?.text;
  if (key === undefined) return undefined;
  const baseUrl = packetApiUrl('', env);
  if (typeof baseUrl !== 'string') throw failure('CTL_USAGE', baseUrl.problem);
  return accountOf(createPacketApi({ baseUrl, token: () => key, userAgent, env }), key);
}

function accountOf(api: PacketApi, key: string): Account {
  return {
    check: async (wishes, signal) => {
      const problems = await checkAccount(api, wishes, signal);
      return [...(await keyProblems(api, { key, wishes, signal })), ...problems];
    },
    verify: async (projectId, signal) => {
      const { id } = await api.projects.verify(idOf(projectId), signal);
      if ((await api.apiKeys.rightsOf(key, id, signal)) === 'read-only')
        throw failure('CTL_PREFLIGHT_FAILED', `PACKET_API_KEY: ${READ_ONLY}`);
    },
    devicesOf: async (cluster, projectId, signal) => {
      const devices = await api.devices.list(idOf(projectId), signal);
      return devices
        .filter((device) => isOfCluster(device, cluster))
        .map(({ id, hostname, state }) => ({ id, hostname: hostname ?? '', state: String(state) }));
    },
    addressesOf: async (cluster, projectId, signal) => {
      const all = await api.reservations.list(idOf(projectId), signal);
      return all.filter(({ tags }) => isTagged(tags, cluster)).map(({ id, address }) => String(address ?? id));
    },
  };
}

// A key that only reads passes every other check and fails at the first server.
async function keyProblems(
  api: PacketApi,
  { key, wishes, signal }: { key: string; wishes: readonly AccountWish[]; signal: AbortSignal },
): Promise<readonly AccountProblem[]> {
  const projectId = parseProjectId(wishes[0]?.projectId ?? '');
  if (projectId === undefined || (await api.apiKeys.rightsOf(key, projectId, signal)) !== 'read-only') return [];
  return [{ field: 'PACKET_API_KEY', message: READ_ONLY }];
}

const READ_ONLY = 'the key is read-only: no server can be made or deleted with it; put one in place that may write';

function isTagged(tags: readonly string[], cluster: ClusterName): boolean {
  return clusterTags(cluster).every((tag) => tags.includes(tag));
}

function idOf(text: string): ProjectId {
  const id = parseProjectId(text);
  if (id === undefined)
    throw failure('CTL_INPUT_INVALID', `"${text}" is not a project ID: write the UUID of the project`);
  return id;
}
