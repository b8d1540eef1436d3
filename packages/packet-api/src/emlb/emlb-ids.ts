// Branded IDs of the load balancer service. Unlike the UUIDs of the other API they count with their case.
import { requiredText } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';

/** ID of a load balancer. */
export type EmlbBalancerId = string & { readonly __id: 'emlb-balancer' };
/** ID of a port of a load balancer. */
export type EmlbPortId = string & { readonly __id: 'emlb-port' };
/** ID of a pool. */
export type EmlbPoolId = string & { readonly __id: 'emlb-pool' };
/** ID of an origin. */
export type EmlbOriginId = string & { readonly __id: 'emlb-origin' };

/** A text as ID of a balancer; `undefined` for what can be none, so that nobody is asked about it. */
export function parseEmlbBalancerId(text: string): EmlbBalancerId | undefined {
  return parse<EmlbBalancerId>('loadbal', text);
}

/** A text as ID of a pool. */
export function parseEmlbPoolId(text: string): EmlbPoolId | undefined {
  return parse<EmlbPoolId>('loadpol', text);
}

/** The field `id` of an answer, which has to be there. */
export function ownEmlbId<T extends string>(object: JsonObject): T {
  const id = requiredText(object, 'id');
  if (id === '') throw new Error('field "id" is empty');
  return id as T;
}

function parse<T extends string>(prefix: string, text: string): T | undefined {
  return text.startsWith(`${prefix}-`) && /^[\w-]{9,64}$/.test(text) ? (text as T) : undefined;
}
