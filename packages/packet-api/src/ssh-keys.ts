// SSH keys of users and projects.
import { optionalText, parseObject, requiredText, withoutAbsent } from '@longshore/cloud-http';
import type { JsonObject } from '@longshore/cloud-http';
import { optionalTime, tagsOf } from './fields.ts';
import { parseOwnId } from './ids.ts';
import type { ProjectId, SshKeyId } from './ids.ts';
import { listWhole } from './lists.ts';
import type { PacketHttp } from './packet-http.ts';
import { creating, getting, removing, route, setting } from './routes.ts';
import type { Removal, Route } from './routes.ts';

/** A public key. */
export interface SshKey {
  readonly id: SshKeyId;
  readonly label: string;
  /** The public key's text. */
  readonly key: string;
  readonly fingerprint: string | undefined;
  readonly tags: readonly string[];
  readonly createdAt: string | undefined;
}

/** A key to make. */
export interface SshKeySpec {
  readonly label: string;
  readonly key: string;
  readonly tags?: readonly string[] | undefined;
}

/** Whose keys: those of a project, or those of the token's user. */
export type SshKeyOwner = ProjectId | 'user';

const ONE = '/ssh-keys/{id}';

/** Calls about SSH keys. */
export class SshKeys {
  readonly #http: PacketHttp;

  constructor(http: PacketHttp) {
    this.#http = http;
  }

  /** All keys of the owner. */
  list(owner: SshKeyOwner, signal: AbortSignal): Promise<readonly SshKey[]> {
    return listWhole(this.#http, { at: ownedBy(owner), key: 'ssh_keys', parse: parseSshKey }, signal);
  }

  /** One key; `undefined` only when the API itself says that there is none. */
  get(id: SshKeyId, signal: AbortSignal): Promise<SshKey | undefined> {
    return this.#http.send(getting(route(ONE, id), parseSshKey), signal);
  }

  /** Makes a key. When the answer is lost, look for its label before making another. */
  create(owner: SshKeyOwner, spec: SshKeySpec, signal: AbortSignal): Promise<SshKey> {
    return this.#http.send(creating(ownedBy(owner), toSshKeyBody(spec), parseSshKey), signal);
  }

  /** Changes what is given; `undefined` when there is no such key. */
  update(id: SshKeyId, change: Partial<SshKeySpec>, signal: AbortSignal): Promise<SshKey | undefined> {
    return this.#http.send(setting('PUT', route(ONE, id), { body: toSshKeyBody(change), parse: parseSshKey }), signal);
  }

  /** Removes a key; devices that have it keep it. */
  async remove(id: SshKeyId, signal: AbortSignal): Promise<Removal> {
    return (await this.#http.send(removing(route(ONE, id)), signal)) ?? 'absent';
  }
}

/** A key as the API writes it. */
export function parseSshKey(raw: unknown): SshKey {
  const key = parseObject(raw, 'SSH key');
  return {
    id: parseOwnId<SshKeyId>(key, 'SSH key'),
    label: optionalText(key, 'label') ?? '',
    key: requiredText(key, 'key'),
    fingerprint: optionalText(key, 'fingerprint'),
    tags: tagsOf(key),
    createdAt: optionalTime(key, 'created_at'),
  };
}

function ownedBy(owner: SshKeyOwner): Route {
  return owner === 'user' ? route('/ssh-keys') : route('/projects/{id}/ssh-keys', owner);
}

function toSshKeyBody(spec: Partial<SshKeySpec>): JsonObject {
  return withoutAbsent({ label: spec.label, key: spec.key, tags: spec.tags });
}
