// Certificates. A renewal by Let's Encrypt gives a certificate a new id under the same name, so the name is what to hold on to.
import { listOf, optionalText, parseObject, parseText, requiredText } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';
import { parseCertificateId } from './ids.ts';
import type { CertificateId } from './ids.ts';
import { listAll } from './lists.ts';

/** A TLS certificate. */
export interface Certificate {
  readonly id: CertificateId;
  /** Unique in the account. */
  readonly name: string;
  readonly type: 'custom' | 'lets_encrypt' | (string & {});
  readonly state: 'pending' | 'verified' | 'error' | (string & {});
  readonly dnsNames: readonly string[];
  readonly notAfter: string | undefined;
}

/** Calls about certificates. */
export class Certificates {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** All certificates. */
  list(signal: AbortSignal): Promise<readonly Certificate[]> {
    return this.#list({}, signal);
  }

  /** The certificate with this name. */
  async findByName(name: string, signal: AbortSignal): Promise<Certificate | undefined> {
    return (await this.#list({ name }, signal)).find((certificate) => certificate.name === name);
  }

  /** One certificate; `undefined` only when the API itself says that there is none. */
  get(id: CertificateId, signal: AbortSignal): Promise<Certificate | undefined> {
    return this.#http.send(
      {
        method: 'GET',
        path: `/v2/certificates/${encodeURIComponent(id)}`,
        name: '/v2/certificates/{id}',
        parse: (body) => parseCertificate(parseObject(body, 'the answer')['certificate']),
        absentOn404: true,
      },
      signal,
    );
  }

  #list(query: { readonly name?: string }, signal: AbortSignal): Promise<readonly Certificate[]> {
    const list = { path: '/v2/certificates', key: 'certificates', query, parse: parseCertificate };
    return listAll(this.#http, { ...list, idOf: ({ id }) => id }, signal);
  }
}

/** A certificate as the API writes it. */
export function parseCertificate(raw: unknown): Certificate {
  const certificate = parseObject(raw, 'certificate');
  return {
    id: parseCertificateId(requiredText(certificate, 'id')),
    name: requiredText(certificate, 'name'),
    type: optionalText(certificate, 'type') ?? '',
    state: optionalText(certificate, 'state') ?? '',
    dnsNames: listOf(certificate, 'dns_names', parseText),
    notAfter: optionalText(certificate, 'not_after'),
  };
}
