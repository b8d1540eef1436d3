// Makes a bootstrap token known to the cluster that machines join: the Secret by which its API server lets them in, and the signature that
// they check `cluster-info` with, which its controller manager adds some seconds later.
import type { KubeClient } from '@longshore/k8s-runtime';
import { configMaps } from '@longshore/k8s-runtime';
import { parseToken, tokenSecret } from '../bootstrap/token.ts';
import type { JoinToken } from './contract.ts';
import { secrets, textIn } from './kube-secret.ts';
import type { KubeSecret } from './kube-secret.ts';
import { isAlreadyThere } from './sealing-key.ts';

const CLUSTER_INFO = { namespace: 'kube-public', name: 'cluster-info' };

/** Puts the token there, or its later end. */
export async function presentToken(
  token: JoinToken,
  { client, cluster }: { readonly client: KubeClient; readonly cluster: string },
  signal: AbortSignal,
): Promise<void> {
  const wanted = tokenSecret({ ...token, description: `Machines of cluster ${cluster} join with it.` });
  if (wanted === undefined) throw new Error('the bootstrap token of the cluster has not the form of one');
  const found = await client.get(secrets, wanted.metadata, { signal });
  if (found === undefined) return create(client, wanted, signal);
  // kubeadm may have written it with another time zone or precision; an earlier end is what matters.
  const endsMs = Date.parse(textIn(found, 'expiration') ?? '');
  if (endsMs >= Date.parse(token.expiresAt) - 1_000) return;
  await client.patch(secrets, wanted.metadata, { kind: 'merge', body: { data: wanted.data } }, { signal });
}

/** Whether machines can check `cluster-info` with the token. */
export async function isSigned({ token }: JoinToken, client: KubeClient, signal: AbortSignal): Promise<boolean> {
  const info = await client.get(configMaps, CLUSTER_INFO, { signal });
  return info?.data?.[`jws-kubeconfig-${parseToken(token)?.id ?? ''}`] !== undefined;
}

async function create(client: KubeClient, wanted: KubeSecret, signal: AbortSignal): Promise<void> {
  try {
    await client.create(secrets, wanted, { signal });
  } catch (error) {
    if (!isAlreadyThere(error)) throw error;
  }
}
