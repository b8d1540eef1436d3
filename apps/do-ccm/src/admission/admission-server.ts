// `do-ccm admission-server`: the validating webhook of the Go program's admission server. Talks to DigitalOcean and to the API server that
// calls it, never to the cluster: it needs no kubeconfig and no rights. Loaded by main.ts when the command is asked for.
import path from 'node:path';
import { defineCommand } from '@longshore/cloud-provider';
import { CloudApiError } from '@longshore/cloud-http';
import { createDigitalOceanApi, DropletMetadata, parseVpcId } from '@longshore/digitalocean-api';
import type { DigitalOceanApi } from '@longshore/digitalocean-api';
import {
  HealthChecks,
  logFlags,
  loggerFromFlags,
  PageServer,
  ServingCertificates,
} from '@longshore/k8s-runtime/process';
import type { FlagValues, ProcessContext, RootLogger } from '@longshore/k8s-runtime/process';
import { messageOf, never, noMetrics, OperatorError, systemClock } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { configError, parseConfig } from '../config.ts';
import type { Config } from '../config.ts';
import type { BalancerConfig } from '../load-balancer/placement.ts';
import { tokenOf } from '../provider.ts';
import { determineRegion } from '../region.ts';
import { VERSION } from '../version.ts';
import { admissionFlags } from './admission-flags.ts';
import { admissionPage, DEFAULT_LIMIT_MS, LONGEST_REVIEW_BYTES, REVIEW_PATH } from './admission-page.ts';
import { ServiceValidator } from './service-validator.ts';

const clock = systemClock;
type Values = FlagValues<typeof admissionFlags>;

/** The command. */
export const admissionServer = defineCommand({
  description: `Serves the validating admission webhook ${REVIEW_PATH} for Services: asks DigitalOcean whether it would take a load balancer before the Service is stored. Takes the environment variables of the controllers; --cert-dir must have a certificate that the ValidatingWebhookConfiguration trusts.`,
  flags: admissionFlags,
  async run(line, context) {
    const log = loggerFromFlags(line.values, { name: 'do-ccm', secrets: context.secrets });
    context.useLogger(log);
    log.info('starting', { program: 'do-ccm admission-server', version: VERSION });
    logFlags(log, admissionFlags, line);
    await serve(line.values, log, context);
    return 0;
  },
});

async function serve(values: Values, log: RootLogger, context: ProcessContext): Promise<void> {
  const { env, signal } = context;
  const config = parseConfig(env);
  if (!('apiUrl' in config)) throw configError(config);
  const certificates = servingCertificates(values['cert-dir'], log);
  const api = createApi(config, log, context);
  try {
    const balancerConfig = await balancerConfigOf(config, { api, log, signal });
    const { loadBalancers, certificates: ofCloud } = api;
    const parts = { loadBalancers, certificates: ofCloud, config: balancerConfig, clock, log };
    const page = admissionPage({ validator: new ServiceValidator(parts), log, signal });
    const server = new PageServer({
      listen: {
        bindAddress: values['bind-address'],
        port: values.port,
        portFlag: '--port',
        addressFlag: '--bind-address',
      },
      pages: { ...healthChecks(log).pages(), [REVIEW_PATH]: page },
      certificates,
      longestBodyBytes: LONGEST_REVIEW_BYTES,
      clock,
      log,
    });
    await server.run(signal);
  } finally {
    api.http.close();
  }
}

// One attempt only: the API server waits, and a late answer is worth nothing. There is no limit of calls either, for the same reason.
function createApi(config: Config, log: Logger, { env, secrets }: ProcessContext): DigitalOceanApi {
  return createDigitalOceanApi({
    baseUrl: config.apiUrl,
    token: tokenOf(config, { secrets }),
    userAgent: `do-ccm/${VERSION}`,
    maxAttempts: 1,
    timeoutMs: DEFAULT_LIMIT_MS,
    log: log.child({ name: 'digitalocean' }),
    env,
    clock,
  });
}

async function balancerConfigOf(
  config: Config,
  around: { readonly api: DigitalOceanApi; readonly log: Logger; readonly signal: AbortSignal },
): Promise<BalancerConfig> {
  const { clusterId, vpcId, defaultBalancerType: defaultType } = config;
  return {
    region: await regionOf(config, around),
    vpcId: vpcId === undefined ? undefined : parseVpcId(vpcId),
    clusterTag: clusterId === undefined ? undefined : `k8s:${clusterId}`,
    defaultType,
  };
}

// A cloud that does not answer now is no reason not to start: until it does, Services are allowed with a warning.
async function regionOf(
  { region, metadataUrl }: Config,
  { api, log, signal }: { readonly api: DigitalOceanApi; readonly log: Logger; readonly signal: AbortSignal },
): Promise<string> {
  const sources = { regions: api.regions, metadata: new DropletMetadata({ baseUrl: metadataUrl }) };
  try {
    return await determineRegion(region, sources, signal);
  } catch (error) {
    const isCloudAway = error instanceof Error && error.cause instanceof CloudApiError;
    if (region === undefined || !isCloudAway) throw error;
    log.warn('the region could not be compared with those of DigitalOcean', { region, error: messageOf(error) });
    return region;
  }
}

function servingCertificates(certDir: string, log: Logger): ServingCertificates {
  const [certFile, keyFile] = [path.join(certDir, 'tls.crt'), path.join(certDir, 'tls.key')];
  const settings = { certFile, keyFile, certDir: '', pairName: '', sniPairs: [], minVersion: '', cipherSuites: [] };
  const unused = { curves: [], generatedNames: [], clientCas: () => [] };
  try {
    return new ServingCertificates({ ...settings, ...unused, clock, log });
  } catch (error) {
    const message = `--cert-dir: ${certDir} has no certificate to serve with: put tls.crt and tls.key there (mount the Secret of the certificate; releases/README.md shows how to make one): ${messageOf(error)}`;
    throw new OperatorError('ADMISSION_CERT_UNUSABLE', message, never, { cause: error });
  }
}

function healthChecks(log: Logger): HealthChecks {
  const ping = { name: 'ping', check: () => undefined };
  return new HealthChecks({ clock, log, sliMetrics: noMetrics }).add(ping, ['healthz', 'livez', 'readyz']);
}
