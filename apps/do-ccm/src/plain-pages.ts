// The two plain-HTTP ports of the Go program: `/metrics` on METRICS_ADDR and `/healthz` (is the API reachable?) on DEBUG_ADDR.
// Both are off unless their variable is set; the secure port serves the same and more.
import type { ProviderConfig } from '@longshore/cloud-provider';
import type { DigitalOceanApi } from '@longshore/digitalocean-api';
import { PageServer } from '@longshore/k8s-runtime/process';
import type { Page, Pages } from '@longshore/k8s-runtime/process';
import { messageOf } from '@longshore/reconciler-core';
import type { Config, ListenAddress } from './config.ts';

/** What the pages show and when they end. */
export interface PlainPagesOptions extends Pick<ProviderConfig, 'clock' | 'log' | 'metrics' | 'signal'> {
  readonly config: Config;
  readonly api: DigitalOceanApi;
}

const ACCOUNT_LIMIT_MS = 15_000;

/** Takes the ports and serves until the signal aborts. Rejects when a port cannot be had. */
export async function startPlainPages(options: PlainPagesOptions): Promise<void> {
  const { config, api, metrics } = options;
  const metricsPage: Page = async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.page() });
  if (config.metricsAddress) await serve(options, config.metricsAddress, { '/metrics': metricsPage });
  if (config.debugAddress) await serve(options, config.debugAddress, { '/healthz': accountPage(api) });
}

async function serve({ clock, log, signal }: PlainPagesOptions, at: ListenAddress, pages: Pages): Promise<void> {
  const variables = 'METRICS_ADDR or DEBUG_ADDR';
  const listen = { bindAddress: at.host, port: at.port, addressFlag: variables, portFlag: variables };
  const server = new PageServer({ listen, pages, clock, log });
  await server.listen();
  void server.run(signal).catch((error: unknown) => log.error('plain pages ended', { error }));
}

function accountPage(api: DigitalOceanApi): Page {
  return async () => {
    try {
      await api.account.get(AbortSignal.timeout(ACCOUNT_LIMIT_MS));
      return { status: 200, body: '' };
    } catch (error) {
      return { status: 500, body: `health check failed: ${messageOf(error)}\n` };
    }
  };
}
