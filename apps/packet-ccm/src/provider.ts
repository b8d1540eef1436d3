// Configuration to CloudProvider: the client, who uses it, and what is said at the start. Nothing talks to the cloud before the first
// question, so standbys cost no calls.
import type { CloudProvider, ProviderConfig } from '@longshore/cloud-provider';
import {
  createEmlbApi,
  createPacketApi,
  endOfServiceNotice,
  readCloudConfig,
  tokenSource,
} from '@longshore/packet-api';
import type { CloudConfig, EmlbApi, PacketApi, PacketHttpOptions, SettingSources } from '@longshore/packet-api';
import { configError, parseConfig, secretsOf, shownSettings } from './config.ts';
import type { Config } from './config.ts';
import { createControlPlane } from './control-plane/create-control-plane.ts';
import type { ControlPlane } from './control-plane/create-control-plane.ts';
import { PacketInstances } from './instances/instances.ts';
import { PROVIDER_ID_SCHEMES, PROVIDER_NAME } from './instances/provider-id.ts';
import { createLoadBalancers } from './load-balancer/create-load-balancers.ts';
import type { ServiceBalancers } from './load-balancer/create-load-balancers.ts';
import { VERSION } from './version.ts';

/** What of the program's surroundings the provider uses. */
export type Surroundings = Pick<ProviderConfig, 'env' | 'clock' | 'log' | 'metrics' | 'isDryRun' | 'secrets'> &
  Partial<Pick<ProviderConfig, 'machineNameOf'>> & {
    /** JSON file, or folder of a mounted Secret. */
    readonly configPath?: string | undefined;
  };

/** Makes the provider. Rejects with every problem of the configuration at once. */
export async function createProvider(around: Surroundings): Promise<CloudProvider> {
  const { env, configPath, secrets } = around;
  const sources: SettingSources = { env, config: await readFileOf(configPath) };
  for (const secret of secretsOf(sources)) secrets.add(secret);
  const reading = parseConfig(sources);
  if ('problems' in reading) throw configError(reading.problems);
  introduce(reading, sources, around);
  return assemble(reading.config, createApis(reading.config, around), around);
}

async function readFileOf(path: string | undefined): Promise<CloudConfig | undefined> {
  if (path === undefined) return undefined;
  const reading = await readCloudConfig(path);
  if ('config' in reading) return reading.config;
  throw configError([{ field: path, message: reading.problem, severity: 'error' }]);
}

function introduce(
  { config, warnings }: { readonly config: Config; readonly warnings: readonly string[] },
  sources: SettingSources,
  { log }: Surroundings,
): void {
  log.info('settings', shownSettings(sources));
  for (const message of warnings) log.warn(message);
  const notice = endOfServiceNotice(config.baseUrl);
  if (notice !== undefined) log.warn(notice);
}

function assemble(config: Config, { api, emlb }: Apis, around: Surroundings): CloudProvider {
  const { clock, log, metrics, machineNameOf, secrets } = around;
  const { projectId, addressFamilies, regionLabel } = config;
  const look = { addressFamilies, regionLabel };
  const instances = new PacketInstances({ devices: api.devices, projectId, clock, look, machineNameOf });
  const balancers = createLoadBalancers({
    config,
    api,
    emlb,
    instances,
    clock,
    log: log.child({ name: 'load-balancer' }),
    metrics,
    secrets,
  });
  return {
    name: PROVIDER_NAME,
    providerIdSchemes: PROVIDER_ID_SCHEMES,
    instances,
    ...partsOf(balancers, createControlPlane({ config, api, instances })),
    warmUp: (signal) => instances.warmUp(signal),
    async ping(signal) {
      await api.projects.verify(projectId, signal);
    },
  };
}

/** What runs in the cluster beyond the node controllers, as far as the settings ask for it. */
function partsOf(
  balancers: ServiceBalancers | undefined,
  controlPlane: ControlPlane | undefined,
): Partial<CloudProvider> {
  if (balancers === undefined && controlPlane === undefined) return {};
  return {
    ...(balancers === undefined ? {} : { loadBalancers: balancers.loadBalancers }),
    serviceRights: [...(balancers?.serviceRights ?? []), ...(controlPlane?.rights ?? [])],
    async start(context) {
      await balancers?.start(context);
      controlPlane?.start(context);
    },
    otherPlans: async (cluster, signal) => (await controlPlane?.plans(cluster, signal)) ?? [],
  };
}

interface Apis {
  readonly api: PacketApi;
  readonly emlb: EmlbApi | undefined;
}

function createApis(config: Config, around: Surroundings): Apis {
  const options = apiOptions(config, around);
  const { url: baseUrl, tokenUrl } = config.emlb;
  return {
    api: createPacketApi({ ...options, baseUrl: config.baseUrl }),
    emlb: config.backend.kind === 'emlb' ? createEmlbApi({ ...options, baseUrl, tokenUrl }) : undefined,
  };
}

function apiOptions(config: Config, around: Surroundings): Omit<PacketHttpOptions, 'baseUrl'> {
  const { env, clock, metrics, isDryRun, secrets, configPath } = around;
  const read = tokenSource(env, configPath);
  const log = around.log.child({ name: 'packet' });
  return {
    // A rotated key is kept out of the log as the first one is.
    token: async () => {
      const token = await read();
      secrets.add(token);
      return token;
    },
    userAgent: `packet-ccm/${VERSION}`,
    log,
    ...(config.logsHttp ? { onCall: (event) => log.info('cloud call', { ...event }) } : {}),
    dryRun: isDryRun,
    env,
    clock,
    metrics,
  };
}
