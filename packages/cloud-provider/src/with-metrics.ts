// Counts and times the calls of the controllers to a provider (I25), under names that are the same for all providers. What happens inside
// a call (requests to the cloud's API) is counted by cloud-http.
import type { Clock, Metrics } from '@longshore/reconciler-core';
import type { CloudProvider, Instances, LoadBalancers, Routes } from './provider.ts';

const BUCKETS_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

type Measure = <T>(call: string, work: () => Promise<T>) => Promise<T>;

/** The provider with every call counted by name and result and timed. */
export function withMetrics(
  provider: CloudProvider,
  { metrics, clock }: { readonly metrics: Metrics; readonly clock: Clock },
): CloudProvider {
  const measure = measureInto(metrics, clock);
  const { instances, loadBalancers, routes } = provider;
  return {
    ...traitsOf(provider),
    ...(instances ? { instances: measuredInstances(instances, measure) } : {}),
    ...(loadBalancers ? { loadBalancers: measuredLoadBalancers(loadBalancers, measure) } : {}),
    ...(routes ? { routes: measuredRoutes(routes, measure) } : {}),
    ...(provider.warmUp ? { warmUp: (signal) => measure('warmUp', async () => provider.warmUp?.(signal)) } : {}),
    ...(provider.start ? { start: (context) => provider.start?.(context) ?? Promise.resolve() } : {}),
    ...(provider.otherPlans
      ? {
          otherPlans: (...args) => measure('otherPlans', async () => (await provider.otherPlans?.(...args)) ?? []),
        }
      : {}),
    ...(provider.ping ? { ping: (signal) => measure('ping', async () => provider.ping?.(signal)) } : {}),
  };
}

function traitsOf({ name, providerIdSchemes, hasClusterId, serviceRights }: CloudProvider): CloudProvider {
  return {
    name,
    ...(providerIdSchemes ? { providerIdSchemes } : {}),
    ...(hasClusterId === undefined ? {} : { hasClusterId }),
    ...(serviceRights ? { serviceRights } : {}),
  };
}

function measureInto(metrics: Metrics, clock: Clock): Measure {
  const calls = metrics.counter({
    name: 'cloud_provider_calls_total',
    help: 'Calls of the controllers to the cloud provider, by call and result (success, error).',
    labels: ['call', 'result'],
  });
  const durations = metrics.histogram({
    name: 'cloud_provider_call_duration_seconds',
    help: 'Duration of the calls of the controllers to the cloud provider.',
    labels: ['call'],
    buckets: BUCKETS_SECONDS,
  });
  return async (call, work) => {
    const startedMs = clock.monotonicMs();
    try {
      const answer = await work();
      calls.inc({ call, result: 'success' });
      return answer;
    } catch (error) {
      calls.inc({ call, result: 'error' });
      throw error;
    } finally {
      durations.observe((clock.monotonicMs() - startedMs) / 1000, { call });
    }
  };
}

function measuredInstances(instances: Instances, measure: Measure): Instances {
  return { lookup: (nodes, signal) => measure('instances.lookup', () => instances.lookup(nodes, signal)) };
}

function measuredLoadBalancers(balancers: LoadBalancers, measure: Measure): LoadBalancers {
  return {
    ensure: (...args) => measure('loadBalancers.ensure', () => balancers.ensure(...args)),
    remove: (...args) => measure('loadBalancers.remove', () => balancers.remove(...args)),
    plan: (...args) => measure('loadBalancers.plan', () => balancers.plan(...args)),
    problems: (service) => balancers.problems(service),
    ...(balancers.ownAnnotations ? { ownAnnotations: balancers.ownAnnotations } : {}),
    ...(balancers.isDisowned ? { isDisowned: (service) => balancers.isDisowned?.(service) ?? false } : {}),
    ...(balancers.orphans
      ? {
          orphans: (...args) =>
            measure('loadBalancers.orphans', async () => (await balancers.orphans?.(...args)) ?? []),
        }
      : {}),
    ...withRemoval(balancers.removeOrphan?.bind(balancers), measure),
  };
}

function withRemoval(
  removeOrphan: LoadBalancers['removeOrphan'],
  measure: Measure,
): Pick<LoadBalancers, 'removeOrphan'> {
  if (!removeOrphan) return {};
  return { removeOrphan: (...args) => measure('loadBalancers.removeOrphan', () => removeOrphan(...args)) };
}

function measuredRoutes(routes: Routes, measure: Measure): Routes {
  return {
    list: (...args) => measure('routes.list', () => routes.list(...args)),
    create: (...args) => measure('routes.create', () => routes.create(...args)),
    remove: (...args) => measure('routes.remove', () => routes.remove(...args)),
  };
}
