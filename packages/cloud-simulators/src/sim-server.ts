// Serves the routes of one simulated cloud over HTTP: arrival, fault, guard (token, quota, schema), work, latency, answer. The work is
// done at arrival; only the answer is late. Time is the injected clock's, so with a FakeClock answers wait for the test.
import type { AddressInfo } from 'node:net';
import { sleep } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { fastify } from 'fastify';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CallLog } from './call-log.ts';
import { routeName } from './exchange.ts';
import type { SimAnswer, SimRequest, SimRoute } from './exchange.ts';
import { Faults } from './faults.ts';
import type { FaultEffect } from './faults.ts';
import { latencyOf } from './simulator.ts';
import type { SimulatorOptions } from './simulator.ts';

/** What a cloud brings. */
export interface SimulatedCloud {
  readonly routes: readonly SimRoute[];
  /** Refuses a request before its route sees it (token, quota, schema). Asked for routes of the API only. */
  readonly guard: (request: SimRequest) => SimAnswer | undefined;
  /** Headers that every answer carries. */
  readonly stamp: (request: SimRequest) => Readonly<Record<string, string>>;
  /** The cloud's own error body for a status. */
  readonly ownError: (status: number) => SimAnswer;
  /** A path below which the API answers too, as it does at the root. */
  readonly alsoUnder?: string;
}

/** A running server. */
export interface SimServer {
  readonly url: string;
  readonly calls: CallLog;
  readonly faults: Faults;
  close(): Promise<void>;
}

const UNKNOWN_ROUTE = '(unknown)';
const LARGEST_BODY_BYTES = 8 * 1024 * 1024;

interface Serving {
  readonly cloud: SimulatedCloud;
  readonly clock: Clock;
  readonly options: SimulatorOptions;
  readonly calls: CallLog;
  readonly faults: Faults;
  readonly closing: AbortController;
}

