// Credentials from a kubeconfig's plain fields or a service account folder. Files are read again when what we know is older than 60 s and
// somebody asks, or at once after a 401. Equal bytes keep the same objects, so connections stay; a file that cannot be read keeps the last
// bytes, because rotation replaces files and the old ones stay valid for a while.
import { readFile } from 'node:fs/promises';
import { messageOf, never, OperatorError, SingleFlight } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Credentials, Identity, RequestHeaders, TlsMaterial } from './credentials.ts';
import type { FileOrInline, Impersonation } from './kube-config-document.ts';

/** Where the parts of an identity come from. */
export interface CredentialSources {
  readonly ca?: FileOrInline | undefined;
  readonly cert?: FileOrInline | undefined;
  readonly key?: FileOrInline | undefined;
  /** The file wins over the inline token, as in client-go. */
  readonly tokenFile?: string | undefined;
  readonly token?: string | undefined;
  readonly basic?: { readonly username: string; readonly password: string } | undefined;
  readonly impersonate?: Impersonation | undefined;
  readonly serverName?: string | undefined;
  readonly isInsecure?: boolean | undefined;
}

/** What is needed to read them. */
export interface FileCredentialsOptions {
  readonly sources: CredentialSources;
  readonly clock: Clock;
  readonly log: Logger;
  /** Where the file names come from, for messages: `kubeconfig /etc/x`, `service account`. */
  readonly origin: string;
}

const REREAD_MS = 60_000;

/** Headers and TLS material out of files and inline values. */
export class FileCredentials implements Credentials {
  readonly #options: FileCredentialsOptions;
  readonly #flight = new SingleFlight<'read', boolean>();
  readonly #texts = new Map<string, string>();
  #identity: Identity | undefined;
  #readAtMs = 0;

  private constructor(options: FileCredentialsOptions) {
    this.#options = options;
  }

  /** Reads everything once; rejects when a file is not there. */
  static async load(options: FileCredentialsOptions): Promise<FileCredentials> {
    const credentials = new FileCredentials(options);
    await credentials.renew();
    return credentials;
  }

  current(): Identity | Promise<Identity> {
    const known = this.#identity;
    const isFresh = this.#options.clock.monotonicMs() - this.#readAtMs < REREAD_MS;
    if (known && (isFresh || !this.#hasFiles)) return known;
    return this.renew().then(() => this.#known());
  }

  renew(): Promise<boolean> {
    return this.#flight.run('read', () => this.#read());
  }

  get #hasFiles(): boolean {
    return this.#texts.size > 0;
  }

  #known(): Identity {
    if (!this.#identity) throw new Error('credentials were asked for before they were read');
    return this.#identity;
  }

  async #read(): Promise<boolean> {
    const { sources, clock } = this.#options;
    const token = sources.tokenFile === undefined ? sources.token : (await this.#textOf(sources.tokenFile)).trim();
    const tls: TlsMaterial = {
      ca: await this.#resolve(sources.ca),
      cert: await this.#resolve(sources.cert),
      key: await this.#resolve(sources.key),
      serverName: sources.serverName,
      isInsecure: sources.isInsecure,
    };
    this.#readAtMs = clock.monotonicMs();
    return this.#adopt({ headers: toHeaders(sources, token), tls });
  }

  #adopt(next: Identity): boolean {
    const before = this.#identity;
    const tls = before && isSame(before.tls, next.tls) ? before.tls : next.tls;
    const isUnchanged = before?.tls === tls && isSame(before.headers, next.headers);
    if (before && !isUnchanged) this.#options.log.info('credentials changed', { origin: this.#options.origin });
    if (!isUnchanged) this.#identity = { headers: next.headers, tls };
    return !isUnchanged;
  }

  async #resolve(source: FileOrInline | undefined): Promise<string | undefined> {
    if (!source) return undefined;
    return 'inline' in source ? source.inline : this.#textOf(source.file);
  }

  async #textOf(file: string): Promise<string> {
    try {
      const text = await readFile(file, 'utf8');
      // An empty file is one that is being written.
      if (text.trim() === '') throw new Error('the file is empty');
      this.#texts.set(file, text);
      return text;
    } catch (error) {
      const known = this.#texts.get(file);
      if (known === undefined) throw unreadable(this.#options.origin, file, error);
      this.#options.log.warn('credential file cannot be read, using what it held before', { file, error });
      return known;
    }
  }
}

function toHeaders(sources: CredentialSources, token: string | undefined): RequestHeaders {
  const headers: Record<string, string> = {};
  if (token !== undefined) headers['authorization'] = `Bearer ${token}`;
  else if (sources.basic) headers['authorization'] = toBasic(sources.basic);
  return { ...headers, ...impersonationHeaders(sources.impersonate) };
}

function toBasic({ username, password }: { username: string; password: string }): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}

/** Headers that make the API server act as somebody else. Names of extra fields are percent-encoded, as headers are ASCII. */
export function impersonationHeaders(wanted: Impersonation | undefined): RequestHeaders {
  if (!wanted) return {};
  const extra = Object.entries(wanted.extra).map(([name, values]) => [
    `impersonate-extra-${encodeURIComponent(name.toLowerCase())}`,
    values,
  ]);
  return {
    'impersonate-user': wanted.user,
    ...(wanted.uid === undefined ? {} : { 'impersonate-uid': wanted.uid }),
    ...(wanted.groups.length === 0 ? {} : { 'impersonate-group': wanted.groups }),
    ...(Object.fromEntries(extra) as RequestHeaders),
  };
}

function isSame(a: object, b: object): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}

function unreadable(origin: string, file: string, error: unknown): OperatorError {
  const message = `${origin}: cannot read ${file}: ${messageOf(error)}; check the path and the file's permissions`;
  return new OperatorError('KUBECONFIG_UNREADABLE', message, never);
}
