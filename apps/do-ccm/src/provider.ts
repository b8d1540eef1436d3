// Configuration to CloudProvider: the clients, who uses them, and what happens once this process leads. Nothing talks to the cloud
// before `start`, so standbys cost no calls.
import type { CloudProvider, ProviderConfig, ProviderContext } from '@longshore/cloud-provider';
import { tokenFile } from '@longshore/cloud-http';
import { createDigitalOceanApi, DropletMetadata, parseVpcId } from '@longshore/digitalocean-api';
import type { DigitalOceanApi } from '@longshore/digitalocean-api';
import { configError, parseConfig } from './config.ts';
import type { Config } from './config.ts';
import { DropletInstances } from './instances/instances.ts';
import { PROVIDER_NAME } from './instances/provider-id.ts';
import { DigitalOceanLoadBalancers } from './load-balancer/load-balancer.ts';
import { startLocalPages } from './local-pages.ts';
import { determineRegion } from './region.ts';
import { VERSION } from './version.ts';

/** What of the program's surroundings the provider uses. */
export type Surroundings = Pick<
  ProviderConfig,
  'env' | 'clock' | 'log' | 'metrics' | 'signal' | 'isDryRun' | 'isCommand' | 'secrets'
>;

/** Makes the provider. Rejects with every problem of the environment at once. */
export async function createProvider(around: Surroundings): Promise<CloudProvider> {
  const config = parseConfig(around.env);
  if (!('apiUrl' in config)) throw configError(config);
  const api = createApi(config, around);
  warnOfFirewall(config, around);
  // A dry run or a command may stand beside the real program, whose ports these are.
  if (!around.isDryRun && !around.isCommand) {
    const ask = (signal: AbortSignal): Promise<unknown> => api.account.get(signal);
    await startLocalPages({ ...around, config, ask }, around.signal);
  }
  return assemble(config, api, around);
}

function assemble(config: Config, api: DigitalOceanApi, { clock, log }: Surroundings): CloudProvider {
  const vpcId = config.vpcId === undefined ? undefined : parseVpcId(config.vpcId);
  const { addressFamilies, clusterId } = config;
  const instances = new DropletInstances({ droplets: api.droplets, clock, vpcId, addressFamilies });
  const loadBalancers = new DigitalOceanLoadBalancers({
    calls: api.loadBalancers,
    certificates: api.certificates,
    instances,
    config: {
      vpcId,
      clusterTag: clusterId === undefined ? undefined : `k8s:${clusterId}`,
      defaultType: config.defaultBalancerType,
    },
    clock,
    log: log.child({ name: 'load-balancer' }),
  });
  return {
    name: PROVIDER_NAME,
    providerIdSchemes: [PROVIDER_NAME],
    instances,
    loadBalancers,
    async start({ client, services, signal }: ProviderContext) {
      const sources = { regions: api.regions, metadata: new DropletMetadata({ baseUrl: config.metadataUrl }) };
      const region = await determineRegion(config.region, sources, signal);
      log.info('region determined', { region });
      loadBalancers.start({ client, services, region });
    },
    async ping(signal) {
      await api.account.get(signal);
    },
  };
}

function createApi(config: Config, around: Surroundings): DigitalOceanApi {
  const { env, clock, metrics, isDryRun } = around;
  return createDigitalOceanApi({
    baseUrl: config.apiUrl,
    token: tokenOf(config, around),
    userAgent: `do-ccm/${VERSION}`,
    limiterQps: config.limiterQps,
    log: around.log.child({ name: 'digitalocean' }),
    dryRun: isDryRun,
    env,
    clock,
    metrics,
  });
}

/** Reads the token. A file is read for every attempt of a call, so a rotated token needs no restart; each one is kept out of the log. */
export function tokenOf({ token }: Config, { secrets }: Pick<Surroundings, 'secrets'>): () => string | Promise<string> {
  if (token.kind === 'value') return () => token.token;
  const read = tokenFile(token.path);
  return async () => {
    const text = await read();
    secrets.add(text);
    return text;
  };
}

function warnOfFirewall({ publicFirewall }: Config, { log }: Surroundings): void {
  if (!publicFirewall) return;
  log.warn(
    'PUBLIC_ACCESS_FIREWALL_NAME and PUBLIC_ACCESS_FIREWALL_TAGS are set, but this version does not manage the firewall: it stays as it is, and new node ports stay closed until you open them',
    { name: publicFirewall.name, tags: publicFirewall.tags },
  );
}
