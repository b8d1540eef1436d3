// The certificates of the account, read only when a Service names one or its balancer shows another than the Service: one list for all.
import { Snapshot } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { Certificate, CertificateId, Certificates, LoadBalancer } from '@longshore/digitalocean-api';
import type { Settings } from '../annotations.ts';
import { chooseCertificate, findCertificates } from './certificates.ts';

const MAX_AGE_MS = 60_000;
// A certificate that the list lacks may have been made since.
const MAX_AGE_WHEN_MISSED_MS = 2_000;

/** Finds the certificates of Services. */
export class CertificateList {
  readonly #lists: Snapshot<readonly Certificate[]>;

  constructor({ certificates, clock }: { certificates: Pick<Certificates, 'list'>; clock: Clock }) {
    this.#lists = new Snapshot({ clock, load: (signal) => certificates.list(signal) });
  }

  /** The certificate that the balancer shall present, if any; throws when it does not exist or cannot be looked up. */
  async choose(
    settings: Settings,
    found: LoadBalancer | undefined,
    signal: AbortSignal,
  ): Promise<CertificateId | undefined> {
    let choice = chooseCertificate(settings, found);
    for (const maxAgeMs of [MAX_AGE_MS, MAX_AGE_WHEN_MISSED_MS]) {
      if (choice.kind === 'none') return undefined;
      if (choice.kind === 'certificate') return choice.id;
      const known = (await this.#lists.get({ maxAgeMs, signal })).value;
      choice = chooseCertificate(settings, found, known);
    }
    if (choice.kind === 'missing') throw choice.error;
    return choice.kind === 'certificate' ? choice.id : undefined;
  }

  /** The certificates with these IDs or names; throws when one does not exist. */
  async find(texts: readonly string[], signal: AbortSignal): Promise<ReadonlyMap<string, CertificateId>> {
    let found = findCertificates(texts, []);
    for (const maxAgeMs of [MAX_AGE_MS, MAX_AGE_WHEN_MISSED_MS]) {
      if (!found.error) return found.ids;
      found = findCertificates(texts, (await this.#lists.get({ maxAgeMs, signal })).value);
    }
    if (found.error) throw found.error;
    return found.ids;
  }
}
