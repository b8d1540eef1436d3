// Flags, environment and configuration file as one value. `parseSettings` is pure and reports every problem at once; the file is read by
// packet-api, which knows both forms of the Secret.
import { namesOf, PACKET_SETTINGS, readPacketSettings } from '@longshore/packet-api/local';
import type { PacketSettings, ProjectId, SettingSources } from '@longshore/packet-api/local';
import { parseEndpoint } from '../server/endpoint.ts';
import type { Endpoint } from '../server/endpoint.ts';
import type { DriverFlags } from './flags.ts';
import { parseLogLevel } from './log-level.ts';
import type { LogLevel } from './log-level.ts';

/** What the controller needs of the account. */
export interface Account {
  readonly projectId: ProjectId;
  readonly baseUrl: string;
  readonly facility: PacketSettings['facility'];
  readonly facilityId: PacketSettings['facilityId'];
}

/** Everything that was set. */
export interface Settings {
  readonly endpoint: Endpoint;
  readonly driverName: string;
  readonly nodeId: string | undefined;
  readonly logLevel: LogLevel;
  /** Absent: there is no API key, or only the node side is wanted. */
  readonly account: Account | undefined;
  readonly hasNode: boolean;
  /** Whether Probe minds that the host's programs are missing: not on a controller that happens to serve both. */
  readonly needsHostPrograms: boolean;
  readonly metadataUrl: string;
  readonly kubeletEndpoint: string;
}

/** Settings with what should be said about them, or everything that is wrong. */
export type SettingsReading =
  { readonly settings: Settings; readonly warnings: readonly string[] } | { readonly problems: readonly string[] };

/** Reads everything. `folder` is what relative paths count from. */
export function parseSettings(flags: DriverFlags, sources: SettingSources, folder: string): SettingsReading {
  const { settings: cloud, problems: found, warnings } = readPacketSettings(sources);
  const wantsController = flags.mode !== 'node' && cloud.hasApiKey;
  const problems = [...found, ...accountProblems(flags, cloud, found.length === 0 && wantsController)];
  const written = flags.endpoint || (sources.env['CSI_ENDPOINT'] ?? '');
  const endpoint = parseEndpoint(written, folder);
  if ('problem' in endpoint) problems.push(endpointProblem(written, flags.endpoint !== '', endpoint.problem));
  if (problems.length > 0 || 'problem' in endpoint) return { problems };
  const settings = {
    ...rolesOf(flags, cloud, wantsController),
    ...namesIn(flags),
    endpoint,
    metadataUrl: cloud.metadataUrl,
  };
  return { settings, warnings };
}

function accountProblems(
  { mode }: DriverFlags,
  { hasApiKey, projectId }: PacketSettings,
  needsProject: boolean,
): readonly string[] {
  if (mode === 'controller' && !hasApiKey) {
    return [`--mode=controller needs an API key: set ${namesOf(PACKET_SETTINGS.apiKey)}`];
  }
  const isProjectMissing = needsProject && projectId === undefined;
  return isProjectMissing ? [`an API key without a project: set ${namesOf(PACKET_SETTINGS.projectId)}`] : [];
}

function endpointProblem(text: string, isFlag: boolean, problem: string): string {
  if (text === '') return '--endpoint is required: the socket to serve CSI on, as unix:///csi/csi.sock';
  return `${isFlag ? '--endpoint' : 'CSI_ENDPOINT'}: "${text}" ${problem}`;
}

function namesIn(flags: DriverFlags): Pick<Settings, 'driverName' | 'nodeId' | 'logLevel' | 'kubeletEndpoint'> {
  const driverName = flags['driver-name'];
  return {
    driverName,
    nodeId: flags.nodeid === '' ? undefined : flags.nodeid,
    logLevel: parseLogLevel(flags.v) ?? 'info',
    kubeletEndpoint: flags['kubelet-registration-path'] || `/var/lib/kubelet/plugins/${driverName}/csi.sock`,
  };
}

function rolesOf(
  { mode }: DriverFlags,
  { projectId, baseUrl, facility, facilityId }: PacketSettings,
  wantsController: boolean,
): Pick<Settings, 'account' | 'hasNode' | 'needsHostPrograms'> {
  const account = wantsController && projectId !== undefined ? { projectId, baseUrl, facility, facilityId } : undefined;
  const hasNode = mode !== 'controller';
  return { account, hasNode, needsHostPrograms: hasNode && (mode !== 'auto' || account === undefined) };
}
