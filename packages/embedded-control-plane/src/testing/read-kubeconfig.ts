// For the specs of this package: what a kubeconfig file says, decoded.
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';

interface Raw {
  readonly clusters: readonly [
    { readonly cluster: { readonly server: string; readonly 'certificate-authority-data': string } },
  ];
  readonly users: readonly [{ readonly name: string; readonly user: Readonly<Record<string, string>> }];
}

/** The one cluster and the one user of a kubeconfig. */
export interface ReadKubeconfig {
  readonly server: string;
  readonly caCertPem: string;
  readonly userName: string;
  readonly token: string | undefined;
  readonly clientCertPem: string;
  readonly clientKeyPem: string;
}

/** Reads a kubeconfig file. */
export function readKubeconfig(path: string): ReadKubeconfig {
  const raw = parse(readFileSync(path, 'utf8')) as Raw;
  const { cluster } = raw.clusters[0];
  const { name, user } = raw.users[0];
  return {
    server: cluster.server,
    caCertPem: decode(cluster['certificate-authority-data']),
    userName: name,
    token: user['token'],
    clientCertPem: decode(user['client-certificate-data']),
    clientKeyPem: decode(user['client-key-data']),
  };
}

function decode(base64 = ''): string {
  return Buffer.from(base64, 'base64').toString('utf8');
}
