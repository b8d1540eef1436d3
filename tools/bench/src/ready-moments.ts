// When balancers of a simulated cloud were ready: a set time after the POST that made them arrived. Names hold the UIDs of their Services.
import type { CallLog } from '@longshore/cloud-simulators';

/** How balancers come about. */
export interface Making {
  readonly calls: CallLog;
  /** Route of the POST. */
  readonly route: string;
  readonly timeToActiveMs: number;
  /** Name of the balancer of a Service. */
  readonly nameOf: (uid: string) => string;
}

/** Moments by UID; 0 for a Service without a balancer. */
export function readyMoments(
  uids: Iterable<string>,
  { calls, route, timeToActiveMs, nameOf }: Making,
): ReadonlyMap<string, number> {
  const byName = new Map(
    calls.of(route).map(({ body, atMs }) => [(body as { readonly name: string }).name, atMs + timeToActiveMs] as const),
  );
  return new Map([...uids].map((uid) => [uid, byName.get(nameOf(uid)) ?? 0]));
}
