// The simulated Packet (Equinix Metal) as tests, demos and `--simulate` see it: the API and the metadata service as servers, their
// state, and what people could do to the account without the API.
import { systemClock } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { CallLog } from '../call-log.ts';
import type { SimRequest } from '../exchange.ts';
import type { Fault, FaultHandle } from '../faults.ts';
import type { QuotaLimits } from '../quota.ts';
import { SchemaCheck } from '../schema-check.ts';
import { startSimServer } from '../sim-server.ts';
import type { SimServer } from '../sim-server.ts';
import type { Simulator, SimulatorOptions } from '../simulator.ts';
import { refuse } from './answers.ts';
import { apiKeyRoutes } from './api-keys.ts';
import { attachmentRoutes } from './attachments.ts';
import { bgpRoutes } from './bgp.ts';
import { capacityRoutes } from './capacity.ts';
import { findFacility } from './catalog.ts';
import { catalogRoutes } from './catalog-routes.ts';
import type { PacketContext, PacketRoute } from './context.ts';
import { deviceActionRoutes } from './device-actions.ts';
import { deviceRoutes } from './devices.ts';
import { eventRoutes } from './events.ts';
import { FIRST_PROJECT_ID, firstStore } from './first-world.ts';
import { createGuard, rateHeaders } from './guard.ts';
import { hardwareRoutes } from './hardware.ts';
import { assignmentRoutes } from './ip-assignments.ts';
import { reservationRoutes } from './ip-reservations.ts';
import { metadataRoutes, noMetadata } from './metadata.ts';
import { ownersActions } from './owners-actions.ts';
import type { PacketOwnersActions } from './owners-actions.ts';
import { serviceActions } from './owners-services.ts';
import type { PacketServiceActions } from './owners-services.ts';
import { dumpOf, stateOf } from './packet-state.ts';
import type { PacketState } from './packet-state.ts';
import { portRoutes } from './ports.ts';
import { addProject, projectRoutes } from './projects.ts';
import { REQUEST_VALIDATORS } from './request-schemas.ts';
import { settingsOf } from './settings.ts';
import type { PacketSettings } from './settings.ts';
import { snapshotRoutes } from './snapshots.ts';
import { sshKeyRoutes } from './ssh-keys.ts';
import { Tokens } from './tokens.ts';
import { vlanRoutes } from './vlans.ts';
import { volumeRoutes } from './volumes.ts';
import { worldRoute } from './world-page.ts';

/** Options of `simulatePacket`. */
export interface PacketOptions extends SimulatorOptions, Partial<PacketSettings> {
  readonly clock?: Clock;
  /** Default `simulated-token`; a user's key, which sees all projects. */
  readonly token?: string;
  /** Id of the first project. */
  readonly projectId?: string;
  /** Where devices made by hand are. Default `ewr1`. */
  readonly facility?: string;
  /** Number of devices at the start: `node-1`, `node-2` and so on. */
  readonly devices?: number;
  /** Port of the metadata service; 0, the default, takes any free one. */
  readonly metadataPort?: number;
  /** Address that the metadata service listens on. Default: as the API. */
  readonly metadataHost?: string;
  /** Default `off`: no figure of the API's limits was ever published. */
  readonly quota?: QuotaLimits | 'off';
}

/** The simulated Packet. */
export interface PacketSimulator extends Simulator<PacketState>, PacketOwnersActions, PacketServiceActions {
  /** Id of the first project. */
  readonly projectId: string;
  readonly metadata: PacketMetadataService;
}

/** The metadata service, a server of its own. */
export interface PacketMetadataService {
  /** Answers for the device with the source address, or for the first one. */
  readonly url: string;
  /** Base URL that answers for one device, by its id or hostname. */
  urlOf(device: string): string;
  readonly calls: CallLog;
  fail(fault: Fault): FaultHandle;
  clearFaults(): void;
}

