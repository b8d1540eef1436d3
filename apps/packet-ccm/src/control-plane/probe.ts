// Asks one API server whether it is well: GET /healthz, as the Go program does, but the certificate counts. It has to be one of the
// cluster's CA for the name that every API server has inside the cluster: elastic and host addresses are not always in it.
import { Agent, request } from 'node:https';
import { messageOf } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';

/** Where to ask, and what to trust. */
export interface ProbeTarget {
  readonly address: string;
  readonly port: number;
  /** PEM; absent: the certificate is not checked. */
  readonly ca: string | undefined;
}

/** The answer. */
export type ProbeResult = { readonly isHealthy: true } | { readonly isHealthy: false; readonly reason: string };

/** Asks. Never rejects but for an aborted signal. */
export type Probe = (target: ProbeTarget, signal: AbortSignal) => Promise<ProbeResult>;

/** Longest time for one answer. */
export const PROBE_TIMEOUT_MS = 5_000;

const SERVER_NAME = 'kubernetes.default.svc';

/** The probe over the network. Each asks on a connection of its own: one that stays open would outlive a move. */
export function httpsProbe(clock: Clock): Probe {
  return async (target, signal) => {
    const late = new AbortController();
    const cancel = clock.after(PROBE_TIMEOUT_MS, () => late.abort(new Error(`no answer in ${PROBE_TIMEOUT_MS} ms`)));
    try {
      const status = await ask(target, AbortSignal.any([signal, late.signal]));
      return status === 200 ? { isHealthy: true } : { isHealthy: false, reason: `/healthz answered ${status}` };
    } catch (error) {
      signal.throwIfAborted();
      return { isHealthy: false, reason: messageOf(late.signal.aborted ? late.signal.reason : error) };
    } finally {
      cancel();
    }
  };
}

function ask({ address, port, ca }: ProbeTarget, signal: AbortSignal): Promise<number> {
  const agent = new Agent({ keepAlive: false });
  const trust = ca === undefined ? { rejectUnauthorized: false } : { ca };
  const asked = new Promise<number>((resolve, reject) => {
    const options = { host: address, port, path: '/healthz', servername: SERVER_NAME, agent, signal, ...trust };
    const sent = request(options, (answer) => {
      answer.resume();
      resolve(answer.statusCode ?? 0);
    });
    sent.on('error', reject);
    sent.end();
  });
  return asked.finally(() => agent.destroy());
}
