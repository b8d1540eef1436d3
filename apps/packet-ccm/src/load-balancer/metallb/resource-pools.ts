// IPAddressPools: one for each address, with a label for each Service that uses it. A pool keeps its name while it lives: MetalLB takes an
// address from its Services when its pool goes. Pure.
import type { ServiceName } from '../announcer.ts';
import { toRange } from './config-map-pools.ts';
import { keyOfService, parseServiceKey } from './markers.ts';
import { isOurs, OWN_LABEL } from './resources.ts';
import type { AddressPool } from './resources.ts';

/** One change; objects are whole, as they shall be. */
export type ResourcePoolStep =
  | { readonly kind: 'create-pool'; readonly object: AddressPool }
  | { readonly kind: 'update-pool'; readonly object: AddressPool }
  | { readonly kind: 'remove-pool'; readonly object: AddressPool };

type Labels = Readonly<Record<string, string>>;

const SERVICE_LABEL = 'service-';
const NAMESPACE_LABEL = 'namespace-';
// Services that share an address stand in an annotation of this prefix, `<namespace>.<name>` and commas between.
const SHARED = 'shared-';
const OUR_SHARED = 'shared-services';
const LABEL_KEY = /^service-[a-z0-9](?:[-a-z0-9]{0,53}[a-z0-9])?$/;
const LONGEST_LABEL = 63;

/** The Services that use a pool of ours, as keys, sorted. */
export function servicesOfPoolObject({ metadata }: AddressPool): readonly string[] {
  const labelled = Object.entries(metadata.labels ?? {})
    .filter(([key, value]) => key.startsWith(SERVICE_LABEL) && value.startsWith(NAMESPACE_LABEL))
    .map(([key, value]) => `${value.slice(NAMESPACE_LABEL.length)}/${key.slice(SERVICE_LABEL.length)}`);
  const shared = Object.entries(metadata.annotations ?? {})
    .filter(([key]) => key.startsWith(SHARED))
    .flatMap(([, names]) => names.split(','))
    // Neither part can have a dot in it.
    .map((name) => name.replace('.', '/'));
  return [...new Set([...labelled, ...shared])].filter((key) => parseServiceKey(key) !== undefined).toSorted();
}

/** Steps after which the Service has exactly these addresses; none withdraws it. */
export function planPoolObjects(
  service: ServiceName,
  addresses: readonly string[],
  found: readonly AddressPool[],
): readonly ResourcePoolStep[] {
  const key = keyOfService(service);
  const missing = new Set(addresses.map(toRange));
  const steps: ResourcePoolStep[] = [];
  const free: AddressPool[] = [];
  for (const pool of found.filter(isOurs)) {
    const services = servicesOfPoolObject(pool);
    const used = (pool.spec.addresses ?? []).filter((range) => missing.has(range));
    if (used.length > 0) {
      steps.push(...join(pool, services, { key, used }));
      for (const range of used) missing.delete(range);
    } else if (services.includes(key)) {
      if (services.length === 1) free.push(pool);
      else
        steps.push({
          kind: 'update-pool',
          object: withServices(
            pool,
            services.filter((one) => one !== key),
          ),
        });
    }
  }
  return [...steps, ...planFresh(service, [...missing], { free, found })];
}

// A pool whose address was replaced goes on with the new one: it has the Service's name.
function planFresh(
  service: ServiceName,
  missing: readonly string[],
  { free, found }: { readonly free: readonly AddressPool[]; readonly found: readonly AddressPool[] },
): readonly ResourcePoolStep[] {
  const taken = new Set(found.map(({ metadata }) => metadata.name ?? ''));
  const fresh = missing.map((range, index): ResourcePoolStep => {
    const pool = free[index];
    if (pool === undefined) return { kind: 'create-pool', object: newPool(service, range, taken) };
    return { kind: 'update-pool', object: { ...pool, spec: { ...pool.spec, addresses: [range] } } };
  });
  const left = free.slice(missing.length);
  return [...left.map((object): ResourcePoolStep => ({ kind: 'remove-pool', object })), ...fresh];
}

/** Steps after which none of these addresses is in a pool of ours. */
export function planPoolObjectsWithout(
  addresses: readonly string[],
  found: readonly AddressPool[],
): readonly ResourcePoolStep[] {
  const unwanted = new Set(addresses.map(toRange));
  return found.filter(isOurs).flatMap((pool): readonly ResourcePoolStep[] => {
    const ranges = pool.spec.addresses ?? [];
    const left = ranges.filter((range) => !unwanted.has(range));
    if (left.length === ranges.length) return [];
    if (left.length === 0) return [{ kind: 'remove-pool', object: pool }];
    return [{ kind: 'update-pool', object: { ...pool, spec: { ...pool.spec, addresses: left } } }];
  });
}

