// Why a Service does not get the address that it asks for: the errors, one for each reason. Pure. The running state stays as it is.
import { keyOf } from '@longshore/k8s-runtime';
import type { KubeService } from '@longshore/k8s-runtime';
import { backoff, onChange, OperatorError } from '@longshore/reconciler-core';

/** All that is wrong with the Service itself. */
export function serviceInvalid(messages: readonly string[]): OperatorError {
  return new OperatorError('SERVICE_INVALID', messages.join('; '), onChange);
}

/** The address has an owner that is not this Service. */
export function foreignAddress(address: string, whose: string, remedy: string): OperatorError {
  return new OperatorError('ELASTIC_IP_FOREIGN', `address ${address} ${whose}: ${remedy}`, onChange);
}

/** Another Service has a port of this one on the address. */
export function portTaken(address: string, port: string, other: KubeService): OperatorError {
  const message = `port ${port} of address ${address} is that of service ${keyOf(other)}: Services with one address must have different ports`;
  return new OperatorError('ELASTIC_IP_PORT_TAKEN', message, onChange);
}

/** The pool gives nothing. */
export function poolEmpty(pool: string, reason: string): OperatorError {
  return new OperatorError('ELASTIC_IP_POOL_EMPTY', `pool ${pool} has no address for the service: ${reason}`, backoff);
}

/** The API has turned the request down. */
export function reservationDenied(id: string): OperatorError {
  const message = `reservation ${id} of the service was denied: remove it at the cloud, then another one is asked for`;
  return new OperatorError('ELASTIC_IP_DENIED', message, backoff);
}
