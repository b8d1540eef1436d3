// Routes of the load balancer service: balancers with ports, pools with origins, and ports that name pools. Assumed, because no source
// says it: the keys of lists, statuses of success (202 for what changes, 200 for what reads), and what is refused.
import type { Clock } from '@longshore/reconciler-core';
import type { SimAnswer, SimRequest, SimRoute } from '../../exchange.ts';
import { withEntry, withoutEntry } from '../../world-store.ts';
import type { WorldStore } from '../../world-store.ts';
import { notFound, unprocessable } from '../answers.ts';
import { viewBalancer, viewOrigin, viewPool, viewPort } from './emlb-view.ts';
import { EMLB_LOCATIONS, EMLB_PROVIDER_ID } from './emlb-world.ts';
import type { BalancerPortRecord, BalancerRecord, EmlbWorld, OriginRecord, PoolRecord } from './emlb-world.ts';

/** What the routes share. */
export interface EmlbContext {
  readonly store: WorldStore<EmlbWorld>;
  readonly clock: Clock;
  readonly timeToActiveMs: number;
}

/** The routes of the API. */
export function emlbRoutes(context: EmlbContext): readonly SimRoute[] {
  return [...balancerRoutes(context), ...portRoutes(context), ...poolRoutes(context), ...originRoutes(context)];
}

function balancerRoutes(context: EmlbContext): readonly SimRoute[] {
  const one = '/v1/loadbalancers/{id}';
  const all = '/v1/projects/{project}/loadbalancers';
  const { store } = context;
  const nowMs = (): number => context.clock.monotonicMs();
  return [
    {
      method: 'GET',
      template: all,
      answer: (request) => {
        const world = seen(context, request);
        const mine = [...world.balancers.values()].filter(({ projectId }) => projectId === request.params['project']);
        return { status: 200, body: { loadbalancers: mine.map((record) => viewBalancer(world, record, nowMs())) } };
      },
    },
    { method: 'POST', template: all, answer: (request) => createBalancer(context, request) },
    {
      method: 'GET',
      template: one,
      answer: (request) => {
        const world = seen(context, request);
        return on(world.balancers, request, (record) => ({ status: 200, body: viewBalancer(world, record, nowMs()) }));
      },
    },
    {
      method: 'PATCH',
      template: one,
      answer: (request) =>
        on(store.current.balancers, request, (record) => {
          const { name = record.name } = bodyOf<{ readonly name?: string }>(request);
          const changed = { ...record, name, updatedAt: dateOf(context) };
          store.commit({ balancers: withEntry(store.current.balancers, record.id, changed) });
          return accepted(record.id);
        }),
    },
    {
      method: 'DELETE',
      template: one,
      answer: (request) =>
        on(store.current.balancers, request, ({ id }) => {
          const ports = new Map([...store.current.ports].filter(([, port]) => port.balancerId !== id));
          store.commit({ balancers: withoutEntry(store.current.balancers, id), ports });
          return accepted(id);
        }),
    },
  ];
}

function createBalancer(context: EmlbContext, request: SimRequest): SimAnswer {
  const { store, clock } = context;
  const body = bodyOf<{ readonly name?: string; readonly location_id?: string; readonly provider_id?: string }>(
    request,
  );
  const { name = '', location_id: locationId = '', provider_id: providerId } = body;
  if (!Object.values(EMLB_LOCATIONS).includes(locationId)) return unprocessable('location_id is not valid');
  if (providerId !== EMLB_PROVIDER_ID) return unprocessable('provider_id is not valid');
  const number = store.newNumber();
  const now = dateOf(context);
  const made: BalancerRecord = {
    id: idOf('loadbal', number),
    projectId: request.params['project'] ?? '',
    name,
    locationId,
    createdAt: now,
    updatedAt: now,
    readyAtMs: clock.monotonicMs() + context.timeToActiveMs,
    ips: [`198.19.254.${number & 255}`],
  };
  store.commit({ balancers: withEntry(store.current.balancers, made.id, made) });
  return accepted(made.id);
}

interface PortBody {
  readonly name?: string;
  readonly number?: number;
  readonly pool_ids?: readonly string[];
  readonly add_pool_ids?: readonly string[];
  readonly remove_pool_ids?: readonly string[];
}

