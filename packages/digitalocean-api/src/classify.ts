// What DigitalOcean's own error bodies mean beyond their status. Pure.
import { classifyIdMessageBody, CloudApiError } from '@longshore/cloud-http';
import type { ApiErrorBody } from '@longshore/cloud-http';
import { retryAfter } from '@longshore/reconciler-core';

// A balancer takes new changes a few seconds after the last one; the API does not say when.
const BUSY_RETRY_MS = 15_000;
// "Load Balancer can't be updated while it processes previous actions", status 403 although nothing is forbidden.
const BUSY = /processes previous actions/i;

/** Error body to facts; `undefined` when it is not the API that speaks. */
export function classifyDigitalOceanBody(body: unknown, status: number): ApiErrorBody | undefined {
  const api = classifyIdMessageBody(body) ?? classifyRootCausesBody(body);
  if (api === undefined) return undefined;
  return status === 403 && BUSY.test(api.message) ? { ...api, disposition: retryAfter(BUSY_RETRY_MS) } : api;
}

/** The load balancer still works on an earlier change; the call can be repeated soon. */
export function isLoadBalancerBusy(error: unknown): boolean {
  return error instanceof CloudApiError && error.status === 403 && error.hasApiBody && BUSY.test(error.message);
}

// Creating a tag answers 400 in a form of its own: { error, messages, root_causes }.
function classifyRootCausesBody(body: unknown): ApiErrorBody | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const { error, root_causes: rootCauses } = body as Record<string, unknown>;
  if (typeof error !== 'string' || !Array.isArray(rootCauses)) return undefined;
  return {
    apiCode: 'bad_request',
    message: [error, ...rootCauses.filter((cause) => typeof cause === 'string')].join(': '),
  };
}
