// KubeClient over HTTP: verbs to requests, answers to objects, refusals to KubeApiError. Created by connect.ts.
import type { Clock } from '@longshore/reconciler-core';
import type { ApiCall, ApiTransport } from './api-transport.ts';
import { classifyRefusal, parseRetryAfterMs, parseStatus } from './classify-kube-error.ts';
import { KubeApiError } from './kube-api-error.ts';
import type {
  CallOptions,
  KubeClient,
  KubeList,
  ListOptions,
  Patch,
  RawAnswer,
  RemoveOptions,
  WatchEvent,
  WatchOptions,
  WriteOptions,
} from './kube-client.ts';
import { KubeTransportError } from './kube-transport-error.ts';
import { collectionPath, describeTarget, listQuery, objectPath, queryOf, watchQuery } from './resource-path.ts';
import type { KubeObject, ObjectKey, ResourceType } from './resource-type.ts';
import type { HttpAnswer } from './transport.ts';
import { readWatch } from './watch-stream.ts';

/** What an HttpKubeClient is made of. */
export interface HttpKubeClientOptions {
  readonly transport: ApiTransport;
  readonly userAgent: string;
  readonly clock: Clock;
  /** The transport of a client made by `named`; absent: the same as here. */
  readonly transportFor?: (suffix: string, present: ApiTransport) => ApiTransport;
}

const CONTENT_TYPES: Readonly<Record<Patch['kind'], string>> = {
  merge: 'application/merge-patch+json',
  strategic: 'application/strategic-merge-patch+json',
  json: 'application/json-patch+json',
  apply: 'application/apply-patch+yaml',
};
// Objects whose answer nobody reads come back without spec and status.
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1,application/json';

/** Typed access to the API server over a Transport. */
export class HttpKubeClient implements KubeClient {
  readonly #transport: ApiTransport;
  readonly #userAgent: string;
  readonly #options: HttpKubeClientOptions;

  constructor(options: HttpKubeClientOptions) {
    this.#options = options;
    this.#transport = options.transport;
    this.#userAgent = options.userAgent;
  }

  get server(): string {
    return this.#transport.server;
  }

  named(suffix: string): KubeClient {
    const { transportFor } = this.#options;
    return new HttpKubeClient({
      ...this.#options,
      transport: transportFor ? transportFor(suffix, this.#transport) : this.#transport,
      userAgent: `${this.#userAgent}/${suffix}`,
    });
  }

  async list<T extends KubeObject>(
    type: ResourceType<T>,
    options: ListOptions & CallOptions = {},
  ): Promise<KubeList<T>> {
    const path = collectionPath(type, options.namespace) + listQuery(options);
    const answer = await this.#send({ method: 'GET', path }, options);
    const target = describeTarget(type, { namespace: options.namespace });
    if (answer.status !== 200) throw refusalOf(answer, `list ${target}`);
    return toList<T>(parseBody(answer, `list ${target}`), type);
  }

  async watch<T extends KubeObject>(
    type: ResourceType<T>,
    options: WatchOptions & CallOptions,
  ): Promise<AsyncIterable<WatchEvent<T>>> {
    const path = collectionPath(type, options.namespace) + watchQuery(options);
    const subject = describeTarget(type, { namespace: options.namespace });
    const { signal, inactivityMs } = options;
    const stream = await this.#transport.open({ method: 'GET', path, userAgent: this.#userAgent, signal });
    if (stream.status === 200) {
      return readWatch<T>(stream, { clock: this.#options.clock, subject, inactivityMs, signal });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
    const { status, retryAfter } = stream;
    throw refusalOf({ status, retryAfter, body: Buffer.concat(chunks) }, `watch ${subject}`);
  }

  async get<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: CallOptions & { readonly resourceVersion?: string } = {},
  ): Promise<T | undefined> {
    const path = objectPath(type, key) + queryOf({ resourceVersion: options.resourceVersion });
    const answer = await this.#send({ method: 'GET', path }, options);
    if (answer.status === 200) return parseBody(answer, 'get') as T;
    return absentOrThrow(answer, `get ${describeTarget(type, key)}`, key);
  }

  async create<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { name, namespace } = object.metadata ?? {};
    const collection =
      options.subresource && name
        ? objectPath(type, { name, namespace }, options.subresource)
        : collectionPath(type, namespace);
    const call = { method: 'POST', path: collection + writeQuery(options), body: bodyOf(type, object) };
    const answer = await this.#send(call, options);
    if (!isSuccess(answer))
      throw refusalOf(answer, `create ${describeTarget(type, object.metadata, options.subresource)}`);
    return options.discardAnswer ? object : (parseBody(answer, 'create') as T);
  }

  async replace<T extends KubeObject>(type: ResourceType<T>, object: T, options: WriteOptions = {}): Promise<T> {
    const { name = '', namespace } = object.metadata ?? {};
    const path = objectPath(type, { name, namespace }, options.subresource) + writeQuery(options);
    const answer = await this.#send({ method: 'PUT', path, body: bodyOf(type, object) }, options);
    if (!isSuccess(answer))
      throw refusalOf(answer, `replace ${describeTarget(type, object.metadata, options.subresource)}`);
    return options.discardAnswer ? object : (parseBody(answer, 'replace') as T);
  }

  async patch<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    patch: Patch,
    options: WriteOptions = {},
  ): Promise<T | undefined> {
    const path = objectPath(type, key, options.subresource) + patchQuery(patch, options);
    const body = JSON.stringify(patch.kind === 'apply' ? withKind(type, patch.body) : patch.body);
    const call = { method: 'PATCH', path, body, contentType: CONTENT_TYPES[patch.kind] };
    const answer = await this.#send(call, options);
    if (!isSuccess(answer))
      return absentOrThrow(answer, `patch ${describeTarget(type, key, options.subresource)}`, key);
    if (options.discardAnswer) return { metadata: key } as T;
    return parseBody(answer, 'patch') as T;
  }

  async remove<T extends KubeObject>(
    type: ResourceType<T>,
    key: ObjectKey,
    options: RemoveOptions = {},
  ): Promise<'accepted' | 'gone'> {
    const { preconditions } = options;
    const path = objectPath(type, key, options.subresource) + writeQuery(options);
    const body = preconditions && JSON.stringify({ apiVersion: 'v1', kind: 'DeleteOptions', preconditions });
    const answer = await this.#send({ method: 'DELETE', path, body }, options);
    if (isSuccess(answer)) return 'accepted';
    absentOrThrow(answer, `delete ${describeTarget(type, key)}`, key);
    return 'gone';
  }

  async raw(
    request: { readonly method: string; readonly path: string; readonly body?: unknown },
    options: CallOptions = {},
  ): Promise<RawAnswer> {
    const body = request.body === undefined ? undefined : JSON.stringify(request.body);
    const answer = await this.#send({ method: request.method, path: request.path, body, accept: '*/*' }, options);
    return { status: answer.status, body: answer.body.toString('utf8') };
  }

  #send(
    call: Pick<ApiCall, 'method' | 'path' | 'body' | 'contentType' | 'accept'>,
    options: WriteOptions,
  ): Promise<HttpAnswer> {
    return this.#transport.send({
      method: call.method,
      path: call.path,
      body: call.body,
      contentType: call.contentType,
      accept: call.accept ?? (options.discardAnswer ? METADATA_ONLY : undefined),
      userAgent: this.#userAgent,
      signal: options.signal,
      timeoutMs: options.timeoutMs,
    });
  }
}

