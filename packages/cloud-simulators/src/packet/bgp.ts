// Routes of BGP. The configuration is read as `bgp-config` and written as `bgp-configs`; a project that never had one answers `{}`.
import type { SimAnswer, SimRequest } from '../exchange.ts';
import { withEntry, withoutEntry } from '../world-store.ts';
import { done, forbidden, notFound, unprocessable } from './answers.ts';
import { bgpNeighbors, viewBgpConfig, viewBgpSession } from './bgp-view.ts';
import { dateNow, momentIn, newId, PAGING, withProject, worldOf } from './context.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { withDevice } from './devices.ts';
import { page } from './paging.ts';
import { resolverOf } from './resolver.ts';
import { shaped } from './shape.ts';
import type { BgpConfigRecord, BgpSessionRecord, DeviceRecord } from './world.ts';

const SESSION = '/bgp/sessions/{id}';
// As the public description has it.
const MD5 = /^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d]{10,20}$/;
const LARGEST_ASN = 4_294_967_295;

interface ConfigBody {
  readonly deployment_type: string;
  readonly asn: number;
  readonly md5?: string | null;
}

interface SessionBody {
  readonly address_family?: 'ipv4' | 'ipv6';
  readonly default_route?: boolean;
}

/** The routes. */
export function bgpRoutes(context: PacketContext): readonly PacketRoute[] {
  return [
    {
      method: 'GET',
      template: '/projects/{id}/bgp-config',
      queryNames: ['include'],
      answer: (request) => withProject(context, request, ({ id }) => showConfig(context, request, id)),
    },
    {
      method: 'POST',
      template: '/projects/{id}/bgp-configs',
      queryNames: ['include'],
      answer: (request) => withProject(context, request, ({ id }) => configure(context, request, id)),
    },
    {
      method: 'GET',
      template: '/projects/{id}/bgp/sessions',
      queryNames: PAGING,
      answer: (request) => withProject(context, request, ({ id }) => listSessions(context, request, id)),
    },
    ...sessionRoutes(context),
  ];
}

function sessionRoutes(context: PacketContext): readonly PacketRoute[] {
  const sessionsOf = (request: SimRequest, { id }: DeviceRecord): readonly BgpSessionRecord[] =>
    [...worldOf(context, request).bgpSessions.values()].filter(({ deviceId }) => deviceId === id);
  return [
    {
      method: 'GET',
      template: '/devices/{id}/bgp/sessions',
      queryNames: ['include'],
      answer: (request) =>
        withDevice(context, request, (device) => {
          const sessions = sessionsOf(request, device).map((one) => viewBgpSession(context, one));
          return { status: 200, body: { bgp_sessions: sessions } };
        }),
    },
    {
      method: 'POST',
      template: '/devices/{id}/bgp/sessions',
      queryNames: ['include'],
      answer: (request) => withDevice(context, request, (device) => createSession(context, request, device)),
    },
    {
      method: 'GET',
      template: '/devices/{id}/bgp/neighbors',
      queryNames: ['include'],
      answer: (request) =>
        withDevice(context, request, (device) => {
          const neighbors = bgpNeighbors(context, worldOf(context, request), device);
          return { status: 200, body: { bgp_neighbors: neighbors } };
        }),
    },
    {
      method: 'GET',
      template: SESSION,
      queryNames: ['include'],
      answer: (request) =>
        withSession(context, request, (session) => ({ status: 200, body: viewBgpSession(context, session) })),
    },
    {
      method: 'PUT',
      template: SESSION,
      answer: (request) => withSession(context, request, (session) => changeSession(context, request, session)),
    },
    {
      method: 'DELETE',
      template: SESSION,
      answer: (request) =>
        withSession(context, request, ({ id }) => {
          context.store.commit({ bgpSessions: withoutEntry(context.store.current.bgpSessions, id) });
          return done;
        }),
    },
  ];
}

function withSession(
  context: PacketContext,
  request: SimRequest,
  work: (session: BgpSessionRecord) => SimAnswer,
): SimAnswer {
  const world = worldOf(context, request);
  const session = world.bgpSessions.get((request.params['id'] ?? '').toLowerCase());
  if (session === undefined) return notFound;
  const projectId = world.devices.get(session.deviceId)?.projectId;
  return context.tokens.maySee(request, projectId) ? work(session) : forbidden;
}

