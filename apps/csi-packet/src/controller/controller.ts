// The controller side as program.ts sees it: made only where there is an API key, so that node plugins load none of it.
import { createPacketApi, endOfServiceNotice, MetadataService, tokenSource } from '@longshore/packet-api';
import type { PacketApi } from '@longshore/packet-api';
import { messageOf, OperatorError, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger, Metrics } from '@longshore/reconciler-core';
import type { ControllerServer } from '../gen/csi.ts';
import type { Handlers } from '../server/unary.ts';
import type { DriverFlags } from '../settings/flags.ts';
import type { Account, Settings } from '../settings/settings.ts';
import { VERSION } from '../version.ts';
import { FacilityChoice } from '../volumes/facility.ts';
import { IdempotentVolumes } from '../volumes/idempotent-volumes.ts';
import { NodeIds } from '../volumes/node-ids.ts';
import { PacketVolumes } from '../volumes/packet-volumes.ts';
import { CredentialsWatch } from './credentials-watch.ts';
import { snapshotHandlers } from './snapshot-handlers.ts';
import { changeHandlers, lifeHandlers, lookHandlers } from './volume-handlers.ts';

/** What the controller side is given. */
export interface ControllerOptions {
  readonly account: Account;
  readonly settings: Pick<Settings, 'driverName' | 'metadataUrl'>;
  readonly flags: DriverFlags;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
}

/** The controller side, running. */
export interface Controller {
  readonly handlers: Partial<Handlers<ControllerServer>>;
  /** Why it cannot work (credentials that are refused); told by Probe. Answers at once. */
  problem(): string | undefined;
  /** Finds out where volumes are made; `onFirstTry` when that was tried once. Rejects when it can never work as it is set. */
  start(signal: AbortSignal, onFirstTry: () => void): Promise<void>;
  /** Ends what still runs in the background. */
  stop(): Promise<void>;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** Makes the controller side. */
export async function createController(options: ControllerOptions): Promise<Controller> {
  const { account, settings, flags, clock, log } = options;
  const watch = new CredentialsWatch(clock, () => api.projects.verify(account.projectId, AbortSignal.timeout(10_000)));
  const api = createApi(options, watch);
  const notice = endOfServiceNotice(account.baseUrl);
  if (notice !== undefined) log.warn(notice);
  const { projectId, facility: code, facilityId } = account;
  const metadata = new MetadataService({ baseUrl: settings.metadataUrl });
  const facility = new FacilityChoice({ api, metadata, facility: code, facilityId });
  const volumes = new IdempotentVolumes({
    steps: new PacketVolumes({ api, projectId, clock }),
    nodes: new NodeIds({ api, projectId }),
    clock,
    log,
    volumeLimit: flags['volume-limit'],
    deletesForeign: flags['allow-foreign-delete'],
    growsOffline: flags['offline-expansion'],
  });
  const { driverName } = settings;
  const parts = { volumes, facility, driverName, isLenient: flags['lenient-parameters'], log };
  return {
    handlers: {
      ...lifeHandlers(parts),
      ...changeHandlers(parts),
      ...lookHandlers(parts),
      ...snapshotHandlers(volumes),
    },
    problem: () => watch.problem(),
    start: (signal, onFirstTry) => findFacility(facility, { clock, log, signal, onFirstTry }),
    stop: async () => {
      await volumes.stop();
      api.http.close();
    },
  };
}

function createApi(
  { account, env, flags, clock, log, metrics }: ControllerOptions,
  watch: CredentialsWatch,
): PacketApi {
  return createPacketApi({
    baseUrl: account.baseUrl,
    token: tokenSource(env, flags.config === '' ? undefined : flags.config),
    userAgent: `csi-packet/${VERSION}`,
    // The name that the Go program called itself by.
    consumer: 'csi-packet',
    env,
    clock,
    log: log.child({ name: 'api' }),
    metrics,
    onCall: (event) => watch.see(event),
  });
}

interface Finding {
  readonly clock: Clock;
  readonly log: Logger;
  readonly signal: AbortSignal;
  readonly onFirstTry: () => void;
}

// What can never work ends the program while somebody looks. An API that is down does not: there is much to do without the facility.
async function findFacility(facility: FacilityChoice, { clock, log, signal, onFirstTry }: Finding): Promise<void> {
  for (let pauseMs = FIRST_PAUSE_MS; !signal.aborted; pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS)) {
    try {
      const { code } = await facility.resolve(signal);
      log.info('volumes are made in', { facility: code });
      return onFirstTry();
    } catch (error) {
      if (error instanceof OperatorError && error.disposition.retry === 'never') throw error;
      log.warn('the facility is not known yet', { error: messageOf(error), retryMs: pauseMs });
    }
    onFirstTry();
    await sleep(clock, pauseMs, signal);
  }
}
