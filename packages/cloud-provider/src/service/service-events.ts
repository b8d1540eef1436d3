// Reasons and texts of the events about Services: a contract with users and dashboards (spec §4.3, §4.5, §4.6). What is added to
// upstream's texts says more behind them; LoadBalancerPending and LoadBalancerWarning are new.
import type { KubeService } from '@longshore/k8s-runtime';
import { describeDropped } from './targets.ts';
import type { Targets } from './targets.ts';

/** An event as data. */
export interface EventStep {
  readonly kind: 'event';
  readonly about: KubeService;
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly message: string;
}

type Texts = readonly [type: 'Normal' | 'Warning', reason: string, message: string];

/** Every event that the service controller writes. */
export const serviceEvents = {
  ensuring: (): Texts => ['Normal', 'EnsuringLoadBalancer', 'Ensuring load balancer'],
  ensured: (): Texts => ['Normal', 'EnsuredLoadBalancer', 'Ensured load balancer'],
  repaired: (changes: readonly string[]): Texts => [
    'Normal',
    'EnsuredLoadBalancer',
    `Ensured load balancer: ${changes.join('; ')}`,
  ],
  updated: (): Texts => ['Normal', 'UpdatedLoadBalancer', 'Updated load balancer with new hosts'],
  deleting: (): Texts => ['Normal', 'DeletingLoadBalancer', 'Deleting load balancer'],
  deleted: (): Texts => ['Normal', 'DeletedLoadBalancer', 'Deleted load balancer'],
  pending: (waitingFor: string): Texts => ['Normal', 'LoadBalancerPending', `Waiting for load balancer: ${waitingFor}`],
  unavailable: (dropped: Targets['dropped']): Texts => [
    'Warning',
    'UnAvailableLoadBalancer',
    `There are no available nodes for LoadBalancer${inBrackets(describeDropped(dropped))}`,
  ],
  warning: (text: string): Texts => ['Warning', 'LoadBalancerWarning', text],
  syncFailed: (text: string): Texts => ['Warning', 'SyncLoadBalancerFailed', `Error syncing load balancer: ${text}`],
  updateFailed: (names: readonly string[], text: string): Texts => [
    'Warning',
    'UpdateLoadBalancerFailed',
    `Error updating load balancer with new hosts [${firstNames(names)}] ` +
      `[node names limited, total number of nodes: ${names.length}], error: ${text}`,
  ],
  deleteFailed: (text: string): Texts => [
    'Warning',
    'DeleteLoadBalancerFailed',
    `Error deleting load balancer: ${text}`,
  ],
} as const;

/** The step that writes an event about a Service. */
export function tell(about: KubeService, [type, reason, message]: Texts): EventStep {
  return { kind: 'event', about, type, reason, message };
}

const MOST_NAMES = 20;

function firstNames(names: readonly string[]): string {
  const more = names.length - MOST_NAMES;
  return [...names.slice(0, MOST_NAMES), ...(more > 0 ? [`<${more} more>`] : [])].join(', ');
}

function inBrackets(text: string): string {
  return text === '' ? '' : ` (no target: ${text})`;
}