function showConfig(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const world = worldOf(context, request);
  const config = world.bgpConfigs.get(projectId);
  if (config === undefined) return { status: 200, body: {} };
  return shaped(200, viewBgpConfig(context, world, { projectId, config }), request, resolverOf(context, request));
}

function configure(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const body = request.body as ConfigBody;
  const before = context.store.current.bgpConfigs.get(projectId);
  const problem = configProblem(body, before);
  if (problem !== undefined) return unprocessable(problem);
  const isLocal = body.deployment_type === 'local';
  putConfig(context, projectId, {
    id: before?.id ?? newId(context),
    status: isLocal ? 'enabled' : 'requested',
    deploymentType: isLocal ? 'local' : 'global',
    asn: body.asn,
    md5: md5Of(body),
    maxPrefix: context.settings.maxPrefix,
    createdAt: dateNow(context),
  });
  return done;
}

function configProblem(body: ConfigBody, before: BgpConfigRecord | undefined): string | undefined {
  const { deployment_type: type, asn } = body;
  if (type !== 'local' && type !== 'global') return 'Deployment type is not included in the list';
  if (asn < 1 || asn > LARGEST_ASN) return 'Asn is not valid';
  const md5 = md5Of(body);
  if (md5 !== null && !MD5.test(md5)) return 'Md5 is invalid';
  // Assumed: what is on is not configured a second time.
  const isOn = before !== undefined && before.status !== 'disabled';
  return isOn ? 'BGP is already enabled for this project' : undefined;
}

function md5Of({ md5 }: ConfigBody): string | null {
  return md5 === undefined || md5 === '' ? null : md5;
}

/** Puts the configuration of a project into the world. */
export function putConfig({ store }: PacketContext, projectId: string, config: BgpConfigRecord): void {
  store.commit({ bgpConfigs: withEntry(store.current.bgpConfigs, projectId, config) });
}

function listSessions(context: PacketContext, request: SimRequest, projectId: string): SimAnswer {
  const world = worldOf(context, request);
  const items = [...world.bgpSessions.values()].filter(
    ({ deviceId }) => world.devices.get(deviceId)?.projectId === projectId,
  );
  const toJson = (session: BgpSessionRecord): string => JSON.stringify(viewBgpSession(context, session));
  return page(context, request, { key: 'bgp_sessions', items, toJson });
}

function createSession(context: PacketContext, request: SimRequest, device: DeviceRecord): SimAnswer {
  const { store, settings, clock } = context;
  const { address_family: family = 'ipv4', default_route: defaultRoute = false } = request.body as SessionBody;
  if (store.current.bgpConfigs.get(device.projectId)?.status !== 'enabled') {
    return unprocessable('BGP is not enabled for this project');
  }
  const isThere = [...store.current.bgpSessions.values()].some(
    (one) => one.deviceId === device.id && one.family === family,
  );
  // A client says that this should have been 409.
  if (isThere) return unprocessable(`${family} already has session`);
  const made: BgpSessionRecord = {
    id: newId(context),
    deviceId: device.id,
    family,
    defaultRoute,
    created: momentIn(context, 0),
    upAtMs: clock.monotonicMs() + settings.bgpUpMs,
    forcedStatus: undefined,
    learnedRoutes: [],
    isDropped: false,
  };
  putSession(context, made);
  return { status: 201, body: viewBgpSession(context, made) };
}

// The public description has a bare boolean as body; clients send an object.
function changeSession(context: PacketContext, request: SimRequest, session: BgpSessionRecord): SimAnswer {
  const body = request.body as boolean | SessionBody;
  const defaultRoute = typeof body === 'boolean' ? body : (body.default_route ?? session.defaultRoute);
  const changed = { ...session, defaultRoute };
  putSession(context, changed);
  return { status: 200, body: viewBgpSession(context, changed) };
}

/** Puts another version of a session into the world. */
export function putSession({ store }: PacketContext, session: BgpSessionRecord): void {
  store.commit({ bgpSessions: withEntry(store.current.bgpSessions, session.id, session) });
}
