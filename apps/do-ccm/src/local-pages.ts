// The two plain HTTP pages that the Go program has beside the secure port: DEBUG_ADDR asks the cloud whether it answers, METRICS_ADDR
// shows the metrics. Off unless set: the Go program took port 80 when METRICS_ADDR was empty.
import { messageOf } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { PageServer } from '@longshore/k8s-runtime/process';
import type { Page, Pages, PrometheusMetrics } from '@longshore/k8s-runtime/process';
import type { Config, ListenAddress } from './config.ts';

/** What the pages are made of. */
export interface LocalPagesOptions {
  readonly config: Pick<Config, 'debugAddress' | 'metricsAddress'>;
  /** Asks the cloud for something cheap. */
  readonly ask: (signal: AbortSignal) => Promise<unknown>;
  readonly metrics: Pick<PrometheusMetrics, 'page' | 'contentType'>;
  readonly clock: Clock;
  readonly log: Logger;
}

const ASK_LIMIT_MS = 15_000;

/** Takes the ports; the servers end with the signal. Rejects when a port cannot be had. */
export async function startLocalPages(options: LocalPagesOptions, signal: AbortSignal): Promise<readonly PageServer[]> {
  const { config, ask, metrics, clock } = options;
  const metricsPage: Page = async () => ({ status: 200, contentType: metrics.contentType, body: await metrics.page() });
  const servers = [
    serverFor('DEBUG_ADDR', config.debugAddress, { '/healthz': healthPage(ask, clock) }, options),
    serverFor('METRICS_ADDR', config.metricsAddress, { '/metrics': metricsPage }, options),
  ].filter((server) => server !== undefined);
  for (const server of servers) await server.listen();
  for (const server of servers) {
    server.run(signal).catch((error: unknown) => options.log.error('a local page server has ended', { error }));
  }
  return servers;
}

function serverFor(
  variable: string,
  address: ListenAddress | undefined,
  pages: Pages,
  { clock, log }: Pick<LocalPagesOptions, 'clock' | 'log'>,
): PageServer | undefined {
  if (!address) return undefined;
  const listen = { bindAddress: address.host, port: address.port, portFlag: variable, addressFlag: variable };
  return new PageServer({ listen, pages, clock, log });
}

/** 200 and nothing when the cloud answers within 15 s, else 500 and the reason. */
export function healthPage(ask: LocalPagesOptions['ask'], clock: Clock): Page {
  return async () => {
    const limit = new AbortController();
    const cancel = clock.after(ASK_LIMIT_MS, () => limit.abort(new Error(`no answer in ${ASK_LIMIT_MS / 1000} s`)));
    try {
      await ask(limit.signal);
      return { status: 200, body: '' };
    } catch (error) {
      return { status: 500, body: `health check failed: ${messageOf(error)}\n` };
    } finally {
      cancel();
    }
  };
}
