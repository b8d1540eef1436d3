// The Service for the control plane's outside address, and its endpoints: what they shall be, and what differs. Pure. Only the Service
// `default/kubernetes` and its slices are a source; names, annotation and field manager are those of the Go program.
import { resourceType } from '@longshore/k8s-runtime';
import type { KubeObject, KubeService } from '@longshore/k8s-runtime';
import { EMLB_ANNOTATIONS } from '../load-balancer/emlb/desired.ts';
import { CONTROL_PLANE_SERVICE } from './control-plane-service.ts';
import type { ApiServerPorts } from './eip-facts.ts';

/** A slice of endpoints, as far as it counts. */
export interface EndpointSlice extends KubeObject {
  readonly metadata?: KubeObject['metadata'] & { readonly labels?: Readonly<Record<string, string>> };
  readonly addressType?: string;
  readonly endpoints?: readonly Endpoint[] | null;
  readonly ports?: readonly SlicePort[] | null;
}

interface Endpoint {
  readonly addresses: readonly string[];
  readonly conditions?: { readonly ready?: boolean };
}

interface SlicePort {
  readonly name?: string;
  readonly port?: number;
  readonly protocol?: string;
}

/** endpointslices */
export const endpointSlices = resourceType<EndpointSlice>({
  group: 'discovery.k8s.io',
  version: 'v1',
  kind: 'EndpointSlice',
  plural: 'endpointslices',
  isNamespaced: true,
});

/** What the Go programs up to 3.8.1 made in place of slices. */
export interface OldEndpoints extends KubeObject {
  readonly metadata?: KubeObject['metadata'] & { readonly managedFields?: readonly { readonly manager?: string }[] };
}

/** endpoints */
export const oldEndpoints = resourceType<OldEndpoints>({
  group: '',
  version: 'v1',
  kind: 'Endpoints',
  plural: 'endpoints',
  isNamespaced: true,
});

/** Says whose a slice is. */
export const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
/** Owner of the fields that are written. */
export const FIELD_MANAGER = 'cloud-provider-equinix-metal-auto';
const MANAGED_BY = { 'endpointslice.kubernetes.io/managed-by': FIELD_MANAGER };

/** How the control plane is reached. */
export type OutsideWay =
  { readonly kind: 'elastic-ip'; readonly address: string } | { readonly kind: 'balancer'; readonly id: string };

/** What the Service is made of. */
export interface ExternalFacts {
  readonly way: OutsideWay;
  readonly ports: ApiServerPorts;
  /** kube-vip announces every address that it sees, unless it is told not to. */
  readonly isKubeVip: boolean;
}

/** What is to be applied. */
export type ExternalStep =
  | { readonly kind: 'apply-service'; readonly body: KubeService }
  | { readonly kind: 'apply-status'; readonly body: KubeService }
  | { readonly kind: 'apply-slice'; readonly body: EndpointSlice }
  | { readonly kind: 'delete-slice'; readonly name: string }
  | { readonly kind: 'delete-old-endpoints'; readonly uid: string };

/** What is there. */
export interface ExternalFound {
  readonly service: KubeService | undefined;
  /** Of `default/kubernetes`. */
  readonly sources: readonly EndpointSlice[];
  /** Of our Service. */
  readonly slices: readonly EndpointSlice[];
  /** The object of the Service's name; absent when there is none, or it was found to be somebody else's. */
  readonly endpoints?: OldEndpoints | undefined;
}

// MetalLB gives no address out of a pool that does not exist.
const NO_POOL = { 'metallb.universe.tf/address-pool': 'disabled-metallb-do-not-use-any-address-pool' };
const NO_KUBE_VIP = { 'kube-vip.io/ignore': 'true' };

/** The way from found to wanted. */
export function planExternal(facts: ExternalFacts, found: ExternalFound): readonly ExternalStep[] {
  const service = desiredService(facts);
  const slices = desiredSlices(found.sources);
  const names = new Set(slices.map(({ metadata }) => metadata?.name));
  const isOurs = ({ metadata }: EndpointSlice): boolean =>
    metadata?.labels?.['endpointslice.kubernetes.io/managed-by'] === FIELD_MANAGER;
  const surplus = found.slices.filter((slice) => isOurs(slice) && !names.has(slice.metadata?.name));
  return [
    ...(isSameService(service, found.service) ? [] : [{ kind: 'apply-service', body: service } as const]),
    ...slices
      .filter((slice) => !isSameSlice(slice, found.slices))
      .map((body) => ({ kind: 'apply-slice', body }) as const),
    // Without a source nothing is known, so nothing is taken away.
    ...(slices.length === 0
      ? []
      : surplus.map(({ metadata }) => ({ kind: 'delete-slice', name: metadata?.name ?? '' }) as const)),
    ...statusSteps(facts.way, found.service),
    ...(slices.length === 0 ? [] : oldEndpointsSteps(found.endpoints)),
  ];
}

/** True for what the Go programs up to 3.8.1 wrote: nobody else uses their field manager. */
export function isOfGoProgram({ metadata }: OldEndpoints): boolean {
  return metadata?.managedFields?.some(({ manager }) => manager === FIELD_MANAGER) ?? false;
}