/** Starts a simulated Packet. */
export async function simulatePacket(options: PacketOptions = {}): Promise<PacketSimulator> {
  const { clock = systemClock, token = 'simulated-token', facility = 'ewr1', projectId = FIRST_PROJECT_ID } = options;
  if (findFacility(facility) === undefined) throw new Error(`unknown facility "${facility}"`);
  const tokens = new Tokens(clock, options.quota ?? 'off');
  tokens.add(token);
  const schemas = new SchemaCheck(REQUEST_VALIDATORS);
  const context: PacketContext = {
    store: firstStore(),
    clock,
    settings: settingsOf(options),
    tokens,
    luck: { failuresToCome: 0 },
  };
  addProject(context, { id: projectId, name: 'first project' });
  const state = stateOf(context);
  const server: SimServer = await startSimServer(
    cloudOf(context, { schemas, calls: () => server.calls, state }),
    clock,
    options,
  );
  const metadata = await startMetadata(context, options).catch(async (error: unknown) => {
    await server.close();
    throw error;
  });
  const usual = { projectId, facility };
  const actions = { ...ownersActions(context, usual), ...serviceActions(context, usual) };
  if (options.devices !== undefined) actions.addDevices(options.devices);
  return {
    url: server.url,
    token,
    projectId,
    state,
    metadata: metadataOf(metadata),
    calls: server.calls,
    schemaProblems: schemas.problems,
    callsByRoute: () => server.calls.byRoute(),
    fail: (fault: Fault) => server.faults.add(fault),
    clearFaults: () => server.faults.clear(),
    close: async () => void (await Promise.all([server.close(), metadata.close()])),
    ...actions,
  };
}

async function startMetadata(
  context: PacketContext,
  { metadataPort = 0, metadataHost, host }: PacketOptions,
): Promise<SimServer> {
  const cloud = {
    routes: metadataRoutes(context, () => server.url),
    guard: () => undefined,
    stamp: () => ({}),
    ownError: (status: number) => (status === 404 ? noMetadata : { status, body: { error: `Error ${status}` } }),
  };
  const listening = metadataHost ?? host;
  const where = { port: metadataPort, ...(listening === undefined ? {} : { host: listening }) };
  const server: SimServer = await startSimServer(cloud, context.clock, where);
  return server;
}

function metadataOf(server: SimServer): PacketMetadataService {
  return {
    url: server.url,
    urlOf: (device) => `${server.url}/devices/${device}`,
    calls: server.calls,
    fail: (fault) => server.faults.add(fault),
    clearFaults: () => server.faults.clear(),
  };
}

interface CloudParts {
  readonly schemas: SchemaCheck;
  readonly calls: () => SimServer['calls'];
  readonly state: PacketState;
}

function cloudOf(context: PacketContext, { schemas, calls, state }: CloudParts) {
  const routes = routesOf(context);
  const page = worldRoute({ world: () => dumpOf(state), calls, schemaProblems: schemas.problems });
  let requests = 0;
  return {
    routes: [...routes, page],
    // api.packet.net had both.
    alsoUnder: '/metal/v1',
    guard: createGuard({ routes, tokens: context.tokens, schemas, clock: context.clock }),
    stamp: (request: SimRequest) => {
      requests += 1;
      const quota = context.tokens.quotaOf(request);
      return { 'x-request-id': `simulated-${requests}`, ...(quota === undefined ? {} : rateHeaders(quota.read())) };
    },
    ownError: (status: number) => refuse(status),
  };
}

function routesOf(context: PacketContext): readonly PacketRoute[] {
  return [
    ...projectRoutes(context),
    ...deviceRoutes(context),
    ...deviceActionRoutes(context),
    ...eventRoutes(context),
    ...reservationRoutes(context),
    ...assignmentRoutes(context),
    ...sshKeyRoutes(context),
    ...apiKeyRoutes(context),
    ...bgpRoutes(context),
    ...volumeRoutes(context),
    ...attachmentRoutes(context),
    ...snapshotRoutes(context),
    ...vlanRoutes(context),
    ...portRoutes(context),
    ...hardwareRoutes(context),
    ...catalogRoutes(context),
    ...capacityRoutes(context),
  ];
}
