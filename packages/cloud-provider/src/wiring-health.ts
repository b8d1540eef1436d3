// What /healthz, /livez and /readyz ask (I23): the lease and the progress of each running controller, the event loop, caches and cloud.
// A standby is healthy and ready like a leader: its caches are warm and its cloud answers.
import { messageOf } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { HealthCheck, InformerSet } from '@longshore/k8s-runtime';
import type { CloudController } from './instances/health-report.ts';
import type { CloudProvider } from './provider.ts';

/** The provider's promise: `ping` is called at most this often, however many ask. */
const PING_LASTS_MS = 30_000;
const PING_TIMEOUT_MS = 4_000;

/** A controller's own report under its flag name. */
export function controllerCheck(name: string, parts: readonly CloudController[]): HealthCheck {
  return {
    name,
    check() {
      const stuck = parts.map((part) => part.check()).find(({ isHealthy }) => !isHealthy);
      return stuck?.message;
    },
  };
}

/** Ready when every cache has its first complete list. */
export function informersCheck(informers: InformerSet): HealthCheck {
  return {
    name: 'informers',
    check() {
      const waiting = [...informers.health()].filter(([, { isSynced }]) => !isSynced).map(([name]) => name);
      return waiting.length === 0 ? undefined : `not synced yet: ${waiting.join(', ')}`;
    },
  };
}

/** Ready when the cloud answered within the last 30 s; asks it only when somebody asks us. */
export function cloudCheck(provider: CloudProvider, clock: Clock): HealthCheck | undefined {
  if (!provider.ping) return undefined;
  let latest: { readonly atMs: number; readonly answer: Promise<string | undefined> } | undefined;
  return {
    name: 'cloud',
    check() {
      const nowMs = clock.monotonicMs();
      if (!latest || nowMs - latest.atMs >= PING_LASTS_MS) latest = { atMs: nowMs, answer: ping(provider, clock) };
      return latest.answer;
    },
  };
}

async function ping(provider: CloudProvider, clock: Clock): Promise<string | undefined> {
  const limit = new AbortController();
  const cancel = clock.after(PING_TIMEOUT_MS, () =>
    limit.abort(new Error(`no answer within ${PING_TIMEOUT_MS / 1000} s`)),
  );
  try {
    await provider.ping?.(limit.signal);
    return undefined;
  } catch (error) {
    return `${provider.name} cannot be reached: ${messageOf(error)}`;
  } finally {
    cancel();
  }
}
