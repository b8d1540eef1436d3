// kubectl apply without kubectl: server-side apply of each object, in an order that works, repeated while the API server is not ready for it.
import { messageOf } from '@longshore/reconciler-core';
import type { KubeClient } from '@longshore/k8s-runtime';
import type { AnyObject, AnyType } from '../kube-kinds.ts';
import { objectKeyOf, titleOf } from '../kube-kinds.ts';
import { failure, isPassing } from '../problem.ts';
import type { Limit } from '../wait/limits.ts';
import { done, waitUntil } from '../wait/wait-until.ts';
import type { WaitParts } from '../wait/wait-until.ts';
import { typeOf } from './kind-of.ts';

/** Who owns the fields. */
export const FIELD_MANAGER = 'clusterctl';

/** What applying needs. */
export interface ApplyParts {
  readonly client: KubeClient;
  readonly wait: WaitParts;
  readonly limit: Limit;
}

const FIRST = [
  'Namespace',
  'CustomResourceDefinition',
  'StorageClass',
  'ServiceAccount',
  'ClusterRole',
  'Role',
  'Secret',
  'ConfigMap',
];
const LAST = ['Deployment', 'DaemonSet', 'StatefulSet'];

/** What others need first, what needs others last; else the order of the file. Pure. */
export function inApplyOrder(objects: readonly AnyObject[]): readonly AnyObject[] {
  const placeOf = ({ kind = '' }: AnyObject): number => {
    if (FIRST.includes(kind)) return FIRST.indexOf(kind);
    return LAST.includes(kind) ? FIRST.length + 1 + LAST.indexOf(kind) : FIRST.length;
  };
  return objects.toSorted((a, b) => placeOf(a) - placeOf(b));
}

/** Applies all objects; rejects with CTL_APPLY_REFUSED at the first that the API server will never take. */
export async function applyObjects(objects: readonly AnyObject[], parts: ApplyParts): Promise<void> {
  for (const object of inApplyOrder(objects)) await applyObject(object, parts);
  const crds = objects.filter(({ kind }) => kind === 'CustomResourceDefinition');
  for (const crd of crds) await untilServed(crd, parts);
}

/** Applies one object; resolves with what is stored. */
export async function applyObject(object: AnyObject, { client, wait, limit }: ApplyParts): Promise<AnyObject> {
  const title = titleOf(object.kind ?? '', object);
  const look = async (signal: AbortSignal): Promise<ReturnType<typeof done<AnyObject>>> => {
    try {
      return done(await applyOnce(client, await typeOf(client, object, signal), object, signal));
    } catch (error) {
      signal.throwIfAborted();
      if (isPassing(error)) throw error;
      throw failure('CTL_APPLY_REFUSED', `${title} was refused by ${client.server}: ${messageOf(error)}`, error);
    }
  };
  return waitUntil({ what: `${client.server} to take ${title}`, look, ...limit }, wait);
}

async function applyOnce(
  client: KubeClient,
  type: AnyType,
  object: AnyObject,
  signal: AbortSignal,
): Promise<AnyObject> {
  const namespace = type.isNamespaced ? (object.metadata?.namespace ?? 'default') : undefined;
  const metadata = namespace === undefined ? { ...object.metadata } : { ...object.metadata, namespace };
  const placed: AnyObject = { ...object, metadata };
  const patch = { kind: 'apply', body: placed, fieldManager: FIELD_MANAGER, force: true } as const;
  const applied = await client.patch(type, objectKeyOf(placed), patch, { signal });
  // Only a missing namespace or kind (or a server without server-side apply) leaves nothing to answer with: creating says which it is.
  return applied ?? client.create(type, placed, { signal, fieldManager: FIELD_MANAGER });
}

interface Crd extends AnyObject {
  readonly spec?: {
    readonly group?: string;
    readonly names?: { readonly plural?: string; readonly kind?: string };
    readonly versions?: readonly { readonly name: string; readonly served: boolean }[];
  };
}

// Established is not enough: the list answers 404, and then 429 "storage is (re)initializing", for a moment more.
async function untilServed(object: Crd, { client, wait, limit }: ApplyParts): Promise<void> {
  const { group = '', names = {}, versions = [] } = object.spec ?? {};
  const version = versions.find(({ served }) => served)?.name ?? '';
  const { plural = '', kind = '' } = names;
  const look = async (signal: AbortSignal): Promise<ReturnType<typeof done<true>>> => {
    await client.list({ group, version, kind, plural, isNamespaced: true }, { limit: 1, signal });
    return done(true as const);
  };
  await waitUntil({ what: `${plural}.${group} to be served by ${client.server}`, look, ...limit }, wait);
}
