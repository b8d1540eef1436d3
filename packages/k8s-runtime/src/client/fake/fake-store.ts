// What a FakeKubeClient keeps: objects, one growing resourceVersion, a history of events, open watches. Writes follow the API server's
// rules for versions, uids, status subresources, finalizers and writes that change nothing.
import { isDeepStrictEqual } from 'node:util';
import { KubeApiError } from '../kube-api-error.ts';
import type { RemoveOptions, Selection, WatchEvent, WriteOptions } from '../kube-client.ts';
import { classifyRefusal } from '../classify-kube-error.ts';
import { keyOf } from '../resource-type.ts';
import type { KubeObject, ObjectKey, ResourceType } from '../resource-type.ts';
import { FakeWatch } from './fake-watch.ts';
import { isSelected } from './selector.ts';

type Fields = Readonly<Record<string, unknown>>;
/** Any object, with its metadata as fields. */
export type Stored = Fields & { readonly metadata: Fields & { readonly name: string; readonly namespace?: string } };

interface HistoryEntry {
  readonly version: number;
  readonly collection: string;
  readonly before: Stored | undefined;
  readonly after: Stored | undefined;
}

interface OpenWatch {
  readonly collection: string;
  readonly selection: Selection;
  readonly watch: FakeWatch<KubeObject>;
}

/** `isWhole`: main resource and status in one go, which no API server does. */
export interface UpdateOptions extends WriteOptions {
  readonly isWhole?: boolean;
  readonly isPatch?: boolean;
}

/** A refusal as the API server words it. */
export function refuse(status: number, reason: string, message: string): KubeApiError {
  return new KubeApiError({ status, reason, message }, classifyRefusal({ status, reason }));
}

/** Objects in memory, versioned. */
export class FakeStore {
  readonly #collections = new Map<string, Map<string, Stored>>();
  readonly #watches = new Set<OpenWatch>();
  #history: HistoryEntry[] = [];
  #version = 1000;
  #oldest = 1000;
  #uids = 0;
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  get version(): string {
    return String(this.#version);
  }

  get watches(): number {
    return this.#watches.size;
  }

  get(type: ResourceType<KubeObject>, key: string): Stored | undefined {
    return this.#collection(type).get(key);
  }

  list(type: ResourceType<KubeObject>, selection: Selection): readonly Stored[] {
    const all = [...this.#collection(type).values()].filter((object) => isSelected(object as KubeObject, selection));
    return all.sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1));
  }

  create(type: ResourceType<KubeObject>, object: KubeObject, options: WriteOptions = {}): Stored {
    const created = this.#completed(type, object);
    const key = keyOf(created);
    if (this.get(type, key))
      throw refuse(409, 'AlreadyExists', `${type.plural} "${created.metadata.name}" already exists`);
    return options.dryRun ? created : this.#put(type, undefined, created);
  }

  /** `change` makes the new object out of the stored one. */
  update(
    type: ResourceType<KubeObject>,
    key: ObjectKey,
    change: (stored: Stored) => Fields,
    options: UpdateOptions,
  ): Stored | undefined {
    const stored = this.get(type, keyOf({ metadata: key }));
    if (!stored) return undefined;
    const wanted = change(stored) as Stored;
    const { resourceVersion, uid } = wanted.metadata;
    if (resourceVersion !== undefined && resourceVersion !== stored.metadata['resourceVersion'])
      throw conflict(type, key.name);
    if (uid !== undefined && uid !== stored.metadata['uid']) throw foreignUid(type, key.name, options.isPatch === true);
    const next = this.#merged(stored, wanted, options);
    if (isDeepStrictEqual(next, stored) || options.dryRun) return next;
    return this.#isFinished(next) ? this.#drop(type, stored, next) : this.#put(type, stored, next);
  }

  remove(type: ResourceType<KubeObject>, key: ObjectKey, options: RemoveOptions): 'accepted' | 'gone' {
    const stored = this.get(type, keyOf({ metadata: key }));
    if (!stored) return 'gone';
    const { uid, resourceVersion } = options.preconditions ?? {};
    if (uid !== undefined && uid !== stored.metadata['uid']) throw conflict(type, key.name);
    if (resourceVersion !== undefined && resourceVersion !== stored.metadata['resourceVersion'])
      throw conflict(type, key.name);
    if (options.dryRun) return 'accepted';
    if (!hasFinalizers(stored)) this.#drop(type, stored, stored);
    else if (stored.metadata['deletionTimestamp'] === undefined) {
      this.#put(type, stored, { ...stored, metadata: { ...stored.metadata, deletionTimestamp: this.#timestamp() } });
    }
    return 'accepted';
  }

