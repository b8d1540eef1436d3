// Which balancer is a Service's? Pure. By the UUID that is noted on the Service, and by name: a stale UUID heals through the name, a renamed
// balancer is found through its UUID. Doubt makes no second balancer and takes none from another Service.
import type { OrphanedBalancer } from '@longshore/cloud-provider';
import type { KubeService } from '@longshore/k8s-runtime';
import type { LoadBalancer, LoadBalancerId } from '@longshore/cloudscale-api';
import { onChange, OperatorError } from '@longshore/reconciler-core';
import { ANNOTATIONS } from '../annotations.ts';
import { defaultNameOf } from './desired.ts';

/** Tags of what is created for a Service. */
export const TAGS = {
  cluster: 'kubernetes_cluster',
  namespace: 'kubernetes_namespace',
  name: 'kubernetes_service',
  uid: 'kubernetes_service_uid',
} as const;

/** What is known of the Service and the project. */
export interface IdentityFacts {
  readonly service: KubeService;
  readonly uuid: LoadBalancerId | undefined;
  readonly name: string;
  readonly balancers: readonly LoadBalancer[];
  /** All Services of the cluster. */
  readonly services: readonly KubeService[];
}

/** The Service's balancers: none, one, or more than one may be. */
export function ownBalancers(facts: IdentityFacts): readonly LoadBalancer[] {
  const { uuid, name, balancers, service, services } = facts;
  const taken = new Set(
    services
      .filter((other) => other.metadata?.uid !== service.metadata?.uid)
      .map((other) => other.metadata?.annotations?.[ANNOTATIONS.uuid.key]),
  );
  return balancers.filter(({ id, name: found }) => id === uuid || (found === name && !taken.has(id)));
}

/** The Service's balancer; an error when two may be. */
export function ownBalancer(facts: IdentityFacts): LoadBalancer | undefined {
  const [first, ...others] = ownBalancers(facts);
  if (others.length === 0) {
    if (first === undefined) refuseTakenName(facts);
    return first;
  }
  const ids = [first, ...others].map((balancer) => balancer?.id).sort();
  const message = `found more than one load balancer for the service: ${ids.join(' and ')}: remove those that are not needed, or correct the annotations ${ANNOTATIONS.uuid.key} and ${ANNOTATIONS.name.key}`;
  throw new OperatorError('LOAD_BALANCER_AMBIGUOUS', message, onChange);
}

// All balancers of the wanted name belong to other Services: one more would be found by all of them.
function refuseTakenName({ name, balancers }: IdentityFacts): void {
  const other = balancers.find((balancer) => balancer.name === name);
  if (other === undefined) return;
  const message = `the name ${name} belongs to load balancer ${other.id} of another service: change the annotation ${ANNOTATIONS.name.key}`;
  throw new OperatorError('LOAD_BALANCER_NAME_TAKEN', message, onChange);
}

/** What goes with the Service: by UUID, by the name that only this Service can have, or as the single one of the name that it wants. */
export function balancersToRemove(facts: IdentityFacts): readonly LoadBalancer[] {
  const { service, uuid } = facts;
  const own = ownBalancers(facts);
  const certain = own.filter(({ id, name }) => id === uuid || name === defaultNameOf(service));
  return certain.length > 0 || own.length !== 1 ? certain : own;
}

/** Tags of a Service's objects. */
export function tagsOf(service: KubeService, clusterId: string | undefined): Readonly<Record<string, string>> {
  const { namespace = '', name = '', uid = '' } = service.metadata ?? {};
  return {
    [TAGS.namespace]: namespace,
    [TAGS.name]: name,
    [TAGS.uid]: uid,
    ...(clusterId === undefined ? {} : { [TAGS.cluster]: clusterId }),
  };
}

/** Balancers that were made for this cluster, and belong to none of its Services: neither by tag nor by UUID. */
export function orphansAmong(
  balancers: readonly LoadBalancer[],
  services: readonly KubeService[],
  clusterId: string,
): readonly OrphanedBalancer[] {
  const living = services.filter(({ spec }) => spec?.type === 'LoadBalancer');
  const uids = new Set(living.map(({ metadata }) => metadata?.uid));
  const noted = new Set(living.map(({ metadata }) => metadata?.annotations?.[ANNOTATIONS.uuid.key]));
  return balancers
    .filter(({ tags }) => tags[TAGS.cluster] === clusterId)
    .filter(({ id, tags }) => !uids.has(tags[TAGS.uid] ?? '') && !noted.has(id))
    .map(({ id, name, tags }) => {
      const service = `${tags[TAGS.namespace] ?? ''}/${tags[TAGS.name] ?? ''}`;
      return { id, name, reason: `it was made for service ${service}, which is not there` };
    });
}
