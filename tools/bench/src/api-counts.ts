// Which calls the API server took, by verb and resource, from its own metrics: works for any program.
import type { BareApi } from './api-loop.ts';

/** `PATCH nodes/status` to count. */
export type ApiCounts = Readonly<Record<string, number>>;

// Calls that the API server makes to itself, or that only the benchmark makes.
const NOT_OURS =
  /^(GET|PUT|POST|PATCH|LIST|WATCH) (apiservices|flowschemas|prioritylevel|customresource|validating|mutating|clusterrole|role|rolebinding|clusterrolebinding|endpoints|endpointslices|namespaces|configmaps|secrets|servicecidrs|ipaddresses|priorityclasses|runtimeclasses|pods|limitranges|resourcequotas|storageclasses|volumeattachments|persistentvolume|serviceaccounts|device|resourceclaims|replicationcontrollers)/;

/** Reads the counters. */
export async function readApiCounts(api: BareApi): Promise<ApiCounts> {
  const text = await api.must({ method: 'GET', path: '/metrics' });
  const counts: Record<string, number> = {};
  for (const line of text.split('\n')) {
    if (!line.startsWith('apiserver_request_total{')) continue;
    const label = (name: string): string => new RegExp(`[{,]${name}="([^"]*)"`).exec(line)?.[1] ?? '';
    if (label('resource') === '') continue;
    const key = `${label('verb')} ${label('resource')}${label('subresource') ? `/${label('subresource')}` : ''}`;
    counts[key] = (counts[key] ?? 0) + Number(line.slice(line.lastIndexOf(' ') + 1));
  }
  return counts;
}

/** What came between two readings, without the API server's calls to itself. */
export function countsBetween(before: ApiCounts, after: ApiCounts): ApiCounts {
  const entries = Object.entries(after)
    .map(([key, count]) => [key, count - (before[key] ?? 0)] as const)
    .filter(([key, count]) => count > 0 && !NOT_OURS.test(key));
  return Object.fromEntries(entries.toSorted(([left], [right]) => left.localeCompare(right)));
}

/** Sum of the writes among the counts; leases, events and access reviews, which store nothing, apart. */
export function writesIn(counts: ApiCounts): number {
  return Object.entries(counts)
    .filter(([key]) => /^(POST|PUT|PATCH|APPLY|DELETE)/.test(key) && !/ (leases|events|\w+reviews)$/.test(key))
    .reduce((sum, [, count]) => sum + count, 0);
}
