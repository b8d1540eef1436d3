// One call from flags to a client: configuration, credentials, connections, limits, metrics. Nothing is sent yet.
import { noMetrics, proxyFor, silentLogger, systemClock, TokenBucket } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import { ApiTransport } from './api-transport.ts';
import type { ClusterAccess } from './credentials.ts';
import { HttpKubeClient } from './http-kube-client.ts';
import { loadKubeConfig } from './kube-config.ts';
import type { KubeClient } from './kube-client.ts';
import { RestClientMetrics } from './rest-client-metrics.ts';
import { ServiceAccountCredentials } from './service-account-client.ts';
import { Transport } from './transport.ts';

/** How to reach the API server. */
export interface ConnectOptions {
  /** `--kubeconfig`; the environment variable KUBECONFIG is then not looked at. */
  readonly kubeconfig?: string | undefined;
  /** Text of a kubeconfig instead of a file, for clusters whose kubeconfig is in a Secret; `kubeconfig` and the environment do not count then. */
  readonly kubeconfigText?: string | undefined;
  /** `--master`: replaces the server of the kubeconfig. */
  readonly master?: string | undefined;
  readonly userAgent: string;
  /** Client-side limit; none if absent or 0 or less. Each client made by `named` has its own, as in Go. */
  readonly qps?: number | undefined;
  readonly burst?: number | undefined;
  /** For each call that names no limit of its own; 60 s by default. Shorter where many API servers are asked, of which some do not answer. */
  readonly timeoutMs?: number | undefined;
  /** Clients with one of these names (`named`) act as the service account of that name (--use-service-account-credentials). */
  readonly serviceAccounts?: { readonly namespace: string; readonly names: readonly string[] } | undefined;
  readonly clock?: Clock | undefined;
  readonly log?: Logger | undefined;
  readonly metrics?: Metrics | undefined;
  readonly env?: Readonly<Record<string, string | undefined>> | undefined;
  /** Instead of /var/run/secrets/kubernetes.io/serviceaccount. */
  readonly inClusterFolder?: string | undefined;
}

/** A client for the cluster that the options name. Rejects with an OperatorError whose message is one line for the user. */
export async function connect(options: ConnectOptions): Promise<KubeClient> {
  const { clock = systemClock, log = silentLogger, metrics = noMetrics, env = process.env, userAgent } = options;
  const { kubeconfig, kubeconfigText, master, inClusterFolder } = options;
  const access = await loadKubeConfig({ kubeconfig, kubeconfigText, master, inClusterFolder, env, clock, log });
  const { server } = access;
  const newLimit = (): TokenBucket | undefined => toLimit(options, clock);
  const transport = new ApiTransport({
    server,
    transport: new Transport(server, { clock, proxyUrl: proxyOf(access, env) }),
    owner: '',
    credentials: access.credentials,
    clock,
    metrics: new RestClientMetrics(metrics, server.host),
    limit: newLimit(),
    timeoutMs: options.timeoutMs,
  });
  const base = new HttpKubeClient({ transport, userAgent, clock });
  const { namespace = '', names = [] } = options.serviceAccounts ?? {};
  const transportFor = (name: string, present: ApiTransport): ApiTransport => {
    if (!names.includes(name)) return present.with({ limit: newLimit() });
    const account = { namespace, name };
    const credentials = new ServiceAccountCredentials({ client: base, account, base: access.credentials, clock, log });
    return present.with({ owner: name, credentials, limit: newLimit() });
  };
  return new HttpKubeClient({ transport, userAgent, clock, transportFor });
}

function toLimit({ qps, burst }: ConnectOptions, clock: Clock): TokenBucket | undefined {
  if (!qps || qps <= 0) return undefined;
  return new TokenBucket({ perSecond: qps, burst: burst && burst >= 1 ? burst : Math.max(1, Math.ceil(qps)), clock });
}

function proxyOf(access: ClusterAccess, env: Readonly<Record<string, string | undefined>>): string | undefined {
  return access.proxyUrl ?? proxyFor(access.server, env)?.href;
}
