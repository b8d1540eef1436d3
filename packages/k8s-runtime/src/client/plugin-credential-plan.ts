// What is decided about credentials of plugins: what the plugin is told, when its answer ends, when to ask again. Pure.
import { dirname, resolve } from 'node:path';
import type { KubeConfigContext, KubeConfigDocument } from './kube-config-document.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A kubeconfig of just the chosen context, whose exec entry carries KUBERNETES_EXEC_INFO as kubectl sets it. */
export function withExecInfo(documents: readonly KubeConfigDocument[], context: KubeConfigContext): object {
  const user = rawEntry(documents, 'users', context.userName);
  const cluster = { name: context.clusterName, cluster: { server: context.cluster.server } };
  return {
    'current-context': context.contextName,
    contexts: [{ name: context.contextName, context: { cluster: context.clusterName, user: context.userName } }],
    clusters: [cluster],
    users: [{ ...user, user: withEnvironment(asFields(user['user']), context) }],
  };
}

function withEnvironment(user: Fields, { cluster, file }: KubeConfigContext): Fields {
  const exec = user['exec'];
  if (typeof exec !== 'object' || exec === null) return user;
  const { command, env, apiVersion = 'client.authentication.k8s.io/v1', provideClusterInfo } = exec as Fields;
  const clusterInfo = {
    server: cluster.server,
    ...(cluster.tlsServerName ? { 'tls-server-name': cluster.tlsServerName } : {}),
    ...(cluster.isInsecure ? { 'insecure-skip-tls-verify': true } : {}),
    ...(cluster.ca && 'inline' in cluster.ca
      ? { 'certificate-authority-data': Buffer.from(cluster.ca.inline).toString('base64') }
      : {}),
  };
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: { interactive: false, ...(provideClusterInfo === true ? { cluster: clusterInfo } : {}) },
  };
  const others = Array.isArray(env) ? (env as unknown[]) : [];
  return {
    ...user,
    exec: {
      ...exec,
      command: resolvedCommand(command, file),
      env: [...others, { name: 'KUBERNETES_EXEC_INFO', value: JSON.stringify(info) }],
    },
  };
}

// As in client-go: `./plugin` lies beside the kubeconfig, a bare name is looked for in PATH.
function resolvedCommand(command: unknown, file: string): unknown {
  return typeof command === 'string' && command.includes('/') ? resolve(dirname(file), command) : command;
}

/** When a credential ends (ms since the epoch): what the exec plugin said, else the `exp` of a JWT, else undefined. */
export function expiryOf(config: object, authorization: string | undefined): number | undefined {
  return execExpiry(config) ?? jwtExpiry(authorization);
}

// client-node keeps the plugin's answer in a private field of its authenticator and offers no other way to its expirationTimestamp.
function execExpiry(config: object): number | undefined {
  const { authenticators } = config as { authenticators?: unknown };
  for (const authenticator of Array.isArray(authenticators) ? (authenticators as unknown[]) : []) {
    for (const credential of Object.values(asFields(asFields(authenticator)['tokenCache']))) {
      const expiresAtMs = Date.parse(String(asFields(asFields(credential)['status'])['expirationTimestamp']));
      if (!Number.isNaN(expiresAtMs)) return expiresAtMs;
    }
  }
  return undefined;
}

/** The `exp` of a bearer token that is a JWT. */
export function jwtExpiry(authorization: string | undefined): number | undefined {
  const payload = authorization?.split('.')[1];
  if (payload === undefined) return undefined;
  try {
    const { exp } = JSON.parse(Buffer.from(payload, 'base64url').toString('utf8')) as { exp?: unknown };
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    return undefined;
  }
}

const LATEST_MARGIN_MS = 5 * 60_000;

/** True in the last fifth of a credential's life, at most its last five minutes. Without an end it lasts until a 401. */
export function isDueForRenewal(
  credential: { readonly obtainedAtMs: number; readonly expiresAtMs: number | undefined },
  nowMs: number,
): boolean {
  const { obtainedAtMs, expiresAtMs } = credential;
  if (expiresAtMs === undefined) return false;
  const marginMs = Math.min(LATEST_MARGIN_MS, (expiresAtMs - obtainedAtMs) / 5);
  return nowMs >= expiresAtMs - marginMs;
}

function rawEntry(documents: readonly KubeConfigDocument[], list: string, name: string): Fields {
  const items = documents.flatMap(({ content }) => (Array.isArray(content[list]) ? (content[list] as unknown[]) : []));
  return asFields(items.find((item) => asFields(item)['name'] === name));
}

function asFields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : {};
}
