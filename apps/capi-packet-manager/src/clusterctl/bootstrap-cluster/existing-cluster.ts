// A bootstrap cluster that is there: never made, never deleted.
import type { Host } from '../host.ts';
import { done, notYet, waitUntil } from '../wait/wait-until.ts';
import type { BootstrapCluster, BootstrapParts } from './bootstrap-cluster.ts';

/** Resolves when its API server answers. */
export async function existingCluster(kubeconfig: string, parts: BootstrapParts): Promise<BootstrapCluster> {
  await untilItAnswers(kubeconfig, parts);
  await parts.journal.setBootstrap({ ...parts.journal.content.bootstrap, type: 'existing', kubeconfig });
  return { kubeconfig, description: `the existing cluster of ${kubeconfig}`, remove: async () => {} };
}

/** Waits until the API server of the kubeconfig is ready. */
export async function untilItAnswers(
  kubeconfig: string,
  { host, limit, say }: Pick<BootstrapParts, 'host' | 'limit' | 'say'>,
): Promise<void> {
  const { clock, signal } = host;
  const client = await host.connect(kubeconfig);
  const look = async (): Promise<ReturnType<typeof done<true>> | ReturnType<typeof notYet>> => {
    const { status, body } = await client.raw({ method: 'GET', path: '/healthz' }, { signal, timeoutMs: 10_000 });
    return status === 200 ? done(true as const) : notYet(`it answers ${status}: ${body.slice(0, 80)}`);
  };
  await waitUntil({ what: `the API server ${client.server}`, look, ...limit }, { clock, signal, say });
}

/** Whether the API server of the kubeconfig answers now. */
export async function doesAnswer(host: Host, kubeconfig: string): Promise<boolean> {
  if (!(await host.exists(kubeconfig))) return false;
  try {
    const client = await host.connect(kubeconfig);
    const { status } = await client.raw(
      { method: 'GET', path: '/healthz' },
      { signal: host.signal, timeoutMs: 10_000 },
    );
    return status === 200;
  } catch {
    host.signal.throwIfAborted();
    return false;
  }
}
