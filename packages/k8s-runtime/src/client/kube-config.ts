// Where the API server is and who we are there: --kubeconfig, --master, the pod's service account, or KUBECONFIG, in this order. Plain
// kubeconfigs are read here; exec plugins and auth providers need @kubernetes/client-node, which is loaded only then (about 20 MiB).
import { readFile } from 'node:fs/promises';
import { delimiter, resolve } from 'node:path';
import { isIPv6 } from 'node:net';
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { ClusterAccess, Credentials } from './credentials.ts';
import { FileCredentials } from './file-credentials.ts';
import type { CredentialSources } from './file-credentials.ts';
import { invalidKubeConfig, parseKubeConfig } from './kube-config-document.ts';
import type { KubeConfigContext, KubeConfigDocument } from './kube-config-document.ts';

/** Where to look. */
export interface KubeConfigOptions {
  /** `--kubeconfig`. */
  readonly kubeconfig?: string | undefined;
  /** The content of a kubeconfig; paths in it are relative to the working directory. */
  readonly kubeconfigText?: string | undefined;
  /** `--master`: replaces the server of the kubeconfig; alone it means a server that wants no credentials. */
  readonly master?: string | undefined;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The folder with `token` and `ca.crt`. */
  readonly inClusterFolder?: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
}

const IN_CLUSTER_FOLDER = '/var/run/secrets/kubernetes.io/serviceaccount';

/** Finds and reads the configuration; rejects with one line that names file, field and remedy. */
export async function loadKubeConfig(options: KubeConfigOptions): Promise<ClusterAccess> {
  const { kubeconfig, kubeconfigText, master, env } = options;
  if (kubeconfigText !== undefined) return fromDocuments([await toDocument('in memory', kubeconfigText)], options);
  if (kubeconfig) return fromFiles([kubeconfig], options);
  if (master) return fromMaster(master, options);
  if (env['KUBERNETES_SERVICE_HOST']) return fromCluster(options);
  const files = (env['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '');
  if (files.length > 0) return fromFiles(files, options);
  throw new OperatorError(
    'KUBECONFIG_MISSING',
    'no API server is configured: not in a pod (KUBERNETES_SERVICE_HOST is not set) and no kubeconfig; pass --kubeconfig=<file>',
    never,
  );
}

async function fromMaster(master: string, options: KubeConfigOptions): Promise<ClusterAccess> {
  const credentials = await load({ isInsecure: false }, '--master', options);
  return { server: parseServer(master, '--master', true), credentials };
}

async function fromCluster(options: KubeConfigOptions): Promise<ClusterAccess> {
  const { env, inClusterFolder: folder = IN_CLUSTER_FOLDER } = options;
  const host = env['KUBERNETES_SERVICE_HOST'] ?? '';
  const server = `https://${isIPv6(host) ? `[${host}]` : host}:${env['KUBERNETES_SERVICE_PORT'] || '443'}`;
  const sources = { ca: { file: `${folder}/ca.crt` }, tokenFile: `${folder}/token` };
  return {
    server: parseServer(server, 'KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT', false),
    credentials: await load(sources, 'service account of the pod', options),
  };
}

async function fromFiles(files: readonly string[], options: KubeConfigOptions): Promise<ClusterAccess> {
  return fromDocuments(await Promise.all(files.map(readDocument)), options);
}

async function fromDocuments(
  documents: readonly KubeConfigDocument[],
  options: KubeConfigOptions,
): Promise<ClusterAccess> {
  const context = parseKubeConfig(documents);
  const { cluster } = context;
  const place = `kubeconfig ${context.file}: clusters[name=${context.clusterName}].cluster.server`;
  const server = options.master
    ? parseServer(options.master, '--master', cluster.isInsecure)
    : parseServer(cluster.server, place, cluster.isInsecure);
  const credentials = context.user.hasPlugin
    ? await pluginCredentials(documents, context, options)
    : await load(sourcesOf(context), `kubeconfig ${context.file}`, options);
  return { server, proxyUrl: parseProxyUrl(context), credentials };
}

// The only place that leads to client-node's code. The whole cluster entry goes along: a plugin may ask for it.
async function pluginCredentials(
  documents: readonly KubeConfigDocument[],
  context: KubeConfigContext,
  options: KubeConfigOptions,
): Promise<Credentials> {
  const { ClientNodeCredentials } = await import('./client-node-credentials.ts');
  const base = await load(withoutUser(sourcesOf(context)), `kubeconfig ${context.file}`, options);
  return ClientNodeCredentials.load({ documents, context, base, clock: options.clock, log: options.log });
}

function load(sources: CredentialSources, origin: string, options: KubeConfigOptions): Promise<FileCredentials> {
  return FileCredentials.load({ sources, origin, clock: options.clock, log: options.log });
}

function sourcesOf({ cluster, user }: KubeConfigContext): CredentialSources {
  const { username, password = '' } = user;
  return {
    ca: cluster.ca,
    serverName: cluster.tlsServerName,
    isInsecure: cluster.isInsecure,
    cert: user.cert,
    key: user.key,
    token: user.token,
    tokenFile: user.tokenFile,
    basic: username === undefined ? undefined : { username, password },
    impersonate: user.impersonate,
  };
}

function withoutUser(sources: CredentialSources): CredentialSources {
  const { ca, serverName, isInsecure, impersonate } = sources;
  return { ca, serverName, isInsecure, impersonate };
}

async function readDocument(path: string): Promise<KubeConfigDocument> {
  const file = resolve(path);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    const message = `cannot read kubeconfig ${file}: ${messageOf(error)}; check --kubeconfig and the file's permissions`;
    throw new OperatorError('KUBECONFIG_UNREADABLE', message, never);
  }
  return toDocument(file, text);
}

async function toDocument(file: string, text: string): Promise<KubeConfigDocument> {
  const content = await parseText(file, text);
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    throw invalidKubeConfig(file, 'it holds no clusters, users and contexts', 'is it the right file?');
  }
  return { file, content: content as KubeConfigDocument['content'] };
}

