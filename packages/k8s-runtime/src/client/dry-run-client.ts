// A client that reads for real and only says what it would write: for `--dry-run`, `plan` and `explain`. Answers to writes are what the
// server would most likely say, computed from what is there.
import type { Logger } from '@longshore/reconciler-core';
import { applyPatch } from './apply-patch.ts';
import type { CallOptions, KubeClient, Patch, RawAnswer, RemoveOptions, WriteOptions } from './kube-client.ts';
import { describeTarget } from './resource-path.ts';
import type { KubeObject, ObjectKey, ResourceType } from './resource-type.ts';

/** Wraps a client; nothing but reads and access reviews is sent. */
export function dryRunClient(client: KubeClient, log: Logger): KubeClient {
  const say = (verb: string, target: string, facts: object): void => log.info(`would ${verb}`, { target, ...facts });
  return {
    server: client.server,
    named: (suffix) => dryRunClient(client.named(suffix), log),
    list: (type, options) => client.list(type, options),
    watch: (type, options) => client.watch(type, options),
    get: (type, key, options) => client.get(type, key, options),
    raw: (request, options) => rawOrSay(client, request, options, say),
    async create<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
      say('create', describeTarget(type, object.metadata, options?.subresource), { object });
      return { ...object, metadata: { uid: 'dry-run', resourceVersion: '0', ...object.metadata } };
    },
    async replace<T extends KubeObject>(type: ResourceType<T>, object: T, options?: WriteOptions): Promise<T> {
      say('replace', describeTarget(type, object.metadata, options?.subresource), { object });
      return object;
    },
    async patch<T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      patch: Patch,
      options?: WriteOptions,
    ): Promise<T | undefined> {
      const present = await client.get(type, key, options);
      say('patch', describeTarget(type, key, options?.subresource), {
        patch: patch.kind,
        body: patch.body,
        exists: present !== undefined,
      });
      return present && applyPatch(present, patch);
    },
    async remove<T extends KubeObject>(
      type: ResourceType<T>,
      key: ObjectKey,
      options?: RemoveOptions,
    ): Promise<'accepted' | 'gone'> {
      const present = await client.get(type, key, options);
      if (!present) return 'gone';
      say('delete', describeTarget(type, key), { preconditions: options?.preconditions });
      return 'accepted';
    },
  };
}

// Reviews are POSTs that change nothing.
const HARMLESS = /^\/apis\/(authorization|authentication)\.k8s\.io\//;

async function rawOrSay(
  client: KubeClient,
  request: Parameters<KubeClient['raw']>[0],
  options: CallOptions | undefined,
  say: (verb: string, target: string, facts: object) => void,
): Promise<RawAnswer> {
  if (['GET', 'HEAD'].includes(request.method) || HARMLESS.test(request.path)) return client.raw(request, options);
  // No body: token requests and secrets go this way.
  say('send', `${request.method} ${request.path}`, {});
  return { status: 200, body: JSON.stringify(request.body ?? {}) };
}
