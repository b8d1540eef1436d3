// Routes of health monitors. A PATCH of `http` is merged: what it does not name stays.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { fieldError } from './answers.ts';
import { atLeast, exists, expectOneOf, firstOf, required } from './checks.ts';
import { isoNow } from './context.ts';
import type { CloudscaleContext, CloudscaleRoute } from './context.ts';
import { takePartTurn } from './load-balancers.ts';
import { resourceRoutes } from './resource.ts';
import { viewMonitor } from './views.ts';
import type { WireCloudscaleMonitorHttp, WireCloudscaleTags } from './wire.ts';
import { withEntry, withoutEntry } from './world.ts';
import type { MonitorRecord } from './world.ts';

interface Body {
  readonly pool?: string;
  readonly type?: string;
  readonly delay_s?: number;
  readonly timeout_s?: number;
  readonly up_threshold?: number;
  readonly down_threshold?: number;
  readonly http?: Partial<WireCloudscaleMonitorHttp>;
  readonly tags?: WireCloudscaleTags;
}

const TYPES = ['ping', 'tcp', 'http', 'https', 'tls-hello', 'udp-connect'];
const METHODS = ['CONNECT', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'PATCH', 'POST', 'PUT', 'TRACE'];
const NUMBERS = ['delay_s', 'timeout_s', 'up_threshold', 'down_threshold'] as const;
const HTTP_DEFAULTS: WireCloudscaleMonitorHttp = {
  expected_codes: ['200'],
  method: 'GET',
  url_path: '/',
  version: '1.1',
  host: null,
};

/** The routes. */
export function healthMonitorRoutes(context: CloudscaleContext): readonly CloudscaleRoute[] {
  const { store } = context;
  const balancerOf = (record: MonitorRecord | undefined, { body }: SimRequest): string | undefined =>
    store.current.pools.get(record?.poolUuid ?? (body as Body | undefined)?.pool ?? '')?.loadBalancerUuid;
  return resourceRoutes<MonitorRecord>(context, {
    path: '/v1/load-balancers/health-monitors',
    all: (world) => world.monitors.values(),
    one: (world, request) => world.monitors.get(request.params['uuid'] ?? ''),
    view: viewMonitor,
    create: (request) => create(context, request.body as Body),
    patch: (record, request) => patch(context, record, request.body as Body),
    remove: (record) => {
      store.commit({ monitors: withoutEntry(store.current.monitors, record.uuid) });
      return undefined;
    },
    inTurn: (record, request, work) => takePartTurn(context, balancerOf(record, request), request, work),
  });
}

function create(context: CloudscaleContext, body: Body): MonitorRecord | SimAnswer {
  const { store, clock, settings } = context;
  const refusal = firstOf(
    () => required(body, ['pool', 'type']),
    () => exists('pool', body.pool, store.current.pools),
    () => expectOneOf('type', body.type, TYPES),
    () => problemOf(body, body.type ?? ''),
  );
  if (refusal !== undefined) return refusal;
  const hasOne = [...store.current.monitors.values()].some(({ poolUuid }) => poolUuid === body.pool);
  if (hasOne && settings.uniqueness === 'on') return fieldError('pool', 'This pool already has a health monitor.');
  const { pool: poolUuid = '', type = '' } = body;
  // `"http": {}` is sent for every type, and means nothing for those that ask nothing.
  const http = isHttp(type) ? { ...HTTP_DEFAULTS, ...body.http } : null;
  const basics = { uuid: store.newUuid(), createdAt: isoNow(clock), poolUuid, type };
  const record = changedBy({ ...DEFAULTS, ...basics, http }, body, http);
  store.commit({ monitors: withEntry(store.current.monitors, record.uuid, record) });
  return record;
}

const DEFAULTS = { tags: {}, delayS: 2, timeoutS: 1, upThreshold: 2, downThreshold: 3 };

function changedBy(record: MonitorRecord, body: Body, http: MonitorRecord['http']): MonitorRecord {
  return {
    ...record,
    tags: body.tags ?? record.tags,
    delayS: body.delay_s ?? record.delayS,
    timeoutS: body.timeout_s ?? record.timeoutS,
    upThreshold: body.up_threshold ?? record.upThreshold,
    downThreshold: body.down_threshold ?? record.downThreshold,
    http,
  };
}

function patch({ store }: CloudscaleContext, record: MonitorRecord, body: Body): SimAnswer | undefined {
  const http = record.http === null ? null : { ...record.http, ...body.http };
  if (http !== null && http.version !== record.http?.version) {
    return fieldError('http', 'The version cannot be changed.');
  }
  const refusal = problemOf({ ...body, ...(body.http && http ? { http } : {}) }, record.type);
  if (refusal !== undefined) return refusal;
  store.commit({ monitors: withEntry(store.current.monitors, record.uuid, changedBy(record, body, http)) });
  return undefined;
}

function problemOf(body: Body, type: string): SimAnswer | undefined {
  const { http = {} } = body;
  // Octavia's minimum, with which all known users of this type go.
  const leastDelay = type === 'udp-connect' ? 3 : 1;
  return firstOf(
    ...NUMBERS.map((field) => () => atLeast(field, body[field], field === 'delay_s' ? leastDelay : 1)),
    () => (isHttp(type) ? httpProblem(http) : plainProblem(http, type)),
  );
}

function plainProblem(http: object, type: string): SimAnswer | undefined {
  return Object.keys(http).length === 0
    ? undefined
    : fieldError('http', `HTTP options can not be used with a health monitor of type ${type}.`);
}

function httpProblem(http: Partial<WireCloudscaleMonitorHttp>): SimAnswer | undefined {
  const { version = '1.1', host = null, expected_codes: codes = ['200'], url_path: path = '/' } = http;
  const areCodesFine = codes.length > 0 && codes.every((code) => /^\d{3}(-\d{3})?$/.test(code));
  return firstOf(
    () => expectOneOf('http', http.method, METHODS),
    () => expectOneOf('http', version, ['1.0', '1.1']),
    () => (version === '1.0' && host !== null ? fieldError('http', HOST_PROBLEM) : undefined),
    () => (areCodesFine ? undefined : fieldError('http', 'Expected codes must be HTTP status codes or one range.')),
    () => (path.startsWith('/') ? undefined : fieldError('http', 'The url_path must start with a slash.')),
  );
}

const HOST_PROBLEM = 'The host argument can not be used with HTTP version 1.0.';

function isHttp(type: string): boolean {
  return type === 'http' || type === 'https';
}
