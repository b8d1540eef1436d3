// A checkpoint of what one API server stores, taken and put back in etcd behind its back: for matrices of many cases, each of which wants
// the same beginning and for none of which a fresh API server can be waited for. Keys that did not change are not touched, so that what
// lives on (types that are served, the server's own lease) goes on.
import { OperatorError, backoff } from '@longshore/reconciler-core';
import { callEtcd } from './etcd.ts';

/** A moment to which an API server can go back. */
export interface Checkpoint {
  /** Everything as it was then; types that were made since take the API server a moment to forget. */
  restore(): Promise<void>;
}

/** One key as the gateway of etcd shows it; key and value in base64, empty ones left out. */
interface StoredKey {
  readonly key: string;
  readonly value?: string;
  readonly mod_revision: string;
}

// Held by leases of etcd, and renewed by the API server itself.
const OWN_KEYS = '/masterleases/';

/** Notes what is below the prefix now. */
export async function takeCheckpoint(endpoint: string, prefix: string): Promise<Checkpoint> {
  const then = await readKeys(endpoint, prefix);
  return {
    async restore() {
      const now = await readKeys(endpoint, prefix);
      for (const key of now.keys()) if (!then.has(key)) await write(endpoint, 'deleterange', { key });
      for (const [key, { value = '', mod_revision }] of then) {
        if (now.get(key)?.mod_revision !== mod_revision) await write(endpoint, 'put', { key, value });
      }
    },
  };
}

async function readKeys(endpoint: string, prefix: string): Promise<ReadonlyMap<string, StoredKey>> {
  const [first, end] = [`${prefix}/`, `${prefix}0`];
  const answer = await write(endpoint, 'range', { key: encoded(first), range_end: encoded(end) });
  const { kvs = [] } = JSON.parse(answer) as { readonly kvs?: readonly StoredKey[] };
  const kept = kvs.filter(({ key }) => !Buffer.from(key, 'base64').toString().startsWith(`${prefix}${OWN_KEYS}`));
  return new Map(kept.map((stored) => [stored.key, stored]));
}

async function write(endpoint: string, verb: 'range' | 'put' | 'deleterange', body: object): Promise<string> {
  const answer = await callEtcd(`${endpoint}/v3/kv/${verb}`, body);
  if (answer.status === 200) return answer.body;
  const message = `etcd refused ${verb}: ${answer.status} ${answer.body.slice(0, 200)}`;
  throw new OperatorError('CONTROL_PLANE_CHECKPOINT_FAILED', message, backoff);
}

function encoded(text: string): string {
  return Buffer.from(text).toString('base64');
}
