// Health monitors: one for each pool. A PATCH of `http` is merged by the API, and its version cannot be changed.
import {
  listOf,
  optionalObject,
  optionalText,
  parseObject,
  parseText,
  requiredNumber,
  requiredText,
} from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseTags, ResourceCalls } from './calls.ts';
import type { Change, Removal, TagFilter, Tags } from './calls.ts';
import { parseId } from './ids.ts';
import type { HealthMonitorId, PoolId } from './ids.ts';
import { parseRequiredRef } from './refs.ts';

/** What a monitor of type http or https asks and expects. */
export interface MonitorHttp {
  readonly expectedCodes: readonly string[];
  readonly method: string;
  readonly urlPath: string;
  readonly version: string;
  /** null: none. */
  readonly host: string | null;
}

/** Numbers of a monitor. */
export interface MonitorNumbers {
  readonly delayS: number;
  readonly timeoutS: number;
  readonly upThreshold: number;
  readonly downThreshold: number;
}

/** A health monitor. */
export interface HealthMonitor extends MonitorNumbers {
  readonly id: HealthMonitorId;
  readonly poolId: PoolId;
  readonly type: 'ping' | 'tcp' | 'http' | 'https' | 'tls-hello' | 'udp-connect' | (string & {});
  /** Absent unless the type asks by HTTP. */
  readonly http: MonitorHttp | undefined;
  readonly tags: Tags;
}

/** A health monitor that shall be. */
export interface HealthMonitorSpec extends MonitorNumbers {
  readonly poolId: PoolId;
  readonly type: string;
  readonly http: Partial<MonitorHttp>;
  readonly tags?: Tags;
}

/** What can be changed about a monitor. */
export type HealthMonitorChange = Partial<MonitorNumbers> & {
  readonly http?: Partial<Omit<MonitorHttp, 'version'>>;
  readonly tags?: Tags;
};

/** Calls about health monitors. */
export class HealthMonitors {
  readonly #calls: ResourceCalls<HealthMonitor>;

  constructor(http: CloudHttp) {
    const path = '/v1/load-balancers/health-monitors';
    this.#calls = new ResourceCalls(http, { path, name: path, parse: parseHealthMonitor });
  }

  /** All monitors of the project. */
  list(signal: AbortSignal, tags?: TagFilter): Promise<readonly HealthMonitor[]> {
    return this.#calls.list(signal, tags);
  }

  get(id: HealthMonitorId, signal: AbortSignal): Promise<HealthMonitor | undefined> {
    return this.#calls.get(id, signal);
  }

  create({ poolId, type, ...spec }: HealthMonitorSpec, signal: AbortSignal): Promise<HealthMonitor> {
    return this.#calls.create({ pool: poolId, type, ...toBody(spec) }, signal);
  }

  /** Changes one attribute; `http` counts as one. */
  set(id: HealthMonitorId, change: HealthMonitorChange, signal: AbortSignal): Promise<Change> {
    return this.#calls.patch(id, toBody(change), signal);
  }

  remove(id: HealthMonitorId, signal: AbortSignal): Promise<Removal> {
    return this.#calls.remove(id, signal);
  }
}

const NUMBERS = {
  delayS: 'delay_s',
  timeoutS: 'timeout_s',
  upThreshold: 'up_threshold',
  downThreshold: 'down_threshold',
};
const HTTP = {
  expectedCodes: 'expected_codes',
  method: 'method',
  urlPath: 'url_path',
  version: 'version',
  host: 'host',
};

function toBody(
  change: Partial<MonitorNumbers> & { readonly http?: Partial<MonitorHttp>; readonly tags?: Tags },
): object {
  const { http, tags } = change;
  return {
    ...renamed(change, NUMBERS),
    ...(http === undefined ? {} : { http: renamed(http, HTTP) }),
    ...(tags === undefined ? {} : { tags }),
  };
}

function renamed(from: object, names: Readonly<Record<string, string>>): object {
  const values = from as Readonly<Record<string, unknown>>;
  const present = Object.entries(names).filter(([name]) => values[name] !== undefined);
  return Object.fromEntries(present.map(([name, field]) => [field, values[name]]));
}

/** A health monitor as the API writes it. */
export function parseHealthMonitor(raw: unknown): HealthMonitor {
  const monitor = parseObject(raw, 'health monitor');
  const http = optionalObject(monitor['http']);
  return {
    id: parseId<HealthMonitorId>(monitor['uuid']),
    poolId: parseRequiredRef<PoolId>(monitor['pool']),
    delayS: requiredNumber(monitor, 'delay_s'),
    timeoutS: requiredNumber(monitor, 'timeout_s'),
    upThreshold: requiredNumber(monitor, 'up_threshold'),
    downThreshold: requiredNumber(monitor, 'down_threshold'),
    type: requiredText(monitor, 'type'),
    http:
      http === undefined
        ? undefined
        : {
            expectedCodes: listOf(http, 'expected_codes', parseText),
            method: requiredText(http, 'method'),
            urlPath: requiredText(http, 'url_path'),
            version: requiredText(http, 'version'),
            host: optionalText(http, 'host') ?? null,
          },
    tags: parseTags(monitor['tags']),
  };
}
