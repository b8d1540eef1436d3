// Configuration to CloudProvider: the client, who uses it, and what happens once this process leads. Nothing talks to the cloud before
// `start`, so standbys cost no calls.
import type { CloudProvider, ProviderConfig, ProviderContext } from '@longshore/cloud-provider';
import { tokenFile } from '@longshore/cloud-http';
import { createCloudscaleApi } from '@longshore/cloudscale-api';
import type { CloudscaleApi } from '@longshore/cloudscale-api';
import { configError, maskToken, parseConfig } from './config.ts';
import type { Config } from './config.ts';
import { ServerInstances } from './instances/instances.ts';
import { PROVIDER_NAME } from './instances/provider-id.ts';
import { CloudscaleLoadBalancers } from './load-balancer/load-balancer.ts';
import { MemberHealth } from './load-balancer/member-health.ts';
import { VERSION } from './version.ts';

/** What of the program's surroundings the provider uses. */
export type Surroundings = Pick<
  ProviderConfig,
  'env' | 'clock' | 'log' | 'metrics' | 'signal' | 'isDryRun' | 'secrets'
> &
  Partial<Pick<ProviderConfig, 'machineNameOf' | 'isCommand'>> & {
    /** Between two looks at the health of members; 0: never. */
    readonly memberHealthMs?: number;
    /** A file that is named by `--cloud-config`, for nothing. */
    readonly cloudConfig?: string;
  };

const NOTES_RIGHT = { group: '', resource: 'services', verb: 'patch', neededFor: 'the UUIDs of balancers on Services' };

/** Makes the provider. Rejects with every problem of the environment at once. */
export function createProvider(around: Surroundings): Promise<CloudProvider> {
  const config = parseConfig(around.env);
  if (!('apiUrl' in config)) return Promise.reject(configError(config));
  const { clock, log, metrics, machineNameOf, memberHealthMs = 0, isCommand = false } = around;
  const api = createApi(config, around);
  const token = config.token.kind === 'value' ? { token: maskToken(config.token.token) } : { file: config.token.path };
  log.info('cloudscale.ch API', { url: config.apiUrl, timeoutMs: config.timeoutMs, ...token });
  if (around.cloudConfig) {
    log.warn('flag --cloud-config has no effect: settings are environment variables', { file: around.cloudConfig });
  }
  const instances = new ServerInstances({
    servers: api.servers,
    clock,
    log: log.child({ name: 'instances' }),
    machineNameOf,
  });
  const { clusterId } = config;
  const loadBalancers = new CloudscaleLoadBalancers({
    api,
    instances,
    clusterId,
    clock,
    log: log.child({ name: 'load-balancer' }),
  });
  const health = new MemberHealth({ lists: loadBalancers.lists, clock, log: log.child({ name: 'health' }), metrics });
  return Promise.resolve({
    name: PROVIDER_NAME,
    providerIdSchemes: [PROVIDER_NAME],
    // Without one as in the Go program, whose manifest carries --allow-untagged-cloud. A command makes nothing that would be tagged.
    hasClusterId: clusterId !== undefined || isCommand,
    serviceRights: [NOTES_RIGHT],
    instances,
    loadBalancers,
    warmUp: (signal) => instances.warmUp(signal),
    start({ client, services, events, keepRunning }: ProviderContext) {
      loadBalancers.start({ client, services, events });
      if (memberHealthMs > 0) keepRunning(health.loop({ services, events }, memberHealthMs));
      return Promise.resolve();
    },
    async ping(signal) {
      await api.catalog.regions(signal);
    },
  });
}

function createApi(config: Config, around: Surroundings): CloudscaleApi {
  const { env, clock, metrics, isDryRun } = around;
  return createCloudscaleApi({
    baseUrl: config.apiUrl,
    timeoutMs: config.timeoutMs,
    token: tokenOf(config, around),
    userAgent: `cloudscale-ccm/${VERSION}`,
    log: around.log.child({ name: 'cloudscale' }),
    dryRun: isDryRun,
    env,
    clock,
    metrics,
  });
}

// A file is read for every attempt of a call, so a rotated token needs no restart; each one is kept out of the log.
function tokenOf({ token }: Config, { secrets }: Surroundings): () => string | Promise<string> {
  if (token.kind === 'value') return () => token.token;
  const read = tokenFile(token.path);
  return async () => {
    const text = await read();
    secrets.add(text);
    return text;
  };
}
