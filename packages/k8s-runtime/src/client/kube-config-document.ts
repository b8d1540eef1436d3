// What a kubeconfig says, as values. Pure: text and folder in, one context's cluster and user out; problems name file, field and remedy.
import { dirname, resolve } from 'node:path';
import { never, OperatorError } from '@longshore/reconciler-core';

/** Bytes given in place, or the file that holds them. */
export type FileOrInline = { readonly inline: string } | { readonly file: string };

/** A cluster entry. */
export interface ClusterEntry {
  readonly server: string;
  readonly ca?: FileOrInline | undefined;
  readonly tlsServerName?: string | undefined;
  readonly isInsecure: boolean;
  readonly proxyUrl?: string | undefined;
}

/** A user entry; everything may be absent (anonymous). */
export interface UserEntry {
  readonly token?: string | undefined;
  readonly tokenFile?: string | undefined;
  readonly cert?: FileOrInline | undefined;
  readonly key?: FileOrInline | undefined;
  readonly username?: string | undefined;
  readonly password?: string | undefined;
  readonly impersonate?: Impersonation | undefined;
  /** An exec plugin or auth provider: client-node-credentials.ts deals with it. */
  readonly hasPlugin: boolean;
}

/** Whom to act as. */
export interface Impersonation {
  readonly user: string;
  readonly uid?: string | undefined;
  readonly groups: readonly string[];
  readonly extra: Readonly<Record<string, readonly string[]>>;
}

/** The chosen context of a kubeconfig. */
export interface KubeConfigContext {
  readonly file: string;
  readonly contextName: string;
  readonly clusterName: string;
  readonly userName: string;
  readonly cluster: ClusterEntry;
  readonly user: UserEntry;
}

type Fields = Readonly<Record<string, unknown>>;

/** A parsed file. */
export interface KubeConfigDocument {
  readonly file: string;
  readonly content: Fields;
}

/** The current context of one or more documents. As in kubectl the first file that names a thing wins. */
export function parseKubeConfig(documents: readonly KubeConfigDocument[]): KubeConfigContext {
  const reader = new DocumentReader(documents);
  const context = reader.currentContext();
  const cluster = reader.entry('clusters', 'cluster', context.cluster);
  const user = reader.entry('users', 'user', context.user);
  return {
    file: reader.file,
    contextName: context.name,
    clusterName: context.cluster,
    userName: context.user,
    cluster: toCluster(cluster),
    user: toUser(user),
  };
}

/** A problem with a kubeconfig, in one line. */
export function invalidKubeConfig(file: string, problem: string, remedy: string): OperatorError {
  return new OperatorError('KUBECONFIG_INVALID', `kubeconfig ${file}: ${problem}; ${remedy}`, never);
}

interface Entry {
  readonly file: string;
  /** `users[name=admin].user`: how messages call it. */
  readonly place: string;
  readonly fields: Fields;
}

class DocumentReader {
  readonly #documents: readonly KubeConfigDocument[];

  constructor(documents: readonly KubeConfigDocument[]) {
    this.#documents = documents;
  }

  get file(): string {
    return this.#documents.map((document) => document.file).join(':');
  }

  currentContext(): { readonly name: string; readonly cluster: string; readonly user: string } {
    const name = this.#documents.map(({ content }) => content['current-context']).find((value) => value);
    if (typeof name !== 'string') {
      throw invalidKubeConfig(this.file, 'current-context is not set', 'set it with `kubectl config use-context`');
    }
    const context = this.entry('contexts', 'context', name);
    return { name, cluster: requiredText(context, 'cluster'), user: optionalText(context, 'user') ?? '' };
  }

  entry(list: string, field: string, name: string): Entry {
    const place = `${list}[name=${name}].${field}`;
    // A context without a user is anonymous.
    if (list === 'users' && name === '') return { file: this.file, place, fields: {} };
    for (const { file, content } of this.#documents) {
      const item = asList(content[list]).find((candidate) => asFields(candidate)?.['name'] === name);
      if (item !== undefined) return { file, place, fields: asFields(asFields(item)?.[field]) ?? {} };
    }
    const known = this.#names(list);
    const remedy = known ? `known ${list}: ${known}` : `it has no ${list}`;
    throw invalidKubeConfig(this.file, `there is no ${field} named "${name}"`, remedy);
  }

  #names(list: string): string {
    const items = this.#documents.flatMap(({ content }) => asList(content[list]));
    return items.map((item) => String(asFields(item)?.['name'])).join(', ');
  }
}

function toCluster(entry: Entry): ClusterEntry {
  return {
    server: requiredText(entry, 'server'),
    ca: fileOrInline(entry, 'certificate-authority'),
    tlsServerName: optionalText(entry, 'tls-server-name'),
    isInsecure: entry.fields['insecure-skip-tls-verify'] === true,
    proxyUrl: optionalText(entry, 'proxy-url'),
  };
}

function toUser(entry: Entry): UserEntry {
  const tokenFile = optionalText(entry, 'tokenFile');
  return {
    token: optionalText(entry, 'token'),
    tokenFile: tokenFile === undefined ? undefined : absolute(entry, tokenFile),
    cert: fileOrInline(entry, 'client-certificate'),
    key: fileOrInline(entry, 'client-key'),
    username: optionalText(entry, 'username'),
    password: optionalText(entry, 'password'),
    impersonate: toImpersonation(entry),
    hasPlugin: entry.fields['exec'] !== undefined || entry.fields['auth-provider'] !== undefined,
  };
}

function toImpersonation(entry: Entry): Impersonation | undefined {
  const user = optionalText(entry, 'as');
  if (user === undefined) return undefined;
  const extra = asFields(entry.fields['as-user-extra']) ?? {};
  return {
    user,
    uid: optionalText(entry, 'as-uid'),
    groups: asList(entry.fields['as-groups']).map(String),
    extra: Object.fromEntries(Object.entries(extra).map(([name, values]) => [name, asList(values).map(String)])),
  };
}

// `<field>-data` holds base64 and wins over `<field>`, a path relative to the kubeconfig's folder.
function fileOrInline(entry: Entry, field: string): FileOrInline | undefined {
  const encoded = optionalText(entry, `${field}-data`);
  if (encoded !== undefined) return { inline: decodedPem(entry, `${field}-data`, encoded) };
  const path = optionalText(entry, field);
  return path === undefined ? undefined : { file: absolute(entry, path) };
}

function decodedPem(entry: Entry, field: string, encoded: string): string {
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  if (text.includes('-----BEGIN ')) return text;
  throw invalidKubeConfig(
    entry.file,
    `${entry.place}.${field} is not base64 of a PEM block`,
    'paste `base64 -w0 <file>`',
  );
}

function absolute(entry: Entry, path: string): string {
  return resolve(dirname(entry.file), path);
}

function requiredText(entry: Entry, field: string): string {
  const value = optionalText(entry, field);
  if (value !== undefined) return value;
  throw invalidKubeConfig(entry.file, `${entry.place}.${field} is missing`, 'add it');
}

function optionalText(entry: Entry, field: string): string | undefined {
  const value = entry.fields[field];
  if (value === undefined || value === null || value === '') return undefined;
  if (typeof value === 'string') return value;
  throw invalidKubeConfig(entry.file, `${entry.place}.${field} is not a string`, 'put it in quotes');
}

function asFields(value: unknown): Fields | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : undefined;
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
