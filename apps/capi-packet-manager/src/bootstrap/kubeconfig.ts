// The kubeconfig of a cluster's administrator, with the names that the Go provider gave its parts. Pure.
import { isIPv6 } from 'node:net';
import { stringify } from 'yaml';

/** Whose kubeconfig, and for which API server. */
export interface KubeconfigWish {
  readonly cluster: string;
  /** `https://host:port`, see `serverUrl`. */
  readonly server: string;
  readonly caCertPem: string;
  readonly certPem: string;
  readonly keyPem: string;
  /** `kubernetes-admin` when absent. */
  readonly user?: string;
}

/** URL of an API server; IPv6 addresses get brackets. */
export function serverUrl(host: string, port = 6443): string {
  return `https://${hostPort(host, port)}`;
}

/** `host:port`; IPv6 addresses get brackets. */
export function hostPort(host: string, port: number): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The file as text. Holds a private key: mode 0600 for whoever writes it. */
export function kubeconfigText(wish: KubeconfigWish): string {
  const { cluster, server, user = 'kubernetes-admin' } = wish;
  const context = `${user}@${cluster}`;
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: cluster, cluster: { server, 'certificate-authority-data': base64(wish.caCertPem) } }],
    users: [
      {
        name: user,
        user: { 'client-certificate-data': base64(wish.certPem), 'client-key-data': base64(wish.keyPem) },
      },
    ],
    contexts: [{ name: context, context: { cluster, user } }],
    'current-context': context,
    preferences: {},
  };
  return stringify(kubeconfig, { lineWidth: 0 });
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
