// The CA that API servers are checked against: that of the service account in the pod, else the one that the cluster publishes for its
// pods (ConfigMap kube-root-ca.crt, which is that of the kubeconfig as well). Where there is neither, nothing can be checked.
import { readFile } from 'node:fs/promises';
import { configMaps } from '@longshore/k8s-runtime';
import type { KubeClient } from '@longshore/k8s-runtime';
import { messageOf, Snapshot } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';

/** What is needed to read it. */
export interface ClusterCaOptions {
  readonly client: Pick<KubeClient, 'get'>;
  readonly clock: Clock;
  readonly log: Logger;
  /** Default: where pods have it. */
  readonly file?: string | undefined;
}

const IN_POD = '/var/run/secrets/kubernetes.io/serviceaccount/ca.crt';
const PUBLISHED = { namespace: 'kube-system', name: 'kube-root-ca.crt' };
// A CA that is replaced is trusted soon after.
const MAX_AGE_MS = 300_000;

/** Reads the CA, and remembers it for a while. */
export class ClusterCa {
  readonly #options: ClusterCaOptions;
  readonly #ca: Snapshot<string | undefined>;
  #hasWarned = false;

  constructor(options: ClusterCaOptions) {
    this.#options = options;
    this.#ca = new Snapshot({ clock: options.clock, load: (signal) => this.#read(signal) });
  }

  /** PEM; `undefined` where there is none. */
  async pem(signal: AbortSignal): Promise<string | undefined> {
    return (await this.#ca.get({ maxAgeMs: MAX_AGE_MS, signal })).value;
  }

  async #read(signal: AbortSignal): Promise<string | undefined> {
    const mounted = await readFile(this.#options.file ?? IN_POD, 'utf8').catch(() => '');
    if (mounted.includes('BEGIN CERTIFICATE')) return mounted;
    const published = await this.#published(signal);
    if (published === undefined) this.#warn();
    return published;
  }

  // Not to be allowed to read it is no reason to let the control plane go without its address.
  async #published(signal: AbortSignal): Promise<string | undefined> {
    const { client, log } = this.#options;
    try {
      const found = await client.get(configMaps, PUBLISHED, { signal });
      const pem = found?.data?.['ca.crt'] ?? '';
      return pem.includes('BEGIN CERTIFICATE') ? pem : undefined;
    } catch (error) {
      signal.throwIfAborted();
      log.verbose(1, 'the CA of the cluster cannot be read', { reason: messageOf(error) });
      return undefined;
    }
  }

  #warn(): void {
    if (this.#hasWarned) return;
    this.#hasWarned = true;
    this.#options.log.warn('certificates of API servers are not checked: the CA of the cluster is not known', {
      remedy: 'allow get on configmaps kube-system/kube-root-ca.crt',
    });
  }
}
