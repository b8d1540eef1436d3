// The namespaces of Leases, credentials and sealing key. In a cluster they come with the manifests; for a manager on somebody's desk they
// may be missing, and are made.
import type { Logger } from '@longshore/reconciler-core';
import { messageOf } from '@longshore/reconciler-core';
import { resourceType } from '@longshore/k8s-runtime';
import type { KubeClient, KubeObject } from '@longshore/k8s-runtime';

const namespaces = resourceType<KubeObject>({
  group: '',
  version: 'v1',
  kind: 'Namespace',
  plural: 'namespaces',
  isNamespaced: false,
});

/** Makes those that are missing; without the right to do so they are left to whoever has it. */
export async function ensureNamespaces(
  names: Iterable<string>,
  { client, log }: { readonly client: KubeClient; readonly log: Logger },
  signal: AbortSignal,
): Promise<void> {
  for (const name of new Set(names)) {
    try {
      if ((await client.get(namespaces, { name }, { signal })) !== undefined) continue;
      await client.create(namespaces, { metadata: { name } }, { signal });
      log.info('namespace made', { namespace: name });
    } catch (error) {
      signal.throwIfAborted();
      log.verbose(1, 'a namespace could not be looked at', { namespace: name, reason: messageOf(error) });
    }
  }
}
