// The certificates of the secure port: files (noticed when they change), a directory, or a generated one in memory. Called by page-server.ts
// when it starts and once a minute; a broken new file never replaces a working certificate.
import { X509Certificate } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext } from 'node:tls';
import type { SecureContext, SecureContextOptions } from 'node:tls';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { messageOf, never, OperatorError } from '@longshore/reconciler-core';
import { SELF_SIGNED_DAYS, selfSignedCertificate } from './self-signed.ts';
import type { CertificatePair } from './self-signed.ts';
import { chooseByServerName, namesOfCertificate } from './server-name.ts';
import { parseSniPairs, toTlsOptions } from './tls-settings.ts';
import type { SniPair } from './tls-settings.ts';

/** Where certificates come from. */
export interface ServingCertificatesOptions {
  readonly certFile: string;
  readonly keyFile: string;
  readonly certDir: string;
  /** Base name of the files in `certDir`: the program's name. */
  readonly pairName: string;
  /** Values of `--tls-sni-cert-key`. */
  readonly sniPairs: readonly string[];
  readonly minVersion: string;
  readonly cipherSuites: readonly string[];
  readonly curves: readonly string[];
  /** Names of a generated certificate. */
  readonly generatedNames: readonly string[];
  /** CAs (PEM) that client certificates are verified with; may change. */
  readonly clientCas: () => readonly string[];
  readonly clock: Clock;
  readonly log: Logger;
}

interface Loaded {
  /** Changes with the content. */
  readonly identity: string;
  readonly options: SecureContextOptions;
  readonly sni: readonly {
    readonly names: readonly string[];
    readonly isExplicit: boolean;
    readonly context: SecureContext;
  }[];
}

const RENEW_BEFORE_MS = 30 * 86_400_000;

/** Loads and reloads. */
export class ServingCertificates {
  readonly #options: ServingCertificatesOptions;
  #generated: { readonly pair: CertificatePair; readonly madeAtMs: number } | undefined;
  #loaded: Loaded;

  /** Throws an OperatorError that names the flag when a file cannot be used. */
  constructor(options: ServingCertificatesOptions) {
    this.#options = options;
    this.#loaded = this.#load();
  }

  /** Options of the default certificate for node:tls. */
  get options(): SecureContextOptions {
    return this.#loaded.options;
  }

  /** The context for a server name; undefined for the default one. */
  contextFor(serverName: string): SecureContext | undefined {
    return chooseByServerName(serverName, this.#loaded.sni)?.context;
  }

  /** True when something changed since the last look, and is in force now. */
  refresh(): boolean {
    try {
      const loaded = this.#load();
      const isNew = loaded.identity !== this.#loaded.identity;
      this.#loaded = loaded;
      return isNew;
    } catch (error) {
      this.#options.log.warn('serving certificate not reloaded, the old one stays', { error });
      return false;
    }
  }

  #load(): Loaded {
    const { clientCas } = this.#options;
    const ca = [...clientCas()];
    const tls = {
      ...toTlsOptions({ ...this.#options, curves: this.#options.curves }),
      ...(ca.length > 0 ? { ca } : {}),
    };
    const pair = this.#defaultPair();
    const sni = this.#options.sniPairs.flatMap((text) => parseSniPairs(text) ?? []).map((item) => loadSni(item));
    const identity = JSON.stringify([pair, ca, sni.map((item) => item.pair)]);
    if (identity === this.#identity()) return this.#loaded;
    return {
      identity,
      options: checked({ ...tls, ...pair }, this.#options.certFile || 'the generated certificate'),
      sni: sni.map(({ names, isExplicit, pair: own, certFile }) => {
        return { names, isExplicit, context: createSecureContext(checked({ ...tls, ...own }, certFile)) };
      }),
    };
  }

  /** Undefined while the constructor runs. */
  #identity(): string | undefined {
    return (this.#loaded as Loaded | undefined)?.identity;
  }

  #defaultPair(): CertificatePair {
    const { certFile, keyFile, certDir, pairName } = this.#options;
    if (certFile !== '') return readPair(certFile, keyFile, '--tls-cert-file');
    if (certDir === '') return this.#generate();
    const files = { cert: join(certDir, `${pairName}.crt`), key: join(certDir, `${pairName}.key`) };
    if (!existsSync(files.cert) || !existsSync(files.key)) this.#write(files, this.#generate());
    return readPair(files.cert, files.key, '--cert-dir');
  }

  #generate(): CertificatePair {
    const { clock, generatedNames, log } = this.#options;
    const nowMs = clock.nowMs();
    const lastsMs = SELF_SIGNED_DAYS * 86_400_000;
    if (this.#generated && nowMs < this.#generated.madeAtMs + lastsMs - RENEW_BEFORE_MS) return this.#generated.pair;
    this.#generated = { pair: selfSignedCertificate(generatedNames, nowMs), madeAtMs: nowMs };
    log.verbose(1, 'self-signed serving certificate generated', { names: generatedNames });
    return this.#generated.pair;
  }

  #write(files: CertificatePair, pair: CertificatePair): void {
    try {
      mkdirSync(this.#options.certDir, { recursive: true });
      writeFileSync(files.cert, pair.cert, { mode: 0o644 });
      writeFileSync(files.key, pair.key, { mode: 0o600 });
    } catch (error) {
      throw unusable('--cert-dir', this.#options.certDir, error);
    }
  }
}

function loadSni(item: SniPair): SniPair & { readonly pair: CertificatePair; readonly isExplicit: boolean } {
  const pair = readPair(item.certFile, item.keyFile, '--tls-sni-cert-key');
  const isExplicit = item.names.length > 0;
  return {
    ...item,
    pair,
    isExplicit,
    names: isExplicit ? item.names : namesOfCertificate(new X509Certificate(pair.cert)),
  };
}

function readPair(certFile: string, keyFile: string, flag: string): CertificatePair {
  try {
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
  } catch (error) {
    throw unusable(flag, `${certFile} with ${keyFile}`, error);
  }
}

/** Certificate and key that do not belong together fail here, not at the first handshake. */
function checked(options: SecureContextOptions, source: string): SecureContextOptions {
  try {
    createSecureContext(options);
    return options;
  } catch (error) {
    throw unusable('--tls-cert-file, --tls-private-key-file', source, error);
  }
}

function unusable(flag: string, path: string, error: unknown): OperatorError {
  return new OperatorError('SERVING_CERT_UNUSABLE', `${flag}: ${path} cannot be used: ${messageOf(error)}`, never);
}
