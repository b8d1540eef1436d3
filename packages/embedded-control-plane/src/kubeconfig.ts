// The text of a kubeconfig. Pure; control-plane.ts writes the files.
import { stringify } from 'yaml';

/** How the user of a kubeconfig proves who it is. */
export type Credentials =
  { readonly token: string } | { readonly clientCertPem: string; readonly clientKeyPem: string };

/** What a kubeconfig says. */
export interface KubeconfigContent {
  readonly server: string;
  readonly caCertPem: string;
  readonly user: string;
  readonly credentials: Credentials;
}

/** First line of every kubeconfig that is written here; the command line overwrites only files that carry it. */
export const KUBECONFIG_MARK = '# Written by longshore-control-plane. Valid until that control plane stops.';

/** A kubeconfig with one cluster, one user and one context, everything inline. */
export function kubeconfigText({ server, caCertPem, user, credentials }: KubeconfigContent): string {
  const name = 'longshore';
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [{ name, cluster: { server, 'certificate-authority-data': base64(caCertPem) } }],
    users: [{ name: user, user: userEntry(credentials) }],
    contexts: [{ name, context: { cluster: name, user } }],
  };
  return `${KUBECONFIG_MARK}\n${stringify(config, { lineWidth: 0 })}`;
}

function userEntry(credentials: Credentials): Record<string, string> {
  if ('token' in credentials) return { token: credentials.token };
  return {
    'client-certificate-data': base64(credentials.clientCertPem),
    'client-key-data': base64(credentials.clientKeyPem),
  };
}

function base64(text: string): string {
  return Buffer.from(text, 'utf8').toString('base64');
}
