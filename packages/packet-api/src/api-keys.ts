// API keys of users and projects: only to learn whether the key in use may change anything, before something is tried with it.
import { isTrue, optionalText, parseObject } from '@longshore/cloud-http';
import type { ProjectId } from './ids.ts';
import { listWhole } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { route } from './routes.ts';

/** What a key may do; `unknown` when the API does not show it to its holder. */
export type KeyRights = 'read-only' | 'read-write' | 'unknown';

interface ShownKey {
  readonly isAsked: boolean;
  readonly isReadOnly: boolean;
}

/** Calls about API keys. */
export class ApiKeys {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** Looks for the key among those of the project and those of its user. Lists that may not be read say nothing. */
  async rightsOf(key: string, projectId: ProjectId, signal: AbortSignal): Promise<KeyRights> {
    for (const at of [route('/projects/{id}/api-keys', projectId), route('/user/api-keys')]) {
      const list = { at, key: 'api_keys', parse: (raw: unknown) => parseShownKey(raw, key) };
      const shown = await listWhole(this.#http, list, signal).catch(() => []);
      signal.throwIfAborted();
      const own = shown.find(({ isAsked }) => isAsked);
      if (own) return own.isReadOnly ? 'read-only' : 'read-write';
    }
    return 'unknown';
  }
}

// Keys are compared here and kept nowhere.
function parseShownKey(raw: unknown, asked: string): ShownKey {
  const key = parseObject(raw, 'API key');
  return { isAsked: optionalText(key, 'token') === asked, isReadOnly: isTrue(key, 'read_only') };
}
