// Makes the key pairs of a cluster once, and finds them again. What is to be made is decided by planKeys; a pair that exists is never
// changed, whoever made it.
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Cluster } from '../api/objects.ts';
import { chooseCa } from '../bootstrap/ca-cache.ts';
import type { CertificatePair, ClusterKeys } from '../bootstrap/contract.ts';
import { checkPair, foundPairs } from '../bootstrap/key-check.ts';
import type { PairName } from '../bootstrap/key-check.ts';
import { caCertHash, generateClusterKeys } from '../bootstrap/pki.ts';
import type { SealingKeys } from '../bootstrap/seal.ts';
import type { CaMemory } from './ca-memory.ts';
import type { ClusterKey } from './contract.ts';
import { isAlreadyThere } from './sealing-key.ts';
import type { SealingKeySource } from './sealing-key.ts';
import type { SecretStore } from './secret-store.ts';
import { asFiller, isOurs, openPair, pairNames, pairSecretName, planKeys, sealedPairData } from './stored-keys.ts';
import type { KeysPlan, PairSecrets } from './stored-keys.ts';

/** What the keeper works with. */
export interface KeysKeeperOptions {
  readonly store: SecretStore;
  readonly sealing: SealingKeySource;
  readonly memory: CaMemory;
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests, which need no slow keys. */
  readonly generate?: ((cluster: string, nowMs: number) => Promise<ClusterKeys>) | undefined;
}

/** What the cluster's history says about its keys. */
export interface KeysHistory {
  /** `caCertHash` of the CA that the cluster had; then it had all pairs. */
  readonly caFingerprint?: string | undefined;
  /** Something was signed by the CA already. */
  readonly isCaInUse: boolean;
}

/** Whole, or why not. */
export type KeysFinding = Exclude<KeysPlan, { readonly state: 'incomplete' }>;

/** All pairs, and whether masters can join with them. */
export type WholeKeys = Extract<KeysFinding, { readonly state: 'whole' }>;

const ROUNDS = 3;

/** Keeps the pairs of all clusters. */
export class KeysKeeper {
  readonly #options: KeysKeeperOptions;

  constructor(options: KeysKeeperOptions) {
    this.#options = options;
  }

  /** Finds the pairs without making any; `undefined` unless they are whole. */
  async find(cluster: ClusterKey, signal: AbortSignal): Promise<WholeKeys | undefined> {
    const secrets = await this.#read(cluster, signal, false);
    const plan = await this.#plan(cluster, { secrets, history: { isCaInUse: false }, hasGivenCa: false }, signal);
    return plan.state === 'whole' ? plan : undefined;
  }

  /** Makes what is missing and may be made. */
  async ensure(cluster: Cluster, history: KeysHistory, signal: AbortSignal): Promise<KeysFinding> {
    const key = keyOfCluster(cluster);
    for (let round = 1; round <= ROUNDS; round += 1) {
      const secrets = await this.#read(key, signal, round > 1);
      const given = secrets.ca === undefined ? await this.#givenCa(key, signal) : undefined;
      const plan = await this.#plan(key, { secrets, history, hasGivenCa: given !== undefined }, signal);
      if (plan.state === 'unusable') return plan;
      if (plan.state === 'whole') return this.#keep(cluster, { plan, secrets }, signal);
      const problems = await this.#make(cluster, { missing: plan.missing, secrets, given, history }, signal);
      if (problems.length > 0) return { state: 'unusable', reason: 'CAInvalid', problems };
    }
    throw new Error(`the keys of cluster ${key.namespace}/${key.name} change while they are being made`);
  }