function portRoutes(context: EmlbContext): readonly SimRoute[] {
  const all = '/v1/loadbalancers/{id}/ports';
  const { store } = context;
  const portsOf = (world: EmlbWorld, id: string): readonly BalancerPortRecord[] =>
    [...world.ports.values()].filter(({ balancerId }) => balancerId === id);
  return [
    {
      method: 'GET',
      template: all,
      answer: (request) => {
        const world = seen(context, request);
        return on(world.balancers, request, ({ id }) => ({
          status: 200,
          body: { ports: portsOf(world, id).map(viewPort) },
        }));
      },
    },
    {
      method: 'POST',
      template: all,
      answer: (request) =>
        on(store.current.balancers, request, ({ id: balancerId }) => {
          const { name = '', number = 0, pool_ids: poolIds = [] } = bodyOf<PortBody>(request);
          if (!isPort(number)) return unprocessable('number is not a port');
          if (portsOf(store.current, balancerId).some((port) => port.number === number)) {
            return unprocessable(`port ${number} is already there`);
          }
          return putPort(context, { id: idOf('loadprt', store.newNumber()), balancerId, name, number, poolIds });
        }),
    },
    {
      method: 'GET',
      template: `${all}/{number}`,
      answer: (request) => {
        const world = seen(context, request);
        const ports = portsOf(world, request.params['id'] ?? '');
        const port = ports.find(({ number }) => String(number) === request.params['number']);
        return port === undefined ? notFound : { status: 200, body: viewPort(port) };
      },
    },
    ...onePortRoutes(context),
  ];
}

function onePortRoutes(context: EmlbContext): readonly SimRoute[] {
  const { store } = context;
  return [
    {
      method: 'PATCH',
      template: '/v1/loadbalancers/ports/{id}',
      answer: (request) =>
        on(store.current.ports, request, (port) => {
          const body = bodyOf<PortBody>(request);
          const {
            name = port.name,
            number = port.number,
            add_pool_ids: added = [],
            remove_pool_ids: removed = [],
          } = body;
          const left = port.poolIds.filter((id) => !removed.includes(id));
          return putPort(context, { ...port, name, number, poolIds: [...new Set([...left, ...added])] });
        }),
    },
    {
      method: 'DELETE',
      template: '/v1/loadbalancers/ports/{id}',
      answer: (request) =>
        on(store.current.ports, request, ({ id }) => {
          store.commit({ ports: withoutEntry(store.current.ports, id) });
          return accepted(id);
        }),
    },
  ];
}

function putPort({ store }: EmlbContext, port: BalancerPortRecord): SimAnswer {
  const unknown = port.poolIds.filter((id) => !store.current.pools.has(id));
  if (unknown.length > 0) return unprocessable(`pool ${unknown.join(', ')} does not exist`);
  store.commit({ ports: withEntry(store.current.ports, port.id, port) });
  return accepted(port.id);
}

interface PoolBody {
  readonly name?: string;
  readonly protocol?: string;
}

function poolRoutes(context: EmlbContext): readonly SimRoute[] {
  const all = '/v1/projects/{project}/loadbalancers/pools';
  const one = '/v1/loadbalancers/pools/{id}';
  const { store } = context;
  const put = (pool: Omit<PoolRecord, 'protocol'>, protocol: string): SimAnswer => {
    if (protocol !== 'tcp' && protocol !== 'udp') return unprocessable('protocol is not tcp or udp');
    store.commit({ pools: withEntry(store.current.pools, pool.id, { ...pool, protocol }) });
    return accepted(pool.id);
  };
  return [
    {
      method: 'GET',
      template: all,
      answer: (request) => {
        const world = seen(context, request);
        const mine = [...world.pools.values()].filter(({ projectId }) => projectId === request.params['project']);
        return { status: 200, body: { pools: mine.map((pool) => viewPool(world, pool)) } };
      },
    },
    {
      method: 'POST',
      template: all,
      answer: (request) => {
        const { name = '', protocol = '' } = bodyOf<PoolBody>(request);
        const id = idOf('loadpol', store.newNumber());
        return put({ id, projectId: request.params['project'] ?? '', name }, protocol);
      },
    },
    {
      method: 'GET',
      template: one,
      answer: (request) => {
        const world = seen(context, request);
        return on(world.pools, request, (pool) => ({ status: 200, body: viewPool(world, pool) }));
      },
    },
    {
      method: 'PATCH',
      template: one,
      answer: (request) =>
        on(store.current.pools, request, (pool) => {
          const { name = pool.name, protocol = pool.protocol } = bodyOf<PoolBody>(request);
          return put({ ...pool, name }, protocol);
        }),
    },
    {
      method: 'DELETE',
      template: one,
      answer: (request) => on(store.current.pools, request, ({ id }) => removePool(context, id)),
    },
  ];
}

