// The provider of acme-ccm.ts: forwards every question to a CloudServer.
import type {
  CloudProvider,
  InstanceFinding,
  LoadBalancerPlan,
  LoadBalancerResult,
  OrphanedBalancer,
  RemovalResult,
  Route,
} from '../provider.ts';

/** `ACME_PARTS` lists what this cloud supports; all three when absent. */
export function acmeProvider(env: Readonly<Record<string, string | undefined>>): CloudProvider {
  const parts = new Set((env['ACME_PARTS'] ?? 'instances,loadBalancers,routes').split(','));
  const ask = async (call: string, question: object, signal: AbortSignal): Promise<unknown> => {
    const headers = { 'X-Replica': env['ACME_REPLICA'] ?? '' };
    const answer = await fetch(`${env['ACME_URL'] ?? ''}/${call}`, {
      method: 'POST',
      headers,
      body: JSON.stringify(question),
      signal,
    });
    if (!answer.ok) throw new Error(`${call}: ${await answer.text()}`);
    return answer.json();
  };
  return {
    name: 'acme',
    ping: async (signal) => void (await ask('ping', {}, signal)),
    ...(env['ACME_CLUSTER_ID'] === 'missing' ? { hasClusterId: false } : {}),
    ...(parts.has('instances') && {
      instances: {
        lookup: async (nodes, signal) =>
          new Map((await ask('lookup', { nodes }, signal)) as [string, InstanceFinding][]),
      },
    }),
    ...(parts.has('loadBalancers') && {
      loadBalancers: {
        ensure: async (service, nodes, signal) =>
          (await ask('ensure', { service, nodes }, signal)) as LoadBalancerResult,
        remove: async (service, signal) => (await ask('remove', { service }, signal)) as RemovalResult,
        plan: async (service, nodes, signal) => (await ask('plan', { service, nodes }, signal)) as LoadBalancerPlan,
        problems: () => [],
        orphans: async (services, signal) =>
          (await ask('orphans', { services }, signal)) as readonly OrphanedBalancer[],
      },
    }),
    ...(parts.has('routes') && {
      routes: {
        list: async (_name, signal) => (await ask('routes', {}, signal)) as readonly Route[],
        create: async () => {},
        remove: async () => {},
      },
    }),
  };
}
