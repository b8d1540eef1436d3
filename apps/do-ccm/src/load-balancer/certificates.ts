// Which certificate a balancer shall present. Let's Encrypt renews a certificate under a new ID and changes the balancer itself, so an
// ID in a manifest grows old: then the balancer's own certificate stands. Nothing is written into the user's annotations.
import { backoff, OperatorError } from '@longshore/reconciler-core';
import type { Certificate, CertificateId, LoadBalancer } from '@longshore/digitalocean-api';
import { parseCertificateId } from '@longshore/digitalocean-api';
import type { Settings } from '../annotations.ts';

/** The certificate, or the need to look at the account's certificates first, or the reason why there is none. */
export type CertificateChoice =
  | { readonly kind: 'none' }
  | { readonly kind: 'certificate'; readonly id: CertificateId }
  | { readonly kind: 'look' }
  | { readonly kind: 'missing'; readonly error: OperatorError };

/** Chooses; `known` are the certificates of the account, if they have been read. */
export function chooseCertificate(
  settings: Settings,
  found: LoadBalancer | undefined,
  known?: readonly Certificate[],
): CertificateChoice {
  const { certificateId, certificateName } = settings;
  if (certificateId !== undefined) return chooseById(parseCertificateId(certificateId), found, known);
  if (certificateName === undefined) return { kind: 'none' };
  if (!known) return { kind: 'look' };
  const certificate = known.find(({ name }) => name === certificateName);
  return certificate ? { kind: 'certificate', id: certificate.id } : missing(certificateName);
}

function chooseById(
  asked: CertificateId,
  found: LoadBalancer | undefined,
  known: readonly Certificate[] | undefined,
): CertificateChoice {
  const present = found?.forwardingRules.map((rule) => rule.certificateId).find((id) => id !== undefined);
  if (present === undefined || present === asked) return { kind: 'certificate', id: asked };
  if (!known) return { kind: 'look' };
  const [askedCertificate, presentCertificate] = [asked, present].map((id) => known.find((each) => each.id === id));
  const isRenewed =
    presentCertificate?.type === 'lets_encrypt' &&
    (!askedCertificate || askedCertificate.name === presentCertificate.name);
  return { kind: 'certificate', id: isRenewed ? present : asked };
}

/** IDs of the certificates with these IDs or names; an error about the first that is not there. */
export function findCertificates(
  texts: readonly string[],
  known: readonly Certificate[],
): { readonly ids: ReadonlyMap<string, CertificateId>; readonly error?: OperatorError } {
  const ids = new Map<string, CertificateId>();
  for (const text of texts) {
    const found = known.find(({ id }) => id === text) ?? known.find(({ name }) => name === text);
    if (!found) return { ids, error: notFound(text) };
    ids.set(text, found.id);
  }
  return { ids };
}

function missing(name: string): CertificateChoice {
  return { kind: 'missing', error: notFound(name) };
}

function notFound(name: string): OperatorError {
  const message = `certificate with name: ${JSON.stringify(name)} not found: create it, or correct the annotation`;
  return new OperatorError('CERTIFICATE_NOT_FOUND', message, backoff);
}
