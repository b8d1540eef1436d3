// The secure port: certificates, delegated authentication, pages. Made before the election, so that standbys answer too.
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import { connect, DelegatedAuth, newPageServer } from '@longshore/k8s-runtime';
import type { KubeClient, Pages, PageServer } from '@longshore/k8s-runtime';
import type { CcmFlagValues } from './flags.ts';

/** What the port needs. */
export interface ServingOptions {
  readonly program: string;
  readonly flags: CcmFlagValues;
  readonly pages: Pages;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly userAgent: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** Server and guard; both run always. */
export interface Serving {
  readonly server: PageServer;
  readonly auth: DelegatedAuth;
}

/** Takes the port and serves from then on; undefined with `--secure-port=0`. */
export async function startServing(options: ServingOptions): Promise<Serving | undefined> {
  const { program, flags, pages, clock, log } = options;
  if (flags['secure-port'] === 0) return undefined;
  const [authenticationClient, authorizationClient] = await Promise.all([
    delegatedClient(flags['authentication-kubeconfig'], options),
    delegatedClient(flags['authorization-kubeconfig'], options),
  ]);
  const auth = new DelegatedAuth({ flags, authenticationClient, authorizationClient, clock, log });
  const server = newPageServer(flags, { program, pages, auth, clock, log });
  await server.listen();
  return { server, auth };
}

/** Empty flag: the cluster that the program runs in; outside of one nobody is asked (spec §6.1). QPS and burst as in Go. */
async function delegatedClient(kubeconfig: string, options: ServingOptions): Promise<KubeClient | undefined> {
  const { env, userAgent, clock, log, metrics } = options;
  const { KUBECONFIG: _notThis, ...inCluster } = env;
  if (kubeconfig === '' && !env['KUBERNETES_SERVICE_HOST']) return undefined;
  const source = kubeconfig === '' ? { env: inCluster } : { env, kubeconfig };
  return connect({ ...source, userAgent: `${userAgent}/delegated-auth`, qps: 200, burst: 400, clock, log, metrics });
}