  async #plan(
    cluster: ClusterKey,
    found: { readonly secrets: PairSecrets; readonly history: KeysHistory; readonly hasGivenCa: boolean },
    signal: AbortSignal,
  ): Promise<KeysPlan> {
    const { caFingerprint, isCaInUse } = found.history;
    const sealing = await this.#options.sealing.keys(signal);
    const nowMs = this.#options.clock.nowMs();
    return planKeys({ cluster, ...found, sealing, nowMs, isCaInUse, hadAllPairs: caFingerprint !== undefined });
  }

  async #read(cluster: ClusterKey, signal: AbortSignal, isNow: boolean): Promise<PairSecrets> {
    const { store } = this.#options;
    const read = async (name: PairName): Promise<readonly [PairName, unknown]> => {
      const key = { namespace: cluster.namespace, name: pairSecretName(name, cluster.name) };
      return [name, await (isNow ? store.readNow(key, signal) : store.read(key, signal))];
    };
    return Object.fromEntries(await Promise.all(pairNames.map(read))) as PairSecrets;
  }

  /** The pairs are the cluster's from now on, and the CA is in the file of a local run. */
  async #keep(
    cluster: Cluster,
    found: { readonly plan: Extract<KeysPlan, { readonly state: 'whole' }>; readonly secrets: PairSecrets },
    signal: AbortSignal,
  ): Promise<KeysFinding> {
    const { store, memory } = this.#options;
    const key = keyOfCluster(cluster);
    const { ca } = found.plan.keys;
    chooseCa(key.name, ca, memory.ofFile(key));
    await memory.remember(key, ca);
    for (const secret of Object.values(found.secrets)) {
      if (secret !== undefined) await store.adopt(secret, cluster, { isOwner: isOurs(secret) }, signal);
    }
    return found.plan;
  }

  /** Problems with what was to be taken over; empty: made. */
  async #make(
    cluster: Cluster,
    { missing, secrets, given, history }: MissingPairs,
    signal: AbortSignal,
  ): Promise<readonly string[]> {
    const { clock, log, sealing, generate = defaultKeys } = this.#options;
    const key = keyOfCluster(cluster);
    const problems = given === undefined ? [] : problemsOfGiven(given, history, clock.nowMs());
    if (problems.length > 0) return problems;
    const made = await generate(key.name, clock.nowMs());
    const keys = given === undefined ? made : { ...made, ca: given };
    const sealWith = await sealing.keys(signal);
    for (const name of missing) {
      const isFiller = history.isCaInUse && name !== 'ca';
      await this.#write(cluster, { name, keys, sealWith, old: secrets[name], isFiller }, signal);
    }
    log.info('keys of a cluster made', { pairs: missing.join(','), isCaTakenOver: given !== undefined });
    return [];
  }

  async #givenCa(cluster: ClusterKey, signal: AbortSignal): Promise<CertificatePair | undefined> {
    const { memory } = this.#options;
    return memory.ofFile(cluster) ?? (await memory.ofGoProvider(cluster, signal));
  }

  async #write(
    cluster: Cluster,
    pair: {
      readonly name: PairName;
      readonly keys: ClusterKeys;
      readonly sealWith: SealingKeys;
      readonly old: PairSecrets['ca'];
      readonly isFiller: boolean;
    },
    signal: AbortSignal,
  ): Promise<void> {
    const { store } = this.#options;
    const { namespace, name } = keyOfCluster(cluster);
    const place = { namespace, name: pairSecretName(pair.name, name) };
    const { publicPem = '', keyPem = '' } = foundPairs(pair.keys)[pair.name];
    const sealed = sealedPairData({ publicPem, keyPem }, pair.sealWith, place);
    const data = pair.isFiller ? asFiller(sealed) : sealed;
    if (pair.old !== undefined) return store.putData(pair.old, data, signal);
    try {
      await store.create(cluster, { name: place.name, data }, signal);
    } catch (error) {
      // Somebody was faster: theirs counts, and is looked at in the next round.
      if (!isAlreadyThere(error)) throw error;
    }
  }
}

interface MissingPairs {
  readonly missing: readonly PairName[];
  readonly secrets: PairSecrets;
  readonly given: CertificatePair | undefined;
  readonly history: KeysHistory;
}

function problemsOfGiven(given: CertificatePair, { caFingerprint }: KeysHistory, nowMs: number): readonly string[] {
  const fatal = checkPair('ca', foundOf(given), nowMs).filter(({ isFatal }) => isFatal);
  if (fatal.length > 0) return fatal.map(({ message }) => `what was to be taken over: ${message}`);
  if (caFingerprint === undefined || caCertHash(given.certPem) === caFingerprint) return [];
  return ['the CA that was to be taken over is another one than the cluster had'];
}

/** Problems that end the process at start: a CA in the file that is not the one of the Secret. */
export async function refuseOtherCas(
  clusters: readonly ClusterKey[],
  { store, sealing, memory }: Pick<KeysKeeperOptions, 'store' | 'sealing' | 'memory'>,
  signal: AbortSignal,
): Promise<void> {
  for (const cluster of clusters) {
    const cached = memory.ofFile(cluster);
    const place = { namespace: cluster.namespace, name: pairSecretName('ca', cluster.name) };
    const secret = cached && (await store.read(place, signal));
    if (secret !== undefined) chooseCa(cluster.name, openPair(secret, await sealing.keys(signal), place), cached);
  }
}

/** Namespace and name. */
export function keyOfCluster({ metadata }: Pick<Cluster, 'metadata'>): ClusterKey {
  return { namespace: metadata?.namespace ?? '', name: metadata?.name ?? '' };
}

function foundOf({ certPem, keyPem }: CertificatePair): { readonly publicPem: string; readonly keyPem: string } {
  return { publicPem: certPem, keyPem };
}

function defaultKeys(cluster: string, nowMs: number): Promise<ClusterKeys> {
  return generateClusterKeys({ cluster, nowMs });
}
