// Public keys as text to the ids of project keys, which is what an order of a device takes. A key that the project does not have is put
// there once; the comment at its end does not count, because people write anything there.
import { createHash } from 'node:crypto';
import { KeyedLock } from '@longshore/reconciler-core';
import { refusalOf } from '@longshore/packet-api';
import type { ProjectId, SshKey, SshKeyId, SshKeys } from '@longshore/packet-api';
import { CloudApiError } from '@longshore/cloud-http/parts';

/** The keys of projects. */
export class ProjectSshKeys {
  readonly #calls: Pick<SshKeys, 'list' | 'create'>;
  readonly #known = new Map<ProjectId, Map<string, SshKeyId>>();
  readonly #lock = new KeyedLock<ProjectId>();

  constructor(calls: Pick<SshKeys, 'list' | 'create'>) {
    this.#calls = calls;
  }

  /** The ids of the keys, in their order; asks only for what is not known yet. */
  idsOf(projectId: ProjectId, texts: readonly string[], signal: AbortSignal): Promise<readonly SshKeyId[]> {
    const identities = [...new Set(texts.map(identityOf))];
    const known = this.#known.get(projectId);
    const ids = identities.flatMap((identity) => known?.get(identity) ?? []);
    if (ids.length === identities.length) return Promise.resolve(ids);
    return this.#lock.run(projectId, () => this.#find(projectId, texts, signal), signal);
  }

  /** Somebody may have removed keys: they are listed again before the next order. */
  forget(projectId: ProjectId): void {
    this.#known.delete(projectId);
  }

  async #find(projectId: ProjectId, texts: readonly string[], signal: AbortSignal): Promise<readonly SshKeyId[]> {
    const known = this.#known.get(projectId) ?? (await this.#list(projectId, signal));
    this.#known.set(projectId, known);
    const wanted = new Map(texts.map((text) => [identityOf(text), text.trim()]));
    for (const [identity, key] of wanted) {
      if (!known.has(identity)) known.set(identity, await this.#make(projectId, { identity, key }, signal));
    }
    return [...wanted.keys()].flatMap((identity) => known.get(identity) ?? []);
  }

  async #list(projectId: ProjectId, signal: AbortSignal): Promise<Map<string, SshKeyId>> {
    const keys = await this.#calls.list(projectId, signal);
    return new Map(keys.map(({ key, id }: SshKey) => [identityOf(key), id]));
  }

  async #make(
    projectId: ProjectId,
    { identity, key }: { readonly identity: string; readonly key: string },
    signal: AbortSignal,
  ): Promise<SshKeyId> {
    const label = `cluster-api-${createHash('sha256').update(identity).digest('hex').slice(0, 12)}`;
    try {
      return (await this.#calls.create(projectId, { label, key }, signal)).id;
    } catch (error) {
      if (!mayBeThere(error)) throw error;
      // Somebody else was faster, or the answer was lost.
      const found = (await this.#list(projectId, signal)).get(identity);
      if (found === undefined) throw error;
      return found;
    }
  }
}

/** Kind and content of a public key, without its comment. */
export function identityOf(publicKey: string): string {
  return publicKey.trim().split(/\s+/).slice(0, 2).join(' ');
}

function mayBeThere(error: unknown): boolean {
  if (!(error instanceof CloudApiError)) return false;
  return error.isLostAnswer || (error.status === 422 && refusalOf(error) === undefined);
}
