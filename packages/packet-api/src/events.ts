// Events: what happened to devices, volumes and projects, newest first. A project's list has no end, so callers say how many they want.
import { optionalText, parseObject } from '@longshore/cloud-http';
import { optionalTime, referencesOf } from './fields.ts';
import { parseOwnId } from './ids.ts';
import type { DeviceId, EventId, ProjectId, VolumeId } from './ids.ts';
import { listPaged } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { getting, route } from './routes.ts';
import type { Route } from './routes.ts';

/** Something that happened. */
export interface PacketEvent {
  readonly id: EventId;
  /** `provisioning.101`. */
  readonly type: string | undefined;
  readonly state: string | undefined;
  /** The text with names filled in. */
  readonly text: string | undefined;
  /** IDs of what it is about. */
  readonly about: readonly string[];
  readonly createdAt: string | undefined;
}

/** Whose events. */
export type EventSubject =
  { readonly device: DeviceId } | { readonly project: ProjectId } | { readonly volume: VolumeId } | 'user';

const DEFAULT_LIMIT = 100;

/** Calls about events. */
export class Events {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** The newest events of a subject, at most `limit` (100). */
  list(subject: EventSubject, signal: AbortSignal, limit = DEFAULT_LIMIT): Promise<readonly PacketEvent[]> {
    const at = eventsOf(subject);
    const idOf = ({ id }: PacketEvent): string => id;
    const pageSize = Math.min(limit, DEFAULT_LIMIT);
    return listPaged(this.#http, { at, key: 'events', parse: parseEvent, idOf, pageSize, limit }, signal);
  }

  /** One event; `undefined` only when the API itself says that there is none. */
  get(id: EventId, signal: AbortSignal): Promise<PacketEvent | undefined> {
    return this.#http.send(getting(route('/events/{id}', id), parseEvent), signal);
  }
}

/** An event as the API writes it. */
export function parseEvent(raw: unknown): PacketEvent {
  const event = parseObject(raw, 'event');
  return {
    id: parseOwnId<EventId>(event, 'event'),
    type: optionalText(event, 'type'),
    state: optionalText(event, 'state'),
    text: optionalText(event, 'interpolated') ?? optionalText(event, 'body'),
    about: referencesOf<string>(event, 'relationships'),
    createdAt: optionalTime(event, 'created_at'),
  };
}

function eventsOf(subject: EventSubject): Route {
  if (subject === 'user') return route('/events');
  if ('device' in subject) return route('/devices/{id}/events', subject.device);
  // Volumes have their events under a path of their own.
  if ('volume' in subject) return route('/volumes/{id}/events', subject.volume);
  return route('/projects/{id}/events', subject.project);
}