function writeQuery(options: WriteOptions): string {
  return queryOf({ fieldManager: options.fieldManager, dryRun: options.dryRun ? 'All' : undefined });
}

function patchQuery(patch: Patch, options: WriteOptions): string {
  if (patch.kind !== 'apply') return writeQuery(options);
  const { fieldManager, force } = patch;
  return queryOf({ fieldManager, force, dryRun: options.dryRun ? 'All' : undefined });
}

function bodyOf(type: ResourceType<KubeObject>, object: KubeObject): string {
  return JSON.stringify(object.kind && object.apiVersion ? object : withKind(type, object));
}

// Subresources like `token` have a kind of their own, which the caller then names; `...object` keeps it.
function withKind(type: ResourceType<KubeObject>, object: object): object {
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  return { apiVersion, kind: type.kind, ...object };
}

function isSuccess(answer: HttpAnswer): boolean {
  return answer.status >= 200 && answer.status < 300;
}

function parseBody(answer: HttpAnswer, verb: string): unknown {
  try {
    return JSON.parse(answer.body.toString('utf8'));
  } catch (error) {
    throw new KubeTransportError('KUBE_API_GARBLED', `${verb}: the answer of the API server is not JSON`, error);
  }
}

// Items of a list come without kind and apiVersion; everybody else expects them, as on a watch.
function toList<T extends KubeObject>(body: unknown, type: ResourceType<T>): KubeList<T> {
  const { items, metadata } = body as { items?: unknown; metadata?: { resourceVersion?: string; continue?: string } };
  if (!Array.isArray(items)) throw new KubeTransportError('KUBE_API_GARBLED', `list ${type.plural}: no items`);
  const apiVersion = type.group === '' ? type.version : `${type.group}/${type.version}`;
  for (const item of items as { apiVersion?: string; kind?: string }[]) {
    item.apiVersion ??= apiVersion;
    item.kind ??= type.kind;
  }
  const list = { items: items as T[], resourceVersion: metadata?.resourceVersion ?? '' };
  return metadata?.continue ? { ...list, continue: metadata.continue } : list;
}

/** 404 means "this object does not exist" only if the answer names the object; else the path, namespace or group is unknown. */
function absentOrThrow(answer: HttpAnswer, what: string, key: ObjectKey): undefined {
  if (answer.status === 404 && parseStatus(404, answer.body.toString('utf8')).objectName === key.name) return undefined;
  throw refusalOf(answer, what);
}

function refusalOf(answer: HttpAnswer, what: string): KubeApiError {
  const status = parseStatus(answer.status, answer.body.toString('utf8'));
  const retryAfterMs = parseRetryAfterMs(answer.retryAfter);
  const disposition = classifyRefusal({ status: answer.status, reason: status.reason, retryAfterMs });
  const message = `${what}: ${answer.status} ${status.reason}: ${status.message}`;
  return new KubeApiError({ status: answer.status, reason: status.reason, message }, disposition);
}
