// The two ports of the manager: metrics and health, plain HTTP as controller-runtime's. Standbys answer too.
import type { Clock, Logger } from '@longshore/reconciler-core';
import { PageServer, standardPages } from '@longshore/k8s-runtime';
import type { HealthChecks, ListenAddress, Pages } from '@longshore/k8s-runtime';
import { isProblem } from '@longshore/k8s-runtime/process';
import type { PrometheusMetrics } from '@longshore/k8s-runtime/process';
import { managerFlags } from './flags.ts';
import type { ManagerFlagValues } from './flags.ts';
import { parseListenAddress } from './listen-address.ts';
import { VERSION } from './version.ts';

/** What is served. */
export interface ServingOptions {
  readonly flags: ManagerFlagValues;
  readonly health: HealthChecks;
  readonly metrics: PrometheusMetrics;
  readonly sliMetrics: PrometheusMetrics;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Takes the ports; rejects with an error that names the flag when one is in use. */
export async function startServing(options: ServingOptions): Promise<readonly PageServer[]> {
  const { flags, clock, log } = options;
  const wanted = [
    { listen: addressOf('metrics-addr', flags), pages: metricsPages(options) },
    { listen: addressOf('health-addr', flags), pages: options.health.pages() },
  ];
  const servers: PageServer[] = [];
  for (const { listen, pages } of wanted) {
    if (listen === undefined) continue;
    const server = new PageServer({ listen, pages, clock, log: log.child({ name: listen.portFlag.slice(2) }) });
    await server.listen();
    servers.push(server);
  }
  return servers;
}

function addressOf(flag: 'metrics-addr' | 'health-addr', flags: ManagerFlagValues): ListenAddress | undefined {
  const parsed = parseListenAddress(flag, flags[flag]);
  return isProblem(parsed) ? undefined : parsed;
}

function metricsPages({ flags, health, metrics, sliMetrics, clock }: ServingOptions): Pages {
  return standardPages({
    program: 'manager',
    version: VERSION,
    metrics,
    sliMetrics,
    health,
    flags: { table: managerFlags, values: flags },
    configz: () => ({}),
    startedMs: clock.nowMs(),
    nowMs: () => clock.nowMs(),
  });
}
