// How MetalLB's configuration tells which Services use a peer: selectors that match no Node, one for each Service. Names are contract with
// the Go programs. Pure; used for both forms of the configuration, whose selectors differ in the spelling of one field only.
import type { ServiceName } from '../announcer.ts';

const NAMESPACE_KEY = 'nomatch.metal.equinix.com/service-namespace';
const NAME_KEY = 'nomatch.metal.equinix.com/service-name';
const HOSTNAME_KEY = 'kubernetes.io/hostname';

/** Labels of one selector. */
export type MatchLabels = Readonly<Record<string, string>>;

/** `namespace/name`: also the name of the Service's address pool in the ConfigMap. */
export function keyOfService({ namespace, name }: ServiceName): string {
  return `${namespace}/${name}`;
}

/** The inverse; `undefined` for what is no such key. */
export function parseServiceKey(key: string): ServiceName | undefined {
  const [, namespace, name] = /^([^/,\s]+)\/([^/,\s]+)$/.exec(key) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** The Services that these selectors name, sorted, each once. */
export function servicesIn(selectors: readonly MatchLabels[]): readonly string[] {
  return [...new Set(selectors.map(serviceOf).filter((key) => key !== undefined))].toSorted();
}

/** The Nodes that these selectors name. */
export function nodesIn(selectors: readonly MatchLabels[]): readonly string[] {
  return selectors.map((labels) => labels[HOSTNAME_KEY]).filter((name) => name !== undefined);
}

/** True for a selector that is bookkeeping. */
export function isMarker(labels: MatchLabels): boolean {
  return serviceOf(labels) !== undefined;
}

/** The selector that makes a peer that of one Node. */
export function nodeSelector(nodeName: string): MatchLabels {
  return { [HOSTNAME_KEY]: nodeName };
}

/** Bookkeeping for these Services. */
export function markersOf(services: readonly string[]): readonly MatchLabels[] {
  return services.map((key) => {
    const { namespace = '', name = '' } = parseServiceKey(key) ?? {};
    return { [NAMESPACE_KEY]: namespace, [NAME_KEY]: name };
  });
}

function serviceOf(labels: MatchLabels): string | undefined {
  const { [NAMESPACE_KEY]: namespace, [NAME_KEY]: name } = labels;
  return namespace === undefined || name === undefined ? undefined : keyOfService({ namespace, name });
}
