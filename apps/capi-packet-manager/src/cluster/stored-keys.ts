// The four key pairs of a cluster in their Secrets: opened, checked, and planned. Pure; keys-keeper.ts reads and writes.
//
//   Secret                  sealed    in clear, and why
//   <cluster>-ca            tls.key   tls.crt: certificates are public
//   <cluster>-etcd          tls.key   tls.crt
//   <cluster>-proxy         tls.key   tls.crt
//   <cluster>-sa            tls.key   tls.crt: the public key
//   <cluster>-admin         tls.key   tls.crt
//   <cluster>-token         token     expiration
//   <cluster>-kubeconfig    nothing   value: kubectl, clusterctl and others read it as it is, so the administrator's key is in it
//   a pair that a user made: nothing; it is kept byte for byte
//   Also in clear: the sealing key itself (Secret cluster-api-provider-packet-sealing-key, or a file outside of the cluster), the API key
//   (cluster-api-provider-packet-credentials: env of pods), and the token as Secret bootstrap-token-<id> in the cluster made, which its
//   API server reads.
import { messageOf } from '@longshore/reconciler-core';
import { clusterSecrets } from '../api/names.ts';
import type { CertificatePair, ClusterKeys } from '../bootstrap/contract.ts';
import { checkClusterKeys } from '../bootstrap/key-check.ts';
import type { FoundPair, PairName } from '../bootstrap/key-check.ts';
import { isSealed, openIfSealed, seal } from '../bootstrap/seal.ts';
import type { SealingKeys } from '../bootstrap/seal.ts';
import type { ClusterKey } from './contract.ts';
import { dataOf, textIn } from './kube-secret.ts';
import type { KubeSecret } from './kube-secret.ts';

/** Names of the pairs, in the order of their making. */
export const pairNames = ['ca', 'etcdCa', 'frontProxyCa', 'serviceAccount'] as const satisfies readonly PairName[];

/** The Secrets as they are; absent ones are `undefined`. */
export type PairSecrets = Readonly<Record<PairName, KubeSecret | undefined>>;

/** What is to be done about the pairs. */
export type KeysPlan =
  /** All there and usable. */
  | {
      readonly state: 'whole';
      readonly keys: ClusterKeys;
      readonly warnings: readonly string[];
      /** Why further masters cannot join with these pairs. */
      readonly mastersObstacle?: string;
    }
  /** These are to be made; `keys` are those that exist. */
  | { readonly state: 'incomplete'; readonly missing: readonly PairName[] }
  /** Nothing may be made, neither keys nor machines. */
  | { readonly state: 'unusable'; readonly reason: 'CAInvalid' | 'CAMissing'; readonly problems: readonly string[] };

/** What the plan is made of. */
export interface KeysFacts {
  readonly cluster: ClusterKey;
  readonly secrets: PairSecrets;
  readonly sealing: SealingKeys;
  readonly nowMs: number;
  /** All four were there before: one that is missing now was lost, and a new one would cut off the machines. */
  readonly hadAllPairs: boolean;
  /** Something was signed by the CA already. */
  readonly isCaInUse: boolean;
  /** A CA that can be taken over, of the Go provider or of the file of a local run: it is not lost then. */
  readonly hasGivenCa: boolean;
}

/** Decides about the pairs. */
export function planKeys(facts: KeysFacts): KeysPlan {
  const opened = openPairs(facts);
  if ('problem' in opened) return { state: 'unusable', reason: 'CAInvalid', problems: [opened.problem] };
  const problems = checkClusterKeys(opened.pairs, facts.nowMs);
  const fatal = problems.filter(({ isFatal }) => isFatal).map(({ message }) => message);
  if (fatal.length > 0) return { state: 'unusable', reason: 'CAInvalid', problems: fatal };
  const missing = pairNames.filter((name) => facts.secrets[name] === undefined || isEmpty(opened.pairs[name]));
  const lost = missing.filter((name) => isLost(name, facts));
  if (lost.length > 0)
    return { state: 'unusable', reason: 'CAMissing', problems: lost.map((name) => lostText(name, facts)) };
  if (missing.length > 0) return { state: 'incomplete', missing };
  const mastersObstacle = obstacleOf(facts);
  const warnings = problems.map(({ message }) => message);
  return { state: 'whole', keys: toKeys(opened.pairs), warnings, ...(mastersObstacle && { mastersObstacle }) };
}

/**
 * The Go program kept the CA alone: kubeadm made the other pairs on its master, and they can be read nowhere else. Those that we made when
 * the masters were there already only fill their places.
 */
