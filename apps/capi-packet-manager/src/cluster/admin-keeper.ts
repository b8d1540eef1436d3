// The administrator's client certificate and the kubeconfig Secret. The certificate is renewed when less than half of its life is left or
// when it is not of the cluster's CA; the kubeconfig follows certificate and endpoint.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { clusterSecrets } from '../api/names.ts';
import type { Cluster } from '../api/objects.ts';
import type { CertificatePair } from '../bootstrap/contract.ts';
import { kubeconfigText, serverUrl } from '../bootstrap/kubeconfig.ts';
import { isDueForRenewal, issueAdminCertificate } from '../bootstrap/pki.ts';
import type { SealingKeys } from '../bootstrap/seal.ts';
import type { Endpoint } from './endpoint-plan.ts';
import { keyOfCluster } from './keys-keeper.ts';
import { dataOf, textIn } from './kube-secret.ts';
import type { KubeSecret } from './kube-secret.ts';
import type { SealingKeySource } from './sealing-key.ts';
import type { SecretStore } from './secret-store.ts';
import { openPair, sealedPairData } from './stored-keys.ts';

/** What it works with. */
export interface AdminKeeperOptions {
  readonly store: SecretStore;
  readonly sealing: SealingKeySource;
  readonly clock: Clock;
  readonly log: Logger;
  /** For tests. */
  readonly issue?: ((ca: CertificatePair, nowMs: number) => Promise<CertificatePair>) | undefined;
}

/** Keeps certificate and kubeconfig of each cluster. */
export class AdminKeeper {
  readonly #options: AdminKeeperOptions;

  constructor(options: AdminKeeperOptions) {
    this.#options = options;
  }

  /** The certificate, made or renewed if need be. */
  async certificate(cluster: Cluster, ca: CertificatePair, signal: AbortSignal): Promise<CertificatePair> {
    const { store, sealing, clock, log, issue = issueForManager } = this.#options;
    const { namespace, name } = keyOfCluster(cluster);
    const place = { namespace, name: clusterSecrets.admin(name) };
    const [found, keys] = await Promise.all([store.read(place, signal), sealing.keys(signal)]);
    const present = openedPair(found, keys, place);
    if (found !== undefined && present !== undefined && isGood(present, ca, clock.nowMs())) {
      await store.adopt(found, cluster, { isOwner: true }, signal);
      return present;
    }
    const made = await issue(ca, clock.nowMs());
    const data = sealedPairData({ publicPem: made.certPem, keyPem: made.keyPem }, keys, place);
    if (found === undefined) await store.create(cluster, { name: place.name, data }, signal);
    else await store.putData(found, data, signal);
    log.info(found === undefined ? 'admin certificate made' : 'admin certificate renewed', { secret: place.name });
    return made;
  }

  /** The kubeconfig Secret as it has to be for the endpoint. */
  async kubeconfig(
    cluster: Cluster,
    wish: { readonly endpoint: Endpoint; readonly ca: CertificatePair; readonly admin: CertificatePair },
    signal: AbortSignal,
  ): Promise<void> {
    const { store } = this.#options;
    const { namespace, name } = keyOfCluster(cluster);
    const place = { namespace, name: clusterSecrets.kubeconfig(name) };
    const { host, port } = wish.endpoint;
    const { certPem, keyPem } = wish.admin;
    const server = serverUrl(host, port);
    const text = kubeconfigText({ cluster: name, server, caCertPem: wish.ca.certPem, certPem, keyPem });
    const found = await store.read(place, signal);
    if (found === undefined) {
      await store.create(cluster, { name: place.name, data: dataOf({ value: text }) }, signal);
      return;
    }
    if (textIn(found, 'value') !== text) return store.putData(found, dataOf({ value: text }), signal);
    await store.adopt(found, cluster, { isOwner: true }, signal);
  }
}

function issueForManager(ca: CertificatePair, nowMs: number): Promise<CertificatePair> {
  return issueAdminCertificate(ca, { nowMs });
}

/** One that cannot be opened is as good as none: it can be issued anew. */
function openedPair(
  secret: KubeSecret | undefined,
  sealing: SealingKeys,
  place: { readonly namespace: string; readonly name: string },
): CertificatePair | undefined {
  try {
    return openPair(secret, sealing, place);
  } catch {
    return undefined;
  }
}

function isGood(pair: CertificatePair, ca: CertificatePair, nowMs: number): boolean {
  try {
    const [certificate, authority] = [new X509Certificate(pair.certPem), new X509Certificate(ca.certPem)];
    if (!certificate.verify(authority.publicKey) || !certificate.checkPrivateKey(createPrivateKey(pair.keyPem))) {
      return false;
    }
    // Nothing lives longer than its CA: a new one would not be worth more.
    return !isDueForRenewal(pair.certPem, nowMs) || endsTogether(certificate, authority);
  } catch {
    return false;
  }
}

function endsTogether(certificate: X509Certificate, authority: X509Certificate): boolean {
  return authority.validToDate.getTime() - certificate.validToDate.getTime() < 60_000;
}
