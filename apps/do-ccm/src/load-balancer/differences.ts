// What is different between the wanted and the found balancer, field by field, in the API's terms: absent and default are the same, the
// order of rules, droplets and firewall entries means nothing. And the body of the PUT that makes them equal: a PUT replaces everything,
// so what others have set (project, TLS policy …) goes along as found.
import { specOf } from '@longshore/digitalocean-api';
import type {
  ForwardingRule,
  GlobalDomain,
  GlobalSettings,
  HealthCheck,
  LoadBalancer,
  LoadBalancerSpec,
} from '@longshore/digitalocean-api';
import { UNITS_OF_SLUG } from './size.ts';

/** One field that has to change. */
export interface Difference {
  readonly field: string;
  readonly from: unknown;
  readonly to: unknown;
}

/** The one field whose change the API may put off. */
export const SIZE = 'size';

type Read = (spec: LoadBalancerSpec, other: LoadBalancerSpec) => unknown;

const DEFAULT_IDLE_SECONDS = 60;

// Not here: what cannot be changed (placement.ts), and `algorithm`, which the API ignores and answers with a value of its own.
const FIELDS: Readonly<Record<string, Read>> = {
  name: ({ name }) => name,
  'forwarding rules': ({ forwardingRules }) => forwardingRules.map(ruleText).sort(),
  'health check': ({ healthCheck }, other) => healthCheckText(healthCheck, other.healthCheck),
  'sticky sessions': ({ stickySessions: sticky }) =>
    sticky?.type === 'cookies' ? `${sticky.cookieName} for ${sticky.cookieTtlSeconds} s` : 'none',
  droplets: ({ dropletIds }) => [...(dropletIds ?? [])].sort((a, b) => a - b),
  'droplet tag': ({ tag }) => tag ?? '',
  'redirect to HTTPS': ({ redirectHttpToHttps }) => redirectHttpToHttps ?? false,
  'PROXY protocol': ({ enableProxyProtocol }) => enableProxyProtocol ?? false,
  'backend keepalive': ({ enableBackendKeepalive }) => enableBackendKeepalive ?? false,
  'Let’s Encrypt DNS records off': ({ disableLetsEncryptDnsRecords }) => disableLetsEncryptDnsRecords ?? false,
  'HTTP idle timeout': ({ httpIdleTimeoutSeconds }) => httpIdleTimeoutSeconds || DEFAULT_IDLE_SECONDS,
  'firewall allow': ({ firewall }) => [...(firewall?.allow ?? [])].sort(),
  'firewall deny': ({ firewall }) => [...(firewall?.deny ?? [])].sort(),
  'TLS cipher policy': ({ tlsCipherPolicy }) => tlsCipherPolicy ?? 'DEFAULT',
  'global settings': ({ glbSettings }) => (glbSettings ? globalText(glbSettings) : ''),
  domains: ({ domains = [] }) => domains.map(domainText).sort(),
  'target load balancers': ({ targetLoadBalancerIds = [] }) => [...targetLoadBalancerIds].sort(),
  [SIZE]: ({ sizeUnit, size }) => sizeUnit ?? UNITS_OF_SLUG[size ?? ''] ?? 1,
};

/** The fields that have to change, in a fixed order. */
export function differencesOf(wanted: LoadBalancerSpec, found: LoadBalancer): readonly Difference[] {
  return Object.entries(FIELDS).flatMap(([field, read]) => {
    const [from, to] = [read(found, wanted), read(wanted, found)];
    return JSON.stringify(from) === JSON.stringify(to) ? [] : [{ field, from, to }];
  });
}

/** The body of the PUT. */
export function updatedSpec(wanted: LoadBalancerSpec, found: LoadBalancer): LoadBalancerSpec {
  // The API takes droplets or a tag, and one of two ways to name the size: those of the wanted balancer.
  const { sizeUnit: _unit, size: _size, tag: _tag, dropletIds: _ids, tags: _tags, ...kept } = specOf(found);
  const { region, type, network, networkStack, vpcId, subnetId, projectId, ip: _ip, tags = [], ...changing } = wanted;
  // Said when the balancer does not show it; a project is changed by a call of its own.
  const placement = { region, type, network, networkStack, vpcId, subnetId, projectId };
  const allTags = [...new Set([...found.tags, ...tags])];
  return {
    ...withoutUndefined(placement),
    ...kept,
    ...changing,
    ...(allTags.length > 0 ? { tags: allTags } : {}),
  };
}

/** A difference in words. */
export function describeDifference({ field, from, to }: Difference): string {
  return `${field}: ${shown(from)} -> ${shown(to)}`;
}

function ruleText(rule: ForwardingRule): string {
  const { entryProtocol, entryPort, targetProtocol, targetPort, certificateId, tlsPassthrough } = rule;
  const extras = [
    certificateId === undefined ? '' : ` certificate ${certificateId}`,
    tlsPassthrough ? ' pass-through' : '',
  ];
  return `${entryProtocol} ${entryPort} to ${targetProtocol} ${targetPort}${extras.join('')}`;
}

// A tcp check has no path. Whether the check speaks the PROXY protocol is compared only where the wanted one says so.
function healthCheckText(check: HealthCheck | undefined, other: HealthCheck | undefined): string {
  if (!check) return '';
  const { protocol, port, checkIntervalSeconds, responseTimeoutSeconds, unhealthyThreshold, healthyThreshold } = check;
  const path = protocol === 'tcp' ? '' : (check.path ?? '/');
  const saysProxy = check.proxyProtocol !== undefined && other?.proxyProtocol !== undefined;
  const proxy = saysProxy && check.proxyProtocol ? ' with PROXY protocol' : '';
  const rhythm = [checkIntervalSeconds, responseTimeoutSeconds, unhealthyThreshold, healthyThreshold].join('/');
  return `${protocol} ${port}${path} ${rhythm}${proxy}`;
}

function globalText(settings: GlobalSettings): string {
  const { targetProtocol, targetPort, isCdnEnabled, regionPriorities = {}, failoverThreshold } = settings;
  const priorities = Object.entries(regionPriorities)
    .map(([region, priority]) => `${region}=${priority}`)
    .sort()
    .join(' ');
  const extras = [
    isCdnEnabled ? 'CDN' : '',
    priorities,
    failoverThreshold ? `fail-over at ${failoverThreshold} %` : '',
  ];
  return [`${targetProtocol} ${targetPort}`, ...extras.filter((extra) => extra !== '')].join(', ');
}

function domainText({ name, isManaged, certificateId }: GlobalDomain): string {
  return [name, isManaged ? 'managed' : '', certificateId ?? ''].filter((part) => part !== '').join(' ');
}

function shown(value: unknown): string {
  return Array.isArray(value) ? `[${value.join(', ')}]` : String(value);
}

type Defined<T> = { readonly [K in keyof T]?: Exclude<T[K], undefined> };

function withoutUndefined<T extends object>(object: T): Defined<T> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined)) as Defined<T>;
}