function obstacleOf({ cluster, secrets }: KeysFacts): string | undefined {
  const fillers = pairNames.filter((name) => isFiller(secrets[name]));
  if (fillers.length === 0) return undefined;
  const names = fillers.map((name) => `${cluster.namespace}/${pairSecretName(name, cluster.name)}`).join(', ');
  return `the control plane was there before its keys were known, so no further control plane machine can join: copy etcd/ca, front-proxy-ca and sa from /etc/kubernetes/pki of a master as tls.crt and tls.key into the Secrets ${names}`;
}

const FILLER = 'filler';

function isFiller(secret: KubeSecret | undefined): boolean {
  return secret !== undefined && isOurs(secret) && textIn(secret, FILLER) !== undefined;
}

/** Marks the data of a pair that masters do not have. */
export function asFiller(data: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return { ...data, ...dataOf({ [FILLER]: 'true' }) };
}

/** Name of the Secret of a pair. */
export function pairSecretName(pair: PairName, cluster: string): string {
  return clusterSecrets[pair](cluster);
}

/** Names of all Secrets of a cluster. */
export function allSecretNames(cluster: string): readonly string[] {
  return Object.values(clusterSecrets).map((name) => name(cluster));
}

/** `data` of the Secret of a pair, with its private half sealed. */
export function sealedPairData(
  pair: { readonly publicPem: string; readonly keyPem: string },
  sealing: SealingKeys,
  place: { readonly namespace: string; readonly name: string },
): Readonly<Record<string, string>> {
  const key = seal(pair.keyPem, sealing, { ...place, field: 'tls.key' });
  return dataOf({ 'tls.crt': pair.publicPem, 'tls.key': key });
}

/** A certificate and its key out of a Secret; `undefined` unless both are there. Throws when the key cannot be opened. */
export function openPair(
  secret: KubeSecret | undefined,
  sealing: SealingKeys,
  place: { readonly namespace: string; readonly name: string },
): CertificatePair | undefined {
  const { publicPem, keyPem } = foundPair(secret, sealing, place);
  return publicPem === undefined || keyPem === undefined ? undefined : { certPem: publicPem, keyPem };
}

/** Whether the Secret has something that we sealed: then it is ours and goes with the cluster. */
export function isOurs(secret: KubeSecret): boolean {
  return ['tls.key', 'token'].some((field) => isSealed(textIn(secret, field) ?? ''));
}

function foundPair(
  secret: KubeSecret | undefined,
  sealing: SealingKeys,
  place: { readonly namespace: string; readonly name: string },
): FoundPair {
  const key = textIn(secret, 'tls.key');
  return {
    publicPem: textIn(secret, 'tls.crt'),
    keyPem: key === undefined ? undefined : openIfSealed(key, sealing, { ...place, field: 'tls.key' }),
  };
}

function isLost(name: PairName, { hadAllPairs, isCaInUse, hasGivenCa }: KeysFacts): boolean {
  if (name === 'ca') return (hadAllPairs || isCaInUse) && !hasGivenCa;
  return hadAllPairs;
}

type OpenedPairs = Readonly<Record<PairName, FoundPair>>;

function openPairs({
  cluster,
  secrets,
  sealing,
}: KeysFacts): { readonly pairs: OpenedPairs } | { readonly problem: string } {
  try {
    const entries = pairNames.map((name) => {
      const place = { namespace: cluster.namespace, name: pairSecretName(name, cluster.name) };
      return [name, foundPair(secrets[name], sealing, place)];
    });
    return { pairs: Object.fromEntries(entries) as Record<PairName, FoundPair> };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}

function isEmpty({ publicPem, keyPem }: FoundPair): boolean {
  return publicPem === undefined && keyPem === undefined;
}

function toKeys({ ca, etcdCa, frontProxyCa, serviceAccount }: OpenedPairs): ClusterKeys {
  const pair = ({ publicPem = '', keyPem = '' }: FoundPair): CertificatePair => ({ certPem: publicPem, keyPem });
  return {
    ca: pair(ca),
    etcdCa: pair(etcdCa),
    frontProxyCa: pair(frontProxyCa),
    serviceAccount: { publicPem: serviceAccount.publicPem ?? '', keyPem: serviceAccount.keyPem ?? '' },
  };
}

function lostText(pair: PairName, { cluster }: KeysFacts): string {
  const name = `${cluster.namespace}/${pairSecretName(pair, cluster.name)}`;
  return `Secret ${name} is missing, and machines were made with it: put it back from a backup; a new one is never made silently`;
}
