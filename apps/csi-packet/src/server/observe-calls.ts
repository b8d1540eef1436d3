// The interceptor of every call: one log line when it ends, and the operation metrics that CSI's own libraries have. Requests are shown at
// debug only, without what csi.proto calls a secret.
import { ServerInterceptingCall } from '@grpc/grpc-js';
import type { Responder, ServerInterceptor, ServerListener as Listener } from '@grpc/grpc-js';
import type { Clock, Histogram, LogFields, Logger, Metrics } from '@longshore/reconciler-core';
import { codeName } from './codes.ts';
import { shownRequest } from './redact-request.ts';

/** What observing needs. */
export interface ObserveOptions {
  readonly driverName: string;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Told of every call when it is answered. */
  readonly ended?: () => void;
}

// Of kubernetes-csi/csi-lib-utils.
const BUCKETS = [0.1, 0.25, 0.5, 1, 2.5, 5, 10, 15, 25, 50, 120, 300, 600];
// Asked every few seconds by kubelet and sidecars.
const CHATTER = /\/(Probe|GetPluginInfo|GetPluginCapabilities|ControllerGetCapabilities|NodeGetCapabilities)$/;
const DEBUG = 4;

/** Observes all calls of a server. */
export function observeCalls({ driverName, clock, log, metrics, ended }: ObserveOptions): ServerInterceptor {
  const seconds = operationsMetric(metrics);
  let calls = 0;
  return ({ path }, call) => {
    calls += 1;
    const startMs = clock.monotonicMs();
    const isChatter = CHATTER.test(path);
    const fields: Record<string, unknown> = { method: path, call: calls };
    const sendStatus: Responder['sendStatus'] = (status, next) => {
      const ms = Math.round(clock.monotonicMs() - startMs);
      const code = codeName(status.code);
      seconds.observe(ms / 1_000, { driver_name: driverName, method_name: path, grpc_status_code: code });
      const line = (): LogFields => ({ ...fields, code, ms, ...(status.details ? { details: status.details } : {}) });
      if (code !== 'OK') log.warn('call failed', line());
      else if (!isChatter) log.info('call done', line());
      else if (log.isVerbose(DEBUG)) log.verbose(DEBUG, 'call done', line());
      next(status);
      ended?.();
    };
    // Of calls that leave no line, nobody needs the request.
    if (isChatter && !log.isVerbose(DEBUG)) return new ServerInterceptingCall(call, { sendStatus });
    const onReceiveMessage: Listener['onReceiveMessage'] = (message, forward) => {
      Object.assign(fields, namesOf(message));
      if (log.isVerbose(DEBUG)) log.verbose(DEBUG, 'call', { ...fields, request: shownRequest(path, message) });
      forward(message);
    };
    return new ServerInterceptingCall(call, { start: (next) => next({ onReceiveMessage }), sendStatus });
  };
}

function operationsMetric(metrics: Metrics): Histogram {
  return metrics.histogram({
    name: 'csi_plugin_operations_seconds',
    help: 'Container Storage Interface operation duration with gRPC error code status total',
    labels: ['driver_name', 'method_name', 'grpc_status_code'],
    buckets: BUCKETS,
  });
}

// What every line about a call should name.
function namesOf(message: unknown): Readonly<Record<string, unknown>> {
  if (typeof message !== 'object' || message === null) return {};
  const { volumeId, name, nodeId, snapshotId } = message as Readonly<Record<string, unknown>>;
  return Object.fromEntries(
    Object.entries({ volume: volumeId, name, node: nodeId, snapshot: snapshotId }).filter(
      ([, value]) => value !== undefined && value !== '',
    ),
  );
}
