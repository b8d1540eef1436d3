// One pool that stays: its members, listener and monitor. Pure; called by plan.ts.
import type {
  HealthMonitor,
  HealthMonitorChange,
  Listener,
  ListenerSettings,
  Member,
  PoolId,
} from '@longshore/cloudscale-api';
import { canonicalCidr } from '../addresses.ts';
import type { WantedListener, WantedMember, WantedMonitor, WantedPool } from './desired.ts';
import type { FoundPool } from './observe.ts';
import type { PoolRef, Step } from './plan.ts';

/** Steps for a pool, by the phase of the plan that they belong to. */
export interface PartPlan {
  readonly members: readonly Step[];
  readonly removals: readonly Step[];
  readonly creations: readonly Step[];
  readonly changes: readonly Step[];
}

/** The way from found to wanted for one pool. */
export function planPart(wanted: WantedPool, found: FoundPool): PartPlan {
  const pool: PoolRef = { kind: 'found', id: found.pool.id };
  const listener = found.listeners.find((one) => keyOfListener(one) === keyOfListener(wanted.listener));
  const monitor = found.monitors.find((one) => keyOfMonitor(one) === keyOfMonitor(wanted.monitor));
  return {
    members: planMembers(wanted.members, found.members, found.pool.id),
    removals: [
      ...found.listeners
        .filter((one) => one !== listener)
        .map(({ id, name }) => ({ kind: 'delete-listener', id, name }) as const),
      ...found.monitors
        .filter((one) => one !== monitor)
        .map(({ id, type }) => ({ kind: 'delete-monitor', id, type }) as const),
    ],
    creations: [
      ...(listener ? [] : [{ kind: 'create-listener', pool, listener: wanted.listener } as const]),
      ...(monitor ? [] : [{ kind: 'create-monitor', pool, monitor: wanted.monitor } as const]),
    ],
    changes: [
      ...(listener ? listenerChanges(wanted.listener, listener) : []),
      ...(monitor ? monitorChanges(wanted.monitor, monitor) : []),
    ],
  };
}

/**
 * Members of a pool. The API takes no second member of one address and port, so those are replaced one after another; while one is
 * replaced, the others serve.
 */
function planMembers(wanted: readonly WantedMember[], found: readonly Member[], poolId: PoolId): readonly Step[] {
  const pool: PoolRef = { kind: 'found', id: poolId };
  const left = new Set(found);
  const missing = wanted.filter((member) => {
    const same = [...left].find((one) => keyOfMember(one) === keyOfWanted(member));
    if (same) left.delete(same);
    return same === undefined;
  });
  const placeOf = ({ address, protocolPort }: WantedMember | Member): string => `${address} ${protocolPort}`;
  const taken = Map.groupBy(left, placeOf);
  const added = missing.filter((member) => !taken.has(placeOf(member)));
  const replaced = missing.filter((member) => taken.has(placeOf(member)));
  const surplus = [...left].filter((one) => !replaced.some((member) => placeOf(member) === placeOf(one)));
  const removal = ({ id, name }: Member): Step => ({ kind: 'delete-member', pool: poolId, id, name });
  return [
    ...added.map((member): Step => ({ kind: 'create-member', pool, member })),
    ...replaced.flatMap((member): readonly Step[] => [
      ...(taken.get(placeOf(member)) ?? []).map(removal),
      { kind: 'create-member', pool, member },
    ]),
    ...surplus.map(removal),
  ];
}

function keyOfMember(member: Member): string {
  const { name, enabled, monitorPort, protocolPort, address, subnet } = member;
  return JSON.stringify([name, enabled, monitorPort, protocolPort, address, subnet?.id, subnet?.cidr, subnet?.href]);
}

function keyOfWanted({ name, monitorPort, protocolPort, address, subnet }: WantedMember): string {
  return JSON.stringify([name, true, monitorPort, protocolPort, address, subnet.id, subnet.cidr, subnet.href]);
}

function keyOfListener({ name, protocol, protocolPort }: WantedListener | Listener): string {
  return JSON.stringify([name, protocol, protocolPort]);
}

function keyOfMonitor({ type, http }: WantedMonitor | HealthMonitor): string {
  return JSON.stringify([type, http?.version ?? '1.1']);
}

// The API takes one attribute in a call.
function listenerChanges(wanted: WantedListener, { id, ...found }: Listener): readonly Step[] {
  const present = found.allowedCidrs.map((cidr) => canonicalCidr(cidr) ?? cidr).sort();
  const changes: readonly Partial<ListenerSettings>[] = [
    ...(isSame(wanted.allowedCidrs.toSorted(), present) ? [] : [{ allowedCidrs: wanted.allowedCidrs }]),
    ...TIMEOUTS.filter((name) => wanted[name] !== found[name]).map((name) => ({ [name]: wanted[name] })),
  ];
  return changes.map((change) => ({ kind: 'set-listener', id, change }));
}

const TIMEOUTS = ['timeoutClientDataMs', 'timeoutMemberConnectMs', 'timeoutMemberDataMs'] as const;
const NUMBERS = ['delayS', 'timeoutS', 'upThreshold', 'downThreshold'] as const;

function monitorChanges(wanted: WantedMonitor, { id, ...found }: HealthMonitor): readonly Step[] {
  const changes: readonly HealthMonitorChange[] = [
    ...httpChanges(wanted, found.http),
    ...NUMBERS.filter((name) => wanted[name] !== found[name]).map((name) => ({ [name]: wanted[name] })),
  ];
  return changes.map((change) => ({ kind: 'set-monitor', id, change }));
}

function httpChanges({ http: wanted }: WantedMonitor, found: HealthMonitor['http']): readonly HealthMonitorChange[] {
  if (wanted === undefined || found === undefined) return [];
  return [
    // By value: the Go program compares pointers and sends it in every pass.
    ...(wanted.host === found.host ? [] : [{ http: { host: wanted.host } }]),
    ...(wanted.urlPath === found.urlPath ? [] : [{ http: { urlPath: wanted.urlPath } }]),
    ...(wanted.method === found.method ? [] : [{ http: { method: wanted.method } }]),
    ...(isSame(wanted.expectedCodes.toSorted(), found.expectedCodes.toSorted())
      ? []
      : [{ http: { expectedCodes: wanted.expectedCodes } }]),
  ];
}

function isSame(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
