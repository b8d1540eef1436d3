// Names of load balancers and their parts. Pure. They are a contract with the Go program, and the way back to a balancer whose ID is
// noted nowhere: names are the only thing besides the ID that the service keeps.
import type { KubeService } from '@longshore/k8s-runtime';
import { clusterTag, tagsFor } from '../reservation-tags.ts';
import { nameOf } from '../service-addresses.ts';

/** The name of a Service's balancer. */
export function balancerNameOf(service: KubeService, clusterId: string): string {
  return tagsFor(nameOf(service), clusterId).join(':');
}

/** The name of a port of the balancer with this name. */
export function portNameOf(balancerName: string, number: number): string {
  return `${balancerName}-port-${number}`;
}

/** The name of the pool behind a port. */
export function poolNameOf(balancerName: string, number: number): string {
  return `${balancerName}-pool-${number}`;
}

/** The name of an origin in a pool. */
export function originNameOf(poolName: string, address: string): string {
  return `${poolName}-origin-${address}`;
}

/** The balancer that a pool was made for; `undefined` for pools that no program like this one made. */
export function balancerOfPool(poolName: string): string | undefined {
  return /^(usage=.+)-pool-\d+$/.exec(poolName)?.[1];
}

/** A program like this one gave it, for some Service of some cluster. */
export function isAutomaticName(name: string): boolean {
  return /^usage=[^:]+:service=[^:]+:cluster=[^:]+$/.test(name);
}

/** A program like this one gave it in this cluster. */
export function isOfThisCluster(name: string, clusterId: string): boolean {
  return isAutomaticName(name) && name.endsWith(`:${clusterTag(clusterId)}`);
}
