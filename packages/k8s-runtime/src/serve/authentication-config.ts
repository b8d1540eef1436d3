// Where the trust of delegated authentication comes from: flags first, then the ConfigMap that every API server publishes. Pure parsing.
import { X509Certificate } from 'node:crypto';
import type { KubeConfigMap } from '../client/resource-type.ts';
import type { FlagValues } from '../process/flags.ts';
import type { AuthenticationConfig } from './auth-plan.ts';
import type { authenticationFlags } from './auth-flags.ts';

/** CA bundles as PEM text; '' where there is none. */
export interface CaBundles {
  readonly client: string;
  readonly proxy: string;
}

/** The ConfigMap kube-system/extension-apiserver-authentication. */
export const authenticationConfigMap = { namespace: 'kube-system', name: 'extension-apiserver-authentication' };

/** Everything that decides about a sender; `cas` go into the TLS server, so that certificates are verified by it. */
export interface Trust {
  readonly cas: readonly string[];
  readonly config: AuthenticationConfig;
}

/** Flags win over the ConfigMap; header names come from the ConfigMap only together with its proxy CA. */
export function toTrust(
  flags: FlagValues<typeof authenticationFlags>,
  files: CaBundles,
  published: KubeConfigMap | undefined,
): Trust {
  const data = published?.data ?? {};
  const clientCa = files.client || (data['client-ca-file'] ?? '');
  const ownProxyCa = files.proxy;
  const proxyCa = ownProxyCa || (data['requestheader-client-ca-file'] ?? '');
  const publishedList = (key: string, flag: readonly string[]): readonly string[] =>
    ownProxyCa === '' ? (parseList(data[key]) ?? flag) : flag;
  return {
    cas: [...pemBlocks(clientCa), ...pemBlocks(proxyCa)],
    config: {
      clientCas: fingerprints(clientCa),
      proxyCas: fingerprints(proxyCa),
      proxyNames: publishedList('requestheader-allowed-names', flags['requestheader-allowed-names']),
      usernameHeaders: publishedList('requestheader-username-headers', flags['requestheader-username-headers']),
      uidHeaders: publishedList('requestheader-uid-headers', flags['requestheader-uid-headers']),
      groupHeaders: publishedList('requestheader-group-headers', flags['requestheader-group-headers']),
      extraHeaderPrefixes: publishedList(
        'requestheader-extra-headers-prefix',
        flags['requestheader-extra-headers-prefix'],
      ),
    },
  };
}

/** The ConfigMap holds JSON lists; anything else counts as absent. */
function parseList(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined;
  try {
    const list: unknown = JSON.parse(text);
    return Array.isArray(list) ? list.filter((item) => typeof item === 'string') : undefined;
  } catch {
    return undefined;
  }
}

/** The certificates of a bundle, one PEM text each. */
export function pemBlocks(bundle: string): readonly string[] {
  return bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
}

function fingerprints(bundle: string): ReadonlySet<string> {
  return new Set(pemBlocks(bundle).flatMap((pem) => fingerprintOf(pem) ?? []));
}

function fingerprintOf(pem: string): string | undefined {
  try {
    return new X509Certificate(pem).fingerprint256;
  } catch {
    return undefined; // One broken block must not cost the others their trust.
  }
}
