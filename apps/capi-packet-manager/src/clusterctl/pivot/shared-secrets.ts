// Secrets of the provider itself that a moved cluster needs on the target: the key that its own Secrets are sealed with, and the
// credentials. They are copied before anything else and stay on the source, where other clusters may need them.
import type { KubeClient } from '@longshore/k8s-runtime';
import { CREDENTIALS_SECRET, legacyCaSecret, PACKET_NAMESPACE, SEALING_SECRET } from '../../api/names.ts';
import { anyType, secrets } from '../kube-kinds.ts';
import type { AnyObject, Secret } from '../kube-kinds.ts';
import { failure } from '../problem.ts';
import { createOnce, ensureNamespace } from './apply-step.ts';
import type { ClusterId } from './move-scope.ts';

/** Both sides of a move. */
export interface Sides {
  readonly source: KubeClient;
  readonly target: KubeClient;
}

/** Refuses when the target has another sealing key: it could not open what moves there. */
export async function copySharedSecrets({ source, target }: Sides, id: ClusterId, signal: AbortSignal): Promise<void> {
  await ensureNamespace(target, PACKET_NAMESPACE, signal);
  for (const name of [SEALING_SECRET, CREDENTIALS_SECRET, legacyCaSecret(id.name)]) {
    const key = { namespace: PACKET_NAMESPACE, name };
    const here = await source.get(secrets, key, { signal });
    if (!here) continue;
    const there = await target.get(secrets, key, { signal });
    if (!there) await createOnce(target, anyType(secrets), copyOf(here), signal);
    else if (name === SEALING_SECRET && !sameContent(here, there)) throw otherSealingKey(id, target);
  }
}

function copyOf({ metadata = {}, type, data = {} }: Secret): AnyObject {
  const { name = '', namespace = '', labels } = metadata;
  const kept = labels ? { name, namespace, labels } : { name, namespace };
  return { apiVersion: 'v1', kind: 'Secret', metadata: kept, ...(type === undefined ? {} : { type }), data };
}

function sameContent(here: Secret, there: Secret): boolean {
  const text = ({ data = {} }: Secret): string => JSON.stringify(Object.entries(data).sort());
  return text(here) === text(there);
}

function otherSealingKey({ namespace, name }: ClusterId, target: KubeClient): Error {
  return failure(
    'CTL_SEALING_KEYS_DIFFER',
    `the Secrets of Cluster ${namespace}/${name} are sealed with another key than the one on ${target.server}: ` +
      `there, Secret ${PACKET_NAMESPACE}/${SEALING_SECRET} must hold the same key; nothing was moved`,
  );
}
