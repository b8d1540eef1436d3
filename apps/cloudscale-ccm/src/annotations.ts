// The annotations of Services, as one table: the only file that knows their keys. Defaults are a contract with the Go program and its
// clusters. `readSettings` is pure and reports every mistake at once, each with the annotation that it is in.
import type { Problem } from '@longshore/cloud-provider';
import * as kinds from './annotation-values.ts';
import type { ValueKind } from './annotation-values.ts';

/** What all keys begin with. */
export const ANNOTATION_PREFIX = 'k8s.cloudscale.ch/loadbalancer-';

interface Entry<T> {
  readonly key: string;
  readonly kind: ValueKind<T>;
  readonly usual: T;
}

function entry<T>(suffix: string, kind: ValueKind<T>, usual: NoInfer<T>): Entry<T> {
  return { key: ANNOTATION_PREFIX + suffix, kind, usual };
}

const optionalText = kinds.text<string | undefined>('any text');

/** All of them. */
export const ANNOTATIONS = {
  uuid: entry('uuid', kinds.uuidOrNone, undefined),
  configVersion: entry('config-version', optionalText, undefined),
  name: entry('name', optionalText, undefined),
  zone: entry('zone', optionalText, undefined),
  flavor: entry('flavor', kinds.text<string>('the slug of a flavor'), 'lb-standard'),
  vipAddresses: entry('vip-addresses', kinds.vips, []),
  floatingIps: entry('floating-ips', kinds.floatingIps, []),
  poolAlgorithm: entry('pool-algorithm', kinds.oneOf(['round_robin', 'source_ip', 'least_connections']), 'round_robin'),
  poolProtocol: entry('pool-protocol', kinds.oneOf(['tcp', 'proxy', 'proxyv2']), 'tcp'),
  forceHostname: entry('force-hostname', kinds.hostname, undefined),
  ipMode: entry('ip-mode', kinds.oneOf(['Proxy', 'VIP']), 'Proxy'),
  delayS: entry('health-monitor-delay-s', kinds.integer(1), 2),
  timeoutS: entry('health-monitor-timeout-s', kinds.integer(1), 1),
  upThreshold: entry('health-monitor-up-threshold', kinds.integer(1), 2),
  downThreshold: entry('health-monitor-down-threshold', kinds.integer(1), 3),
  monitorType: entry(
    'health-monitor-type',
    kinds.oneOf(['ping', 'tcp', 'http', 'https', 'tls-hello', 'udp-connect']),
    'tcp',
  ),
  monitorHttp: entry('health-monitor-http', kinds.monitorHttp, undefined),
  listenerProtocol: entry('listener-protocol', kinds.oneOf(['tcp', 'udp']), 'tcp'),
  allowedCidrs: entry('listener-allowed-cidrs', kinds.cidrs, []),
  clientDataMs: entry('timeout-client-data-ms', kinds.integer(0), 50_000),
  memberConnectMs: entry('timeout-member-connect-ms', kinds.integer(0), 5_000),
  memberDataMs: entry('timeout-member-data-ms', kinds.integer(0), 50_000),
  allowedSubnets: entry('listener-allowed-subnets', kinds.subnets, []),
  nodeSelector: entry('node-selector', kinds.labelSelector, undefined),
} as const;

/** Names of the annotations in this program. */
export type AnnotationName = keyof typeof ANNOTATIONS;

/** What the annotations of a Service say, everything absent at its default. */
export type Settings = {
  readonly [K in AnnotationName]: (typeof ANNOTATIONS)[K] extends Entry<infer T> ? T : never;
};

/** Annotations that this program writes itself. */
export const OWN_ANNOTATIONS: readonly string[] = [
  ANNOTATIONS.uuid.key,
  ANNOTATIONS.configVersion.key,
  ANNOTATIONS.zone.key,
];

/** Reads all annotations of a Service. Blank counts as absent. */
export function readSettings(annotations: Readonly<Record<string, string>> = {}): {
  readonly settings: Settings;
  readonly problems: readonly Problem[];
} {
  const problems: Problem[] = [];
  const values = Object.entries(ANNOTATIONS).map(([name, known]) => {
    return [name, valueOf(known, annotations, problems)] as const;
  });
  problems.push(...unknownKeys(annotations));
  return { settings: Object.fromEntries(values) as unknown as Settings, problems };
}

function valueOf(
  { key, kind, usual }: Entry<unknown>,
  annotations: Readonly<Record<string, string>>,
  problems: Problem[],
): unknown {
  const text = annotations[key]?.trim() ?? '';
  if (text === '') return usual;
  const value = kind.parse(text);
  if (value !== undefined) return value;
  const message = `${kind.complaint ?? 'wrong value'} in annotation ${key}: ${JSON.stringify(text)} is not allowed, use ${kind.values}`;
  problems.push({ field: key, value: text, message, severity: 'error' });
  return usual;
}

function unknownKeys(annotations: Readonly<Record<string, string>>): readonly Problem[] {
  const known = Object.values(ANNOTATIONS).map(({ key }) => key);
  return Object.keys(annotations)
    .filter((key) => key.startsWith('k8s.cloudscale.ch/') && !known.includes(key))
    .map((key) => {
      const nearest = known.toSorted((a, b) => distance(a, key) - distance(b, key))[0] ?? '';
      const message = `annotation ${key} is unknown and counts for nothing: did you mean ${nearest}?`;
      return { field: key, message, severity: 'warning' };
    });
}

// Levenshtein's.
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row.at(-1) ?? 0;
}
