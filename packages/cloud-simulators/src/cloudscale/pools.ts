// Routes of pools and their members.
import { isIP } from 'node:net';
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { canonical, isInside } from './addresses.ts';
import { fieldError, notFound } from './answers.ts';
import { exists, expectOneOf, firstOf, notBlank, port, required } from './checks.ts';
import { isoNow } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { withoutPools } from './life.ts';
import { takePartTurn } from './load-balancers.ts';
import { resourceRoutes } from './resource.ts';
import { viewMember, viewPool } from './views.ts';
import type { WireCloudscaleTags } from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';
import type { MemberRecord, PoolRecord } from './world.ts';

const ALGORITHMS = ['round_robin', 'least_connections', 'source_ip'];
const PROTOCOLS = ['tcp', 'proxy', 'proxyv2', 'udp'];

interface PoolBody {
  readonly name?: string;
  readonly load_balancer?: string;
  readonly algorithm?: string;
  readonly protocol?: string;
  readonly tags?: WireCloudscaleTags;
}

interface MemberBody {
  readonly name?: string;
  readonly enabled?: boolean;
  readonly protocol_port?: number;
  readonly monitor_port?: number | null;
  readonly address?: string;
  readonly subnet?: string;
  readonly tags?: WireCloudscaleTags;
}

/** The routes of pools. */
export function poolRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  return resourceRoutes<PoolRecord>(context, {
    path: '/v1/load-balancers/pools',
    all: (world) => world.pools.values(),
    one: (world, request) => world.pools.get(request.params['uuid'] ?? ''),
    view: viewPool,
    create: (request) => createPool(context, request.body as PoolBody),
    patch: (record, request) => {
      const { name = record.name, tags = record.tags } = request.body as PoolBody;
      const refusal = notBlank('name', name);
      if (refusal !== undefined) return refusal;
      store.commit({ pools: withEntry(store.current.pools, record.uuid, { ...record, name, tags }) });
      return undefined;
    },
    remove: (record) => {
      store.commit(withoutPools(store.current, new Set([record.uuid])));
      return undefined;
    },
    inTurn: (record, request, work) => {
      const uuid = record?.loadBalancerUuid ?? (request.body as PoolBody | undefined)?.load_balancer;
      return takePartTurn(context, uuid, request, work);
    },
  });
}

function createPool({ store, clock }: CloudscaleContext, body: PoolBody): PoolRecord | SimAnswer {
  const refusal = firstOf(
    () => required(body, ['name', 'load_balancer', 'algorithm', 'protocol']),
    () => notBlank('name', body.name),
    () => exists('load_balancer', body.load_balancer, store.current.loadBalancers),
    () => expectOneOf('algorithm', body.algorithm, ALGORITHMS),
    () => expectOneOf('protocol', body.protocol, PROTOCOLS),
  );
  if (refusal !== undefined) return refusal;
  const record: PoolRecord = {
    uuid: store.newUuid(),
    tags: body.tags ?? {},
    createdAt: isoNow(clock),
    name: body.name ?? '',
    loadBalancerUuid: body.load_balancer ?? '',
    algorithm: body.algorithm ?? '',
    protocol: body.protocol ?? '',
  };
  store.commit({ pools: withEntry(store.current.pools, record.uuid, record) });
  return record;
}

/** The routes of members. */
export function memberRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  const poolOf = ({ params }: SimRequest): PoolRecord | undefined => store.current.pools.get(params['pool'] ?? '');
  const ofPool = (request: SimRequest) => (member: MemberRecord) => member.poolUuid === request.params['pool'];
  const routes = resourceRoutes<MemberRecord>(context, {
    path: '/v1/load-balancers/pools/{pool}/members',
    all: (world, request) => [...world.members.values()].filter(ofPool(request)),
    one: (world, request) => {
      const member = world.members.get(request.params['uuid'] ?? '');
      return member !== undefined && ofPool(request)(member) ? member : undefined;
    },
    view: viewMember,
    create: (request) => createMember(context, poolOf(request), request.body as MemberBody),
    patch: (record, request) => {
      const { name = record.name, enabled = record.enabled, tags = record.tags } = request.body as MemberBody;
      const refusal = notBlank('name', name);
      if (refusal !== undefined) return refusal;
      store.commit({ members: withEntry(store.current.members, record.uuid, { ...record, name, enabled, tags }) });
      return undefined;
    },
    remove: (record) => removeMember(context, record),
    inTurn: (_record, request, work) => takePartTurn(context, poolOf(request)?.loadBalancerUuid, request, work),
  });
  // A list of a pool that is not there is a 404, not an empty list.
  return routes.map((route) =>
    route.method === 'GET' && route.isList === true
      ? { ...route, answer: (request) => (poolOf(request) === undefined ? notFound : route.answer(request)) }
      : route,
  );
}

function createMember(
  context: CloudscaleContext,
  pool: PoolRecord | undefined,
  body: MemberBody,
): MemberRecord | SimAnswer {
  if (pool === undefined) return notFound;
  const { store, settings } = context;
  const refusal = firstOf(
    () => required(body, ['name', 'protocol_port', 'address', 'subnet']),
    () => notBlank('name', body.name),
    () => port('protocol_port', body.protocol_port),
    () => port('monitor_port', body.monitor_port),
    () => exists('subnet', body.subnet, store.current.subnets),
    () => addressProblem(context, body),
  );
  if (refusal !== undefined) return refusal;
  const address = canonical(body.address ?? '');
  const isTaken = [...store.current.members.values()].some(
    (other) => other.poolUuid === pool.uuid && other.address === address && other.protocolPort === body.protocol_port,
  );
  if (isTaken && settings.uniqueness === 'on') {
    return fieldError('address', `A member with address ${address} and port ${body.protocol_port} already exists.`);
  }
  return addMember(context, pool, body);
}

/** Puts a member into a pool, without asking whether it may be there. */
export function addMember(
  { store, clock, settings }: CloudscaleContext,
  pool: PoolRecord,
  body: MemberBody,
): MemberRecord {
  const record: MemberRecord = {
    uuid: store.newUuid(),
    tags: body.tags ?? {},
    createdAt: isoNow(clock),
    name: body.name ?? '',
    poolUuid: pool.uuid,
    enabled: body.enabled ?? true,
    protocolPort: body.protocol_port ?? 0,
    monitorPort: body.monitor_port ?? null,
    address: canonical(body.address ?? ''),
    subnetUuid: body.subnet ?? '',
    settledAtMs: clock.monotonicMs() + settings.dataPlaneMs,
  };
  store.commit({ members: withEntry(store.current.members, record.uuid, record) });
  return record;
}

function addressProblem(
  { store }: CloudscaleContext,
  { address = '', subnet = '' }: MemberBody,
): SimAnswer | undefined {
  const { cidr = '' } = store.current.subnets.get(subnet) ?? {};
  if (isIP(address) !== 0 && isInside(address, cidr)) return undefined;
  return fieldError('address', `"${address}" is not a valid IP for the specified subnet.`);
}

function removeMember({ store, writes }: CloudscaleContext, record: MemberRecord): undefined {
  store.commit({ members: withoutEntry(store.current.members, record.uuid) });
  const isLast = ![...store.current.members.values()].some(({ poolUuid }) => poolUuid === record.poolUuid);
  if (isLast) writes.emptiedPools.push(record.poolUuid);
  return undefined;
}
