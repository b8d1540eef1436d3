// Secrets of the provider itself that a moved cluster needs on the target: the key that its own Secrets are sealed with, and the
// credentials. They are copied before anything else and stay on the source, where other clusters may need them.
import type { KubeClient } from '@longshore/k8s-runtime';
import { CREDENTIALS_SECRET, legacyCaSecret, PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import { anyType, secrets } from '../kube-kinds.ts';
import type { AnyObject, Secret } from '../kube-kinds.ts';
import { createOnce, ensureNamespace } from './apply-step.ts';
import type { ClusterId } from './move-scope.ts';

/** Both sides of a move. */
export interface Sides {
  readonly source: KubeClient;
  readonly target: KubeClient;
}

/** Copies what the target has not; a sealing key of its own stays, and none is brought to managers that have theirs in a file. */
export async function copySharedSecrets(
  { source, target }: Sides,
  { id, hasKeyFile }: { readonly id: ClusterId; readonly hasKeyFile: boolean },
  signal: AbortSignal,
): Promise<void> {
  await ensureNamespace(target, PACKET_NAMESPACE, signal);
  const names = [CREDENTIALS_SECRET, legacyCaSecret(id.name), ...(hasKeyFile ? [] : [SEALING_SECRET])];
  for (const name of names) {
    const here = await source.get(secrets, { namespace: PACKET_NAMESPACE, name }, { signal });
    if (here) await createOnce(target, anyType(secrets), copyOf(here), signal);
  }
}

function copyOf({ metadata = {}, type, data = {} }: Secret): AnyObject {
  const { name = '', namespace = '', labels } = metadata;
  const kept = labels ? { name, namespace, labels } : { name, namespace };
  return { apiVersion: 'v1', kind: 'Secret', metadata: kept, ...(type === undefined ? {} : { type }), data };
}
