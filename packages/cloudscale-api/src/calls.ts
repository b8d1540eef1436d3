// The five calls that every resource has: lists are bare arrays without pages, PATCH and DELETE answer nothing. A PATCH sets a value, so
// it may be repeated; a POST never is.
import { CloudApiError, parseObject } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';

/** Tags of a resource. */
export type Tags = Readonly<Record<string, string>>;

/** Only resources with these tags; an empty text asks only that the key is there. */
export type TagFilter = Readonly<Record<string, string>>;

/** Whether a change found something to change. */
export type Change = 'changed' | 'absent';

/** Whether a removal found something to remove. `busy`: it is still being made or changed; ask again later. */
export type Removal = 'removed' | 'absent' | 'busy';

/** Where a resource is. */
export interface ResourcePath<T> {
  /** `/v1/servers`, with real ids. */
  readonly path: string;
  /** Its route template. */
  readonly name: string;
  readonly parse: (raw: unknown) => T;
}

/** Calls of one resource. */
export class ResourceCalls<T> {
  readonly #http: CloudHttp;
  readonly #at: ResourcePath<T>;

  constructor(http: CloudHttp, at: ResourcePath<T>) {
    this.#http = http;
    this.#at = at;
  }

  /** All of them. */
  list(signal: AbortSignal, tags: TagFilter = {}): Promise<readonly T[]> {
    return this.#http.send(this.#listCall(tags), signal);
  }

  /** All of them; undefined when what they belong to does not exist. */
  listIfParentExists(signal: AbortSignal): Promise<readonly T[] | undefined> {
    return this.#http.send({ ...this.#listCall({}), absentOn404: true }, signal);
  }

  /** One of them; undefined only when the API itself says that there is none. */
  get(id: string, signal: AbortSignal): Promise<T | undefined> {
    return this.#http.send({ method: 'GET', ...this.#one(id), parse: this.#at.parse, absentOn404: true }, signal);
  }

  /** Creates one. When the answer is lost (`isLostAnswer`), look for it before creating again. */
  create(body: object, signal: AbortSignal): Promise<T> {
    const { path, name, parse } = this.#at;
    return this.#http.send({ method: 'POST', path, name, body, parse }, signal);
  }

  /** Changes attributes; the API wants one at a time. */
  async patch(id: string, body: object, signal: AbortSignal): Promise<Change> {
    const parse = (): Change => 'changed';
    const call = { method: 'PATCH', ...this.#one(id), body, parse, absentOn404: true, idempotent: true } as const;
    return (await this.#http.send(call, signal)) ?? 'absent';
  }

  /** Removes one. A refusal (400) can only be about its state, as the call has nothing else that could be wrong. */
  async remove(id: string, signal: AbortSignal): Promise<Removal> {
    const parse = (): Removal => 'removed';
    try {
      const call = { method: 'DELETE', ...this.#one(id), parse, absentOn404: true } as const;
      return (await this.#http.send(call, signal)) ?? 'absent';
    } catch (error) {
      if (error instanceof CloudApiError && error.status === 400 && error.hasApiBody) return 'busy';
      throw error;
    }
  }

  /** Something done to one of them: `POST …/{uuid}/stop`. */
  async act(id: string, action: string, signal: AbortSignal): Promise<Change> {
    const { path, name } = this.#one(id);
    const parse = (): Change => 'changed';
    const at = { path: `${path}/${action}`, name: `${name}/${action}` };
    return (
      (await this.#http.send({ method: 'POST', ...at, parse, absentOn404: true, idempotent: true }, signal)) ?? 'absent'
    );
  }

  #one(id: string): { readonly path: string; readonly name: string } {
    return { path: `${this.#at.path}/${encodeURIComponent(id)}`, name: `${this.#at.name}/{id}` };
  }

  #listCall(tags: TagFilter): {
    readonly method: 'GET';
    readonly path: string;
    readonly name: string;
    readonly query: Readonly<Record<string, string>>;
    readonly parse: (body: unknown) => readonly T[];
  } {
    const { path, name, parse } = this.#at;
    const query = Object.fromEntries(Object.entries(tags).map(([key, value]) => [`tag:${key}`, value]));
    return { method: 'GET', path, name, query, parse: (body) => parseArray(body).map(parse) };
  }
}

/** A list of the API. Anything else must not read as "none". */
export function parseArray(body: unknown): readonly unknown[] {
  if (Array.isArray(body)) return body;
  throw new Error('the answer is not a list');
}

/** Tags of an answer. */
export function parseTags(raw: unknown): Tags {
  if (raw === undefined || raw === null) return {};
  const entries = Object.entries(parseObject(raw, 'tags'));
  return Object.fromEntries(entries.filter((entry): entry is [string, string] => typeof entry[1] === 'string'));
}
