// Reads the kubeconfig files that kubeadm writes, and writes the one that a kubelet leaves behind when it has its certificate.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import type { ApiAccess } from './api-client.ts';

type Fields = Readonly<Record<string, string>>;

interface Kubeconfig {
  readonly 'current-context'?: string;
  readonly clusters?: readonly { readonly name: string; readonly cluster: Fields }[];
  readonly users?: readonly { readonly name: string; readonly user: Fields }[];
  readonly contexts?: readonly { readonly name: string; readonly context: Fields }[];
}

/** What a kubeconfig says; throws when it names files that are not there. */
export function readKubeconfig(text: string): ApiAccess {
  const config = (parse(text) ?? {}) as Kubeconfig;
  const context = named(config.contexts, config['current-context'])?.context;
  const cluster = named(config.clusters, context?.['cluster'])?.cluster;
  const user = named(config.users, context?.['user'])?.user;
  return { ...placeOf(cluster ?? {}), ...identityOf(user ?? {}) };
}

function placeOf(cluster: Fields): Pick<ApiAccess, 'server' | 'ca'> {
  return { server: cluster['server'] ?? '', ca: pemOf(cluster, 'certificate-authority') ?? '' };
}

function named<T extends { readonly name: string }>(
  entries: readonly T[] = [],
  wanted: string | undefined,
): T | undefined {
  return entries.find(({ name }) => name === wanted);
}

function identityOf(user: Fields): Pick<ApiAccess, 'cert' | 'key' | 'token'> {
  const cert = pemOf(user, 'client-certificate');
  const key = pemOf(user, 'client-key');
  const token = user['token'];
  return {
    ...(cert === undefined ? {} : { cert }),
    ...(key === undefined ? {} : { key }),
    ...(token === undefined ? {} : { token }),
  };
}

function pemOf(from: Fields, name: string): string | undefined {
  const inline = from[`${name}-data`];
  if (inline !== undefined) return Buffer.from(inline, 'base64').toString('utf8');
  const path = from[name];
  return path === undefined ? undefined : readFileSync(path, 'utf8');
}

/** The kubeconfig of a node whose certificate and key are in one file. */
export function nodeKubeconfig({ server, ca }: ApiAccess, pemPath: string): string {
  const name = 'default-auth';
  return stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [
      {
        name: 'default-cluster',
        cluster: { 'certificate-authority-data': Buffer.from(ca).toString('base64'), server },
      },
    ],
    contexts: [{ name: 'default-context', context: { cluster: 'default-cluster', namespace: 'default', user: name } }],
    'current-context': 'default-context',
    users: [{ name, user: { 'client-certificate': pemPath, 'client-key': pemPath } }],
  });
}