// The YAML parser is loaded only for kubeconfigs that are not JSON: programs in pods never need it.
async function parseText(file: string, text: string): Promise<unknown> {
  try {
    if (text.trimStart().startsWith('{')) return JSON.parse(text);
    const { parseYaml } = await import('./parse-yaml.ts');
    return parseYaml(text);
  } catch (error) {
    // Only the first line: what follows quotes the file, which holds secrets.
    const [problem = ''] = messageOf(error).split('\n');
    throw invalidKubeConfig(file, `not valid YAML: ${problem.replace(/:$/, '')}`, 'correct that place');
  }
}

function parseServer(text: string, place: string, isInsecureAllowed: boolean): URL {
  const server = URL.parse(text.includes('://') ? text : `https://${text}`);
  if (!server || !/^https?:$/.test(server.protocol)) {
    throw new OperatorError('KUBECONFIG_INVALID', `${place} is not a URL: "${text}"; use https://host:port`, never);
  }
  if (server.protocol === 'http:' && !isInsecureAllowed && !isLoopback(server.hostname)) {
    const remedy = 'use https, or set insecure-skip-tls-verify if the network is trusted';
    throw new OperatorError(
      'KUBECONFIG_INVALID',
      `${place} would send credentials unencrypted: "${text}"; ${remedy}`,
      never,
    );
  }
  return server;
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127(\.\d+){3}$/.test(host);
}

function parseProxyUrl(context: KubeConfigContext): string | undefined {
  const { proxyUrl } = context.cluster;
  if (proxyUrl === undefined) return undefined;
  const proxy = URL.parse(proxyUrl);
  if (proxy && /^https?:$/.test(proxy.protocol)) return proxyUrl;
  const place = `clusters[name=${context.clusterName}].cluster.proxy-url`;
  // Not quoted: proxy URLs hold passwords.
  throw invalidKubeConfig(
    context.file,
    `${place} is not an http or https URL`,
    'SOCKS proxies are not supported; use an HTTP proxy',
  );
}
