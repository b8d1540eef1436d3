// How an Event object looks (core/v1): name, namespace, what it is about. Pure; called by queued-event-recorder.ts.
import type { KubeEvent, KubeObject } from '../client/resource-type.ts';
import type { CorrelatedEvent, EventFacts } from './aggregate-plan.ts';

// Long messages (a cloud's whole answer) help nobody and are stored in etcd for an hour each.
const LONGEST_MESSAGE = 1_024;
const NAME_LIMIT = 253;
const validName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/;

/** When and as what an Event is written. */
export interface EventIdentity {
  readonly name: string;
  /** Wall clock of the first occurrence. */
  readonly firstMs: number;
  readonly lastMs: number;
  readonly host: string;
}

/** The reference to an object as Events carry it. */
export function toReference(about: KubeObject): EventFacts['involvedObject'] {
  const { name = '', namespace = '', uid = '', resourceVersion = '' } = about.metadata ?? {};
  return { apiVersion: about.apiVersion ?? '', kind: about.kind ?? '', name, namespace, uid, resourceVersion };
}

/** The message as it is stored. */
export function shortened(message: string): string {
  return message.length <= LONGEST_MESSAGE ? message : `${message.slice(0, LONGEST_MESSAGE - 1)}…`;
}

/** `<object>.<hex of unix nanoseconds>`, or `fallback` when that is no valid name. */
export function eventName(objectName: string, unixNanos: bigint, fallback: () => string): string {
  const name = `${objectName}.${unixNanos.toString(16)}`;
  return name.length <= NAME_LIMIT && validName.test(name) ? name : fallback();
}

/** The whole object for a create. Events about cluster-scoped objects live in the namespace `default`. */
export function toEventObject(event: CorrelatedEvent, identity: EventIdentity): KubeEvent {
  return {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: identity.name, namespace: eventNamespace(event) },
    involvedObject: event.involvedObject,
    reason: event.reason,
    message: event.message,
    source: { component: event.component, ...(identity.host === '' ? {} : { host: identity.host }) },
    firstTimestamp: toSeconds(identity.firstMs),
    lastTimestamp: toSeconds(identity.lastMs),
    count: event.count,
    type: event.type,
    reportingComponent: event.component,
    reportingInstance: identity.host,
  };
}

/** What a repeated occurrence changes. */
export function toEventPatch(event: CorrelatedEvent, lastMs: number): object {
  return { count: event.count, lastTimestamp: toSeconds(lastMs), message: event.message };
}

/** Where the Event of this object lives. */
export function eventNamespace(event: Pick<EventFacts, 'involvedObject'>): string {
  return event.involvedObject.namespace || 'default';
}

function toSeconds(wallMs: number): string {
  return `${new Date(wallMs).toISOString().slice(0, 19)}Z`;
}
