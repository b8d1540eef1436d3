// Tags, and what carries them.
import { parseNothing, parseObject, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { listAll } from './lists.ts';

/** What can be tagged. `load_balancer` works although the published enum lacks it. */
export interface TaggedResource {
  readonly id: string;
  readonly type: 'droplet' | 'image' | 'volume' | 'volume_snapshot' | 'database' | 'load_balancer';
}

/** A tag. */
export interface Tag {
  readonly name: string;
}

const ONE = '/v2/tags/{name}';

/** Calls about tags. */
export class Tags {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All tags. */
  list(signal: AbortSignal): Promise<readonly Tag[]> {
    const list = { path: '/v2/tags', key: 'tags', parse: parseTag, idOf: ({ name }: Tag) => name };
    return listAll(this.#http, list, signal);
  }

  /** One tag; `undefined` only when the API itself says that there is none. */
  get(name: string, signal: AbortSignal): Promise<Tag | undefined> {
    return this.#http.send(
      { method: 'GET', path: pathOf(name), name: ONE, parse: parseAnswer, absentOn404: true },
      signal,
    );
  }

  /** Creates the tag; one that exists already is no error at the API, so the call may be repeated. */
  create(name: string, signal: AbortSignal): Promise<Tag> {
    const call = { method: 'POST', path: '/v2/tags', name: '/v2/tags', body: { name }, idempotent: true } as const;
    return this.#http.send({ ...call, parse: parseAnswer }, signal);
  }

  /** Puts the tag on the resources; `no-tag` when there is no such tag. */
  async assign(
    name: string,
    resources: readonly TaggedResource[],
    signal: AbortSignal,
  ): Promise<'assigned' | 'no-tag'> {
    return (await this.#resources('POST', name, resources, signal)) ? 'assigned' : 'no-tag';
  }

  /** Takes the tag off the resources. */
  async unassign(
    name: string,
    resources: readonly TaggedResource[],
    signal: AbortSignal,
  ): Promise<'unassigned' | 'no-tag'> {
    return (await this.#resources('DELETE', name, resources, signal)) ? 'unassigned' : 'no-tag';
  }

  /** Removes the tag from everything. */
  async remove(name: string, signal: AbortSignal): Promise<void> {
    const call = { method: 'DELETE', path: pathOf(name), name: ONE, parse: parseNothing, absentOn404: true } as const;
    await this.#http.send(call, signal);
  }

  async #resources(
    method: 'POST' | 'DELETE',
    name: string,
    resources: readonly TaggedResource[],
    signal: AbortSignal,
  ): Promise<boolean> {
    const body = { resources: resources.map(({ id, type }) => ({ resource_id: id, resource_type: type })) };
    const path = `${pathOf(name)}/resources`;
    // Tagging twice is the same as once.
    const call = { method, path, name: `${ONE}/resources`, body, idempotent: true, lane: 'normal' } as const;
    return (await this.#http.send({ ...call, parse: () => true, absentOn404: true }, signal)) ?? false;
  }
}

function pathOf(name: string): string {
  return `/v2/tags/${encodeURIComponent(name)}`;
}

function parseTag(raw: unknown): Tag {
  return { name: requiredText(parseObject(raw, 'tag'), 'name') };
}

function parseAnswer(body: unknown): Tag {
  return parseTag(parseObject(body, 'the answer')['tag']);
}