  /** A watch; throws 410 when `version` is older than the history. */
  watch<T extends KubeObject>(
    type: ResourceType<T>,
    selection: Selection,
    from: { version: string; isInitial: boolean },
  ): FakeWatch<T> {
    const watch = new FakeWatch<T>();
    const collection = idOf(type);
    if (from.isInitial) this.#sendInitial(type, selection, watch);
    else {
      const version = Number(from.version || this.#version);
      if (version < this.#oldest)
        throw refuse(410, 'Expired', `too old resource version: ${version} (${this.#oldest})`);
      for (const entry of this.#history) {
        if (entry.version > version && entry.collection === collection)
          deliver(entry, { collection, selection, watch: watch });
      }
    }
    this.#watches.add({ collection, selection, watch: watch });
    return watch;
  }

  forget(watch: unknown): void {
    for (const open of this.#watches) if (open.watch === watch) this.#watches.delete(open);
  }

  /** Ends or breaks all open watches. */
  endWatches(how: 'end' | 'break'): void {
    for (const { watch } of this.#watches) watch[how]();
    this.#watches.clear();
  }

  bookmark(type: ResourceType<KubeObject>): void {
    for (const { collection, watch } of this.#watches)
      if (collection === idOf(type)) watch.push(bookmarkAt(type, this.version));
  }

  /** Forgets the history: older versions are 410 from now on. */
  compact(): void {
    this.#version += 1;
    this.#oldest = this.#version;
    this.#history = [];
  }

  #sendInitial<T extends KubeObject>(type: ResourceType<T>, selection: Selection, watch: FakeWatch<T>): void {
    for (const object of this.list(type, selection)) watch.push({ type: 'ADDED', object: object as unknown as T });
    watch.push(bookmarkAt(type, this.version, { 'k8s.io/initial-events-end': 'true' }) as WatchEvent<T>);
  }

  #completed(type: ResourceType<KubeObject>, object: KubeObject): Stored {
    const { metadata = {} } = object as { metadata?: Fields };
    this.#uids += 1;
    const generated = `${String(metadata['generateName'])}${String(this.#uids).padStart(5, '0')}`;
    const name = metadata['name'] ?? generated;
    const own = { name, uid: `uid-${this.#uids}`, creationTimestamp: this.#timestamp() };
    return copyOf({ ...kindOf(type), ...object, metadata: { ...metadata, ...own } });
  }

  // Identity and life cycle are the server's; the main resource cannot write status, the status subresource nothing but status and metadata.
  #merged(stored: Stored, wanted: Stored, options: UpdateOptions): Stored {
    const { uid, name, namespace, creationTimestamp, deletionTimestamp, resourceVersion } = stored.metadata;
    const kept = { uid, name, namespace, creationTimestamp, deletionTimestamp, resourceVersion };
    const metadata = { ...wanted.metadata, ...kept };
    const { apiVersion, kind } = stored;
    if (options.isWhole) return copyOf({ ...wanted, apiVersion, kind, metadata });
    const { status: wantedStatus, ...wantedRest } = wanted;
    const { status: storedStatus, ...storedRest } = stored;
    const isStatus = options.subresource === 'status';
    const body = isStatus ? { ...storedRest, status: wantedStatus } : { ...wantedRest, status: storedStatus };
    return copyOf({ ...body, apiVersion, kind, metadata });
  }

  #isFinished(object: Stored): boolean {
    return object.metadata['deletionTimestamp'] !== undefined && !hasFinalizers(object);
  }

  #put(type: ResourceType<KubeObject>, before: Stored | undefined, object: Stored): Stored {
    const after = this.#versioned(object);
    this.#collection(type).set(keyOf(after), after);
    this.#record({ version: this.#version, collection: idOf(type), before, after });
    return after;
  }

  #drop(type: ResourceType<KubeObject>, before: Stored, last: Stored): Stored {
    const final = this.#versioned(last);
    this.#collection(type).delete(keyOf(before));
    this.#record({ version: this.#version, collection: idOf(type), before: final, after: undefined });
    return final;
  }

  #versioned(object: Stored): Stored {
    this.#version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: this.version } };
  }

  #record(entry: HistoryEntry): void {
    this.#history.push(entry);
    for (const open of this.#watches) if (open.collection === entry.collection) deliver(entry, open);
  }

  #collection(type: ResourceType<KubeObject>): Map<string, Stored> {
    const id = idOf(type);
    const found = this.#collections.get(id) ?? new Map<string, Stored>();
    this.#collections.set(id, found);
    return found;
  }

  #timestamp(): string {
    return new Date(this.#now()).toISOString().replace(/\.\d+Z$/, 'Z');
  }
}

function deliver({ before, after }: HistoryEntry, { selection, watch }: OpenWatch): void {
  const was = before !== undefined && isSelected(before, selection);
  const is = after !== undefined && isSelected(after, selection);
  if (is) watch.push({ type: was ? 'MODIFIED' : 'ADDED', object: after });
  else if (was) watch.push({ type: 'DELETED', object: after ?? before });
}

function bookmarkAt(type: ResourceType<KubeObject>, version: string, annotations?: Fields): WatchEvent<KubeObject> {
  const metadata = { resourceVersion: version, ...(annotations ? { annotations } : {}) };
  return { type: 'BOOKMARK', object: { ...kindOf(type), metadata } };
}

function conflict(type: ResourceType<KubeObject>, name: string): KubeApiError {
  return refuse(
    409,
    'Conflict',
    `Operation cannot be fulfilled on ${type.plural} "${name}": the object has been modified`,
  );
}

// The API server answers differently: to a PUT that the object is another one, to a patch that uids cannot change.
function foreignUid(type: ResourceType<KubeObject>, name: string, isPatch: boolean): KubeApiError {
  return isPatch
    ? refuse(422, 'Invalid', `${type.plural} "${name}": metadata.uid: field is immutable`)
    : conflict(type, name);
}

function hasFinalizers(object: Stored): boolean {
  const { finalizers } = object.metadata;
  return Array.isArray(finalizers) && finalizers.length > 0;
}

function kindOf(type: ResourceType<KubeObject>): { readonly apiVersion: string; readonly kind: string } {
  return { apiVersion: type.group === '' ? type.version : `${type.group}/${type.version}`, kind: type.kind };
}

function idOf(type: ResourceType<KubeObject>): string {
  return `${type.plural}.${type.group}`;
}

// Through JSON, as over the wire: undefined fields go, and equal objects compare equal wherever they were made.
function copyOf(fields: Fields): Stored {
  return JSON.parse(JSON.stringify(fields)) as Stored;
}