/** Starts the server. */
export async function startSimServer(
  cloud: SimulatedCloud,
  clock: Clock,
  options: SimulatorOptions,
): Promise<SimServer> {
  const serving: Serving = {
    cloud,
    clock,
    options,
    calls: new CallLog(),
    faults: new Faults(),
    closing: new AbortController(),
  };
  const server = fastify({
    rewriteUrl: ({ url = '/' }) => withoutAlias(url, cloud, options),
    forceCloseConnections: true,
    bodyLimit: LARGEST_BODY_BYTES,
    routerOptions: { maxParamLength: 300 },
  });
  takeAnyBody(server);
  addRoutes(server, serving);
  const host = options.host ?? '127.0.0.1';
  await server.listen({ port: options.port ?? 0, host });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}${prefixOf(options)}`,
    calls: serving.calls,
    faults: serving.faults,
    async close() {
      serving.closing.abort(new Error('the simulator is closed'));
      server.server.closeAllConnections();
      await server.close();
    },
  };
}

function prefixOf({ pathPrefix = '' }: SimulatorOptions): string {
  const trimmed = pathPrefix.replace(/^\/+|\/+$/g, '');
  return trimmed === '' ? '' : `/${trimmed}`;
}

function withoutAlias(url: string, { alsoUnder }: SimulatedCloud, options: SimulatorOptions): string {
  const isAlias = alsoUnder !== undefined && prefixOf(options) === '' && url.startsWith(`${alsoUnder}/`);
  return isAlias ? url.slice(alsoUnder.length) : url;
}

// Bodies come as text whatever their type: what is wrong with them is for the simulated API to say, not for the web server.
function takeAnyBody(server: FastifyInstance): void {
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body));
}

function addRoutes(server: FastifyInstance, serving: Serving): void {
  const arrivals = new WeakMap<FastifyRequest, number>();
  server.addHook('onRequest', (request, _reply, done) => {
    arrivals.set(request, serving.clock.monotonicMs());
    done();
  });
  const prefix = prefixOf(serving.options);
  const arrivedAt = (request: FastifyRequest): number => arrivals.get(request) ?? serving.clock.monotonicMs();
  for (const route of serving.cloud.routes) {
    server.route({
      method: route.method,
      url: prefix + route.template.replace(/\{(\w+)\}/g, ':$1'),
      handler: (request, reply) =>
        serve(
          serving,
          route,
          toSimRequest(request, { template: route.template, prefix, arrivedMs: arrivedAt(request) }),
          reply,
        ),
    });
  }
  const nowhere: SimRoute = { method: 'GET', template: UNKNOWN_ROUTE, answer: () => serving.cloud.ownError(404) };
  server.setNotFoundHandler((request, reply) =>
    serve(
      serving,
      nowhere,
      toSimRequest(request, { template: UNKNOWN_ROUTE, prefix, arrivedMs: arrivedAt(request) }),
      reply,
    ),
  );
}

function toSimRequest(
  request: FastifyRequest,
  { template, prefix, arrivedMs }: { readonly template: string; readonly prefix: string; readonly arrivedMs: number },
): SimRequest {
  const url = new URL(request.url, 'http://simulator.invalid');
  const { body, isMalformed } = parseBody(request.body);
  return {
    method: request.method,
    path: url.pathname.startsWith(prefix) ? url.pathname.slice(prefix.length) : url.pathname,
    template,
    params: request.params as Readonly<Record<string, string>>,
    query: url.searchParams,
    headers: request.headers as Readonly<Record<string, string | undefined>>,
    remoteAddress: request.ip,
    body,
    isMalformed,
    arrivedMs,
    isStale: false,
  };
}

function parseBody(raw: unknown): { readonly body: unknown; readonly isMalformed: boolean } {
  if (typeof raw !== 'string' || raw === '') return { body: undefined, isMalformed: false };
  try {
    return { body: JSON.parse(raw) as unknown, isMalformed: false };
  } catch {
    return { body: undefined, isMalformed: true };
  }
}

async function serve(
  serving: Serving,
  route: SimRoute,
  request: SimRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  if (route.access === 'control') return send(reply, route.answer(request), dateOf(serving));
  const effect = serving.faults.take(request) ?? NO_FAULT;
  const answered = logArrival(serving, request, effect);
  const answer = answerTo(serving, route, request, effect);
  if (effect.end === 'hang') return reply.hijack();
  const leftMs = readyAtMs(serving, request, answer, effect) - serving.clock.monotonicMs();
  if (leftMs > 0) await sleep(serving.clock, leftMs, serving.closing.signal);
  if (effect.end === 'drop') {
    reply.raw.socket?.destroy();
    return reply.hijack();
  }
  answered(answer.status);
  // The page of something in between carries none of the API's headers.
  const stamp = effect.kind === 'html' ? {} : serving.cloud.stamp(request);
  return send(reply, answer, { ...dateOf(serving), ...stamp });
}

function readyAtMs({ options }: Serving, request: SimRequest, answer: SimAnswer, effect: FaultEffect): number {
  const latencyMs = effect.delayMs ?? latencyOf(options.latencyMs ?? 0, routeName(request));
  return Math.max(request.arrivedMs + latencyMs, answer.readyAtMs ?? 0);
}

const NO_FAULT: FaultEffect = {
  kind: undefined,
  isWorkDone: true,
  end: 'reply',
  isStale: false,
  isCut: false,
  delayMs: undefined,
};

function logArrival({ calls }: Serving, request: SimRequest, effect: FaultEffect): (status: number) => void {
  const { method, path, template, body, arrivedMs } = request;
  const query = Object.fromEntries(request.query);
  return calls.open({ method, path, template, query, body, atMs: arrivedMs, fault: effect.kind });
}

function answerTo({ cloud }: Serving, route: SimRoute, request: SimRequest, effect: FaultEffect): SimAnswer {
  const seen = effect.isStale ? { ...request, isStale: true } : request;
  const refusal = effect.isWorkDone && route.access !== 'open' ? cloud.guard(seen) : undefined;
  const real = effect.isWorkDone ? (refusal ?? route.answer(seen)) : undefined;
  if (effect.answer === undefined) return effect.isCut ? cutInHalf(real) : (real ?? cloud.ownError(500));
  if (!('ownError' in effect.answer)) return effect.answer;
  const own = cloud.ownError(effect.answer.ownError);
  return { ...own, headers: { ...own.headers, ...effect.answer.headers } };
}

// Still announced as JSON, as when something in between gives up.
function cutInHalf(answer: SimAnswer = { status: 500 }): SimAnswer {
  const { body, json, text, ...rest } = answer;
  const whole = json ?? (body === undefined ? text : JSON.stringify(body)) ?? '';
  return { ...rest, json: whole.slice(0, Math.ceil(whole.length / 2)) };
}

function dateOf({ clock }: Serving): Readonly<Record<string, string>> {
  return { date: new Date(clock.nowMs()).toUTCString() };
}

function send(reply: FastifyReply, answer: SimAnswer, headers: Readonly<Record<string, string>>): FastifyReply {
  const json = answer.json ?? (answer.body === undefined ? undefined : JSON.stringify(answer.body));
  const text = json ?? answer.text;
  const type = json !== undefined ? 'application/json; charset=utf-8' : 'text/plain; charset=utf-8';
  reply.code(answer.status).headers(headers);
  if (text !== undefined) reply.header('content-type', type);
  reply.headers(answer.headers ?? {});
  return text === undefined ? reply.send() : reply.send(text);
}
