// REST paths and query strings of the API server, from the table in resource-type.ts. Called for each request, so it builds strings
// directly instead of going through URL objects.
import type { ListOptions, WatchOptions } from './kube-client.ts';
import type { KubeObject, ResourceType } from './resource-type.ts';

/** Path of a collection: `/api/v1/nodes`, `/apis/apps/v1/namespaces/shop/deployments`. */
export function collectionPath(type: ResourceType<KubeObject>, namespace?: string): string {
  const root = type.group === '' ? `/api/${type.version}` : `/apis/${type.group}/${type.version}`;
  const scope = type.isNamespaced && namespace ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  return `${root}${scope}/${type.plural}`;
}

/** Path of one object, or of a subresource of it. */
export function objectPath(
  type: ResourceType<KubeObject>,
  key: { readonly name: string; readonly namespace?: string | undefined },
  subresource?: string,
): string {
  const path = `${collectionPath(type, key.namespace)}/${encodeURIComponent(key.name)}`;
  return subresource ? `${path}/${subresource}` : path;
}

/** `?a=1&b=2` of what is defined; empty when nothing is. */
export function queryOf(parameters: Readonly<Record<string, string | number | boolean | undefined>>): string {
  let query = '';
  for (const name in parameters) {
    const value = parameters[name];
    if (value !== undefined) query += `${query === '' ? '?' : '&'}${name}=${encodeURIComponent(value)}`;
  }
  return query;
}

/** Query string of a list. */
export function listQuery(options: ListOptions): string {
  return queryOf({
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    limit: options.limit,
    continue: options.continue,
    resourceVersion: options.resourceVersion,
    resourceVersionMatch: options.resourceVersionMatch,
  });
}

/** Query string of a watch: bookmarks always; initial events need resourceVersionMatch, or the server answers 422. */
export function watchQuery(options: WatchOptions): string {
  return queryOf({
    watch: true,
    allowWatchBookmarks: true,
    labelSelector: options.labelSelector,
    fieldSelector: options.fieldSelector,
    resourceVersion: options.resourceVersion,
    timeoutSeconds: options.timeoutSeconds,
    sendInitialEvents: options.sendInitialEvents,
    resourceVersionMatch: options.sendInitialEvents ? 'NotOlderThan' : undefined,
  });
}

/** `nodes node-1`, `services shop/web`, `nodes/status node-1`: how messages and logs name an object. */
export function describeTarget(
  type: ResourceType<KubeObject>,
  key?: { readonly name?: string | undefined; readonly namespace?: string | undefined },
  subresource?: string,
): string {
  const resource = subresource ? `${type.plural}/${subresource}` : type.plural;
  if (!key?.name) return key?.namespace ? `${resource} in ${key.namespace}` : resource;
  return `${resource} ${key.namespace ? `${key.namespace}/` : ''}${key.name}`;
}
