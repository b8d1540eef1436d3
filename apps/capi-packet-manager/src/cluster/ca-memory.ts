// Where a CA may come from besides the Secret of its cluster: the file of `-ca-cache` of a local run, and the Secret that the Go provider
// kept. Both know clusters by name alone, so they count only while one Cluster has the name.
import type { KubeClient } from '@longshore/k8s-runtime';
import { legacyCaSecret, PACKET_NAMESPACE } from '../api/names.ts';
import type { CertificatePair } from '../bootstrap/contract.ts';
import type { ClusterKey } from './contract.ts';
import { secrets, textIn } from './kube-secret.ts';

/** The file of `-ca-cache` (CaCacheFile). */
export interface CaFile {
  get(name: string): CertificatePair | undefined;
  set(name: string, pair: CertificatePair): Promise<void>;
  delete(name: string): Promise<void>;
}

/** What the memory needs. */
export interface CaMemoryOptions {
  readonly client: KubeClient;
  readonly file?: CaFile | undefined;
  /** Namespaces that have a Cluster of the name. */
  readonly namespacesOf: (name: string) => readonly string[];
}

/** CAs by cluster. */
export class CaMemory {
  readonly #options: CaMemoryOptions;

  constructor(options: CaMemoryOptions) {
    this.#options = options;
  }

  /** The pair of the file. */
  ofFile(cluster: ClusterKey): CertificatePair | undefined {
    const { file } = this.#options;
    return file?.get(fullName(cluster)) ?? (this.#isOnly(cluster) ? file?.get(cluster.name) : undefined);
  }

  /** Writes the pair into the file; nothing without a file. */
  async remember(cluster: ClusterKey, pair: CertificatePair): Promise<void> {
    const { file } = this.#options;
    const known = file?.get(fullName(cluster)) !== undefined;
    await file?.set(known || !this.#isOnly(cluster) ? fullName(cluster) : cluster.name, pair);
  }

  /** The cluster is gone. */
  async forget(cluster: ClusterKey): Promise<void> {
    const { file } = this.#options;
    await file?.delete(fullName(cluster));
    if (this.#isOnly(cluster)) await file?.delete(cluster.name);
  }

  /** The pair that the Go provider kept; its script put base64 inside of the Secret's own. */
  async ofGoProvider(cluster: ClusterKey, signal: AbortSignal): Promise<CertificatePair | undefined> {
    if (!this.#isOnly(cluster)) return undefined;
    const key = { namespace: PACKET_NAMESPACE, name: legacyCaSecret(cluster.name) };
    const secret = await this.#options.client.get(secrets, key, { signal });
    const [certPem, keyPem] = [pemOf(textIn(secret, 'certificate')), pemOf(textIn(secret, 'key'))];
    return certPem === undefined || keyPem === undefined ? undefined : { certPem, keyPem };
  }

  #isOnly({ namespace, name }: ClusterKey): boolean {
    return this.#options.namespacesOf(name).every((other) => other === namespace);
  }
}

function fullName({ namespace, name }: ClusterKey): string {
  return `${namespace}/${name}`;
}

function pemOf(text: string | undefined): string | undefined {
  if (text === undefined || text.includes('-----BEGIN')) return text;
  const inner = Buffer.from(text, 'base64').toString('utf8');
  return inner.includes('-----BEGIN') ? inner : undefined;
}
