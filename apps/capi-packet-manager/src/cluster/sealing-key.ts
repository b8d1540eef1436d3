// Where the key comes from that private keys in Secrets are sealed with: a file of the operator, or a Secret of the manager's namespace,
// made when there is none. Kept for a minute, so that a replaced key is used without a restart.
import { readFile } from 'node:fs/promises';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';
import { KubeApiError } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { PACKET_NAMESPACE, SEALING_SECRET } from '../api/names.ts';
import { newSealingKeyBytes, sealingKey, sealingKeysOfSecret } from '../bootstrap/seal.ts';
import type { SealingKeys } from '../bootstrap/seal.ts';
import { secrets } from './kube-secret.ts';
import type { KubeSecret } from './kube-secret.ts';

/** What it needs. */
export interface SealingKeySourceOptions {
  readonly client: KubeClient;
  /** `--sealing-key-file`; absent: the Secret. */
  readonly file?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const LASTS_MS = 60_000;
const SECRET = { namespace: PACKET_NAMESPACE, name: SEALING_SECRET };
const SECRET_NAME = `Secret ${PACKET_NAMESPACE}/${SEALING_SECRET}`;

/** Hands out the sealing keys. */
export class SealingKeySource {
  readonly #options: SealingKeySourceOptions;
  #known: { readonly keys: SealingKeys; readonly atMs: number } | undefined;

  constructor(options: SealingKeySourceOptions) {
    this.#options = options;
  }

  /** The keys, the one that seals first. Rejects when they cannot be read or are none. */
  async keys(signal: AbortSignal): Promise<SealingKeys> {
    const { clock, file } = this.#options;
    if (this.#known !== undefined && clock.monotonicMs() - this.#known.atMs < LASTS_MS) return this.#known.keys;
    const keys = file === undefined ? await this.#ofSecret(signal) : await keysOfFile(file);
    this.#known = { keys, atMs: clock.monotonicMs() };
    return keys;
  }

  async #ofSecret(signal: AbortSignal): Promise<SealingKeys> {
    const { client } = this.#options;
    const found = (await client.get(secrets, SECRET, { signal })) ?? (await this.#create(signal));
    return sealingKeysOfSecret(found.data ?? {}, SECRET_NAME);
  }

  /** Two managers may come here at once: the Secret that was made first counts. */
  async #create(signal: AbortSignal): Promise<KubeSecret> {
    const { client, log } = this.#options;
    const data = { key: Buffer.from(newSealingKeyBytes()).toString('base64') };
    try {
      const made = await client.create(secrets, { metadata: SECRET, type: 'Opaque', data }, { signal });
      log.info('sealing key made', { secret: `${SECRET.namespace}/${SECRET.name}` });
      return made;
    } catch (error) {
      const first = isAlreadyThere(error) ? await client.get(secrets, SECRET, { signal }) : undefined;
      if (first === undefined) throw error;
      return first;
    }
  }
}

async function keysOfFile(file: string): Promise<SealingKeys> {
  try {
    return [sealingKey(await readFile(file), `--sealing-key-file ${file}`)];
  } catch (error) {
    if (error instanceof OperatorError) throw error;
    const message = `--sealing-key-file ${file} cannot be read: ${messageOf(error)}`;
    throw new OperatorError('SEALING_KEY_UNREADABLE', message, never, { cause: error });
  }
}

/** A create met an object of that name. */
export function isAlreadyThere(error: unknown): boolean {
  return error instanceof KubeApiError && error.status === 409 && error.reason === 'AlreadyExists';
}
