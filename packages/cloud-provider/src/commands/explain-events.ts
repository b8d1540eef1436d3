// The latest events about one object, in one form. Pure; observe-events.ts reads them.
import type { KubeEvent } from '@longshore/k8s-runtime';
import { oneLine } from './text-table.ts';

/** One event. */
export interface ExplainedEvent {
  /** When it happened last. */
  readonly at: string;
  readonly type: string;
  readonly reason: string;
  readonly message: string;
  readonly count: number;
  readonly component: string;
}

/** The events, newest first, or why they could not be read. */
export type ExplainedEvents = { readonly events: readonly ExplainedEvent[] } | { readonly problem: string };

const MOST_EVENTS = 10;

/** The newest ones. */
export function latestEvents(all: readonly KubeEvent[]): readonly ExplainedEvent[] {
  return all
    .map(explainedEvent)
    .sort((a, b) => (Date.parse(b.at) || 0) - (Date.parse(a.at) || 0))
    .slice(0, MOST_EVENTS);
}

/** `2026-01-01T00:00:00Z Warning SyncLoadBalancerFailed: … (3 times, service-controller)`. */
export function eventLines(events: ExplainedEvents): readonly string[] {
  if ('problem' in events) return [`The events cannot be read: ${events.problem}.`];
  if (events.events.length === 0) return ['There are none.'];
  return events.events.map(({ at, type, reason, message, count, component }) => {
    const origin = [...(count > 1 ? [`${count} times`] : []), ...(component === '' ? [] : [component])].join(', ');
    return oneLine(`${at} ${type} ${reason}: ${message}${origin === '' ? '' : ` (${origin})`}`);
  });
}

function explainedEvent(event: KubeEvent): ExplainedEvent {
  const { type = '', reason = '', message = '', count = 1, series, source, reportingComponent } = event;
  return {
    at: lastSeen(event),
    type,
    reason,
    message,
    count: series?.count ?? count,
    component: source?.component ?? reportingComponent ?? '',
  };
}

// Two forms exist: the old one has lastTimestamp, the new one eventTime and, when repeated, series.
function lastSeen({ series, lastTimestamp, eventTime, metadata }: KubeEvent): string {
  return series?.lastObservedTime ?? lastTimestamp ?? eventTime ?? metadata.creationTimestamp ?? '';
}
