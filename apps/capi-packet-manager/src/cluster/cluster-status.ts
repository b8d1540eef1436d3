// The status of a Cluster: what was found becomes conditions, endpoint and provider status; written only when it differs, with an event
// where a condition turned into something new.
import { isDeepStrictEqual } from 'node:util';
import type { Clock } from '@longshore/reconciler-core';
import type { EventRecorder, KubeClient } from '@longshore/k8s-runtime';
import { conditionOf, conditionTypes, withConditions } from '../api/conditions.ts';
import type { ConditionWish } from '../api/conditions.ts';
import type { Cluster, ClusterErrorReason, Condition } from '../api/objects.ts';
import { clusters } from '../api/resources.ts';
import type { Endpoint } from './endpoint-plan.ts';
import { keyOfCluster } from './keys-keeper.ts';
import { strayWarnings } from './stray-plan.ts';
import type { StrayDevice } from './stray-plan.ts';

/** A condition by its place in the wish. */
export type ConditionState = Pick<Condition, 'status' | 'reason' | 'message'>;

/** What the status should say; what is absent stays as it is. */
export interface StatusWish {
  readonly ready?: ConditionState;
  readonly certificateAuthority?: ConditionState;
  /** Shown from the first time on that it is not so. */
  readonly masters?: ConditionState;
  /** As `masters`; `strays` are what it names. */
  readonly owned?: ConditionState;
  readonly strays?: readonly StrayDevice[];
  readonly credentials?: ConditionState;
  readonly reachable?: ConditionState;
  readonly paused?: ConditionState;
  readonly endpoint?: Endpoint;
  readonly caFingerprint?: string;
  /** `null` takes a former error away. */
  readonly error?: { readonly reason: ClusterErrorReason; readonly message: string } | null;
}

/** What is written, and what people should hear of. */
export interface StatusPlan {
  /** Body of a merge patch; `undefined`: nothing differs. */
  readonly patch: { readonly status: object } | undefined;
  /** Conditions that turned to False with a new reason. */
  readonly warnings: readonly ConditionState[];
}

const CONDITION_NAMES = [
  'ready',
  'certificateAuthority',
  'masters',
  'owned',
  'credentials',
  'reachable',
  'paused',
] as const;
/** Of these only what is wrong is worth showing, and its end. */
const SHOWN_WHEN_WRONG: ReadonlySet<string> = new Set(['masters', 'owned']);
/** Waiting is no failure: these reasons make no Warning event. */
const QUIET_REASONS: ReadonlySet<string> = new Set([
  'WaitingForControlPlane',
  'WaitingForAPIServer',
  'WaitingForKeys',
  'Deleting',
  'NotPaused',
  // Each has a warning of its own.
  'StrayServers',
]);

/** Compares the wish with the status. Pure. */
export function planStatus(cluster: Cluster, wish: StatusWish, now: string): StatusPlan {
  const before = cluster.status ?? {};
  const wishes = conditionsOf(wish, cluster);
  const wanted: Readonly<Record<string, unknown>> = {
    conditions: withConditions(before.conditions, wishes, now),
    ...endpointFields(cluster, wish),
    ...errorFields(before, wish.error),
  };
  const changed = Object.entries(wanted).filter(([field, value]) => {
    return !isDeepStrictEqual((before as Readonly<Record<string, unknown>>)[field], value);
  });
  const warnings = wishes.filter(
    (one) => one.status === 'False' && !QUIET_REASONS.has(one.reason) && isNews(cluster, one),
  );
  const ofStrays = strayWarnings(conditionOf(before, conditionTypes.owned), wish.strays ?? []);
  const patch = changed.length === 0 ? undefined : { status: Object.fromEntries(changed) };
  return { patch, warnings: [...warnings, ...ofStrays] };
}

function conditionsOf(wish: StatusWish, { status }: Cluster): readonly ConditionWish[] {
  return CONDITION_NAMES.flatMap((name) => {
    const [type, state] = [conditionTypes[name], wish[name]];
    const isQuiet = SHOWN_WHEN_WRONG.has(name) && state?.status === 'True' && conditionOf(status, type) === undefined;
    return state === undefined || isQuiet ? [] : [{ type, ...state }];
  });
}

function isNews({ status }: Cluster, wish: ConditionWish): boolean {
  const shown = conditionOf(status, wish.type);
  return shown?.reason !== wish.reason || shown.message !== wish.message;
}

function endpointFields({ status }: Cluster, { endpoint, caFingerprint, ready }: StatusWish): object {
  const providerStatus = {
    ...status?.providerStatus,
    ...(ready && { ready: ready.status === 'True' }),
    ...(endpoint && { endpointSource: endpoint.source }),
    ...(caFingerprint && { caFingerprint }),
  };
  const isOurs = endpoint !== undefined && endpoint.source !== 'operator';
  return {
    ...(Object.keys(providerStatus).length > 0 && { providerStatus }),
    ...(isOurs && { apiEndpoints: [{ host: endpoint.host, port: endpoint.port }] }),
  };
}

function errorFields(before: NonNullable<Cluster['status']>, error: StatusWish['error']): object {
  if (error === undefined) return {};
  if (error !== null) return { errorReason: error.reason, errorMessage: error.message };
  return before.errorReason === undefined ? {} : { errorReason: null, errorMessage: null };
}

/** Writes statuses. */
export class StatusWriter {
  readonly #client: KubeClient;
  readonly #events: EventRecorder;
  readonly #clock: Clock;

  constructor({ client, events, clock }: { client: KubeClient; events: EventRecorder; clock: Clock }) {
    this.#client = client;
    this.#events = events;
    this.#clock = clock;
  }

  /** Writes what differs, if nobody changed the Cluster since it was read. */
  async write(cluster: Cluster, wish: StatusWish, signal: AbortSignal): Promise<void> {
    const { patch, warnings } = planStatus(cluster, wish, new Date(this.#clock.nowMs()).toISOString());
    if (patch === undefined) return;
    const body = { ...patch, metadata: { resourceVersion: cluster.metadata?.resourceVersion } };
    const options = { signal, subresource: 'status', discardAnswer: true } as const;
    await this.#client.patch(clusters, keyOfCluster(cluster), { kind: 'merge', body }, options);
    for (const { reason, message } of warnings) this.#events.warning(cluster, reason, message);
  }
}