// Kubernetes copies Endpoints of a Service without selector to slices, so what nobody updates any more would still be used.
function oldEndpointsSteps(found: OldEndpoints | undefined): readonly ExternalStep[] {
  const uid = found?.metadata?.uid;
  if (!found || uid === undefined || !isOfGoProgram(found)) return [];
  return [{ kind: 'delete-old-endpoints', uid }];
}

/** The slices of `default/kubernetes` among these. Others in the namespace, or of that name elsewhere, are none of them. */
export function sourcesAmong(slices: readonly EndpointSlice[]): readonly EndpointSlice[] {
  return slices.filter(
    ({ metadata }) => metadata?.namespace === 'default' && metadata.labels?.[SERVICE_NAME_LABEL] === 'kubernetes',
  );
}

/** A step in words. */
export function describeExternalStep(step: ExternalStep): string {
  switch (step.kind) {
    case 'apply-service':
      return 'apply the Service';
    case 'apply-status':
      return 'show the elastic IP in its status';
    case 'apply-slice':
      return `apply endpoints ${step.body.metadata?.name ?? ''}`;
    case 'delete-slice':
      return `delete endpoints ${step.name}`;
    case 'delete-old-endpoints':
      return 'delete the Endpoints of the Go program, which EndpointSlices replace';
  }
}

/** The Service as it is applied. */
export function desiredService({ way, ports, isKubeVip }: ExternalFacts): KubeService {
  const { name, outside: port, onNode: targetPort } = ports;
  const annotations = way.kind === 'elastic-ip' ? NO_POOL : { [EMLB_ANNOTATIONS.id]: way.id };
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { ...CONTROL_PLANE_SERVICE, annotations: { ...annotations, ...(isKubeVip ? NO_KUBE_VIP : {}) } },
    spec: {
      type: 'LoadBalancer',
      ...(way.kind === 'elastic-ip' ? { loadBalancerIP: way.address } : {}),
      ports: [{ ...(name === '' ? {} : { name }), port, protocol: 'TCP', targetPort }],
    },
  };
}

function statusSteps(way: OutsideWay, service: KubeService | undefined): readonly ExternalStep[] {
  // With a balancer the status is its controller's.
  if (way.kind !== 'elastic-ip') return [];
  const shown = (service?.status?.loadBalancer?.ingress ?? []).map(({ ip }) => ip);
  if (shown.length === 1 && shown[0] === way.address) return [];
  const status = { loadBalancer: { ingress: [{ ip: way.address }] } };
  return [
    { kind: 'apply-status', body: { apiVersion: 'v1', kind: 'Service', metadata: CONTROL_PLANE_SERVICE, status } },
  ];
}

// One slice for each address family; the API server may have several.
function desiredSlices(sources: readonly EndpointSlice[]): readonly EndpointSlice[] {
  const families = Map.groupBy(sources, ({ addressType = 'IPv4' }) => addressType);
  return [...families].map(([addressType, slices]) => ({
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: CONTROL_PLANE_SERVICE.namespace,
      name: `${CONTROL_PLANE_SERVICE.name}-${addressType.toLowerCase()}`,
      labels: { [SERVICE_NAME_LABEL]: CONTROL_PLANE_SERVICE.name, ...MANAGED_BY },
    },
    addressType,
    endpoints: slices
      .flatMap(({ endpoints }) => endpoints ?? [])
      .map(({ addresses, conditions }) => ({ addresses, conditions: { ready: conditions?.ready ?? true } }))
      .toSorted((a, b) => ((a.addresses[0] ?? '') < (b.addresses[0] ?? '') ? -1 : 1)),
    ports: (slices[0]?.ports ?? []).map(({ name = '', port = 0, protocol = 'TCP' }) => ({ name, port, protocol })),
  }));
}

function isSameService(wanted: KubeService, found: KubeService | undefined): boolean {
  const has = Object.entries(wanted.metadata?.annotations ?? {}).every(
    ([key, value]) => found?.metadata?.annotations?.[key] === value,
  );
  return has && JSON.stringify(coreOf(wanted)) === JSON.stringify(found && coreOf(found));
}

function coreOf({ spec }: KubeService): object {
  const ports = (spec?.ports ?? []).map(({ name = '', port, protocol = 'TCP', targetPort }) => [
    name,
    port,
    protocol,
    targetPort,
  ]);
  return [spec?.type, spec?.loadBalancerIP ?? '', ports];
}

function isSameSlice(wanted: EndpointSlice, found: readonly EndpointSlice[]): boolean {
  const present = found.find(({ metadata }) => metadata?.name === wanted.metadata?.name);
  return present !== undefined && JSON.stringify(shapeOf(wanted)) === JSON.stringify(shapeOf(present));
}

function shapeOf({ endpoints, ports, addressType, metadata }: EndpointSlice): object {
  return [
    addressType,
    metadata?.labels?.[SERVICE_NAME_LABEL],
    (endpoints ?? []).map(({ addresses, conditions }) => [addresses, conditions?.ready ?? true]),
    (ports ?? []).map(({ name = '', port, protocol = 'TCP' }) => [name, port, protocol]),
  ];
}
