// Takes a lost master out of etcd, through the HTTP gateway of etcd on a master that is left. Otherwise the dead member counts for the
// quorum, and a new master cannot join. etcd itself refuses what would cost the quorum.
import https from 'node:https';
import { messageOf, OperatorError, backoff } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { CertificatePair } from '../bootstrap/contract.ts';
import { issueClientCertificate, SYSTEM_MASTERS } from '../bootstrap/pki.ts';
import { memberOf, parseMembers } from './etcd-plan.ts';
import type { LostMember } from './etcd-plan.ts';

/** Where etcd is asked, and with whose authority. */
export interface EtcdTarget {
  /** CA of etcd: of its servers, and of the certificate that is issued for the call. */
  readonly ca: CertificatePair;
  /** Addresses of masters that are left; the first that answers is taken. */
  readonly hosts: readonly string[];
}

/** Calls of etcd. */
export interface EtcdOptions {
  readonly clock: Clock;
  /** Of the gateway. Default 2379. */
  readonly port?: number;
  /** For one call. Default 5 s. */
  readonly timeoutMs?: number;
}

const CERTIFICATE_LIFETIME_MS = 3600_000;

/** Removes members of etcd. */
export class EtcdMembers {
  readonly #clock: Clock;
  readonly #port: number;
  readonly #timeoutMs: number;

  constructor({ clock, port = 2379, timeoutMs = 5_000 }: EtcdOptions) {
    this.#clock = clock;
    this.#port = port;
    this.#timeoutMs = timeoutMs;
  }

  /** Resolves when the member is not there any more; throws ETCD_UNREACHABLE or ETCD_REFUSED. */
  async remove(target: EtcdTarget, lost: LostMember, signal: AbortSignal): Promise<'removed' | 'absent'> {
    const identity = {
      commonName: 'cluster-api-provider-packet',
      organizations: [SYSTEM_MASTERS],
      nowMs: this.#clock.nowMs(),
      lifetimeMs: CERTIFICATE_LIFETIME_MS,
    };
    const client = await issueClientCertificate(target.ca, identity);
    const failures: string[] = [];
    for (const host of target.hosts) {
      try {
        return await this.#removeAt(host, { ca: target.ca.certPem, client, lost }, signal);
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof OperatorError) throw error;
        failures.push(`${host}: ${messageOf(error)}`);
      }
    }
    const message = `etcd of the cluster does not answer on port ${this.#port} of any other master (${failures.join('; ')})`;
    throw new OperatorError(
      'ETCD_UNREACHABLE',
      `${message}: let the manager reach it, or remove the member by hand`,
      backoff,
    );
  }

  async #removeAt(
    host: string,
    { ca, client, lost }: { readonly ca: string; readonly client: CertificatePair; readonly lost: LostMember },
    signal: AbortSignal,
  ): Promise<'removed' | 'absent'> {
    const call = (path: string, body: object): Promise<Answer> => {
      const options = { host, port: this.#port, path, ca, client, timeoutMs: this.#timeoutMs, signal };
      return post(options, JSON.stringify(body));
    };
    const list = await call('/v3/cluster/member/list', {});
    if (list.status !== 200) throw refused(host, 'list its members', list);
    const member = memberOf(parseMembers(list.body), lost);
    if (member === undefined) return 'absent';
    const removal = await call('/v3/cluster/member/remove', { ID: member.id });
    if (removal.status !== 200) throw refused(host, `remove member ${lost.name}`, removal);
    return 'removed';
  }
}

interface Answer {
  readonly status: number;
  readonly body: string;
}

function refused(host: string, what: string, { status, body }: Answer): OperatorError {
  const text = body.trim().slice(0, 300);
  return new OperatorError('ETCD_REFUSED', `etcd on ${host} refused to ${what} (${status}: ${text})`, backoff);
}

interface PostOptions {
  readonly host: string;
  readonly port: number;
  readonly path: string;
  readonly ca: string;
  readonly client: CertificatePair;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

function post(options: PostOptions, body: string): Promise<Answer> {
  const { host, port, path, ca, client, timeoutMs, signal } = options;
  return new Promise((resolve, reject) => {
    const request = https.request(
      {
        method: 'POST',
        host,
        port,
        path,
        ca,
        cert: client.certPem,
        key: client.keyPem,
        // The certificates name one of the addresses only. The CA signs for this etcd and nothing else, so the chain says enough.
        checkServerIdentity: () => undefined,
        headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
        signal: AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
        agent: false,
      },
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () =>
          resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
        );
      },
    );
    request.on('error', reject);
    request.end(body);
  });
}