function join(
  pool: AddressPool,
  services: readonly string[],
  { key, used }: { readonly key: string; readonly used: readonly string[] },
): readonly ResourcePoolStep[] {
  // Of a pool that only this Service has, what it does not want any more goes.
  const isAlone = services.every((service) => service === key);
  const hasMore = isAlone && used.length < (pool.spec.addresses ?? []).length;
  if (services.includes(key) && !hasMore) return [];
  const object = withServices(pool, [...new Set([...services, key])].toSorted());
  return [{ kind: 'update-pool', object: hasMore ? { ...object, spec: { ...object.spec, addresses: used } } : object }];
}

function withServices(pool: AddressPool, services: readonly string[]): AddressPool {
  const { labels = {}, annotations = {} } = pool.metadata;
  const isServiceLabel = ([key, value]: readonly [string, string]): boolean =>
    key.startsWith(SERVICE_LABEL) && value.startsWith(NAMESPACE_LABEL);
  const others = Object.fromEntries(Object.entries(labels).filter((entry) => !isServiceLabel(entry)));
  const ours = labelsOf(services);
  const shared = sharedOf(services, annotations, ours);
  return { ...pool, metadata: { ...pool.metadata, labels: { ...others, ...ours }, annotations: shared } };
}

// Two Services of one name in two namespaces have one label: then the annotation tells them apart.
function labelsOf(services: readonly string[]): Labels {
  const entries = services.map((key) => {
    const { namespace = '', name = '' } = parseServiceKey(key) ?? {};
    return [SERVICE_LABEL + name, NAMESPACE_LABEL + namespace] as const;
  });
  return Object.fromEntries(
    entries.filter(([key, value]) => LABEL_KEY.test(key) && value.length <= LONGEST_LABEL).toReversed(),
  );
}

function sharedOf(services: readonly string[], annotations: Labels, labels: Labels): Labels {
  const entries = Object.entries(annotations);
  const kept = Object.fromEntries(entries.filter(([key]) => !key.startsWith(SHARED)));
  const [formerKey = OUR_SHARED] = entries.map(([key]) => key).filter((key) => key.startsWith(SHARED));
  const saysLabelsAll = services.length < 2 && Object.keys(labels).length === services.length;
  // The key that a Go program took from the Services' sharing annotation stays, or it would refuse the next one.
  if (saysLabelsAll && formerKey === OUR_SHARED) return kept;
  return { ...kept, [formerKey]: services.map((key) => key.replace('/', '.')).join(',') };
}

function newPool(service: ServiceName, range: string, taken: Set<string>): AddressPool {
  const name = freeName(service, taken);
  taken.add(name);
  const empty: AddressPool = {
    apiVersion: 'metallb.io/v1beta1',
    kind: 'IPAddressPool',
    metadata: { name, labels: { [OWN_LABEL.key]: OWN_LABEL.value } },
    spec: { addresses: [range], autoAssign: false, avoidBuggyIPs: false },
  };
  const object = withServices(empty, [keyOfService(service)]);
  const { annotations = {}, ...metadata } = object.metadata;
  return Object.keys(annotations).length > 0 ? object : { ...object, metadata };
}

function freeName({ namespace, name }: ServiceName, taken: ReadonlySet<string>): string {
  const clean = (text: string): string => text.replaceAll(/[^A-Za-z0-9-]/g, '');
  const first = `${clean(namespace)}.${clean(name)}`;
  let free = first;
  // No Service can have a dot in its name, so this is nobody else's name.
  for (let number = 2; taken.has(free); number += 1) free = `${first}.${number}`;
  return free;
}

/** The step in words. */
export function describePoolObjectStep({ kind, object }: ResourcePoolStep): string {
  const pool = `MetalLB pool ${object.metadata.name ?? ''}`;
  switch (kind) {
    case 'create-pool':
      return `${pool} added: ${(object.spec.addresses ?? []).join(', ')}`;
    case 'update-pool':
      return `${pool} updated: ${servicesOfPoolObject(object).join(', ')}`;
    case 'remove-pool':
      return `${pool} removed`;
  }
}
