// When a Service's shown status was changed by somebody else (I17), and how soon it is put right: at once the first time, ever later
// while somebody keeps writing against us, so that two writers do not spend the cloud's rate limit on each other.
import type { KubeService } from '@longshore/k8s-runtime';
import { hasOtherStatus } from './balancer-status.ts';
import type { Remembered } from './service-memory.ts';

const FIRST_MS = 1_000;
const LONGEST_MS = 300_000;

/** Milliseconds until the repair, or undefined when the Service shows what it should or nothing is known of it. */
export function driftRepairMs(service: KubeService, remembered: Remembered | undefined): number | undefined {
  if (remembered?.progress !== 'ready' || remembered.uid !== service.metadata?.uid) return undefined;
  if (!hasOtherStatus(service, remembered.status)) return undefined;
  return remembered.repairs === 0 ? 0 : Math.min(LONGEST_MS, FIRST_MS * 2 ** remembered.repairs);
}
