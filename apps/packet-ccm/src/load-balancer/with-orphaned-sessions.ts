// Load balancers on elastic IPs whose orphans are BGP sessions, too. Everything else is passed on.
import type { LoadBalancers } from '@longshore/cloud-provider';
import type { SessionOrphans } from '../bgp/session-orphans.ts';

type WithOrphans = LoadBalancers & Required<Pick<LoadBalancers, 'orphans' | 'removeOrphan'>>;

/** The same load balancers with more orphans. `sessions` is there once this process leads. */
export function withOrphanedSessions(inner: WithOrphans, sessions: () => SessionOrphans | undefined): LoadBalancers {
  return {
    ensure: (service, nodes, signal) => inner.ensure(service, nodes, signal),
    remove: (service, signal) => inner.remove(service, signal),
    plan: (service, nodes, signal) => inner.plan(service, nodes, signal),
    problems: (service) => inner.problems(service),
    isDisowned: (service) => inner.isDisowned?.(service) ?? false,
    ...(inner.ownAnnotations ? { ownAnnotations: inner.ownAnnotations } : {}),
    async orphans(services, signal) {
      // Sessions first: what announces an address has to end before the address is given back.
      const first = (await sessions()?.list(signal)) ?? [];
      return [...first, ...(await inner.orphans(services, signal))];
    },
    removeOrphan(orphan, services, signal) {
      const own = sessions();
      return own?.owns(orphan) ? own.remove(orphan, signal) : inner.removeOrphan(orphan, services, signal);
    },
  };
}
