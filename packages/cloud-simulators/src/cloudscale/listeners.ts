// Routes of listeners.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { fieldError } from './answers.ts';
import { atLeast, cidrs, exists, expectOneOf, firstOf, notBlank, port, required } from './checks.ts';
import { isoNow } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { takePartTurn } from './load-balancers.ts';
import { resourceRoutes } from './resource.ts';
import { viewListener } from './views.ts';
import type { WireCloudscaleTags } from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';
import type { ListenerRecord } from './world.ts';

interface Body {
  readonly name?: string;
  readonly pool?: string;
  readonly protocol?: string;
  readonly protocol_port?: number;
  readonly allowed_cidrs?: readonly string[];
  readonly timeout_client_data_ms?: number;
  readonly timeout_member_connect_ms?: number;
  readonly timeout_member_data_ms?: number;
  readonly tags?: WireCloudscaleTags;
}

const TIMEOUTS = ['timeout_client_data_ms', 'timeout_member_connect_ms', 'timeout_member_data_ms'] as const;

/** The routes. */
export function listenerRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  const balancerOf = (record: ListenerRecord | undefined, { body }: SimRequest): string | undefined =>
    store.current.pools.get(record?.poolUuid ?? (body as Body | undefined)?.pool ?? '')?.loadBalancerUuid;
  return resourceRoutes<ListenerRecord>(context, {
    path: '/v1/load-balancers/listeners',
    all: (world) => world.listeners.values(),
    one: (world, request) => world.listeners.get(request.params['uuid'] ?? ''),
    view: viewListener,
    create: (request) => create(context, request.body as Body),
    patch: (record, request) => {
      const body = request.body as Body;
      const changed = changedBy(record, body);
      const refusal = problemOf(context, body, changed);
      if (refusal === undefined) store.commit({ listeners: withEntry(store.current.listeners, record.uuid, changed) });
      return refusal;
    },
    remove: (record) => {
      store.commit({ listeners: withoutEntry(store.current.listeners, record.uuid) });
      return undefined;
    },
    inTurn: (record, request, work) => takePartTurn(context, balancerOf(record, request), request, work),
  });
}

function create(context: CloudscaleContext, body: Body): ListenerRecord | SimAnswer {
  const { store, clock } = context;
  const refusal = firstOf(
    () => required(body, ['name', 'pool', 'protocol', 'protocol_port']),
    () => exists('pool', body.pool, store.current.pools),
  );
  if (refusal !== undefined) return refusal;
  const basics = { uuid: store.newUuid(), createdAt: isoNow(clock), poolUuid: body.pool ?? '' };
  const record = changedBy({ ...DEFAULTS, ...basics }, body);
  const problem = problemOf(context, body, record);
  if (problem === undefined) store.commit({ listeners: withEntry(store.current.listeners, record.uuid, record) });
  return problem ?? record;
}

const DEFAULTS = {
  name: '',
  tags: {},
  protocol: '',
  protocolPort: 0,
  allowedCidrs: [],
  timeoutClientDataMs: 50_000,
  timeoutMemberConnectMs: 5_000,
  timeoutMemberDataMs: 50_000,
};

function changedBy(record: ListenerRecord, body: Body): ListenerRecord {
  return {
    ...record,
    name: body.name ?? record.name,
    tags: body.tags ?? record.tags,
    protocol: body.protocol ?? record.protocol,
    protocolPort: body.protocol_port ?? record.protocolPort,
    allowedCidrs: body.allowed_cidrs ?? record.allowedCidrs,
    timeoutClientDataMs: body.timeout_client_data_ms ?? record.timeoutClientDataMs,
    timeoutMemberConnectMs: body.timeout_member_connect_ms ?? record.timeoutMemberConnectMs,
    timeoutMemberDataMs: body.timeout_member_data_ms ?? record.timeoutMemberDataMs,
  };
}

function problemOf(context: CloudscaleContext, body: Body, record: ListenerRecord): SimAnswer | undefined {
  return firstOf(
    () => notBlank('name', body.name),
    () => expectOneOf('protocol', body.protocol, ['tcp', 'udp']),
    () => port('protocol_port', body.protocol_port),
    () => cidrs('allowed_cidrs', body.allowed_cidrs),
    ...TIMEOUTS.map((field) => () => atLeast(field, body[field], 0)),
    () => portProblem(context, record),
  );
}

function portProblem({ store, settings }: CloudscaleContext, record: ListenerRecord): SimAnswer | undefined {
  const { pools, listeners } = store.current;
  const balancerOf = (poolUuid: string): string | undefined => pools.get(poolUuid)?.loadBalancerUuid;
  const isTaken = [...listeners.values()].some(
    (other) =>
      other.uuid !== record.uuid &&
      balancerOf(other.poolUuid) === balancerOf(record.poolUuid) &&
      other.protocol === record.protocol &&
      other.protocolPort === record.protocolPort,
  );
  if (!isTaken || settings.uniqueness === 'off') return undefined;
  return fieldError('protocol_port', `A listener for ${record.protocol} port ${record.protocolPort} already exists.`);
}
