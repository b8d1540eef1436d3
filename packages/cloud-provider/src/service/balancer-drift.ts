// When a Service's shown status was changed by somebody else (I17), and how soon it is put right: at once the first time, ever later
// while somebody keeps writing against us, so that two writers do not spend the cloud's rate limit on each other.
import type { KubeService } from '@longshore/k8s-runtime';
import { hasOtherStatus } from './balancer-status.ts';
import type { Remembered } from './service-memory.ts';

/** `old`: the cache is behind our own write. */
export type StatusVerdict =
  { readonly kind: 'of-no-interest' | 'as-wanted' | 'old' } | { readonly kind: 'drifted'; readonly repairMs: number };

const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/** Compares what an update of a Service shows with what was written last. */
export function judgeStatus(service: KubeService, remembered: Remembered | undefined): StatusVerdict {
  if (remembered?.progress !== 'ready' || remembered.uid !== service.metadata?.uid) return { kind: 'of-no-interest' };
  if (!hasOtherStatus(service, remembered.status)) return { kind: 'as-wanted' };
  if (!remembered.isStatusSeen) return { kind: 'old' };
  const { repairs } = remembered;
  return { kind: 'drifted', repairMs: repairs === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** repairs) };
}