function removePool({ store }: EmlbContext, id: string): SimAnswer {
  const { pools, ports, origins } = store.current;
  const without = (port: BalancerPortRecord): BalancerPortRecord => ({
    ...port,
    poolIds: port.poolIds.filter((other) => other !== id),
  });
  store.commit({
    pools: withoutEntry(pools, id),
    ports: new Map([...ports].map(([key, port]) => [key, without(port)])),
    origins: new Map([...origins].filter(([, { poolId }]) => poolId !== id)),
  });
  return accepted(id);
}

interface OriginBody {
  readonly name?: string;
  readonly target?: string;
  /** Text in one client, a number in another. */
  readonly port_number?: number | string;
  readonly active?: boolean;
}

function originRoutes(context: EmlbContext): readonly SimRoute[] {
  const all = '/v1/loadbalancers/pools/{id}/origins';
  const { store } = context;
  return [
    {
      method: 'GET',
      template: all,
      answer: (request) => {
        const world = seen(context, request);
        return on(world.pools, request, ({ id }) => {
          const mine = [...world.origins.values()].filter(({ poolId }) => poolId === id);
          return { status: 200, body: { origins: mine.map(viewOrigin) } };
        });
      },
    },
    {
      method: 'POST',
      template: all,
      answer: (request) =>
        on(store.current.pools, request, ({ id: poolId }) => {
          const { name = '', target = '', port_number: port, active = true } = bodyOf<OriginBody>(request);
          const id = idOf('loadogn', store.newNumber());
          return putOrigin(context, { id, poolId, name, target, portNumber: Number(port), isActive: active });
        }),
    },
    ...oneOriginRoutes(context),
  ];
}

function putOrigin({ store }: EmlbContext, origin: OriginRecord): SimAnswer {
  if (!isPort(origin.portNumber)) return unprocessable('port_number is not a port');
  if (origin.target === '') return unprocessable('target is missing');
  store.commit({ origins: withEntry(store.current.origins, origin.id, origin) });
  return accepted(origin.id);
}

function oneOriginRoutes(context: EmlbContext): readonly SimRoute[] {
  const one = '/v1/loadbalancers/pools/origins/{id}';
  const { store } = context;
  return [
    {
      method: 'GET',
      template: one,
      answer: (request) =>
        on(seen(context, request).origins, request, (origin) => ({ status: 200, body: viewOrigin(origin) })),
    },
    {
      method: 'PATCH',
      template: one,
      answer: (request) =>
        on(store.current.origins, request, (origin) => {
          const body = bodyOf<OriginBody>(request);
          const { name = origin.name, target = origin.target, active = origin.isActive } = body;
          return putOrigin(context, {
            ...origin,
            name,
            target,
            isActive: active,
            portNumber: Number(body.port_number ?? origin.portNumber),
          });
        }),
    },
    {
      method: 'DELETE',
      template: one,
      answer: (request) =>
        on(store.current.origins, request, ({ id }) => {
          store.commit({ origins: withoutEntry(store.current.origins, id) });
          return accepted(id);
        }),
    },
  ];
}

function seen({ store }: EmlbContext, request: SimRequest): EmlbWorld {
  return request.isStale ? store.previous : store.current;
}

function on<T>(records: ReadonlyMap<string, T>, request: SimRequest, work: (record: T) => SimAnswer): SimAnswer {
  const record = records.get(request.params['id'] ?? '');
  return record === undefined ? notFound : work(record);
}

function bodyOf<T extends object>(request: SimRequest): T {
  return (request.body ?? {}) as T;
}

function accepted(id: string): SimAnswer {
  return { status: 202, body: { id, message: '', status: 202, version: '' } };
}

function idOf(prefix: string, number: number): string {
  return `${prefix}-simulated${String(number).padStart(12, '0')}`;
}

function isPort(number: number): boolean {
  return Number.isInteger(number) && number >= 1 && number <= 65_535;
}

function dateOf({ clock }: EmlbContext): string {
  return new Date(clock.nowMs()).toISOString();
}
