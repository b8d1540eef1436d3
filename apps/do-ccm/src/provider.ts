// Configuration to CloudProvider: the clients, who uses them, and what happens once this process leads. Nothing talks to the cloud
// before `warmUp`, so standbys cost no calls.
import type { CloudProvider, ProviderConfig, ProviderContext } from '@longshore/cloud-provider';
import { tokenFile } from '@longshore/cloud-http';
import { createDigitalOceanApi, DropletMetadata, parseVpcId } from '@longshore/digitalocean-api';
import type { DigitalOceanApi } from '@longshore/digitalocean-api';
import { configError, parseConfig } from './config.ts';
import type { Config } from './config.ts';
import { PublicAccessFirewall } from './firewall/firewall-controller.ts';
import { DropletInstances } from './instances/instances.ts';
import { PROVIDER_NAME } from './instances/provider-id.ts';
import { DigitalOceanLoadBalancers } from './load-balancer/load-balancer.ts';
import { startLocalPages } from './local-pages.ts';
import { determineRegion } from './region.ts';
import { TagSync } from './tags/tag-sync.ts';
import type { TagSyncOptions } from './tags/tag-sync.ts';
import { VERSION } from './version.ts';

/** What of the program's surroundings the provider uses. */
export type Surroundings = Pick<
  ProviderConfig,
  'env' | 'clock' | 'log' | 'metrics' | 'signal' | 'isDryRun' | 'isCommand' | 'secrets'
> &
  Partial<Pick<ProviderConfig, 'machineNameOf'>> & {
    /** `--public-access-firewall-sync-period`. */
    readonly firewallSyncMs?: number;
  };

/** Makes the provider. Rejects with every problem of the environment at once. */
export async function createProvider(around: Surroundings): Promise<CloudProvider> {
  const config = parseConfig(around.env);
  if (!('apiUrl' in config)) throw configError(config);
  const api = createApi(config, around);
  // A dry run or a command may stand beside the real program, whose ports these are.
  if (!around.isDryRun && !around.isCommand) {
    const ask = (signal: AbortSignal): Promise<unknown> => api.account.get(signal);
    await startLocalPages({ ...around, config, ask }, around.signal);
  }
  return assemble(config, api, around);
}

// The ID of a balancer is kept in an annotation: without it every pass looks for the balancer by name, and a renamed one is lost.
const NOTES_RIGHT = { group: '', resource: 'services', verb: 'patch', neededFor: 'the IDs of balancers on Services' };

function assemble(config: Config, api: DigitalOceanApi, around: Surroundings): CloudProvider {
  const { clock, log, machineNameOf } = around;
  const vpcId = config.vpcId === undefined ? undefined : parseVpcId(config.vpcId);
  const { addressFamilies, clusterId } = config;
  const clusterTag = clusterId === undefined ? undefined : `k8s:${clusterId}`;
  const lookups = { vpcId, addressFamilies, clusterTag, machineNameOf };
  const instances = new DropletInstances({ droplets: api.droplets, clock, ...lookups });
  const loadBalancers = new DigitalOceanLoadBalancers({
    calls: api.loadBalancers,
    certificates: api.certificates,
    projects: api.projects,
    instances,
    config: { vpcId, clusterTag, defaultType: config.defaultBalancerType },
    clock,
    log: log.child({ name: 'load-balancer' }),
  });
  const firewall = createFirewall(config, { api, loadBalancers }, around);
  const tags = createTagSync(clusterTag, { calls: api.tags, instances, loadBalancers }, around);
  const sources = { regions: api.regions, metadata: new DropletMetadata({ baseUrl: config.metadataUrl }) };
  let earlyRegion: Promise<string> | undefined;
  return {
    name: PROVIDER_NAME,
    providerIdSchemes: [PROVIDER_NAME],
    serviceRights: [NOTES_RIGHT],
    instances,
    loadBalancers,
    async warmUp(signal) {
      earlyRegion = determineRegion(config.region, sources, signal);
      await Promise.all([earlyRegion, instances.warmUp(signal)]);
    },
    async start(context: ProviderContext) {
      const { client, services, signal } = context;
      const region = await (earlyRegion ?? determineRegion(config.region, sources, signal));
      log.info('region determined', { region });
      loadBalancers.start({ client, services, region });
      if (firewall) context.keepRunning(firewall.controller(context));
      if (tags) context.keepRunning(tags.loop(() => ({ nodes: context.nodes.list(), services: services.list() })));
    },
    otherPlans: async (cluster, signal) => [
      ...(firewall ? [await firewall.plan(cluster.services, signal)] : []),
      ...(tags ? [await tags.plan(cluster, signal)] : []),
    ],
    async ping(signal) {
      await api.account.get(signal);
    },
  };
}

/** Absent without a cluster ID. */
function createTagSync(
  clusterTag: string | undefined,
  parts: Pick<TagSyncOptions, 'calls' | 'instances' | 'loadBalancers'>,
  { clock, log, metrics }: Surroundings,
): TagSync | undefined {
  return clusterTag === undefined ? undefined : new TagSync({ ...parts, clusterTag, clock, log, metrics });
}

const FIREWALL_SYNC_MS = 300_000;

/** Absent unless the environment names a firewall. */
function createFirewall(
  { publicFirewall, defaultBalancerType }: Config,
  { api, loadBalancers }: { readonly api: DigitalOceanApi; readonly loadBalancers: DigitalOceanLoadBalancers },
  { clock, log, metrics, firewallSyncMs = FIREWALL_SYNC_MS }: Surroundings,
): PublicAccessFirewall | undefined {
  if (!publicFirewall) return undefined;
  return new PublicAccessFirewall({
    settings: publicFirewall,
    defaultType: defaultBalancerType,
    calls: api.firewalls,
    balancers: (maxAgeMs, signal) => loadBalancers.view(maxAgeMs, signal),
    syncPeriodMs: firewallSyncMs,
    clock,
    log,
    metrics,
  });
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
